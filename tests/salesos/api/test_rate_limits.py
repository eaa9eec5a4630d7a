"""The hourly limit as a caller meets it: what counts, and what the headers say."""

import time

import pytest

from salesos.models import ApiKey
from tests.door import Door, activities, activity, door, issue, logged, people, person, refusal


def _headers(response) -> tuple[int, int]:
    assert 0 < int(response["X-RateLimit-Reset"]) - time.time() <= 3600 + 1
    return int(response["X-RateLimit-Limit"]), int(response["X-RateLimit-Remaining"])


def test_every_answer_to_an_authenticated_request_says_what_is_left(acme, globex):
    at = door(acme, hourly_limit=4)
    assert _headers(at.send(people(person()))) == (4, 3)
    assert _headers(at.send(b"not JSON")) == (4, 2)
    assert _headers(at.send(activities(activity(external_id=1)))) == (4, 1)
    assert _headers(at.send(b" " * (8 * 1024 * 1024 + 1))) == (4, 0)
    refused = at.send(people())
    assert refusal(refused) == (429, "RATE_LIMITED", "Rate limit exceeded")
    assert _headers(refused) == (4, 0)
    assert logged(refused).api_key_id is not None


def test_the_default_limit_is_1000(acme, globex):
    assert _headers(door(acme).send(people())) == (1000, 999)


@pytest.mark.parametrize("refused", ["method", "address", "scope"])
def test_a_request_refused_before_the_limit_does_not_count(acme, globex, refused):
    issued = issue(acme, hourly_limit=2, allowlist=["127.0.0.1"])
    at = Door(issued.token)
    for _ in range(3):
        if refused == "method":
            at.send(people(), method="GET")
        elif refused == "address":
            at.send(people(), REMOTE_ADDR="192.0.2.1")
        else:
            every = ApiKey.objects.every_tenant(reason="a test edits a key").filter(pk=issued.key.pk)
            every.update(scopes=[])
            at.send(people())
            every.update(scopes=["default:sync"])
    assert _headers(at.send(people())) == (2, 1)


def test_a_request_refused_by_the_limit_does_not_count(acme, globex):
    issued = issue(acme, hourly_limit=1)
    at = Door(issued.token)
    assert [at.send(people()).status_code for _ in range(5)] == [200, 429, 429, 429, 429]
    ApiKey.objects.every_tenant(reason="a test edits a key").filter(pk=issued.key.pk).update(hourly_limit=3)
    assert [at.send(people()).status_code for _ in range(3)] == [200, 200, 429]


def test_each_key_has_an_hour_of_its_own(acme, globex):
    first, second, stranger = door(acme, hourly_limit=1), door(acme, hourly_limit=1), door(globex, hourly_limit=1)
    assert [at.send(people()).status_code for at in (first, first, second, stranger)] == [200, 429, 200, 200]


def test_a_refused_batch_is_not_recorded_and_may_be_sent_again(acme, globex):
    issued = issue(acme, hourly_limit=2)
    at = Door(issued.token)
    at.people(person())
    at.people(person())
    assert at.send(activities(activity())).status_code == 429
    ApiKey.objects.every_tenant(reason="a test edits a key").filter(pk=issued.key.pk).update(hourly_limit=5)
    assert at.activities(activity())["processed"] == 1
