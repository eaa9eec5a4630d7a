"""The demo's history, at hours of our choice."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from integrations.demo.history import history

SAO_PAULO = ZoneInfo("America/Sao_Paulo")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=SAO_PAULO)


def moments(items):
    return [datetime.fromisoformat(item["occurred_at"]) for item in items]


@pytest.mark.parametrize("now", ["2026-03-17T00:00", "2026-03-15T05:30", "2026-03-17T11:00", "2026-03-14T23:59"])
def test_today_has_activities_at_any_hour_and_none_of_the_future(now):
    *_before, today = history(3, until=at(now), zone=SAO_PAULO)
    assert len(today) >= 12
    assert max(moments(today)) <= at(now)
    assert {moment.date() for moment in moments(today)} == {at(now).date()}
    assert len({item["external_id"] for item in today}) == len(today)


def test_the_day_is_the_one_on_the_clock_of_the_zone():
    *_before, today = history(2, until=datetime(2026, 3, 17, 2, 0, tzinfo=UTC), zone=SAO_PAULO)
    assert {moment.date().isoformat() for moment in moments(today)} == {"2026-03-16"}


def test_the_same_days_are_the_same_activities():
    first = list(history(5, until=at("2026-03-17T12:00"), zone=SAO_PAULO))
    assert first == list(history(5, until=at("2026-03-17T12:00"), zone=SAO_PAULO))


def test_weeks_have_a_rhythm_and_the_quarter_a_trend():
    days = list(history(84, until=at("2026-03-15T23:59"), zone=SAO_PAULO))
    sizes = [len(day) for day in days]
    by_weekday = [sum(sizes[weekday::7]) for weekday in range(7)]
    assert min(by_weekday[:5]) > by_weekday[5] > by_weekday[6]
    assert sum(sizes[42:]) > sum(sizes[:42]) * 1.1
    assert max(sizes) < 1000
