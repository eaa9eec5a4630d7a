from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from missions.leaderboards import Progress, progress, standings, team_standings
from missions.periods import Period, Window, window, window_before
from salesos.errors import Refused
from salesos.tenancy import NoTenant, tenant_context
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory, TeamFactory
from tests.missions.evidence import A_DAY, earn, record, rolled_back

ALL = Window(None, None, Period.ALL)
DAY = timedelta(days=1)
WEEK = window(Period.WEEK, today=A_DAY)


def person(name, **fields):
    return CollaboratorFactory(name=name, email=f"{name.lower()}@example.com", **fields)


def board(rows):
    return [(row.rank, row.name, row.points) for row in rows]


@pytest.fixture
def sales(in_acme, globex):
    """Four people of Acme."""
    return [person(name) for name in ("Ana", "Bia", "Caio", "Davi")]


def test_equal_points_share_a_rank_and_leave_out_the_next(sales):
    ana, bia, caio, davi = sales
    for someone, points in ((ana, 5), (bia, 20), (caio, 10), (davi, 10)):
        earn(someone, points)
    assert board(standings(ALL)) == [(1, "Bia", 20), (2, "Caio", 10), (2, "Davi", 10), (4, "Ana", 5)]


def test_people_without_points_are_on_the_board_and_people_below_zero_below_them(sales):
    ana, bia, *_ = sales
    earn(ana, -5)
    earn(bia, 5)
    assert board(standings(ALL)) == [(1, "Bia", 5), (2, "Caio", 0), (2, "Davi", 0), (4, "Ana", -5)]


def test_inactive_people_take_no_rank(sales):
    ana, bia, caio, _ = sales
    for someone, points in ((ana, 30), (bia, 20), (caio, 10)):
        earn(someone, points)
    ana.is_active = False
    ana.save()
    assert board(standings(ALL)) == [(1, "Bia", 20), (2, "Caio", 10), (3, "Davi", 0)]


def test_a_standing_tells_who_and_how(in_acme, globex):
    ana = person("Ana", team=TeamFactory(name="Red"))
    MappingFactory(code="001", mission=MissionFactory(), points=7)
    record(ana, "001", count=2)
    earn(ana, -4)
    (standing,) = standings(ALL)
    assert (standing.email, standing.team) == ("ana@example.com", "Red")
    assert (standing.collaborator_id, standing.public_id) == (ana.pk, ana.public_id)
    assert (standing.points, standing.completions) == (10, 2)
    assert (standing.previous_rank, standing.movement) == (None, None)


@given(points=st.lists(st.integers(-3, 3), max_size=6))
@settings(max_examples=25)
def test_ranks_follow_the_points_and_nothing_else(in_acme, globex, points):
    with rolled_back():
        for number, each in enumerate(points):
            someone = person(f"P{number}")
            if each:
                earn(someone, each)
        rows = standings(ALL)
        assert sorted(row.points for row in rows) == sorted(points)
        assert all(row.rank == 1 + sum(other > row.points for other in points) for row in rows)
        assert rows == sorted(rows, key=lambda row: (-row.points, row.name, row.collaborator_id))
        assert standings(ALL, limit=2) == rows[:2]


def test_only_the_days_of_the_window_count(sales):
    ana, bia, *_ = sales
    earn(ana, 1, day=WEEK.start - DAY)
    earn(ana, 2, day=WEEK.start)
    earn(bia, 4, day=WEEK.end - DAY)
    earn(bia, 8, day=WEEK.end)
    assert board(standings(WEEK))[:2] == [(1, "Bia", 4), (2, "Ana", 2)]
    assert board(standings(Window(None, WEEK.start)))[:2] == [(1, "Ana", 1), (2, "Bia", 0)]
    assert board(standings(Window(WEEK.end, None)))[:2] == [(1, "Bia", 8), (2, "Ana", 0)]


def test_movement_compares_with_the_period_before(sales):
    ana, bia, caio, davi = sales
    last_week = WEEK.start - DAY
    for someone, points in ((ana, 30), (bia, 20), (caio, 20)):
        earn(someone, points, day=last_week)
    for someone, points in ((bia, 9), (davi, 5), (ana, 1)):
        earn(someone, points)
    rows = standings(WEEK, previous=window_before(WEEK))
    assert [(row.rank, row.name, row.previous_rank, row.movement) for row in rows] == [
        (1, "Bia", 2, 1),
        (2, "Davi", None, None),
        (3, "Ana", 1, -2),
        (4, "Caio", 2, -2),
    ]


def test_points_that_cancelled_out_are_no_points_then(sales):
    ana, *_ = sales
    earn(ana, 5, day=WEEK.start - DAY)
    earn(ana, -5, day=WEEK.start - DAY)
    assert {row.previous_rank for row in standings(WEEK, previous=window_before(WEEK))} == {None}


def test_a_board_of_one_mission_counts_only_it(sales):
    ana, bia, *_ = sales
    calls, visits = MissionFactory(name="Calls"), MissionFactory(name="Visits")
    earn(ana, 5, mission=calls)
    earn(ana, 50, mission=visits)
    earn(bia, 7, mission=calls)
    earn(bia, 1)
    assert board(standings(ALL, mission=calls))[:2] == [(1, "Bia", 7), (2, "Ana", 5)]


def test_a_board_of_one_team_has_its_people_and_what_they_earned_in_it(in_acme, globex):
    red, blue = TeamFactory(name="Red"), TeamFactory(name="Blue")
    ana, bia, caio = person("Ana", team=red), person("Bia", team=red), person("Caio", team=blue)
    earn(ana, 5)
    earn(bia, 9)
    earn(caio, 20)
    caio.team, bia.team = red, blue
    caio.save()
    bia.save()
    earn(caio, 1)
    assert board(standings(ALL, team=red)) == [(1, "Ana", 5), (2, "Caio", 1)]
    assert board(standings(ALL)) == [(1, "Caio", 21), (2, "Bia", 9), (3, "Ana", 5)]


def test_gains_show_the_board_as_it_would_be(sales):
    ana, bia, *_ = sales
    earn(ana, 5)
    assert board(standings(ALL, gains={bia.pk: 7}))[:2] == [(1, "Bia", 7), (2, "Ana", 5)]
    assert board(standings(ALL))[:2] == [(1, "Ana", 5), (2, "Bia", 0)]


def test_teams_have_the_points_that_were_earned_in_them(in_acme, globex):
    red, blue, empty = TeamFactory(name="Red"), TeamFactory(name="Blue"), TeamFactory(name="Empty")
    ana, bia, caio = person("Ana", team=red), person("Bia", team=red), person("Caio")
    earn(ana, 5)
    earn(bia, 9)
    earn(caio, 100)
    ana.team = blue
    ana.save()
    earn(ana, 2)
    bia.is_active = False
    bia.save()
    rows = team_standings(ALL)
    assert [(row.rank, row.name, row.points, row.people) for row in rows] == [
        (1, "Red", 14, 0),
        (2, "Blue", 2, 1),
        (3, "Empty", 0, 0),
    ]
    assert [(row.team_id, row.public_id) for row in rows] == [(team.pk, team.public_id) for team in (red, blue, empty)]


def test_teams_move_and_share_ranks_like_people(in_acme, globex):
    red, blue, green = TeamFactory(name="Red"), TeamFactory(name="Blue"), TeamFactory(name="Green")
    calls = MissionFactory()
    ana, bia, caio = person("Ana", team=red), person("Bia", team=blue), person("Caio", team=green)
    earn(ana, 9, day=WEEK.start - DAY)
    earn(bia, 3, day=WEEK.start - DAY)
    earn(bia, 4, mission=calls)
    earn(caio, 4)
    rows = team_standings(WEEK, previous=window_before(WEEK))
    assert [(row.rank, row.name, row.movement) for row in rows] == [(1, "Blue", 1), (1, "Green", None), (3, "Red", -2)]
    assert board(team_standings(WEEK, mission=calls, limit=2)) == [(1, "Blue", 4), (2, "Green", 0)]


def test_a_board_is_one_statement(sales):
    earn(sales[0], 5)
    with CaptureQueriesContext(
        connection,
    ) as people:
        standings(WEEK, previous=window_before(WEEK))
    with CaptureQueriesContext(connection) as teams:
        team_standings(WEEK, previous=window_before(WEEK))
    assert (len(people), len(teams)) == (1, 1)
    assert "missions_activity" not in people[0]["sql"] + teams[0]["sql"]


def test_another_tenants_mission_and_team_show_nothing(sales, globex):
    earn(sales[0], 5)
    with tenant_context(globex):
        mission, team = MissionFactory(), TeamFactory()
        assert board(standings(ALL)) == [(1, "Hank", 2500)]
    assert {row.points for row in standings(ALL, mission=mission)} == {0}
    assert standings(ALL, team=team) == []


def test_there_is_no_board_outside_of_a_tenant(db):
    with pytest.raises(NoTenant):
        standings(ALL)


def test_progress_counts_completions_in_the_target_period(in_acme, globex):
    ana, bia = person("Ana"), person("Bia")
    calls = MissionFactory(target=2, target_period="week")
    MappingFactory(code="001", mission=calls, points=5)
    record(ana, "001", day=WEEK.start - DAY, count=4)
    record(ana, "001", day=WEEK.start)
    record(bia, "001", day=WEEK.end - DAY, count=2)
    record(bia, "002", count=9)
    earn(ana, 100, mission=calls)
    rows = progress(calls, today=A_DAY)
    assert rows == {bia.pk: Progress(2, 2), ana.pk: Progress(1, 2)}
    assert (rows[bia.pk].is_reached, rows[ana.pk].is_reached) == (True, False)


@pytest.mark.parametrize(("period", "completions"), [("day", 1), ("week", 2), ("month", 3)])
def test_progress_knows_each_target_period(in_acme, globex, period, completions):
    ana = person("Ana")
    calls = MissionFactory(target=1, target_period=period)
    MappingFactory(code="001", mission=calls)
    for day in (A_DAY, WEEK.start, date(2026, 3, 1), date(2026, 2, 28)):
        record(ana, "001", day=day)
    assert progress(calls, today=A_DAY) == {ana.pk: Progress(completions, 1)}


def test_a_mission_without_a_target_has_no_progress(in_acme, globex):
    with pytest.raises(Refused) as refused:
        progress(MissionFactory(), today=A_DAY)
    assert refused.value.code == "no_target"
