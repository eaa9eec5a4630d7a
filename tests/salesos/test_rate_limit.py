"""The counter behind the hourly limit."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import caches

from salesos.api.rate_limit import count_request, current_usage
from salesos.tenancy import tenant_context
from tests.door import issue


@pytest.fixture
def key(acme, globex):
    return issue(acme, hourly_limit=3).key


def test_requests_are_counted_down_to_nothing_and_then_refused(key):
    usages = [count_request(key) for _ in range(5)]
    assert [usage.remaining for usage in usages] == [2, 1, 0, 0, 0]
    assert [usage.is_exceeded for usage in usages] == [False, False, False, True, True]
    assert {usage.limit for usage in usages} == {3}


def test_the_hour_ends_within_an_hour(key):
    usage = count_request(key)
    assert 0 <= usage.reset - time.time() <= 3601
    assert 1 <= usage.retry_after <= 3601


def test_looking_does_not_count(key):
    assert [current_usage(key).remaining for _ in range(3)] == [3, 3, 3]
    count_request(key)
    assert [current_usage(key).remaining for _ in range(3)] == [2, 2, 2]


def test_editing_the_limit_acts_on_the_hour_that_runs(acme, key):
    for _ in range(4):
        count_request(key)
    key.hourly_limit = 5
    assert (count_request(key).remaining, count_request(key).is_exceeded) == (1, False)
    key.hourly_limit = 2
    assert count_request(key).is_exceeded
    assert current_usage(key).remaining == 0


def test_a_refused_request_is_taken_back(key):
    for _ in range(10):
        count_request(key)
    key.hourly_limit = 4
    assert not count_request(key).is_exceeded
    assert count_request(key).is_exceeded


@pytest.mark.parametrize("last_used", [None, timedelta(hours=1, minutes=1)])
def test_a_request_costs_one_statement_the_first_of_an_hour_too(django_assert_num_queries, key, last_used):
    now = datetime.now(UTC)
    key.last_used_at = now - last_used if last_used else None
    with django_assert_num_queries(1):
        assert count_request(key).remaining == 2
    key.last_used_at = datetime.fromtimestamp(current_usage(key).reset - 3600, UTC)  # what the log then notes
    with django_assert_num_queries(1):
        assert count_request(key).remaining == 1


def test_an_hour_that_is_wrongly_taken_for_begun_or_new_is_counted_right(key):
    key.last_used_at = datetime.now(UTC) + timedelta(hours=1)
    assert count_request(key).remaining == 2
    key.last_used_at = None
    assert count_request(key).remaining == 1


def test_a_key_counts_in_the_shared_cache_not_in_the_process(key):
    count_request(key)
    caches["process"].clear()
    assert count_request(key).remaining == 1


def test_keys_count_apart(key, acme, globex):
    with tenant_context(globex):
        other = issue(globex, hourly_limit=3).key
    count_request(key)
    assert count_request(other).remaining == 2
