"""Whoever reads points counts an alias' for its survivor; merging and undoing never change what there is in all."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missions.applying import apply, preview
from missions.consistency import differences
from missions.leaderboards import progress, standings, team_standings
from missions.models import Activity
from missions.periods import Period, Window, window
from missions.recording import Recorded, record_activities
from missions.unmatched import replay, unmatched_people
from salesos.errors import Refused
from salesos.merging import add_alias, merge_people, undo_merge
from salesos.models import Collaborator
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory, TeamFactory
from tests.missions.evidence import A_DAY, earn, record, rolled_back, scores, sent, sums_of_evidence

ALL = Window(None, None, Period.ALL)
WEEK = window(Period.WEEK, today=A_DAY)
NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)


def person(name, **fields):
    return CollaboratorFactory(name=name, email=f"{name.lower()}@example.com", **fields)


def merge(survivor, merged):
    return merge_people(survivor, merged, by=None, at=NOW)


def undo(done):
    undo_merge(done, by=None, at=NOW)


def board(rows):
    return [(row.rank, row.name, row.points, row.completions) for row in rows]


@pytest.fixture
def calls(in_acme, globex):
    mission = MissionFactory(name="Calls", target=3, target_period="week")
    MappingFactory(code="001", mission=mission, points=5)
    return mission


def test_a_survivor_has_the_sum_and_an_alias_no_place(calls):
    ana, bia, caio = person("Ana"), person("Bia"), person("Caio")
    record(ana, count=1)
    record(bia, count=2)
    earn(caio, 12)
    before = board(standings(ALL))
    done = merge(ana, bia)
    assert board(standings(ALL)) == [(1, "Ana", 15, 3), (2, "Caio", 12, 0)]
    reached = progress(calls, today=A_DAY)
    assert {key: value.completions for key, value in reached.items()} == {ana.pk: 3, caio.pk: 0}
    undo(done)
    assert board(standings(ALL)) == before


def test_the_points_of_the_period_before_and_of_one_mission_follow_too(calls):
    ana, bia, caio = person("Ana"), person("Bia"), person("Caio")
    last_week = WEEK.start - timedelta(days=1)
    record(bia, day=last_week, count=2)
    earn(caio, 7, day=last_week)
    earn(bia, 1)
    merge(ana, bia)
    rows = standings(WEEK, previous=Window(WEEK.start - timedelta(days=7), WEEK.start))
    assert [(row.name, row.points, row.previous_rank) for row in rows] == [("Ana", 1, 1), ("Caio", 0, 2)]
    assert board(standings(ALL, mission=calls)) == [(1, "Ana", 10, 2), (2, "Caio", 0, 0)]


def test_a_team_keeps_its_points_and_counts_an_alias_no_member(calls):
    red, blue = TeamFactory(name="Red"), TeamFactory(name="Blue")
    ana, bia = person("Ana", team=red), person("Bia", team=blue)
    record(bia)
    merge(ana, bia)
    assert [(row.name, row.points, row.people) for row in team_standings(ALL)] == [("Blue", 5, 0), ("Red", 0, 1)]
    record(bia)
    assert [(row.name, row.points) for row in team_standings(ALL)] == [("Blue", 5), ("Red", 5)]
    assert board(standings(ALL, team=red)) == [(1, "Ana", 5, 1)]
    assert board(standings(ALL, team=blue)) == []


def test_what_arrives_for_an_alias_is_its_own_and_counts_for_the_survivor(calls, globex):
    ana, bia = person("Ana"), person("Bia", is_active=False)
    assert record(bia) == Recorded(0, 1, 0)
    done = merge(ana, bia)
    assert record(bia) == Recorded(1, 0, 0)
    assert Activity.objects.get().collaborator == bia
    assert board(standings(ALL)) == [(1, "Ana", 5, 1)]
    Collaborator.objects.filter(pk=ana.pk).update(is_active=False)
    assert record(bia) == Recorded(0, 1, 0)
    undo(done)
    assert record(bia) == Recorded(0, 1, 0)
    assert scores() == sums_of_evidence()
    assert differences() == []


def test_an_aliass_address_is_not_unmatched(calls):
    activity = sent("old@example.com")
    record_activities("default", [activity])
    assert [each.is_registered for each in unmatched_people()] == [False]
    ana = person("Ana")
    alias = add_alias(ana, email="old@example.com", by=None, at=NOW)
    assert [each.is_registered for each in unmatched_people()] == [True]
    assert replay("old@example.com") == Recorded(1, 0, 0)
    assert Activity.objects.get().collaborator == alias
    assert board(standings(ALL)) == [(1, "Ana", 5, 1)]


def test_an_adjustment_for_an_alias_is_in_the_survivors_team(calls):
    red, blue = TeamFactory(), TeamFactory()
    ana, bia = person("Ana", team=red), person("Bia", team=blue)
    merge(ana, bia)
    assert earn(bia, 3).team == red
    Collaborator.objects.filter(pk=ana.pk).update(team=None)
    assert earn(bia, 3).team is None


def test_a_preview_moves_the_survivor(calls):
    ana, bia, caio = person("Ana"), person("Bia"), person("Caio")
    record(bia, "002", count=3)
    earn(caio, 4)
    MappingFactory(code="002", mission=calls, points=2)
    merge(ana, bia)
    effect = preview("default", ["002"])
    assert [(move.name, move.old_rank, move.new_rank) for move in effect.moves] == [("Ana", 2, 1), ("Caio", 1, 2)]
    apply("default", "002")
    assert board(standings(ALL)) == [(1, "Ana", 6, 3), (2, "Caio", 4, 0)]


STEPS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans()), max_size=8)


@given(points=st.lists(st.integers(-3, 9), min_size=5, max_size=5), steps=STEPS)
@settings(max_examples=40)
def test_merges_and_undos_never_change_the_total_and_all_undone_is_as_before(in_acme, globex, points, steps):
    with rolled_back():
        people = [person(f"P{number}", phone=str(number) if number % 2 else "") for number in range(5)]
        for someone, each in zip(people, points, strict=True):
            if each:
                earn(someone, each)
        before, rows = standings(ALL), list(Collaborator.objects.order_by("pk").values("phone", "merged_into"))
        merges = []
        for survivor, merged, takes_back in steps:
            try:
                if takes_back and merges:
                    undo(merges[-1])
                    merges.pop()
                else:
                    merges.append(merge(people[survivor], people[merged]))
            except Refused:
                pass
            now = standings(ALL)
            assert sum(row.points for row in now) == sum(points)
            assert len(now) == 5 - len(merges)
        while merges:
            undo(merges.pop())
        assert standings(ALL) == before
        assert list(Collaborator.objects.order_by("pk").values("phone", "merged_into")) == rows


def test_globex_is_untouched(calls, globex):
    with tenant_context(globex):
        before = standings(ALL)
    merge(person("Ana"), person("Bia"))
    with tenant_context(globex):
        assert standings(ALL) == before
