from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction

from missions.adjustments import adjust
from missions.models import Adjustment
from missions.models.score import AdjustmentKind
from salesos.errors import Refused
from salesos.models import Collaborator
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory, TeamFactory, UserFactory
from tests.missions.evidence import record, scores

LATE_EVENING = datetime(2026, 3, 12, 1, 30, tzinfo=UTC)
"""22:30 of the eleventh in Acme's zone."""
TODAY = date(2026, 3, 11)


@pytest.fixture
def maria(in_acme, globex):
    return CollaboratorFactory(name="Maria", email="maria@example.com", team=TeamFactory(name="Red"))


def test_an_adjustment_is_kept_with_its_author_and_scored_at_once(maria):
    boss = UserFactory()
    adjustment = adjust(maria, points=-30, reason="  Booked twice ", by=boss, at=LATE_EVENING)
    kept = Adjustment.objects.get()
    assert kept == adjustment
    assert (kept.points, kept.reason, kept.author, kept.day) == (-30, "Booked twice", boss, TODAY)
    assert (kept.kind, kept.completions, kept.mission) == (AdjustmentKind.MANUAL, 0, None)
    assert scores() == {(TODAY, maria.pk, maria.team_id, None): (-30, 0)}


def test_adjustments_add_to_what_is_scored_already(maria):
    calls = MissionFactory()
    MappingFactory(code="001", mission=calls, points=5)
    record(maria, "001", day=TODAY, count=2)
    adjust(maria, points=4, reason="bonus", mission=calls, by=None, at=LATE_EVENING)
    adjust(maria, points=4, reason="bonus", mission=calls, by=None, at=LATE_EVENING)
    assert scores() == {(TODAY, maria.pk, maria.team_id, calls.pk): (18, 2)}


def test_a_compensation_takes_a_completion_back(maria):
    calls = MissionFactory()
    MappingFactory(code="001", mission=calls, points=5)
    record(maria, "001", day=TODAY, count=2)
    adjust(
        maria, points=-5, completions=-1, kind=AdjustmentKind.COMPENSATION, reason="cancelled", mission=calls,
        by=None, at=LATE_EVENING,
    )  # fmt: skip
    assert scores() == {(TODAY, maria.pk, maria.team_id, calls.pk): (5, 1)}


def test_an_adjustment_may_name_a_day_of_the_past(maria):
    adjust(maria, points=3, reason="late", day=date(2024, 2, 29), by=None, at=LATE_EVENING)
    assert scores() == {(date(2024, 2, 29), maria.pk, maria.team_id, None): (3, 0)}


def test_an_adjustment_belongs_to_the_team_of_now_whatever_the_caller_read_before(maria):
    blue = TeamFactory(name="Blue")
    Collaborator.objects.filter(pk=maria.pk).update(team=blue)
    adjust(maria, points=3, reason="bonus", by=None, at=LATE_EVENING)
    assert scores() == {(TODAY, maria.pk, blue.pk, None): (3, 0)}


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"points": 0}, "no_points", "points"),
        ({"points": 1_000_001}, "too_many_points", "points"),
        ({"points": -1_000_001}, "too_many_points", "points"),
        ({"reason": " \n"}, "no_reason", "reason"),
        ({"reason": "x" * 501}, "reason_too_long", "reason"),
        ({"day": date(2026, 3, 12)}, "day_ahead", "day"),
        ({"day": date(1969, 12, 31)}, "day_too_early", "day"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(maria, change, code, field):
    with pytest.raises(Refused) as refused:
        adjust(maria, **({"points": 5, "reason": "bonus", "by": None, "at": LATE_EVENING} | change))
    assert (refused.value.code, refused.value.field) == (code, field)
    assert (Adjustment.objects.count(), scores()) == (0, {})


def test_another_tenants_collaborator_and_mission_are_unknown(maria, globex):
    with tenant_context(globex):
        stranger, mission = CollaboratorFactory(), MissionFactory()
        before = scores()
    with pytest.raises(Refused) as refused:
        adjust(stranger, points=5, reason="bonus", by=None, at=LATE_EVENING)
    assert refused.value.code == "unknown_collaborator"
    with pytest.raises(Refused) as refused:
        adjust(maria, points=5, reason="bonus", mission=mission, by=None, at=LATE_EVENING)
    assert refused.value.code == "unknown_mission"
    assert (Adjustment.objects.count(), scores()) == (0, {})
    with tenant_context(globex):
        assert scores() == before


def test_adjustments_cannot_be_rewritten(maria):
    adjust(maria, points=5, reason="bonus", by=None, at=LATE_EVENING)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Adjustment.objects.update(points=6)
    assert Adjustment.objects.get().points == 5
