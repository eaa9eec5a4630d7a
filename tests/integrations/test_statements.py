"""What a sync request costs the database: at most 8 statements, whatever its size."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext

from salesos.models import ApiKey
from salesos.planner import MANY
from tests.door import activities, activity, door, people, person
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory

CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK")

MOST = 8
A_DAY_AGO = datetime.now(UTC) - timedelta(days=1)

WARM = 3
"""The key with its tenant, the hour's counter, the log row: whatever the request, also the first of an hour."""
COLD = 4
"""Where this process has not seen the key: also the shared cache."""
NEW = 5
"""Where no process has seen it for minutes: the shared cache is told, too."""


@pytest.fixture
def at(acme, globex):
    """A door whose key is remembered and whose hour has begun, and somebody and a mapped code behind it."""
    CollaboratorFactory(tenant=acme, external_id="emp-0", email="person0@example.com")
    MappingFactory(tenant=acme, code="001", mission=MissionFactory(tenant=acme))
    warm = door(acme)
    warm.people()
    return warm


def statements(at, body):
    # Once in so many writes, by the die, the cache takes out what has expired: not in these.
    random.seed(1)
    with CaptureQueriesContext(connection) as captured:
        response = at.send(body)
    assert response.status_code == 200
    return len([query for query in captured.captured_queries if not (query["sql"] or "prepared").startswith(CONTROL)])


def mine(number, **fields):
    return activity(number, collaborator_email="person0@example.com", **fields)


BATCHES = {
    "fresh": lambda number: mine(number),
    "many codes": lambda number: mine(number, activity_code=f"{number % 999 + 1:03d}"),
    "the same": lambda number: mine(0),
}
UNMATCHED = {
    "unknown": lambda number: activity(number, collaborator_email=f"nobody{number}@example.com"),
    "half unknown": lambda n: mine(n) if n % 2 else activity(n, collaborator_email="nobody@example.com"),
}


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("batch", BATCHES.values(), ids=BATCHES)
def test_activities_cost_two_statements_of_their_own(at, batch, size):
    body = activities(*[batch(number) for number in range(size)])
    assert statements(at, body) == WARM + 2
    assert statements(at, body) == WARM + 2  # sent again


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("batch", UNMATCHED.values(), ids=UNMATCHED)
def test_activities_of_which_some_are_or_were_unmatched_cost_three(at, batch, size):
    body = activities(*[batch(number) for number in range(size)])
    assert statements(at, body) == WARM + 3
    assert statements(at, body) == WARM + 3  # sent again
    assert statements(at, activities(mine(2000))) == WARM + 3  # nothing unmatched, but the tenant has some


@pytest.mark.parametrize("size", [3, 500])
def test_people_cost_at_most_four_statements_of_their_own(at, size):
    told = int(size // 2 >= MANY)  # and that there are many new ones
    everybody = [person(number, team=f"Team {number % 7}") for number in range(size)]
    new = [person(number, team=f"New {number}") for number in range(size // 2, size + size // 2)]
    assert statements(at, people(*[person(number) for number in range(size)])) == WARM + 2 + told  # known and new
    assert statements(at, people(*everybody)) == WARM + 3  # all known, new teams
    assert statements(at, people(*everybody)) == WARM + 3  # all known, their teams, too
    assert statements(at, people(*new)) == WARM + 3 + told  # known and new people, new teams


def test_nothing_costs_nothing(at):
    assert statements(at, people()) == WARM
    assert statements(at, activities()) == WARM


def test_a_key_that_this_process_has_not_seen_costs_one_look_into_the_shared_cache(at):
    caches["process"].clear()
    assert statements(at, activities(mine(1))) == COLD + 2


def test_the_first_request_of_an_hour_costs_no_more_than_the_next(at):
    caches["default"].clear()
    ApiKey.objects.every_tenant(reason="a test turns back the clock").update(last_used_at=A_DAY_AGO)
    assert statements(at, activities(mine(1))) == WARM + 2


@pytest.mark.parametrize("last_used_at", [None, A_DAY_AGO], ids=["a new key", "a key of yesterday"])
def test_no_request_costs_more_than_eight_not_even_the_first_of_a_key(at, last_used_at):
    worst = [
        (activities(mine(1), mine(2)), 2),
        (activities(mine(3), activity(4, collaborator_email="nobody@example.com")), 3),
        (people(person(0, team="New"), person(1, team="New")), 3),
    ]
    for body, own in worst:
        caches["process"].clear()
        caches["default"].clear()
        ApiKey.objects.every_tenant(reason="a test turns back the clock").update(last_used_at=last_used_at)
        assert statements(at, body) == NEW + own
        assert NEW + own <= MOST
