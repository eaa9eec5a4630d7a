from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from missions.mapping import (
    mission_named,
    received_codes,
    remove_mapping,
    set_active,
    set_mapping,
)
from missions.models import Mapping, Mission
from missions.periods import last_days
from salesos.errors import Refused
from salesos.models import AuditEntry
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, MissionFactory, TeamFactory, UserFactory
from tests.missions.evidence import A_DAY, record, scores


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


def test_removing_a_mapping_stops_counting_and_leaves_what_was_earned(maria, calls, globex):
    set_mapping("default", "001", mission=calls, points=5)
    record(maria, "001")
    remove_mapping("default", "001", by=None)
    record(maria, "001")
    assert scores() == {(A_DAY, maria.pk, maria.team_id, calls.pk): (5, 1)}
    assert Mapping.objects.count() == 0
    with tenant_context(globex):
        assert Mapping.objects.count() == 1


def test_every_change_leaves_a_row_in_the_audit_trail(maria, calls, globex):
    boss = UserFactory()
    with tenant_context(globex):
        before = AuditEntry.objects.count()
    for points in (5, 5, 7):
        set_mapping("default", "001", mission=calls, points=points, label="Call", by=boss)
    remove_mapping("default", "001", by=boss)
    visits = mission_named("Visits", by=boss)
    for is_active in (False, False, True):
        set_active([visits], is_active=is_active, by=boss)
    assert [(row.action, row.subject, row.changes, row.actor_email) for row in AuditEntry.objects.order_by("pk")] == [
        (action, subject, changes, boss.email)
        for action, subject, changes in [
            ("mapping.created", "001 → Calls", {"mission": ["", "Calls"], "points": ["", "5"], "label": ["", "Call"]}),
            ("mapping.changed", "001 → Calls", {"points": ["5", "7"]}),
            ("mapping.removed", "001 → Calls", {"mission": ["Calls", ""], "points": ["7", ""], "label": ["Call", ""]}),
            ("mission.created", "Visits", {}),
            ("mission.retired", "Visits", {"is_active": ["True", "False"]}),
            ("mission.brought_back", "Visits", {"is_active": ["False", "True"]}),
        ]
    ]
    with tenant_context(globex):
        assert AuditEntry.objects.count() == before


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
