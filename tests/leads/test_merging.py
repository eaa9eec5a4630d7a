"""Two leads become one with all that hangs on them, and within a day exactly the two again."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.db import connections
from hypothesis import given
from hypothesis import strategies as st

from leads import snapshots
from leads.actors import Actor
from leads.changes import NewLead, change_lead, create_lead, delete_lead
from leads.conflicts import EmailTaken
from leads.conversion import Terms, convert_lead
from leads.deals import open_deal
from leads.duplicates import keep_apart
from leads.merging import (
    CHOOSABLE,
    forget_old_merges,
    let_go,
    merge_leads,
    outcome,
    undo_merge,
    undoable_merges,
    why_not_mergeable,
)
from leads.models import Deal, Lead, LeadEvent, LeadMerge, LeadsApart
from leads.moving import MOVED, PAIRED
from leads.pipeline import first_stage
from leads.upkeep import old_merges
from missions.sources import LEADS
from salesos.errors import Clash, Refused
from salesos.models import AuditEntry
from salesos.tenancy import tenant_context
from tests.door import refusal
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory
from tests.leads.test_points import WORTH, points_held, points_of

ME = Actor.of_system("a test")
NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
DAYS_LATER = NOW + timedelta(hours=24, seconds=1)


def lead(name, **fields):
    new = NewLead(**{"name": name, "email": f"{name.lower()}@example.com", **fields})
    return create_lead(new, by=ME, at=NOW - timedelta(days=3))


def change(one, **changes):
    return change_lead(one, changes, by=ME, at=NOW)


def convert(one):
    return convert_lead(one, Terms(value=Decimal(10)), by=ME, at=NOW)[1]


def merge(survivor, merged, *taking, at=NOW, **options):
    return merge_leads(survivor, merged, taking=taking, by=ME, at=at, **options)


def undo(done, at=LATER):
    return undo_merge(done, by=ME, at=at)


def refused(work, *args, **options):
    with pytest.raises(Refused) as caught:
        work(*args, **options)
    return caught.value.code


def now(one):
    return Lead.objects.get(pk=one.pk)


def state():
    """All that a merge may touch, but the versions and moments of change, which only grow."""
    leads = [snapshots.taken(each) for each in Lead.objects.order_by("pk")]
    for each in leads:
        del each["version"], each["updated_at"]
    histories = LeadEvent.objects.exclude(kind__in=("lead.merged", "lead.unmerged", "lead.restored"))
    return {
        "leads": leads,
        "deals": list(Deal.objects.order_by("pk").values("pk", "lead_id", "name", "value", "stage_id", "owner_id")),
        "history": list(histories.order_by("pk").values("pk", "lead_id", "kind", "changes", "at", "actor_name")),
        "merges": list(LeadMerge.objects.order_by("pk").values("pk", "survivor_id", "merged_id", "email")),
        "apart": sorted(LeadsApart.objects.values_list("one_id", "other_id", "at", "actor_name")),
    }


@pytest.fixture
def floor(in_acme, globex):
    with tenant_context(globex):
        lead("Ana", phone="of globex")
    return [lead("Ana"), lead("Bia"), lead("Caio")]


# What becomes of the values


def test_the_survivor_takes_over_what_it_lacks_and_nothing_else(in_acme, globex, ana):
    one = lead("Ana", phone="1", tags=("a", "b"), custom_fields={"budget": 1, "size": "L"})
    two = lead("Bia", phone="2", company="Acme", owner=ana, tags=("b", "c"), custom_fields={"budget": 2, "note": "x"})
    merge(one, two)
    after = now(one)
    assert (after.name, after.email, after.phone, after.company) == ("Ana", "ana@example.com", "1", "Acme")
    assert (after.owner, after.tags) == (ana, ["a", "b", "c"])
    assert after.custom_fields == {"budget": 1, "size": "L", "note": "x"}
    assert (after.public_id, after.created_at, after.version) == (one.public_id, one.created_at, one.version + 1)
    assert not Lead.objects.filter(pk=two.pk).exists()


def test_what_is_chosen_comes_from_the_merged_lead_key_by_key(in_acme, globex, ana):
    one = lead("Ana", phone="1", source="ads", owner=ana, custom_fields={"budget": 1, "size": "L"})
    two = lead("Bia", phone="2", source="web", status="qualified", custom_fields={"budget": 2, "size": "M"})
    merge(one, two, "name", "email", "phone", "status", "owner", "custom_fields.budget")
    after = now(one)
    assert (after.name, after.email, after.phone, after.source) == ("Bia", "bia@example.com", "2", "ads")
    # Nobody owns the other: there is nothing to take.
    assert (after.status, after.owner, after.custom_fields) == ("qualified", ana, {"budget": 2, "size": "L"})


def test_together_they_may_not_be_more_than_a_lead_can_be(floor):
    ana, bia, _caio = floor
    change(ana, tags=[f"a{number}" for number in range(30)])
    change(bia, tags=[f"b{number}" for number in range(30)])
    assert refused(merge, ana, bia) == "too_many_tags"
    change(bia, tags=[])
    change(ana, custom_fields={"a": "x" * 40_000})
    change(bia, custom_fields={"b": "x" * 40_000})
    assert refused(merge, ana, bia) == "too_large"
    assert Lead.objects.count() == 3


@pytest.mark.parametrize(
    ("one", "two", "taking", "expected"),
    [
        ("new", "qualified", (), "new"),
        ("new", "qualified", ("status",), "qualified"),
        ("new", "converted", (), "converted"),
        ("converted", "unqualified", ("status",), "converted"),
    ],
)
def test_whoever_is_a_deal_stays_one(in_acme, globex, one, two, taking, expected):
    rows = [lead(name, status="new" if status == "converted" else status) for name, status in (("A", one), ("B", two))]
    for row, status in zip(rows, (one, two), strict=True):
        if status == "converted":
            convert(row)
    merge(*rows, *taking)
    assert now(rows[0]).status == expected


# What hangs on a lead


def rows_of(model, field, one, other):
    match model, field:
        case (made, "lead") if made is LeadEvent:
            return LeadEvent.objects.filter(lead=one).first()
        case (made, "lead") if made is Deal:
            return convert(one)
        case (made, "survivor") if made is LeadMerge:
            return merge(one, lead("Eva"))
        case _:
            first, second = sorted((one.pk, other.pk))
            keep_apart(one, [other], by=ME, at=NOW)
            return LeadsApart.objects.get(one=first, other=second)


RELATIONS = {
    (relation.related_model, relation.field.name, relation.on_delete.__name__)
    for relation in Lead._meta.get_fields(include_hidden=True)
    if relation.auto_created and not relation.concrete
}


def test_merging_knows_every_relation_to_a_lead():
    assert {(model, field) for model, field, _on_delete in RELATIONS} == {*MOVED, *PAIRED}


def test_no_table_names_a_lead_without_a_relation():
    named = {
        f"{model.__name__}.{field.attname}"
        for model in LeadEvent._meta.apps.get_models()
        for field in model._meta.concrete_fields
        if "lead" in field.attname and model._meta.app_label != "leads"
    }
    assert named == set()


@pytest.mark.parametrize(("model", "field"), [*MOVED, PAIRED[0]])
def test_every_relation_goes_with_a_merge_and_comes_back_with_its_undo(floor, model, field):
    ana, bia, caio = floor
    row = rows_of(model, field, bia, caio)
    before = state()
    done = merge(ana, bia)
    if model is LeadsApart:
        assert set(LeadsApart.objects.values_list("one_id", "other_id")) == {(ana.pk, caio.pk)}
    else:
        assert getattr(model.objects.get(pk=row.pk), f"{field}_id") == ana.pk
    assert undo(done).pk == bia.pk
    assert state() == before


@pytest.mark.parametrize(("model", "field"), [*MOVED, PAIRED[0]])
def test_every_relation_stays_with_a_conversion_and_is_meant_when_a_lead_is_deleted(floor, model, field):
    _ana, bia, caio = floor
    row = rows_of(model, field, bia, caio)
    if model is not Deal:
        convert(now(bia))
    holder = {bia.pk, caio.pk} if model is LeadsApart else {bia.pk}
    assert getattr(model.objects.get(pk=row.pk), f"{field}_id") in holder
    delete_lead(bia, at=NOW)
    rows = model.objects.filter(pk=row.pk)
    assert list(rows.values_list(field)) == ([(None,)] if model is Deal else [])


def test_a_deal_that_moved_is_another_version(floor):
    ana, bia, _caio = floor
    deal = convert(bia)
    done = merge(ana, now(bia))
    moved = Deal.objects.get(pk=deal.pk)
    assert (moved.version, moved.updated_at) == (deal.version + 1, NOW)
    undo(done)
    assert Deal.objects.get(pk=deal.pk).version == deal.version + 2


def test_whoever_is_not_the_one_is_not_the_other(floor):
    ana, bia, caio = floor
    for one, other in ((bia, caio), (ana, bia), (ana, caio)):
        keep_apart(one, [other], by=ME, at=NOW)
    before = state()
    done = merge(ana, bia)
    assert set(LeadsApart.objects.values_list("one_id", "other_id")) == {(ana.pk, caio.pk)}
    undo(done)
    assert state() == before


def test_whoever_is_gone_meanwhile_is_nobody_to_be_apart_from(floor):
    ana, bia, caio = floor
    keep_apart(bia, [caio], by=ME, at=NOW)
    done = merge(ana, bia)
    delete_lead(caio, at=NOW)
    undo(done)
    assert LeadsApart.objects.count() == 0


# Undo


def test_an_undo_brings_back_both_leads_exactly(in_acme, globex, ana):
    one = lead("Ana", tags=("a",), custom_fields={"budget": 1})
    two = lead("Bia", phone="2", company="Acme", owner=ana, tags=("c", "b"), custom_fields={"n": [1, 1.5, True]})
    convert(two)
    before, version = state(), now(two).version
    done = merge(one, now(two), "name", "email", "custom_fields.n")
    assert state() != before
    restored = undo(done)
    assert state() == before
    assert (restored.version, now(two).version, now(one).version) == (version + 1, version + 1, 3)
    assert now(two).updated_at == now(one).updated_at == LATER
    assert LeadMerge.objects.count() == 0


def test_what_somebody_changed_since_stays(in_acme, globex, ana):
    one = lead("Ana", tags=("a",), custom_fields={"a": 1})
    two = lead("Bia", phone="2", company="B", tags=("b", "c"), owner=ana, custom_fields={"b": 1, "c": 1})
    done = merge(one, two)
    change(one, phone="3", tags=["a", "b", "d"], custom_fields={"b": 2, "d": 4}, owner=None)
    undo(done)
    after = now(one)
    assert (after.phone, after.company, after.owner) == ("3", "", None)
    assert (after.tags, after.custom_fields) == (["a", "d"], {"a": 1, "b": 2, "d": 4})


def test_a_lead_that_became_a_deal_by_its_merge_is_none_after_the_undo(floor):
    ana, bia, _caio = floor
    convert(bia)
    done = merge(ana, now(bia))
    assert now(ana).is_converted
    undo(done)
    assert (now(ana).status, now(bia).status) == ("new", "converted")


def test_a_lead_that_got_a_deal_of_its_own_meanwhile_stays_converted(floor):
    ana, bia, _caio = floor
    convert(bia)
    done = merge(ana, now(bia))
    options = {"owner": None, "expected_close_date": None, "by": ME, "at": NOW}
    own = open_deal(name="Own", value=Decimal(1), stage=first_stage(), lead=now(ana), **options)
    undo(done)
    assert (now(ana).status, now(bia).status) == ("converted", "converted")
    assert Deal.objects.get(pk=own.pk).lead_id == ana.pk


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_merges_of_deals_the_last_undo_takes_the_status_back(floor, order):
    ana, bia, caio = floor
    convert(bia)
    convert(caio)
    before = state()
    merges = [merge(ana, now(bia)), merge(ana, now(caio))]
    undo(merges[order[0]])
    assert now(ana).is_converted
    undo(merges[order[1]])
    assert state() == before


def test_a_merge_can_be_undone_once_and_for_a_day(floor):
    ana, bia, caio = floor
    first, second = merge(ana, bia), merge(ana, caio)
    assert list(undoable_merges(at=LATER)) == list(undoable_merges(at=LATER, into=ana)) == [second, first]
    undo(first, at=NOW + timedelta(hours=24))
    assert refused(undo, first) == "unknown_merge"
    assert refused(undo, second, at=DAYS_LATER) == "too_late"
    assert list(undoable_merges(at=DAYS_LATER)) == []
    assert set(Lead.objects.values_list("name", flat=True)) == {"Ana", "Bia"}


def test_of_a_lead_that_was_merged_on_that_merge_is_undone_first(floor):
    ana, bia, caio = floor
    before = state()
    first = merge(bia, ana)
    second = merge(caio, bia)
    assert refused(undo, first) == "merged_on"
    assert list(undoable_merges(at=LATER)) == [second]
    undo(second)
    undo(first)
    assert state() == before


def test_a_merge_of_a_deleted_lead_is_none(floor):
    ana, bia, _caio = floor
    done = merge(ana, bia)
    delete_lead(ana, at=NOW)
    assert refused(undo, done) == "unknown_merge"
    assert LeadMerge.objects.count() == 0


@pytest.mark.parametrize("taken_by", ["another", "the survivor"])
def test_an_undo_waits_until_the_address_is_free(floor, taken_by):
    ana, bia, caio = floor
    done = merge(ana, bia)
    # As when a lead was being written while its address became free.
    holder = caio if taken_by == "another" else ana
    Lead.objects.filter(pk=holder.pk).update(email="BIA@example.com")
    before = state()
    with pytest.raises(EmailTaken) as caught:
        undo(done)
    assert caught.value.other_id == holder.public_id
    assert state() == before
    change(now(holder), email="else@example.com")
    assert undo(done).email == "bia@example.com"


def test_an_address_that_the_survivor_gave_up_goes_back_to_it_or_the_undo_waits(floor):
    ana, bia, caio = floor
    done = merge(ana, bia, "email")
    assert LeadMerge.objects.get().email == "ana@example.com"
    Lead.objects.filter(pk=caio.pk).update(email="ana@example.com")
    assert refused(undo, done) == "email_taken"
    change(now(ana), email="third@example.com")
    undo(done)
    assert (now(ana).email, now(bia).email) == ("third@example.com", "bia@example.com")


def test_a_choice_that_was_made_on_other_values_is_asked_again(floor):
    ana, bia, _caio = floor
    change(bia, phone="9")
    with pytest.raises(Clash) as caught:
        merge(ana, bia, seen=(1, 1))
    assert caught.value.code == "leads_changed"
    merge(ana, bia, seen=(1, 2))
    assert now(ana).phone == "9"


def test_a_lead_is_not_merged_with_itself_or_with_what_is_gone(floor):
    ana, bia, _caio = floor
    assert refused(merge, ana, ana) == why_not_mergeable(ana, ana).code == "same_lead"
    delete_lead(bia, at=NOW)
    for pair in ((ana, bia), (bia, ana)):
        with pytest.raises(Lead.DoesNotExist):
            merge(*pair)


def test_another_tenants_lead_is_an_unknown_one(floor, globex):
    ana, bia, _caio = floor
    with tenant_context(globex):
        stranger = Lead.objects.get()
    for pair in ((ana, stranger), (stranger, ana)):
        with pytest.raises(Lead.DoesNotExist):
            merge(*pair)
    done = merge(ana, bia)
    with tenant_context(globex):
        assert refused(undo, done) == refused(let_go, done) == "unknown_merge"
        assert (list(undoable_merges(at=LATER)), forget_old_merges(DAYS_LATER)) == ([], 0)
        assert Lead.objects.get().phone == "of globex"


# The address


def test_the_address_goes_on_leading_to_the_survivor(at, acme):
    ana, bia = at.create(name="Ana", email="ana@example.com"), at.create(name="Bia", email="Bia@Example.com")
    with tenant_context(acme):
        merge(Lead.objects.get(name="Ana"), Lead.objects.get(name="Bia"))
    assert at.get(f"leads/{bia['id']}").status_code == 404
    other = at.create(name="Caio", email="caio@example.com")
    for answer in (
        at.ask("POST", "leads", {"name": "Bia", "email": "bia@example.com"}),
        at.ask("PATCH", f"leads/{other['id']}", {"email": "BIA@example.com"}),
    ):
        assert refusal(answer) == (409, "CONFLICT", "A lead with this e-mail was merged into another one.")
        assert answer.json()["error"]["details"][0]["id"] == ana["id"]
    # Its own it may become at any time.
    assert at.patch(ana, email="bia@example.com")["email"] == "bia@example.com"


def test_an_address_is_free_again_once_it_is_let_go_or_the_survivor_deleted(floor):
    ana, bia, caio = floor
    done = merge(ana, bia)
    assert refused(lead, "Bia") == "email_taken"
    let_go(done)
    assert refused(undo, done) == "unknown_merge"
    again = lead("Bia")
    merge(caio, again)
    delete_lead(caio, at=NOW)
    assert lead("Bia").email == lead("Caio").email.replace("caio", "bia")


def test_another_tenant_has_the_address_for_itself(floor, globex):
    ana, bia, _caio = floor
    merge(ana, bia)
    with tenant_context(globex):
        assert lead("Bia").name == "Bia"


# What is kept of it


def test_after_a_day_nothing_is_kept_of_the_merged_lead_but_its_address(floor):
    ana, bia, caio = floor
    done = merge(ana, bia)
    assert forget_old_merges(LATER) == 0
    assert LeadMerge.objects.get().snapshot["lead"]["name"] == "Bia"
    assert forget_old_merges(DAYS_LATER) == 1
    assert LeadMerge.objects.get().snapshot is None
    assert refused(undo, done) == "too_late"
    LeadMerge.objects.update(snapshot={})
    merge(ana, caio, at=DAYS_LATER)
    assert LeadMerge.objects.get(pk=done.pk).snapshot is None


def test_the_hourly_upkeep_forgets_old_merges_of_every_tenant(floor, globex):
    ana, bia, _caio = floor
    merge(ana, bia)
    with tenant_context(globex):
        merge(Lead.objects.get(), lead("Bia"))
    assert sum(old_merges(LATER)) == 0
    assert sum(old_merges(DAYS_LATER)) == 2
    assert "leads.upkeep.old_merges" in settings.UPKEEP
    assert LeadMerge.objects.get().snapshot is None


def test_the_history_tells_both_leads_and_after_an_undo_nothing_of_the_other(in_acme, globex):
    one, two = lead("Ana"), lead("Bia", phone="canary")
    done = merge(one, two)
    told = LeadEvent.objects.filter(lead=one, kind="lead.merged").values_list("changes", flat=True)
    assert list(told) == [{"merged_id": [None, str(two.public_id)], "phone": ["", "canary"]}]
    undo(done)
    delete_lead(two, at=NOW)
    events = LeadEvent.objects.order_by("pk").values_list("kind", "changes")
    assert list(events) == [
        ("lead.created", {}),
        ("lead.merged", {"merged_id": [None, str(two.public_id)]}),
        ("lead.unmerged", {"merged_id": [str(two.public_id), None]}),
    ]


def test_the_trail_says_what_was_merged_and_parted(floor):
    ana, bia, caio = floor
    undo(merge(ana, bia))
    let_go(merge(ana, caio))
    assert list(AuditEntry.objects.order_by("pk").values_list("action", "subject", "changes")) == [
        ("lead.merged", "Ana", {"merged": ["", "Bia"]}),
        ("lead.unmerged", "Ana", {"merged": ["Bia", ""]}),
        ("lead.merged", "Ana", {"merged": ["", "Caio"]}),
        ("lead.address_let_go", "Ana", {}),
    ]


# Rules that hold for all


VALUES = st.fixed_dictionaries(
    {name: st.sampled_from(["", "x", "y"]) for name in ("phone", "company", "position", "source")}
    | {
        "tags": st.lists(st.sampled_from("abc"), unique=True),
        "custom_fields": st.dictionaries(st.sampled_from("abc"), st.sampled_from([0, 1, True, "1", [], {"a": None}])),
        "status": st.sampled_from(["new", "qualified", "converted"]),
    }
)
TAKING = st.sets(st.sampled_from([*CHOOSABLE, "custom_fields.a", "custom_fields.b", "nonsense"]))


@given(one=VALUES, two=VALUES, taking=TAKING)
def test_nothing_is_lost_by_a_merge_and_it_goes_back_exactly(one, two, taking):
    survivor = Lead(pk=1, name="A", email="a@example.com", **one)
    merged = Lead(pk=2, name="B", email="b@example.com", **two)
    after = outcome(survivor, merged, taking)
    for name, value in after.items():
        assert not snapshots.is_same(getattr(survivor, name), value)
    kept = {name: [getattr(survivor, name), value] for name, value in after.items()}
    result = Lead(pk=1, **{"name": "A", "email": "a@example.com", **one, **after})
    for name in ("phone", "company", "position", "source"):
        values = [values[name] for values in (one, two) if values[name]]
        assert getattr(result, name) in (values or [""])
        assert bool(getattr(result, name)) == bool(values)
    assert {*result.tags} == {*one["tags"], *two["tags"]}
    assert {*result.custom_fields} == {*one["custom_fields"], *two["custom_fields"]}
    assert result.is_converted == ("converted" in (one["status"], two["status"]))
    back = snapshots.given_back(result, kept)
    assert {name: was for name, (was, _after) in kept.items()} == back


# Two of everything at once


@pytest.mark.django_db(transaction=True)
def test_whatever_happens_to_leads_at_once_they_are_one_or_two_and_earn_what_they_are(acme, globex):
    with tenant_context(acme):
        mission = MissionFactory()
        for code, points in WORTH.items():
            MappingFactory(source=LEADS, code=code, mission=mission, points=points)
        first_stage()
        people = [CollaboratorFactory(), CollaboratorFactory()]
        rows = [lead(f"L{number}", phone=str(number), owner=people[number % 2]) for number in range(4)]
    start, failures = Barrier(8), []

    def work(seed):
        dice = random.Random(seed)
        try:
            with tenant_context(acme):
                start.wait()
                for _step in range(12):
                    try:
                        _step_of(dice, rows, people)
                    except (Refused, Lead.DoesNotExist):
                        continue
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with tenant_context(acme):
        merged = set(LeadMerge.objects.values_list("merged_id", flat=True))
        assert not Lead.objects.filter(public_id__in=merged).exists()
        assert LeadMerge.objects.count() == len(merged)
        assert {*Lead.objects.values_list("public_id", flat=True)} | merged <= {row.public_id for row in rows}
        assert not Deal.objects.filter(lead=None).exists()
        for each in Lead.objects.all():
            assert each.is_converted == each.deals.exists()
    assert points_of(acme) == points_held(acme)


def _step_of(dice, rows, people):
    one, other = dice.sample(rows, 2)
    match dice.randrange(6):
        case 0 | 1:
            merge(one, other)
        case 2:
            change(one, phone=str(dice.random()), owner=dice.choice(people))
        case 3:
            convert(one)
        case 4:
            keep_apart(one, [other], by=ME, at=NOW)
        case 5:
            done = LeadMerge.objects.first()
            if done is not None:
                undo(done)
