import logging
from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from missions.mapping import (
    Applied,
    Move,
    Preview,
    apply,
    mission_named,
    preview,
    received_codes,
    remove_mapping,
    set_mapping,
)
from missions.models import Activity, Mapping, Mission
from missions.periods import Period, last_days, window
from salesos.errors import Refused
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, MissionFactory, TeamFactory, UserFactory
from tests.missions.evidence import A_DAY, earn, record, scores, sums_of_evidence

DAY = timedelta(days=1)


@pytest.fixture
def maria(in_acme, globex):
    return CollaboratorFactory(name="Maria", email="maria@example.com", team=TeamFactory(name="Red"))


@pytest.fixture
def calls(maria):
    return MissionFactory(name="Calls")


def refusal(call, *args, **options):
    with pytest.raises(Refused) as refused:
        call(*args, **options)
    return refused.value.code, refused.value.field


# From now on


def test_a_mapping_counts_from_now_on(maria, calls):
    record(maria, "001")
    boss = UserFactory()
    mapping = set_mapping("default", "001", mission=calls, points=5, by=boss, label=" Phone call ")
    record(maria, "001", count=2)
    assert (mapping.mission, mapping.points, mapping.updated_by, mapping.label) == (calls, 5, boss, "Phone call")
    assert scores() == {(A_DAY, maria.pk, maria.team_id, calls.pk): (10, 2)}


def test_changing_a_mapping_leaves_what_was_earned(maria, calls):
    visits = MissionFactory(name="Visits")
    set_mapping("default", "001", mission=calls, points=5, label="Phone call")
    record(maria, "001")
    set_mapping("default", "001", mission=visits, points=7)
    record(maria, "001")
    assert [(row.mission, row.points, row.label) for row in Mapping.objects.all()] == [(visits, 7, "Phone call")]
    assert scores() == {
        (A_DAY, maria.pk, maria.team_id, calls.pk): (5, 1),
        (A_DAY, maria.pk, maria.team_id, visits.pk): (7, 1),
    }


def test_removing_a_mapping_stops_counting_and_leaves_what_was_earned(maria, calls, globex, caplog):
    set_mapping("default", "001", mission=calls, points=5)
    record(maria, "001")
    boss = UserFactory()
    with caplog.at_level(logging.INFO, "missions.mapping"):
        remove_mapping("default", "001", by=boss)
    record(maria, "001")
    assert scores() == {(A_DAY, maria.pk, maria.team_id, calls.pk): (5, 1)}
    assert Mapping.objects.count() == 0
    assert [f"removed by user {boss.pk}." in line for line in caplog.messages] == [True]
    with tenant_context(globex):
        assert Mapping.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"code": "000"}, "unknown_code", "code"),
        ({"code": "1"}, "unknown_code", "code"),
        ({"code": "００１"}, "unknown_code", "code"),
        ({"source": "nowhere"}, "unknown_source", "source"),
        ({"points": -1}, "points_out_of_range", "points"),
        ({"points": 1_000_001}, "points_out_of_range", "points"),
        ({"label": "x" * 121}, "invalid", "label"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(maria, calls, change, code, field):
    fields = {"source": "default", "code": "001", "mission": calls, "points": 5} | change
    assert refusal(set_mapping, fields.pop("source"), fields.pop("code"), **fields) == (code, field)
    assert Mapping.objects.count() == 0


def test_another_tenants_mission_is_unknown(maria, globex):
    with tenant_context(globex):
        foreign = Mission.objects.get()
    assert refusal(set_mapping, "default", "001", mission=foreign, points=5) == ("unknown_mission", "mission")
    assert Mapping.objects.count() == 0


def test_removing_what_is_not_mapped_is_refused(maria):
    assert refusal(remove_mapping, "default", "001", by=None) == ("not_mapped", "code")


def test_a_mission_is_found_by_its_name_in_any_case_or_made(maria, calls, globex):
    assert mission_named(" cALLS ") == calls
    made = mission_named("Reuniões Agendadas")
    assert mission_named("reuniões agendadas") == made
    assert [mission.name for mission in Mission.objects.all()] == ["Calls", "Reuniões Agendadas"]
    with tenant_context(globex):
        assert [mission.name for mission in Mission.objects.all()] == ["Calls"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 121])
def test_a_mission_needs_a_name_of_some_length(maria, name):
    assert refusal(mission_named, name) == ("invalid", "name")
    assert Mission.objects.count() == 0


# The past


def test_applying_counts_the_past_each_activity_on_its_day_and_in_its_team(maria, calls, globex):
    red, blue = maria.team, TeamFactory(name="Blue")
    record(maria, "001", day=A_DAY - DAY, count=2)
    maria.team = blue
    maria.save()
    record(maria, "001")
    record(maria, "002")
    set_mapping("default", "001", mission=calls, points=5)
    with tenant_context(globex):
        before = scores(), Activity.objects.uncounted().count()
    assert apply("default", "001") == Applied(activities=3, points=15)
    assert scores() == {
        (A_DAY - DAY, maria.pk, red.pk, calls.pk): (10, 2),
        (A_DAY, maria.pk, blue.pk, calls.pk): (5, 1),
    }
    assert Activity.objects.uncounted().get().code == "002"
    with tenant_context(globex):
        assert (scores(), Activity.objects.uncounted().count()) == before


def test_applying_twice_counts_once(maria, calls):
    record(maria, "001", count=2)
    set_mapping("default", "001", mission=calls, points=5)
    assert apply("default", "001") == Applied(2, 10)
    set_mapping("default", "001", mission=calls, points=9)
    assert apply("default", "001") == Applied(0, 0)
    assert scores() == {(A_DAY, maria.pk, maria.team_id, calls.pk): (10, 2)}


def test_applying_tells_how_far_it_is(maria, calls):
    record(maria, "001", count=5)
    set_mapping("default", "001", mission=calls, points=5)
    told = []
    assert apply("default", "001", chunk=2, on_progress=told.append) == Applied(5, 25)
    assert told == [Applied(2, 10), Applied(4, 20), Applied(5, 25)]


def test_points_are_those_of_the_mapping_when_the_application_began(maria, calls):
    record(maria, "001", count=3)
    set_mapping("default", "001", mission=calls, points=5)

    def change_of_mind(applied):
        set_mapping("default", "001", mission=calls, points=100)

    assert apply("default", "001", chunk=1, on_progress=change_of_mind) == Applied(3, 15)
    assert scores() == sums_of_evidence() == {(A_DAY, maria.pk, maria.team_id, calls.pk): (15, 3)}


def test_what_has_smaller_ids_and_came_late_is_counted_too(maria, calls):
    record(maria, "001", count=3)
    first = Activity.objects.order_by("pk").first()
    set_mapping("default", "001", mission=calls, points=5)

    def one_comes_late(applied):
        if applied.activities == 3:
            Activity.objects.create(
                id=first.pk - 1, source="default", code="001", external_id="late", collaborator=maria, team=maria.team,
                occurred_at=first.occurred_at, day=first.day, received_at=first.received_at,
            )  # fmt: skip

    assert apply("default", "001", chunk=1, on_progress=one_comes_late) == Applied(4, 20)


def test_an_inactive_mission_awards_nothing_for_the_past(maria):
    idle = MissionFactory(is_active=False)
    record(maria, "001")
    set_mapping("default", "001", mission=idle, points=5)
    assert refusal(apply, "default", "001") == ("mission_inactive", "mission")
    assert refusal(preview, "default", ["001"]) == ("mission_inactive", "mission")
    assert scores() == {}


def test_applying_what_is_not_mapped_is_refused(maria):
    assert refusal(apply, "default", "001") == ("not_mapped", "code")


class Killed(Exception):
    pass


@pytest.mark.django_db(transaction=True)
def test_an_application_that_was_killed_is_taken_up_by_the_next(maria, calls):
    record(maria, "001", count=5)
    set_mapping("default", "001", mission=calls, points=5)

    def kill(applied):
        raise Killed

    with pytest.raises(Killed):
        apply("default", "001", chunk=2, on_progress=kill)
    assert scores() == sums_of_evidence() == {(A_DAY, maria.pk, maria.team_id, calls.pk): (10, 2)}
    assert apply("default", "001", chunk=2) == Applied(3, 15)
    assert scores() == sums_of_evidence() == {(A_DAY, maria.pk, maria.team_id, calls.pk): (25, 5)}


@pytest.mark.django_db(transaction=True)
def test_applications_at_once_and_syncs_beside_them_count_everything_once(acme, maria, calls):
    joao = CollaboratorFactory(email="joao@example.com", team=maria.team)
    for _ in range(20):
        record(maria, "001", count=5)
        record(joao, "001", day=A_DAY - DAY, count=5)
    set_mapping("default", "001", mission=calls, points=5)
    start, applied, failures = Barrier(4), [], []

    def at_once(work):
        try:
            with tenant_context(acme):
                start.wait()
                work()
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    def sync():
        for _ in range(5):
            record(joao, "001", count=3)
            record(maria, "001", count=3)

    works = [lambda: applied.append(apply("default", "001", chunk=7))] * 3 + [sync]
    threads = [Thread(target=at_once, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sum(each.activities for each in applied) == 200
    assert scores() == sums_of_evidence()
    assert sum(points for points, _ in scores().values()) == 230 * 5
    assert Activity.objects.uncounted().count() == 0


# What it would do


def test_a_preview_tells_activities_points_and_moves_and_changes_nothing(maria, calls):
    joao = CollaboratorFactory(name="Joao", email="joao@example.com")
    CollaboratorFactory(name="Zeca")
    earn(maria, 10)
    record(joao, "001", count=3)
    record(joao, "002", count=1)
    record(maria, "001", count=1)
    set_mapping("default", "001", mission=calls, points=6)
    before = scores()
    assert preview("default", ["001"]) == Preview(4, 24, [Move("Joao", 2, 1), Move("Maria", 1, 2), Move("Zeca", 2, 3)])
    assert (scores(), Activity.objects.uncounted().count()) == (before, 5)


def test_a_preview_foretells_what_applying_does(maria, calls):
    joao = CollaboratorFactory(name="Joao", email="joao@example.com")
    record(joao, "001", count=3)
    record(maria, "002", count=2)
    for code, points in (("001", 6), ("002", 50)):
        set_mapping("default", code, mission=calls, points=points)
    told = preview("default", ["001", "002", "001"])
    done = [apply("default", code) for code in ("001", "002")]
    assert (told.activities, told.points) == (sum(each.activities for each in done), sum(each.points for each in done))
    assert told == Preview(5, 118, [Move("Joao", 1, 2)])
    assert preview("default", ["001", "002"]) == Preview(0, 0, [])


def test_a_preview_takes_points_that_are_not_saved_yet(maria, calls):
    record(maria, "001", count=2)
    set_mapping("default", "001", mission=calls, points=6)
    assert preview("default", ["001", "002"], points={"001": 1, "002": 3}).points == 2
    assert Mapping.objects.get().points == 6


def test_a_previews_moves_are_those_of_the_window_asked_for(maria, calls):
    joao = CollaboratorFactory(name="Joao", email="joao@example.com")
    record(joao, "001", day=date(2026, 1, 5), count=3)
    record(maria, "001")
    march = window(Period.MONTH, today=A_DAY)
    told = preview("default", ["001"], points={"001": 5}, window=march)
    assert told == Preview(4, 20, [Move("Joao", 1, 2)])


def test_inactive_people_and_other_tenants_move_nobody(maria, calls, globex):
    gone = CollaboratorFactory(name="Gone", email="gone@example.com")
    record(gone, "001", count=3)
    gone.is_active = False
    gone.save()
    assert preview("default", ["001"], points={"001": 5}) == Preview(3, 15, [])


def test_a_preview_of_an_unmapped_code_is_refused(maria):
    assert refusal(preview, "default", ["001"]) == ("not_mapped", "code")
    assert refusal(preview, "default", ["1"], points={"1": 5}) == ("unknown_code", "code")
    assert refusal(preview, "default", ["001"], points={"001": -5}) == ("points_out_of_range", "points")


# What arrived


def test_received_codes_tell_counts_and_mappings(maria, calls):
    record(maria, "003", day=date(2026, 1, 5), count=2)
    record(maria, "003", count=1)
    record(maria, "001", count=4)
    mapping = set_mapping("default", "001", mission=calls, points=5)
    unheard = set_mapping("default", "777", mission=calls, points=5)
    record(maria, "001", count=1)
    rows = received_codes("default", since=last_days(30, today=A_DAY).start)
    assert [(row.code, row.received, row.uncounted, row.mapping) for row in rows] == [
        ("001", 5, 4, mapping),
        ("003", 1, 3, None),
        ("777", 0, 0, unheard),
    ]
    assert [row.last_received_at and row.last_received_at.date() for row in rows] == [A_DAY, A_DAY, None]


def test_received_codes_cost_the_same_whatever_was_received(maria, calls):
    def statements():
        with CaptureQueriesContext(connection) as captured:
            [row.mapping and row.mapping.mission.name for row in received_codes("default", since=A_DAY)]
        return len(captured)

    record(maria, "001")
    set_mapping("default", "001", mission=calls, points=5)
    few = statements()
    for code in ("002", "003", "004"):
        record(maria, code)
        set_mapping("default", code, mission=MissionFactory(), points=5)
    assert (few, statements()) == (3, 3)
