"""Editing many leads: the ticked ones at once, all that match behind the request; as single changes would be."""

from datetime import timedelta

import pytest
from django.utils import timezone

from leads import bulk_job
from leads.actors import Actor
from leads.bulk import BulkChange, change_leads
from leads.changes import change_lead
from leads.conversion import Terms, convert_lead
from leads.listing import Wanted
from leads.models import Lead, LeadEvent
from missions.mapping import set_mapping
from missions.models import Activity, Mission
from salesos import background
from salesos.models import AuditEntry, BackgroundJob
from salesos.tenancy import tenant_context
from tests.leads.admin.conftest import AT, LEADS, again, make
from tests.queue import do_waiting

BULK = f"{LEADS}bulk/"
BY = Actor.of_system("test")


@pytest.fixture
def edit(manager):
    def post(leads, do="apply", **sent):
        return manager.post(BULK, {"do": do, "lead": [lead.public_id for lead in leads], **sent})

    return post


def converted(lead: Lead) -> Lead:
    with tenant_context(lead.tenant):
        return convert_lead(lead, Terms(), by=BY, at=AT)[0]


def history(lead: Lead) -> list[tuple[str, dict, str]]:
    with tenant_context(lead.tenant):
        events = LeadEvent.objects.filter(lead_id=lead.pk).order_by("pk")
        return [(event.kind, event.changes, event.actor_name) for event in events]


def test_ticked_leads_change_as_each_would_by_itself(edit, acme, ana):
    one, two = make(acme, "One", tags=("old", "kept")), make(acme, "Two")
    answer = edit(
        [one, two],
        status="contacted",
        owner=ana.public_id,
        added_tags="vip, hot ",
        removed_tags="old",
        back="sort=name",
    )
    assert answer["Location"] == f"{LEADS}?sort=name"
    found = [again(lead) for lead in (one, two)]
    assert [(lead.status, lead.owner, lead.tags, lead.version) for lead in found] == [
        ("contacted", ana, ["kept", "vip", "hot"], 2),
        ("contacted", ana, ["vip", "hot"], 2),
    ]
    assert history(one)[1:] == [
        (
            "lead.updated",
            {
                "status": ["new", "contacted"],
                "owner_id": [None, str(ana.public_id)],
                "tags": [["old", "kept"], ["kept", "vip", "hot"]],
            },
            "manager@acme.example",
        )
    ]


def test_a_bulk_change_earns_the_points_of_single_ones(edit, acme, ana):
    with tenant_context(acme):
        set_mapping("leads", "lead.qualified", mission=Mission.objects.create(name="Qualify"), points=7, label="")
    edit([make(acme, "One", owner=ana), make(acme, "Two", owner=ana)], status="qualified")
    with tenant_context(acme):
        earned = Activity.objects.filter(source="leads", code="lead.qualified").values_list("collaborator", "points")
        assert list(earned) == [(ana.pk, 7), (ana.pk, 7)]


def test_the_answer_says_what_changed_what_stayed_and_what_was_refused_and_why(edit, acme):
    new, so_already, sold = make(acme, "One"), make(acme, "Two", status="contacted"), converted(make(acme, "Three"))
    answer = edit([new, so_already, sold], status="contacted", added_tags="")
    assert answer.context["words"] == "1 lead changed. 1 was so already. 1 was refused."
    assert answer.context["refused"] == [
        (sold.public_id, "Three", "This lead is a deal; its status can't change any more.")
    ]
    # Refused as a whole: no half of a change.
    edit([sold], status="contacted", added_tags="vip")
    assert again(sold).tags == []
    edit([sold], added_tags="vip")
    assert again(sold).tags == ["vip"]


def test_the_owner_can_be_taken_away(edit, acme, ana):
    lead = make(acme, owner=ana)
    edit([lead], no_owner="on")
    assert again(lead).owner is None


def test_a_lead_gets_no_more_tags_than_it_may_have(edit, acme):
    full = make(acme, tags=tuple(f"t{number}" for number in range(50)))
    answer = edit([full], added_tags="one more")
    assert answer.context["refused"][0][2] == "It would have too many tags."
    assert len(again(full).tags) == 50


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "__all__"),
        ({"status": "converted"}, "status"),
        ({"status": "sold"}, "status"),
        ({"owner": "Ana"}, "owner"),
        ({"owner": "018f3b1c-0000-7000-8000-000000000000"}, "owner"),
        ({"added_tags": "x" * 65}, "added_tags"),
        ({"added_tags": ",".join(map(str, range(51)))}, "added_tags"),
        ({"added_tags": "a", "removed_tags": "a"}, "removed_tags"),
    ],
)
def test_what_can_not_be_is_told_and_nothing_typed_is_lost(edit, acme, sent, field):
    lead = make(acme)
    answer = edit([lead], **sent)
    assert list(answer.context["form"].errors) == [field]
    assert str(lead.public_id) in answer.content.decode()
    for text in sent.values():
        assert field == "status" or text in answer.content.decode()
    assert again(lead).version == 1


def test_another_tenants_leads_owner_are_not_there(edit, acme, stranger, globex):
    lead = make(acme)
    assert edit([stranger], status="contacted")["Location"] == f"{LEADS}?view=all"
    edit([lead, stranger], added_tags="vip")
    assert (again(lead).tags, again(stranger).tags) == (["vip"], ["globex"])
    answer = edit([lead], owner=stranger.owner.public_id)
    assert list(answer.context["form"].errors) == ["owner"]


def test_ticked_leads_are_shown_before_anything_happens(edit, acme):
    leads = [make(acme, "One", tags=("old", "a,b")), make(acme, "Two", tags=("vip",))]
    answer = edit(leads, do="choose")
    assert [lead.name for lead in answer.context["leads"]] == ["One", "Two"]
    assert answer.context["tags"] == ["old", "vip"]
    assert edit([], do="choose").status_code == 302
    assert edit(leads, do="nonsense").status_code == 404


def test_the_way_back_is_to_the_list_and_nowhere_else(edit, acme):
    lead = make(acme)
    answer = edit([lead], added_tags="vip", back="status=new&page=2&next=https://evil.example&search=%22%3E")
    assert answer["Location"] == f"{LEADS}?search=%22%3E&status=new&page=2"


def test_the_trail_has_one_line_for_all(edit, acme, ana):
    edit([make(acme, "One"), converted(make(acme, "Two"))], status="contacted", owner=ana.public_id)
    with tenant_context(acme):
        [entry] = AuditEntry.objects.filter(action="leads.edited")
    assert (entry.subject, entry.actor_email) == ("2 leads", "manager@acme.example")
    told = {name: after for name, (_before, after) in entry.changes.items()}
    assert told == {"status": "contacted", "owner": "Ana Lima", "changed": "1", "refused": "1"}


def test_two_of_the_same_at_once_change_each_lead_once(acme, globex):
    leads = [make(acme, f"Lead {number}") for number in range(3)]
    with tenant_context(acme):
        ids = [lead.public_id for lead in leads]
        first = change_leads(ids, BulkChange(status="contacted"), by=BY, at=AT)
        second = change_leads([*ids, *ids], BulkChange(status="contacted"), by=BY, at=AT)
        Lead.objects.filter(pk=leads[0].pk).delete()
        third = change_leads(ids, BulkChange(status="contacted"), by=BY, at=AT)
    assert (first.counts, second.counts) == ({"changed": 3}, {"same": 3})
    assert third.counts == {"same": 2, "gone": 1}


# All that match


def start(client, query="", **sent):
    return client.post(f"{BULK}?{query}", {"do": "start", **sent})


def test_all_that_match_when_it_is_started_are_changed_and_no_other(manager, acme, ana, stranger):
    leads = [make(acme, f"Lead {number}", source="ads") for number in range(120)]
    other = make(acme, "Other", source="web")
    offered = manager.get(BULK, {"source": "ads", "page": "7"})
    assert (offered.context["total"], [chip.value for chip in offered.context["chips"]]) == (120, ["ads"])
    # `status` is both a filter and what is to change.
    answer = start(manager, "source=ads&status=new", status="contacted", owner="", added_tags="")
    late = make(acme, "Late", source="ads")
    do_waiting()
    assert {again(lead).status for lead in leads} == {"contacted"}
    assert (again(other).status, again(late).status, again(stranger).status) == ("new", "new", "new")
    page = manager.get(answer["Location"])
    assert page.context["words"] == "120 leads changed."
    assert "ads" in page.content.decode()
    with tenant_context(acme):
        [entry] = AuditEntry.objects.filter(action="leads.edited")
    assert (entry.subject, entry.actor_email) == ("120 leads", "manager@acme.example")


def test_a_job_that_is_cancelled_stops_and_says_how_far_it_came(acme, globex, ana):
    for number in range(bulk_job.PART * 2 + 1):
        make(acme, f"Lead {number}", at=AT + timedelta(seconds=number))
    with tenant_context(acme):
        job = bulk_job.start_editing(Wanted(), BulkChange(status="contacted"), shown="")

        def is_interrupted():
            if Lead.objects.filter(status="contacted").exists():
                background.ask_to_cancel(job)
            return False

        ended = background.run(job, is_interrupted=is_interrupted)
        assert (ended.state, ended.total) == ("cancelled", bulk_job.PART * 2 + 1)
        assert Lead.objects.filter(status="contacted").count() == bulk_job.PART
        assert bulk_job.outcome_of(job).counts == {"changed": bulk_job.PART}
        assert AuditEntry.objects.filter(action="leads.edited").get().changes["changed"] == ["", str(bulk_job.PART)]


def test_a_job_tells_who_was_refused(manager, acme, globex):
    sold = converted(make(acme, "Sold"))
    make(acme, "Other")
    gone = make(acme, "Gone")
    answer = start(manager, "sort=name", status="qualified")
    with tenant_context(acme):
        Lead.objects.filter(pk=gone.pk).delete()
    do_waiting()
    page = manager.get(answer["Location"])
    assert page.context["words"] == "1 lead changed. 1 is not there any more. 1 was refused."
    assert [(public_id, name) for public_id, name, _reason in page.context["refused"]] == [(sold.public_id, "Sold")]


def test_what_is_wrong_or_matches_nothing_starts_nothing(manager, acme, stranger):
    make(acme)
    assert "Say what is to change." in str(start(manager).context["form"].errors)
    assert "added_tags" in start(manager, added_tags="x" * 65).context["form"].errors
    assert start(manager, "search=globex", added_tags="vip")["Location"] == f"{LEADS}?search=globex"
    assert start(manager, "created_after=x", added_tags="vip").status_code == 404
    with tenant_context(acme):
        assert BackgroundJob.objects.count() == 0


def test_a_job_of_another_kind_has_no_page_here(manager, acme):
    with tenant_context(acme):
        job = BackgroundJob.objects.create(kind="tests.nothing", created_at=timezone.now())
    assert manager.get(f"{BULK}{job.public_id}/").status_code == 404


def test_a_lead_that_changes_meanwhile_keeps_what_others_wrote(acme, globex):
    lead = make(acme, tags=("a",))
    with tenant_context(acme):
        job = bulk_job.start_editing(Wanted(), BulkChange(added_tags=("b",), removed_tags=("a",)), shown="")
        change_lead(lead, {"tags": ["a", "theirs"], "name": "Renamed"}, by=BY, at=AT)
        background.run(job)
    assert (again(lead).tags, again(lead).name) == (["theirs", "b"], "Renamed")
