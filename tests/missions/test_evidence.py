"""Activities and adjustments are evidence: the database itself refuses to rewrite them, whoever asks."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from missions.models import Activity, Adjustment
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory, TeamFactory, UserFactory
from tests.missions.evidence import A_DAY, earn, record


@pytest.fixture
def person(in_acme, globex):
    MappingFactory(code="001", mission=MissionFactory(), points=5)
    return CollaboratorFactory(team=TeamFactory())


@pytest.mark.parametrize(
    "change",
    [
        {"code": "002"},
        {"source": "other"},
        {"external_id": "another"},
        {"occurred_at": "2026-01-01T00:00Z"},
        {"received_at": "2026-01-01T00:00Z"},
        {"day": A_DAY + timedelta(days=1)},
        {"data": {"client": "another"}},
        {"request_id": "00000000-0000-0000-0000-000000000000"},
        {"points": 6},
        {"team": None},
        {"mission": None, "points": None},
    ],
    ids=lambda change: " and ".join(change),
)
def test_a_completion_is_never_rewritten(person, change):
    record(person, "001")

    with pytest.raises(IntegrityError, match="activities are evidence"), transaction.atomic():
        Activity.objects.update(**change)

    assert (Activity.objects.get().code, Activity.objects.get().points) == ("001", 5)


def test_a_completion_does_not_move_to_another_mission(person):
    record(person, "001")
    another = MissionFactory()

    with pytest.raises(IntegrityError, match="activities are evidence"), transaction.atomic():
        Activity.objects.update(mission=another)


def test_an_activity_does_not_move_to_another_tenant(person, globex):
    record(person, "002")

    with pytest.raises(IntegrityError), transaction.atomic():
        Activity.objects.update(tenant=globex)


def test_an_uncounted_activity_may_become_a_completion_once(person):
    record(person, "002")
    mission = MissionFactory()

    assert Activity.objects.uncounted().update(mission=mission, points=7) == 1
    with pytest.raises(IntegrityError, match="activities are evidence"), transaction.atomic():
        Activity.objects.update(mission=mission, points=8)


def test_an_activity_names_nobody_of_another_tenant(person, globex):
    record(person, "002")
    with tenant_context(globex):
        theirs = {"mission": MissionFactory(), "collaborator": CollaboratorFactory()}

    for change in ({"mission": theirs["mission"], "points": 1}, {"collaborator": theirs["collaborator"]}):
        with pytest.raises(IntegrityError, match="its tenant does not have"), transaction.atomic():
            Activity.objects.update(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"points": 11},
        {"completions": 1},
        {"day": A_DAY + timedelta(days=1)},
        {"reason": "another"},
        {"kind": "compensation"},
        {"created_at": "2026-01-01T00:00Z"},
    ],
    ids=lambda change: " and ".join(change),
)
def test_an_adjustment_is_never_rewritten(person, change):
    earn(person, 10)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Adjustment.objects.update(**change)

    assert Adjustment.objects.get().points == 10


def test_an_adjustment_keeps_its_team_mission_and_author(person):
    earn(person, 10)

    for change in ({"team": None}, {"mission": MissionFactory()}, {"author": UserFactory()}):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Adjustment.objects.update(**change)
