from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.periods import Period, Window, day_of, last_days, today_in, window, window_before
from salesos.errors import Refused

DAY = timedelta(days=1)
CALENDAR = [Period.TODAY, Period.WEEK, Period.MONTH, Period.QUARTER]
ZONES = ["America/Sao_Paulo", "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]

days = st.dates(min_value=date(2, 1, 1), max_value=date(9990, 1, 1))
calendar_periods = st.sampled_from(CALENDAR)


@given(calendar_periods, days)
def test_a_window_holds_the_day_it_was_made_for(period, today):
    assert today in window(period, today=today)


@given(calendar_periods, days)
def test_windows_tile_without_gap_or_overlap(period, today):
    this = window(period, today=today)
    assert window(period, today=this.start) == this
    assert window(period, today=this.end - DAY) == this
    assert window(period, today=this.end).start == this.end
    assert window_before(this) == window(period, today=this.start - DAY)
    assert window_before(this).end == this.start


@given(days)
def test_a_week_has_seven_days_and_begins_on_monday(today):
    week = window(Period.WEEK, today=today)
    assert (week.start.isoweekday(), week.end - week.start) == (1, 7 * DAY)
    assert week.start.isocalendar()[:2] == today.isocalendar()[:2]


@given(days)
def test_months_and_quarters_are_those_of_the_calendar(today):
    month, quarter = window(Period.MONTH, today=today), window(Period.QUARTER, today=today)
    assert (month.start, (month.end - DAY).month, month.end.day) == (today.replace(day=1), today.month, 1)
    assert (quarter.start.day, quarter.start.month in (1, 4, 7, 10), quarter.end.day) == (1, True, 1)
    assert (month.start in quarter, month.end - DAY in quarter) == (True, True)
    assert 90 <= (quarter.end - quarter.start).days <= 92


@given(days, days)
def test_a_custom_window_holds_its_last_day_and_the_one_before_is_as_long(one, other):
    first, last = sorted((one, other))
    custom = window(Period.CUSTOM, today=first, first=first, last=last)
    assert (first in custom, last in custom, last + DAY in custom) == (True, True, False)
    before = window_before(custom)
    if before is not None:
        assert (before.end, before.end - before.start) == (custom.start, custom.end - custom.start)
    else:
        assert custom.start - date.min < custom.end - custom.start


@pytest.mark.parametrize(
    ("period", "start", "end", "start_before"),
    [
        (Period.TODAY, date(2024, 2, 29), date(2024, 3, 1), date(2024, 2, 28)),
        (Period.WEEK, date(2024, 2, 26), date(2024, 3, 4), date(2024, 2, 19)),
        (Period.MONTH, date(2024, 2, 1), date(2024, 3, 1), date(2024, 1, 1)),
        (Period.QUARTER, date(2024, 1, 1), date(2024, 4, 1), date(2023, 10, 1)),
    ],
)
def test_windows_on_the_29th_of_february(period, start, end, start_before):
    this = window(period, today=date(2024, 2, 29))
    assert this == Window(start, end)
    assert window_before(this) == Window(start_before, start)


def test_all_time_is_open_and_has_nothing_before_it():
    ever = window(Period.ALL, today=date(2026, 3, 11))
    assert ever == Window(None, None)
    assert (date.min in ever, date.max in ever, window_before(ever)) == (True, True, None)


def test_a_month_given_by_its_dates_compares_with_as_many_days_before_it():
    march = window(Period.CUSTOM, today=date(2026, 3, 11), first=date(2026, 3, 1), last=date(2026, 3, 31))
    assert march == window(Period.MONTH, today=date(2026, 3, 11))
    assert window_before(march) == Window(date(2026, 1, 29), date(2026, 3, 1))


def test_dates_given_beside_another_period_change_nothing():
    today = date(2026, 3, 11)
    assert window(Period.WEEK, today=today, first=date(2020, 1, 1)) == window(Period.WEEK, today=today)


def test_a_custom_window_may_be_open_and_has_then_nothing_before_it():
    today = date(2026, 3, 11)
    assert window(Period.CUSTOM, today=today, first=today) == Window(today, None)
    assert window(Period.CUSTOM, today=today, last=today) == Window(None, today + DAY)
    assert window_before(Window(today, None)) is None
    assert window_before(Window(None, today)) is None


def test_a_custom_window_may_reach_to_the_ends_of_the_calendar():
    ever = window(Period.CUSTOM, today=date(2026, 3, 11), first=date.min, last=date.max)
    assert ever == Window(date.min, None)
    assert window_before(Window(date.min, date(5, 1, 1))) is None
    assert window_before(window(Period.TODAY, today=date.min)) is None


def test_a_custom_window_the_wrong_way_round_is_refused():
    with pytest.raises(Refused) as refused:
        window(Period.CUSTOM, today=date(2026, 3, 11), first=date(2026, 3, 2), last=date(2026, 3, 1))
    assert (refused.value.code, refused.value.field) == ("dates_reversed", "last")


def test_the_last_days_are_counted_with_today():
    assert last_days(30, today=date(2026, 3, 30)) == Window(date(2026, 3, 1), date(2026, 3, 31))
    assert last_days(1, today=date(2026, 3, 30)) == window(Period.TODAY, today=date(2026, 3, 30))


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2040, 1, 1)), st.sampled_from(ZONES))  # noqa: DTZ001
def test_every_moment_has_the_day_that_the_zones_calendar_shows(naive, name):
    zone = ZoneInfo(name)
    moment = naive.replace(tzinfo=UTC)
    day = day_of(moment, zone)
    assert day == day_of(moment.astimezone(ZoneInfo("Asia/Tokyo")), zone)
    assert day.isoformat() == moment.astimezone(zone).isoformat()[:10]
    assert day_of(moment + timedelta(hours=30), zone) > day or name == "Pacific/Apia"


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # its midnight never was
        ("America/Sao_Paulo", date(2018, 2, 17), 25),  # its last hour was twice
        ("Pacific/Apia", date(2011, 12, 30), 0),  # crossed out of the calendar
    ],
)
def test_nights_when_the_clock_changes_belong_to_one_day_whole(zone, day, hours):
    noon_before = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=36)
    moments = [noon_before + timedelta(hours=hour) for hour in range(96)]
    found = [day_of(moment, ZoneInfo(zone)) for moment in moments]
    assert found == sorted(found)
    assert Counter(found)[day] == hours


def test_a_moment_without_a_zone_has_no_day():
    with pytest.raises(ValueError, match="without a zone"):
        day_of(datetime(2026, 3, 11), UTC)  # noqa: DTZ001


def test_today_is_the_tenants_not_the_servers(acme, globex):
    late_evening = datetime(2026, 3, 12, 1, 30, tzinfo=UTC)
    assert today_in(acme, late_evening) == date(2026, 3, 11)
    assert today_in(globex, late_evening) == date(2026, 3, 12)
