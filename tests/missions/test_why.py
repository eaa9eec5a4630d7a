"""What is behind a number of the leaderboard adds up to it, exactly."""

import random
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from missions import why
from missions.adjustments import adjust
from missions.leaderboards import standings, team_standings
from missions.models import Activity
from missions.models.score import AdjustmentKind
from missions.periods import Period, Window, window
from missions.why import UnknownPlace, of_person, of_team, page, sums
from salesos.models import Collaborator, Team
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory, TeamFactory
from tests.missions.evidence import A_DAY, LONG_AFTER, earn, record

ALL = Window(None, None, Period.ALL)
DAY = timedelta(days=1)
PERIODS = [
    ALL,
    *(window(period, today=A_DAY) for period in (Period.TODAY, Period.WEEK, Period.MONTH, Period.QUARTER)),
    Window(A_DAY - 3 * DAY, A_DAY + DAY),
    Window(None, A_DAY),
    Window(A_DAY, None),
    Window(date(1, 1, 1), date(9999, 12, 31)),
    Window(A_DAY - 900 * DAY, A_DAY - 800 * DAY),
]


def all_lines(number, *, size):
    """Every line, by turning the pages one after another."""
    lines, after = [], ""
    while True:
        found = page(number, after=after, size=size)
        lines += found.lines
        assert len(found.lines) <= size
        if not found.next_place:
            return lines
        assert len(found.lines) == size
        after = found.next_place


def added_up(lines):
    return sum(line.points for line in lines), sum(line.completions for line in lines)


def summed(number):
    parts = sums(number)
    return sum(part.points for part in parts), sum(part.completions for part in parts)


def busy_floor(dice):
    """People who change teams, completions, what counts for nothing, corrections and compensations."""
    teams = [TeamFactory(name=name) for name in ("Red", "Blue", "Green")]
    missions = [MissionFactory(name=name) for name in ("Calls", "Visits")]
    for code, mission in (("001", missions[0]), ("002", missions[0]), ("003", missions[1])):
        MappingFactory(code=code, mission=mission, points=dice.randint(0, 9), label=f"label {code}")
    people = [
        CollaboratorFactory(name=f"P{number}", email=f"p{number}@example.com", team=dice.choice([*teams, None]))
        for number in range(5)
    ]
    for _turn in range(60):
        person = dice.choice(people)
        day = A_DAY + dice.randint(-40, 40) * DAY
        match dice.randrange(6):
            case 0:
                person.team = dice.choice([*teams, None])
                person.save()
            case 1:
                earn(person, dice.choice([-7, 3]), day=day, mission=dice.choice([None, *missions]))
            case 2:
                adjust(
                    person, points=-dice.randint(0, 4), completions=-1, day=day, mission=dice.choice(missions),
                    reason="taken back", by=None, at=LONG_AFTER, kind=AdjustmentKind.COMPENSATION,
                )  # fmt: skip
            case _:
                record(person, dice.choice(["001", "002", "003", "004"]), day=day, count=dice.randint(1, 4))
    return people, teams, missions


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_lines_of_everybody_add_up_to_the_board_in_every_period_and_mission(in_acme, globex, seed):
    _people, teams, missions = busy_floor(random.Random(seed))
    is_anything = 0
    for days in PERIODS:
        for mission in (None, *missions):
            for team in (None, *teams):
                for standing in standings(days, mission=mission, team=team):
                    person = Collaborator.objects.get(pk=standing.collaborator_id)
                    number = of_person(person, days, mission=mission, team=team)
                    lines = all_lines(number, size=7)
                    assert added_up(lines) == summed(number) == (standing.points, standing.completions)
                    assert {line.collaborator_id for line in lines} <= {person.pk}
                    is_anything += len(lines) > 7
    assert is_anything > 20


@pytest.mark.parametrize("seed", [4, 5])
def test_the_lines_of_every_team_add_up_to_the_board_whoever_is_in_it_now(in_acme, globex, seed):
    _people, _teams, missions = busy_floor(random.Random(seed))
    for days in PERIODS:
        for mission in (None, *missions):
            for standing in team_standings(days, mission=mission):
                number = of_team(Team.objects.get(pk=standing.team_id), days, mission=mission)
                lines = all_lines(number, size=5)
                assert added_up(lines) == summed(number) == (standing.points, standing.completions)
                assert [line.day for line in lines] == sorted((line.day for line in lines), reverse=True)


def test_no_line_comes_twice_or_is_left_out_however_long_a_page_is(in_acme, globex):
    people, *_ = busy_floor(random.Random(6))
    for person in people:
        number = of_person(person, ALL, mission=None, team=None)
        whole = all_lines(number, size=1000)
        assert len({line.place for line in whole}) == len(whole)
        for size in (1, 2, 3, 10):
            assert all_lines(number, size=size) == whole


def test_a_line_tells_what_it_was(in_acme, globex):
    ana = CollaboratorFactory(name="Ana", email="ana@example.com")
    calls = MissionFactory(name="Calls")
    MappingFactory(code="001", mission=calls, points=7, label="Phone call")
    record(ana, "001")
    earn(ana, -4)
    activity, adjustment = page(of_person(ana, ALL, mission=None, team=None)).lines
    recorded = Activity.objects.get()
    assert (activity.pk, activity.external_id) == (recorded.pk, recorded.external_id)
    assert (activity.day, activity.code, activity.label, activity.mission) == (A_DAY, "001", "Phone call", "Calls")
    assert (activity.is_activity, activity.points, activity.completions) == (True, 7, 1)
    assert (adjustment.is_activity, adjustment.points, adjustment.completions) == (False, -4, 0)
    assert (adjustment.reason, adjustment.mission, adjustment.person) == ("for the test", "", "Ana")
    assert [(part.mission, part.points) for part in sums(of_person(ana, ALL, mission=None, team=None))] == [
        ("Calls", 7),
        ("", -4),
    ]


def test_what_a_merged_record_did_stands_with_the_person(in_acme, globex):
    ana = CollaboratorFactory(name="Ana", email="ana@example.com")
    old = CollaboratorFactory(name="Ana (old)", email="old@example.com")
    MappingFactory(code="001", mission=MissionFactory(), points=7)
    record(ana, "001")
    record(old, "001", count=2)
    Collaborator.objects.filter(pk=old.pk).update(merged_into=ana)
    number = of_person(ana, ALL, mission=None, team=None)
    assert added_up(all_lines(number, size=2)) == summed(number) == (21, 3)


def test_lines_keep_their_day_when_the_tenant_changes_its_zone(acme, globex):
    with tenant_context(acme):
        ana = CollaboratorFactory(name="Ana", email="ana@example.com")
        MappingFactory(code="001", mission=MissionFactory(), points=7)
        for zone in ("Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kolkata"):
            acme.time_zone = zone
            acme.save()
            record(ana, "001", count=2)
        days = {activity.day for activity in Activity.objects.all()}
        assert days == {A_DAY, A_DAY + DAY}
        for day in days:
            today = Window(day, day + DAY)
            number = of_person(ana, today, mission=None, team=None)
            (standing,) = standings(today)
            assert added_up(page(number).lines) == (standing.points, standing.completions)
            assert standing.completions == {A_DAY: 4, A_DAY + DAY: 2}[day]


def test_a_place_that_is_none_is_refused(in_acme, globex):
    ana, bia = (CollaboratorFactory(name=name, email=f"{name}@example.com") for name in ("ana", "bia"))
    MappingFactory(code="001", mission=MissionFactory(), points=7)
    record(ana, "001")
    with tenant_context(globex):
        foreign = Activity.objects.first().pk
    own = Activity.objects.get().pk
    number = of_person(bia, ALL, mission=None, team=None)
    for place in (f"t{own}", f"t{foreign}", "t1x", "x1", "t-1", f"a{own}", "t" + "9" * 18, "t" + "9" * 30):
        with pytest.raises(UnknownPlace):
            page(number, after=place)


def test_another_tenants_evidence_is_in_no_line(in_acme, globex):
    with tenant_context(globex):
        hank, red = Collaborator.objects.get(), Team.objects.get()
        assert page(of_person(hank, ALL, mission=None, team=None)).lines != []
    assert page(of_person(hank, ALL, mission=None, team=None)).lines == []
    assert page(of_team(red, ALL, mission=None)).lines == []
    assert sums(of_team(red, ALL, mission=None)) == []


def test_a_page_costs_the_same_statements_however_many_lines_there_are(in_acme, globex):
    ana = CollaboratorFactory(name="Ana", email="ana@example.com")
    MappingFactory(code="001", mission=MissionFactory(), points=7)
    number = of_person(ana, ALL, mission=None, team=None)
    for count in (1, 300):
        record(ana, "001", count=count)
        with CaptureQueriesContext(connection) as queries:
            first = page(number)
        assert (len(queries), len(first.lines)) == (2, min(count, why.PAGE))
    with CaptureQueriesContext(connection) as queries:
        page(number, after=first.next_place)
    assert len(queries) == 3
