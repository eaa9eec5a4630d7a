from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from missions.applying import apply
from missions.consistency import differences, rebuild
from missions.mapping import set_mapping
from missions.models import Score
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory, TeamFactory
from tests.missions.evidence import A_DAY, earn, record, rolled_back, scores, sums_of_evidence

DAY = timedelta(days=1)


@pytest.fixture
def maria(in_acme, globex):
    return CollaboratorFactory(name="Maria", email="maria@example.com", team=TeamFactory(name="Red"))


@pytest.fixture
def scored(maria):
    """Maria, with completions, an adjustment of the mission and one of none; and Joao, who is in no team."""
    calls = MissionFactory(name="Calls")
    MappingFactory(code="001", mission=calls, points=5)
    joao = CollaboratorFactory(name="Joao", email="joao@example.com")
    for person in (maria, joao):
        record(person, "001", count=2)
        record(person, "002")
        earn(person, 3, mission=calls)
        earn(person, -1)
    return maria


def test_scores_that_were_recorded_are_right(scored):
    assert differences() == []
    assert scores() == sums_of_evidence()


def test_a_score_that_was_tampered_with_is_found_and_put_right(scored, globex):
    right = scores()
    score = Score.objects.get(collaborator=scored, mission__isnull=False)
    Score.objects.filter(pk=score.pk).update(points=99, completions=1)
    (found,) = differences()
    assert (found.day, found.collaborator_id, found.email) == (A_DAY, scored.pk, "maria@example.com")
    assert (found.team_id, found.mission_id) == (scored.team_id, score.mission_id)
    assert (found.points, found.expected_points, found.completions, found.expected_completions) == (99, 13, 1, 2)
    with tenant_context(globex):
        assert (differences(), rebuild()) == ([], 0)
    assert rebuild() == 1
    assert (differences(), scores()) == ([], right)


def test_a_score_that_is_missing_is_found_and_put_right(scored):
    right = scores()
    Score.objects.all().delete()
    assert [(row.email, row.points, row.expected_points) for row in differences()] == [
        ("maria@example.com", 0, 13),
        ("maria@example.com", 0, -1),
        ("joao@example.com", 0, 13),
        ("joao@example.com", 0, -1),
    ]
    assert len(differences(limit=2)) == 2
    assert rebuild() == 4
    assert (differences(), scores()) == ([], right)


def test_a_score_without_evidence_is_found_and_taken_back(scored):
    right = scores()
    Score.objects.create(day=A_DAY - DAY, collaborator=scored, team=None, mission=None, points=7, completions=1)
    (found,) = differences()
    assert (found.points, found.expected_points, found.completions, found.expected_completions) == (7, 0, 1, 0)
    assert rebuild() == 1
    assert (differences(), scores()) == ([], right)


def test_the_check_is_one_statement(scored):
    with CaptureQueriesContext(connection) as captured:
        differences()
    assert len(captured) == 1


steps = st.lists(
    st.one_of(
        st.tuples(st.just("adjust"), st.integers(0, 1), st.integers(-5, 5).filter(bool), st.booleans()),
        st.tuples(st.just("record"), st.integers(0, 1), st.integers(1, 3), st.sampled_from(["001", "002"])),
        st.tuples(st.just("map"), st.sampled_from(["001", "002"]), st.integers(0, 9)),
        st.tuples(st.just("apply"), st.sampled_from(["001", "002"]), st.integers(1, 3)),
        st.tuples(st.just("move"), st.integers(0, 1), st.booleans()),
        st.tuples(st.just("tamper"), st.integers(-3, 3)),
    ),
    max_size=12,
)


@given(steps=steps)
@settings(max_examples=40)
def test_scores_are_the_sums_of_the_evidence_after_any_walk(in_acme, globex, steps):
    with rolled_back():
        team, mission = TeamFactory(), MissionFactory()
        people = [CollaboratorFactory(), CollaboratorFactory(team=team)]
        for code in ("001", "002"):
            MappingFactory(code=code, mission=MissionFactory(is_active=code == "001"), points=3)
        tampered = False
        for step, *details in steps:
            match step, details:
                case "adjust", (who, points, with_mission):
                    earn(people[who], points, mission=mission if with_mission else None)
                case "record", (who, count, code):
                    record(people[who], code, count=count, day=A_DAY - count * DAY)
                case "map", (code, points):
                    set_mapping("default", code, mission=mission, points=points)
                case "apply", (code, chunk):
                    set_mapping("default", code, mission=mission, points=7)
                    apply("default", code, chunk=chunk)
                case "move", (who, into_team):
                    people[who].team = team if into_team else None
                    people[who].save()
                case "tamper", (points,):
                    score = Score.objects.order_by("pk").first()
                    if score and points:
                        Score.objects.filter(pk=score.pk).update(points=score.points + points)
                        tampered = True
        right = sums_of_evidence()
        assert (scores() == right) == (differences() == [])
        if not tampered:
            assert scores() == right
        rebuild()
        assert (scores(), differences()) == (right, [])


@pytest.mark.django_db(transaction=True)
def test_a_rebuild_amid_a_sync_neither_waits_for_it_nor_loses_its_points(acme, scored):
    Score.objects.filter(collaborator=scored, mission=None).update(points=1000)
    put_right = []

    def elsewhere():
        try:
            with tenant_context(acme):
                put_right.append(rebuild())
        finally:
            connections.close_all()

    with transaction.atomic():
        # A score that the rebuild does not touch, and one that nobody has seen yet.
        record(scored, "001", count=2)
        record(scored, "001", day=A_DAY + DAY)
        thread = Thread(target=elsewhere)
        thread.start()
        thread.join(timeout=20)
        assert put_right == [1]
    assert differences() == []
    assert scores() == sums_of_evidence()


@pytest.mark.django_db(transaction=True)
def test_rebuilds_at_once_put_right_once(acme, scored):
    Score.objects.filter(mission=None).update(points=1000)
    put_right = []

    def elsewhere():
        try:
            with tenant_context(acme):
                put_right.append(rebuild())
        finally:
            connections.close_all()

    threads = [Thread(target=elsewhere) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(put_right) == [0, 0, 0, 2]
    assert scores() == sums_of_evidence()
