from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections

from missions.applying import Applied, Move, Preview, apply, apply_some, preview
from missions.mapping import set_mapping
from missions.models import Activity, Mapping
from missions.periods import Period, window
from salesos.errors import Refused
from salesos.models import AuditEntry
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, MissionFactory, TeamFactory
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


# Step by step


def test_a_step_ends_at_its_time_and_the_next_goes_on(maria, calls, globex):
    record(maria, "001", count=3)
    record(maria, "002", count=2)
    for code in ("001", "002"):
        set_mapping("default", code, mission=calls, points=5)
    agreed = {"001": ("Calls", 5), "002": ("Calls", 5)}
    steps = [apply_some("default", agreed, seconds=0, chunk=2) for _step in range(4)]
    assert [(step.activities, step.is_finished) for step in steps] == [(2, False), (1, False), (2, False), (0, True)]
    assert apply_some("default", agreed, seconds=60) == Applied(0, 0)
    assert scores() == sums_of_evidence() == {(A_DAY, maria.pk, maria.team_id, calls.pk): (25, 5)}


def test_a_step_counts_only_what_was_agreed_to(maria, calls, globex):
    record(maria, "001", count=3)
    set_mapping("default", "001", mission=calls, points=50)
    refused = ("changed_meanwhile", None)
    assert refusal(apply_some, "default", {"001": ("Calls", 5)}, seconds=60) == refused
    assert refusal(apply_some, "default", {"001": ("Visits", 50)}, seconds=60) == refused
    assert refusal(apply_some, "default", {"001": ("Calls", 50), "002": ("Calls", 5)}, seconds=60)[0] == "not_mapped"
    assert scores() == {}


def test_what_was_applied_is_in_the_audit_trail_also_when_it_was_broken_off(maria, calls, globex):
    record(maria, "001", count=5)
    set_mapping("default", "001", mission=calls, points=5)

    def kill(applied):
        raise Killed

    with pytest.raises(Killed):
        apply("default", "001", chunk=2, on_progress=kill)
    apply("default", "001")
    apply("default", "001")
    rows = AuditEntry.objects.filter(action="mapping.applied").order_by("pk")
    assert [(row.subject, row.changes) for row in rows] == [
        ("001 → Calls", {"activities": ["", "2"], "points": ["", "10"]}),
        ("001 → Calls", {"activities": ["", "3"], "points": ["", "15"]}),
    ]


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
    assert preview("default", ["001"]) == Preview(
        4, 24, 2, [Move("Joao", 18, 2, 1), Move("Maria", 6, 1, 2), Move("Zeca", 0, 2, 3)]
    )
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
    assert told == Preview(5, 118, 2, [Move("Maria", 100, 1, 1), Move("Joao", 18, 1, 2)])
    assert preview("default", ["001", "002"]) == Preview(0, 0, 0, [])


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
    assert told == Preview(4, 20, 2, [Move("Maria", 5, 1, 1), Move("Joao", 0, 1, 2)])


def test_inactive_people_and_other_tenants_move_nobody(maria, calls, globex):
    gone = CollaboratorFactory(name="Gone", email="gone@example.com")
    record(gone, "001", count=3)
    gone.is_active = False
    gone.save()
    assert preview("default", ["001"], points={"001": 5}) == Preview(3, 15, 1, [])


def test_a_preview_of_an_unmapped_code_is_refused(maria):
    assert refusal(preview, "default", ["001"]) == ("not_mapped", "code")
    assert refusal(preview, "default", ["1"], points={"1": 5}) == ("unknown_code", "code")
    assert refusal(preview, "default", ["001"], points={"001": -5}) == ("points_out_of_range", "points")
