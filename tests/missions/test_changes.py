from threading import Barrier, Thread

import pytest
from django.db import connections

from missions.changes import Effect, Wish, change_mappings, mark_of, plan
from missions.mapping import Worth, set_mapping
from missions.models import Mapping, Mission
from salesos.errors import Refused
from salesos.models import AuditEntry
from salesos.tenancy import tenant_context
from tests.factories import MissionFactory


def saved():
    rows = Mapping.objects.select_related("mission")
    return {row.code: (row.mission.name, row.points, row.label) for row in rows}


def test_a_plan_writes_nothing_and_tells_what_each_wish_would_do(in_acme, globex):
    calls, old = MissionFactory(name="Calls"), MissionFactory(name="Old", is_active=False)
    for code in ("001", "002", "003"):
        set_mapping("default", code, mission=calls, points=5, label="Call")
    before = saved()
    planned = plan(
        "default",
        [
            Wish("001", "CALLS", "5", "Call"),
            Wish("002", "Old", "6"),
            Wish("003", "", ""),
            Wish("004", "Visits  Made", ""),
            Wish("005", "visits made", "7"),
            Wish("006", "calls", "", None),
        ],
    )
    assert [(line.wish.code, line.effect, line.after) for line in planned.lines] == [
        ("001", Effect.SAME, Worth("Calls", 5, "Call")),
        ("002", Effect.CHANGED, Worth("Old", 6)),
        ("003", Effect.ENDED, None),
        ("004", Effect.NEW, Worth("Visits Made", 1)),
        ("005", Effect.NEW, Worth("Visits Made", 7)),
        ("006", Effect.NEW, Worth("Calls", 5)),
    ]
    assert (planned.new_missions, planned.retired_missions) == (["Visits Made"], [old.name])
    assert (saved(), Mission.objects.count()) == (before, 2)


def test_one_bad_wish_spoils_all_of_them(in_acme, globex):
    done = change_mappings("default", [Wish("001", "Calls", "5"), Wish("002", "Visits", "x")], by=None)
    assert [line.effect for line in done.lines] == [Effect.NEW, Effect.REFUSED]
    assert (saved(), Mission.objects.count(), AuditEntry.objects.count()) == ({}, 0, 0)


def test_an_unknown_source_is_refused(in_acme, globex):
    with pytest.raises(Refused) as refused:
        plan("nowhere", [])
    assert refused.value.code == "unknown_source"


def test_the_same_names_and_codes_in_another_tenant_are_others(in_acme, globex):
    with tenant_context(globex):
        change_mappings("default", [Wish("001", "Calls", "9")], by=None)
    change_mappings("default", [Wish("001", "Calls", "5")], by=None)
    assert saved() == {"001": ("Calls", 5, "")}
    with tenant_context(globex):
        assert saved() == {"001": ("Calls", 9, "")}


def test_marks_tell_apart_what_differs_and_nothing_else():
    texts = [("Calls", "5", ""), ("Calls", "", "5"), ("Calls5", "", ""), ("", "", "Calls5"), ("Calls", "50", "")]
    assert len({mark_of(*each) for each in texts}) == len(texts)
    assert mark_of("", "", "") == ""
    assert mark_of("Phone  calls ", "5", "") == mark_of("Phone calls", "5", "")


@pytest.mark.django_db(transaction=True)
def test_of_many_who_map_a_code_at_once_one_does_and_the_others_are_told(acme, globex):
    start, effects, failures = Barrier(5), [], []

    def map_it(number):
        try:
            with tenant_context(acme):
                start.wait()
                done = change_mappings("default", [Wish("001", f"Mission {number}", "5", shown="")], by=None)
                effects.append(done.lines[0].effect)
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=map_it, args=[number]) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(effects) == [Effect.CLASH] * 4 + [Effect.NEW]
    with tenant_context(acme):
        assert (len(saved()), Mission.objects.count()) == (1, 1)
