"""What a sync request costs the database: at most 8 statements, whatever its size."""

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.door import activities, activity, door, people, person
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory

CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK")

ALWAYS = 3
"""The key with its tenant, the hour's counter, the log row."""


@pytest.fixture
def at(acme, globex):
    """A door whose key is remembered and whose hour has begun, and somebody and a mapped code behind it."""
    CollaboratorFactory(tenant=acme, external_id="emp-0", email="person0@example.com")
    MappingFactory(tenant=acme, code="001", mission=MissionFactory(tenant=acme))
    warm = door(acme)
    warm.people()
    return warm


def statements(at, body):
    with CaptureQueriesContext(connection) as captured:
        response = at.send(body)
    assert response.status_code == 200
    return len([query for query in captured.captured_queries if not (query["sql"] or "prepared").startswith(CONTROL)])


def mine(number, **fields):
    return activity(number, collaborator_email="person0@example.com", **fields)


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    "batch",
    [
        lambda number: mine(number),
        lambda number: mine(number, activity_code=f"{number % 999 + 1:03d}"),
        lambda number: activity(number, collaborator_email=f"nobody{number}@example.com"),
        lambda number: mine(number) if number % 2 else activity(number, collaborator_email="nobody@example.com"),
        lambda number: mine(0),
    ],
    ids=["fresh", "many codes", "unknown", "half unknown", "the same"],
)
def test_activities_cost_two_statements_of_their_own(at, batch, size):
    body = activities(*[batch(number) for number in range(size)])
    assert statements(at, body) == ALWAYS + 2
    assert statements(at, body) == ALWAYS + 2  # sent again


@pytest.mark.parametrize("size", [3, 500])
def test_people_cost_at_most_five_statements_of_their_own(at, size):
    everybody = [person(number, team=f"Team {number % 7}") for number in range(size)]
    new = [person(number, team=f"New {number}") for number in range(size // 2, size + size // 2)]
    assert (
        statements(at, people(*[person(number) for number in range(size)])) == ALWAYS + 3
    )  # one is known: update, insert
    assert statements(at, people(*everybody)) == ALWAYS + 4  # all known, new teams
    assert statements(at, people(*everybody)) == ALWAYS + 3  # all known, their teams, too
    assert statements(at, people(*new)) == ALWAYS + 5  # known and new people, new teams
    assert ALWAYS + 5 == 8


def test_nothing_costs_nothing(at):
    assert statements(at, people()) == ALWAYS
    assert statements(at, activities()) == ALWAYS


def test_a_key_that_this_process_has_not_seen_costs_one_look_into_the_shared_cache(at):
    caches["process"].clear()
    assert statements(at, activities(mine(1))) == ALWAYS + 2 + 1


def test_the_first_request_of_a_new_key_costs_five_more_once(acme, globex, at):
    """The shared cache is asked for the secret and for guesses, told of the secret, and an hour begins (three)."""
    assert statements(door(acme), activities()) == ALWAYS + 5
