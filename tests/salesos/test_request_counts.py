"""The sums of the request log: each request counted once, whoever sums up, and after the log is pruned."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from salesos import request_counts
from salesos.models import RequestCount, RequestLog, RequestsCounted
from salesos.request_counts import (
    Filter,
    bring_up_to_date,
    counted_until,
    requests_by_day,
    requests_by_hour,
    requests_by_kind,
    requests_of_keys_by_day,
)
from salesos.tenancy import tenant_context
from tests.door import issue
from tests.salesos.requests import request_at

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
"""9 o'clock in acme's São Paulo."""

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def sums(tenant):
    with tenant_context(tenant):
        rows = RequestCount.objects.order_by("hour", "action", "status")
        return [(row.hour, row.action, row.status, row.error_code, row.requests) for row in rows]


def figures(series):
    return [(figure.at, figure.requests, figure.refused, figure.failed) for figure in series.figures if figure.requests]


def test_requests_are_summed_by_hour_and_kind_up_to_the_newest_complete_hour(acme, globex):
    request_at(acme, NOON)
    request_at(acme, NOON + 59 * MINUTE)
    request_at(acme, NOON + 5 * MINUTE, status=400, error_code="VALIDATION_ERROR")
    request_at(acme, NOON + 2 * HOUR, action="sync_activities")
    request_at(acme, NOON + 3 * HOUR)
    request_at(globex, NOON)
    request_at(None, NOON, status=401, error_code="UNAUTHORIZED")
    now = NOON + 3 * HOUR + 14 * MINUTE
    assert bring_up_to_date(acme, now=now) == NOON + 2 * HOUR == counted_until(acme)
    expected = [
        (NOON, "sync_collaborators", 200, "", 2),
        (NOON, "sync_collaborators", 400, "VALIDATION_ERROR", 1),
    ]
    assert sums(acme) == expected
    assert bring_up_to_date(acme, now=now + MINUTE) == NOON + 3 * HOUR
    assert sums(acme) == [*expected, (NOON + 2 * HOUR, "sync_activities", 200, "", 1)]
    assert sums(globex) == []


def test_an_hour_is_told_by_the_request_id(acme, globex):
    """Id and time are taken one after the other: at the hour's end they may lie on both sides of it."""
    request_at(acme, NOON - timedelta(milliseconds=1), at=NOON)
    bring_up_to_date(acme, now=NOON + 2 * HOUR)
    assert [(hour, requests) for hour, *_kind, requests in sums(acme)] == [(NOON - HOUR, 1)]


def test_years_without_a_request_cost_nothing(acme, globex, django_assert_max_num_queries):
    request_at(acme, NOON - timedelta(days=3650))
    request_at(acme, NOON)
    with django_assert_max_num_queries(30):
        assert bring_up_to_date(acme, now=NOON + 2 * HOUR) == NOON + HOUR
    assert [requests for *_kind, requests in sums(acme)] == [1, 1]


def test_summing_up_to_date_sums_costs_one_statement(acme, globex, django_assert_num_queries):
    request_at(acme, NOON)
    bring_up_to_date(acme, now=NOON + 2 * HOUR)
    with django_assert_num_queries(1):
        bring_up_to_date(acme, now=NOON + 2 * HOUR)


def test_a_tenant_without_requests_is_up_to_date(acme, globex):
    request_at(globex, NOON)
    assert bring_up_to_date(acme, now=NOON + 20 * MINUTE) == NOON
    request_at(acme, NOON + 30 * MINUTE)
    bring_up_to_date(acme, now=NOON + 2 * HOUR)
    assert [requests for *_kind, requests in sums(acme)] == [1]


def test_summing_stops_when_its_time_is_over_and_goes_on_later(acme, globex):
    for hours in range(5):
        request_at(acme, NOON + hours * HOUR)
    now, reached = NOON + 10 * HOUR, []
    while not reached or reached[-1] < NOON + 9 * HOUR:
        reached.append(bring_up_to_date(acme, now=now, budget_seconds=0))
    assert reached == [*(NOON + hours * HOUR for hours in range(1, 6)), NOON + 9 * HOUR]
    assert [requests for *_kind, requests in sums(acme)] == [1] * 5


def test_summing_again_gives_the_same(acme, globex):
    request_at(acme, NOON)
    bring_up_to_date(acme, now=NOON + 2 * HOUR)
    before = sums(acme)
    RequestsCounted.objects.filter(tenant=acme).delete()
    bring_up_to_date(acme, now=NOON + 2 * HOUR)
    assert sums(acme) == before != []


def in_a_thread(call):
    done = []

    def run():
        try:
            done.append(call())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, done


@pytest.mark.django_db(transaction=True)
def test_who_comes_second_leaves_it_to_the_first(acme, globex):
    request_at(acme, NOON)
    bring_up_to_date(acme, now=NOON + 2 * HOUR)
    request_at(acme, NOON + HOUR)
    now = NOON + 3 * HOUR
    with transaction.atomic():
        RequestsCounted.objects.select_for_update().get(tenant=acme)
        second, reached = in_a_thread(lambda: bring_up_to_date(acme, now=now))
        second.join(10)
        assert reached == [NOON + HOUR]
        patient, at_last = in_a_thread(lambda: bring_up_to_date(acme, now=now, budget_seconds=None))
        patient.join(0.2)
        assert at_last == []
    patient.join(10)
    assert at_last == [NOON + 2 * HOUR]


@pytest.mark.django_db(transaction=True)
def test_many_who_sum_up_at_once_count_each_request_once(acme, globex):
    for minutes in range(0, 600, 7):
        request_at(acme, NOON + minutes * MINUTE)
    now = NOON + 12 * HOUR
    threads = [in_a_thread(lambda: bring_up_to_date(acme, now=now, budget_seconds=None))[0] for _ in range(4)]
    for thread in threads:
        thread.join(20)
    assert sum(requests for *_kind, requests in sums(acme)) == len(range(0, 600, 7))


def test_figures_join_the_sums_with_the_newest_requests(acme, globex):
    request_at(acme, NOON)
    request_at(acme, NOON + MINUTE, status=403, error_code="FORBIDDEN")
    bring_up_to_date(acme, now=NOON + 2 * HOUR)
    request_at(acme, NOON + 2 * HOUR, status=500, error_code="INTERNAL_ERROR")
    request_at(globex, NOON + 2 * HOUR)
    series = requests_by_hour(acme, NOON - HOUR, NOON + 3 * HOUR)
    zone = acme.zone
    assert [(figure.at, figure.requests, figure.refused, figure.failed) for figure in series.figures] == [
        ((NOON - HOUR).astimezone(zone), 0, 0, 0),
        (NOON.astimezone(zone), 2, 1, 0),
        ((NOON + HOUR).astimezone(zone), 0, 0, 0),
        ((NOON + 2 * HOUR).astimezone(zone), 1, 0, 1),
    ]
    assert (series.until, series.requests, series.errors, series.is_complete) == (NOON + 3 * HOUR, 3, 2, True)


def test_days_are_those_of_the_tenants_zone(acme, globex):
    midnight = datetime(2026, 3, 10, 3, tzinfo=UTC)  # in São Paulo
    for tenant in (acme, globex):
        request_at(tenant, midnight - MINUTE)
        request_at(tenant, midnight)
    for summed in (False, True):
        if summed:
            for tenant in (acme, globex):
                bring_up_to_date(tenant, now=NOON)
        series = requests_by_day(acme, midnight - timedelta(days=1), midnight + timedelta(days=1))
        assert figures(series) == [(midnight - timedelta(days=1), 1, 0, 0), (midnight, 1, 0, 0)]
        series = requests_by_day(globex, NOON - timedelta(days=1), NOON)
        assert [figure.requests for figure in series.figures] == [0, 2]


def test_a_day_that_the_clock_is_put_forward_has_23_hours(acme, globex):
    acme.time_zone = "Europe/Lisbon"
    begins = datetime(2026, 3, 29, 0, tzinfo=UTC)
    request_at(acme, begins + 22 * HOUR + 59 * MINUTE)
    request_at(acme, begins + 23 * HOUR)
    bring_up_to_date(acme, now=begins + 30 * HOUR)
    series = requests_by_day(acme, begins, begins + 24 * HOUR)
    assert [figure.requests for figure in series.figures] == [1, 1]
    assert series.figures[1].at - series.figures[0].at == timedelta(days=1)  # on the wall's clock
    assert series.figures[1].at.astimezone(UTC) - begins == 23 * HOUR


@pytest.mark.parametrize("summed", [False, True])
def test_figures_are_narrowed_by_what_the_sums_know(acme, globex, summed):
    key, other = issue(acme).key, issue(acme).key
    request_at(acme, NOON, key=key)
    request_at(acme, NOON, key=key, status=403, error_code="FORBIDDEN")
    request_at(acme, NOON, key=other, status=400, error_code="VALIDATION_ERROR", action="sync_activities")
    request_at(acme, NOON, key=None, status=503)
    if summed:
        bring_up_to_date(acme, now=NOON + 2 * HOUR)

    def count(**only):
        return requests_by_hour(acme, NOON, NOON + HOUR, only=Filter(**only)).requests

    assert count() == 4
    assert (count(key=key.pk), count(key=other.pk), count(key=0)) == (2, 1, 0)
    assert (count(status=4), count(status=403), count(status=5), count(status=2), count(status=404)) == (2, 1, 1, 1, 0)
    assert (count(action="sync_activities"), count(action="x")) == (1, 0)
    assert (count(error_code="FORBIDDEN"), count(error_code="FORBIDDEN", key=other.pk)) == (1, 0)
    of_keys = requests_of_keys_by_day(acme, NOON, NOON + HOUR, keys=[key.pk, other.pk, 0])
    assert {pk: (series.requests, series.errors) for pk, series in of_keys.items()} == {
        key.pk: (2, 1),
        other.pk: (1, 1),
        0: (0, 0),
    }
    kinds = requests_by_kind(acme, NOON, NOON + HOUR, only=Filter(key=key.pk))
    assert [(kind.action, kind.status, kind.error_code, kind.requests) for kind in kinds] == [
        ("sync_collaborators", 200, "", 1),
        ("sync_collaborators", 403, "FORBIDDEN", 1),
    ]


def test_figures_say_when_too_much_is_not_yet_summed(acme, globex, monkeypatch):
    monkeypatch.setattr(request_counts, "MOST_LIVE", 3)
    for minutes in range(4):
        request_at(acme, NOON + minutes * MINUTE)
    series = requests_by_hour(acme, NOON, NOON + HOUR)
    assert (series.requests, series.is_complete) == (3, False)
    nothing = requests_by_hour(acme, NOON, NOON + HOUR, only=Filter(action="x"))
    assert (nothing.requests, nothing.is_complete) == (0, False)
    bring_up_to_date(acme, now=NOON + 2 * HOUR)
    series = requests_by_hour(acme, NOON, NOON + HOUR)
    assert (series.requests, series.is_complete) == (4, True)


def test_figures_survive_the_pruning_of_the_log(acme, globex):
    then = timezone.now() - timedelta(days=100)
    for tenant, requests in ((acme, 3), (globex, 2), (acme.sandbox, 1)):
        for _ in range(requests):
            request_at(tenant, then)
    call_command("prune_request_log", "--days", "90", verbosity=0)
    assert RequestLog.objects.every_tenant(reason="a test").count() == 0
    for tenant, requests in ((acme, 3), (globex, 2), (acme.sandbox, 1)):
        assert requests_by_day(tenant, then, then + HOUR).requests == requests
