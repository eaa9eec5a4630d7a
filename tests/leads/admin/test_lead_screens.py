"""A lead's own screens: page, timeline, form, conversion, deletion; stale writes are told, not done."""

import json
import re
import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.actors import Actor
from leads.admin.timeline import PAGE
from leads.changes import change_lead
from leads.conversion import Terms, convert_lead
from leads.deals import move_deal
from leads.models import Deal, Lead, LeadEvent, Stage
from salesos.models import ApiKey, AuditEntry
from salesos.tenancy import tenant_context
from tests.leads.admin.conftest import AT, LEADS, again, make

BY = Actor.of_system("test")


def page_of(lead: Lead, doing: str = "") -> str:
    return f"{LEADS}{lead.public_id}/{doing and doing + '/'}"


def form_of(lead: Lead, **changes):
    """What the form of `lead` sends when nothing but `changes` is typed into it."""
    shown = {name: getattr(lead, name) for name in ("name", "email", "phone", "company", "position", "source")}
    owner = {"owner": lead.owner.public_id} if lead.owner else {}
    status = {} if lead.is_converted else {"status": lead.status}
    tags = {"tag": lead.tags, "shown_tag": lead.tags}
    custom = {"custom_fields": json.dumps(lead.custom_fields) if lead.custom_fields else ""}
    return {"version": lead.version, **shown, **owner, **status, **tags, **custom, **changes}


@pytest.fixture
def lead(acme, ana) -> Lead:
    return make(
        acme,
        "Maria",
        owner=ana,
        company="Tech Corp",
        tags=("vip", "a, b", "two\nlines"),
        custom_fields={"segment": "retail", "employees": 40},
    )


# The form


def test_a_lead_is_created_by_hand(manager, acme, ana):
    sent = {
        "name": " Maria ", "email": "Maria@Example.com", "phone": "11", "company": "Tech", "position": "CEO",
        "source": "ads", "status": "contacted", "owner": ana.public_id, "new_tags": "vip, hot,, vip",
        "custom_fields": '{"a": 1}',
    }  # fmt: skip
    answer = manager.post(f"{LEADS}new/", sent)
    with tenant_context(acme):
        made = Lead.objects.get()
    assert answer["Location"] == page_of(made)
    assert (made.name, made.email, made.status, made.owner_id, made.tags, made.custom_fields) == (
        "Maria", "Maria@Example.com", "contacted", ana.pk, ["vip", "hot"], {"a": 1},
    )  # fmt: skip
    with tenant_context(acme):
        event = LeadEvent.objects.get()
    assert (event.kind, event.actor_kind, event.actor_name) == ("lead.created", "user", "manager@acme.example")


BAD = [
    ("name", "   "),
    ("name", "x" * 256),
    ("email", "no address"),
    ("email", "josé@example.com"),
    ("phone", "1" * 256),
    ("status", "converted"),
    ("owner", "Ana"),
    ("owner", "018f3b1c-0000-7000-8000-000000000000"),
    ("new_tags", "x" * 65),
    ("new_tags", ",".join(map(str, range(51)))),
    ("custom_fields", "[1]"),
    ("custom_fields", "{"),
    ("custom_fields", '{"": 1}'),
    ("custom_fields", '{"a": NaN}'),
    ("custom_fields", '{"a": "\\ud800"}'),
    ("custom_fields", json.dumps({"a": "x" * 70_000})),
]


@pytest.mark.parametrize(("field", "value"), BAD)
def test_what_can_not_be_is_told_at_its_field_and_nothing_typed_is_lost(manager, acme, lead, field, value):
    sent = {"name": "Typed", "email": "typed@example.com", "status": "new", "company": "Kept", field: value}
    for address, more in ((f"{LEADS}new/", {}), (page_of(lead, "edit"), form_of(lead))):
        answer = manager.post(address, {**more, **sent})
        assert list(answer.context["form"].errors) == [field]
        assert b'value="Kept"' in answer.content
    assert again(lead).version == 1
    with tenant_context(acme):
        assert Lead.objects.count() == 1


def test_an_address_that_is_taken_leads_to_the_lead_that_has_it(manager, acme, lead):
    other = make(acme, "Other")
    sent = {"name": "Maria 2", "email": "MARIA@example.com", "status": "new"}
    for address, more in ((f"{LEADS}new/", {}), (page_of(other, "edit"), form_of(other))):
        answer = manager.post(address, {**more, **sent})
        assert list(answer.context["form"].errors) == ["email"]
        assert f'href="{page_of(lead)}"' in answer.content.decode()
    assert again(other).email == other.email


def test_an_address_that_another_tenant_has_is_free(manager, acme, stranger):
    assert manager.post(f"{LEADS}new/", {"name": "M", "email": "maria@example.com", "status": "new"}).status_code == 302


def test_the_form_sent_as_it_was_shown_changes_nothing(manager, lead):
    shown = manager.get(page_of(lead, "edit")).content.decode()
    assert re.findall(r'name="tag" value="([^"]*)"', shown) == lead.tags
    # As browsers send the ends of lines.
    tags = [tag.replace("\n", "\r\n") for tag in lead.tags]
    assert manager.post(page_of(lead, "edit"), form_of(lead, tag=tags, shown_tag=tags)).status_code == 302
    assert again(lead).version == 1


def test_the_form_changes_what_was_typed_and_keeps_the_rest(manager, lead, acme):
    sent = form_of(
        lead,
        company="New Corp",
        status="qualified",
        owner="",
        tag=["a, b", "two\nlines"],
        new_tags="hot",
        custom_fields='{"employees": 41, "open": true}',
    )
    assert manager.post(page_of(lead, "edit"), sent)["Location"] == page_of(lead)
    now = again(lead)
    assert (now.company, now.status, now.owner, now.tags) == (
        "New Corp", "qualified", None, ["a, b", "two\nlines", "hot"],
    )  # fmt: skip
    assert (now.custom_fields, now.name, now.version) == ({"employees": 41, "open": True}, "Maria", 2)


def test_a_stale_form_is_told_and_overwrites_nothing(manager, lead, acme):
    sent = form_of(lead, company="Mine", new_tags="mine", tag=["a, b", "two\nlines"])
    with tenant_context(acme):
        change_lead(lead, {"company": "Theirs", "tags": [*lead.tags, "theirs"]}, by=BY, at=AT)
    answer = manager.post(page_of(lead, "edit"), sent)
    assert "Somebody else changed this lead meanwhile." in str(answer.context["form"].errors)
    assert (again(lead).company, again(lead).version) == ("Theirs", 2)
    told = dict(answer.context["theirs"])
    assert (told["Company"], told["Tags"]) == ("Theirs", "vip, a, b, two\nlines, theirs")
    page = answer.content.decode()
    assert 'value="Mine"' in page
    # What one unticked stays unticked; what somebody else added is there, ticked.
    assert [tag for tag, stays in answer.context["form"].has_tags if stays] == ["a, b", "two\nlines", "theirs"]
    # Now that it was seen, the same form does it.
    manager.post(page_of(lead, "edit"), {**sent, "version": answer.context["version"], "shown_tag": [*lead.tags]})
    assert (again(lead).company, again(lead).tags) == ("Mine", ["a, b", "two\nlines", "theirs", "mine"])


@pytest.mark.parametrize("version", ["", "x", "0", "9" * 30, "-1"])
def test_a_form_of_no_version_is_a_stale_one(manager, lead, version):
    manager.post(page_of(lead, "edit"), form_of(lead, company="Mine", version=version))
    assert again(lead).company == "Tech Corp"


def test_a_converted_lead_can_be_edited_but_for_its_status(manager, lead, acme):
    with tenant_context(acme):
        sold, _deal = convert_lead(lead, Terms(), by=BY, at=AT)
    assert "status" not in manager.get(page_of(lead, "edit")).context["form"].fields
    manager.post(page_of(lead, "edit"), form_of(sold, company="New", status="new"))
    assert (again(lead).company, again(lead).status) == ("New", "converted")


# The page


def test_the_page_shows_all_there_is_of_a_lead(manager, lead, ana):
    page = manager.get(page_of(lead)).content.decode()
    for text in ("Maria", "maria@example.com", "Tech Corp", "vip", "a, b", "segment", "retail", "employees", "40"):
        assert text in page
    assert f"/dashboard/salesos/collaborator/{ana.pk}/change/" in page
    assert f"/dashboard/salesos/team/{ana.team.pk}/change/" in page


def test_the_status_is_changed_on_the_page_unless_somebody_was_faster(manager, lead):
    manager.post(page_of(lead), {"status": "contacted", "version": "1"})
    assert again(lead).status == "contacted"
    answer = manager.post(page_of(lead), {"status": "qualified", "version": "1"}, follow=True)
    assert b"Somebody else changed this lead meanwhile." in answer.content
    assert again(lead).status == "contacted"
    for impossible in ("converted", "sold", ""):
        assert manager.post(page_of(lead), {"status": impossible, "version": "2"}).status_code == 404


def test_an_auditor_looks_and_changes_nothing(auditor, lead):
    page = auditor.get(page_of(lead)).content.decode()
    assert "/edit/" not in page
    assert "/delete/" not in page
    for doing in ("", "edit", "convert", "delete"):
        assert auditor.post(page_of(lead, doing), form_of(lead, status="contacted")).status_code == 403


def test_another_tenants_lead_is_not_there(manager, stranger):
    for doing in ("", "edit", "convert", "delete"):
        unknown = stranger.public_id if doing else uuid.uuid4()
        for public_id in (stranger.public_id, unknown):
            address = f"{LEADS}{public_id}/{doing and doing + '/'}"
            assert manager.get(address).status_code == 404
            assert manager.post(address, {**form_of(stranger), "status": "contacted"}).status_code == 404
    assert again(stranger).version == 1


# The timeline


def told(client, lead, **query):
    timeline = client.get(page_of(lead), query).context["timeline"]
    return [
        (each.words, each.who, [(change.title, change.before, change.after) for change in each.changes])
        for each in timeline.happenings
    ]


def test_the_timeline_tells_who_changed_what_from_what_to_what(manager, lead, acme, ana):
    with tenant_context(acme):
        key = Actor.of_key(ApiKey(key_id="abc", name="CRM"))
        changes = {
            "status": "qualified",
            "owner": None,
            "tags": ["vip", "new"],
            "custom_fields": {"segment": None, "employees": 41, "open": True},
        }
        changed = change_lead(lead, changes, by=key, at=AT + timedelta(hours=1))
        sold, deal = convert_lead(changed, Terms(name="Big deal"), by=BY, at=AT + timedelta(hours=2))
        won = Stage.objects.get(kind="won")
        move_deal(deal, won, by=BY, at=AT + timedelta(hours=3))
        change_lead(sold, {"name": "Maria S."}, by=BY, at=AT + timedelta(hours=4))
    assert told(manager, lead) == [
        ("Changed", "test", [("Name", "Maria", "Maria S.")]),
        ("Deal moved", "test", [("Big deal", "New", "Won")]),
        ("Deal opened", "test", [("Big deal", "", "New")]),
        ("Converted to a deal", "test", [("Status", "Qualified", "Converted"), ("Deal", "", "Big deal")]),
        (
            "Changed",
            "CRM",
            [
                ("Status", "New", "Qualified"),
                ("Owner", "Ana Lima", ""),
                ("Tags", "a, b, two\nlines", "new"),
                ("segment", "retail", ""),
                ("employees", "40", "41"),
                ("open", "", "True"),
            ],
        ),
        ("Created", "test", []),
    ]
    assert b"Big deal" in manager.get(page_of(lead)).content


def test_a_long_history_comes_in_pages_without_a_gap_also_within_one_second(manager, lead, acme):
    with tenant_context(acme):
        now, deal = convert_lead(lead, Terms(name="Deal"), by=BY, at=AT)
        stages = list(Stage.objects.filter(kind="open"))
        for number in range(PAGE + 5):
            at = AT + timedelta(seconds=number // 4)
            now = change_lead(now, {"name": f"Name {number}"}, by=BY, at=at)
            deal = move_deal(deal, stages[1 - number % 2], by=BY, at=at)
    everything, query = [], ""
    for _page in range(5):
        page = manager.get(page_of(lead) + query)
        timeline = page.context["timeline"]
        everything += timeline.happenings
        query = timeline.older
        if not query:
            break
        assert len(timeline.happenings) == PAGE
    names = [each.changes[0].after for each in everything if each.words == "Changed"]
    assert names == [f"Name {number}" for number in reversed(range(PAGE + 5))]
    moves = [each for each in everything if each.words in ("Deal moved", "Deal opened")]
    assert (len(moves), len(everything)) == (PAGE + 6, 2 * PAGE + 13)


@pytest.mark.parametrize(
    "before",
    ["x", "2026-01-01", "2026-01-01T00:00:00+00:00 0", "9999-12-31T23:59:59+00:00 0 1", "0001-01-01T00:00:00+00:00 1 1",
     "2026-01-01T00:00:00+00:00 7 " + "9" * 30, "2026-01-01T00:00:00 0 1", "2026-13-01T00:00:00+00:00 0 1",
     "2026-01-01T00:00:00+23:59 0 1"],
)  # fmt: skip
def test_a_place_that_is_none_breaks_nothing(manager, lead, before):
    assert manager.get(page_of(lead), {"before": before}).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [[], {"status": 5}, {"owner_id": ["x", 7]}, {"rocket": ["a", {"b": 1}]}, {"tags": ["x", None]}, {"": [1, 2]}],
)
def test_a_history_of_another_time_is_still_told(manager, lead, acme, changes):
    with tenant_context(acme):
        LeadEvent.objects.create(lead=lead, kind="lead.launched", changes=changes, at=AT, **BY.columns)
    assert told(manager, lead)[0][0] == "lead.launched"


def test_the_page_costs_as_many_statements_for_a_long_history_as_for_a_short_one(manager, lead, acme, ana):
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            manager.get(page_of(lead))
        return len(queries)

    with tenant_context(acme):
        now, deal = convert_lead(lead, Terms(), by=BY, at=AT)
        now = change_lead(now, {"owner": None}, by=BY, at=AT)
        statements()
        few = statements()
        stages = list(Stage.objects.filter(kind="open"))
        for number in range(20):
            now = change_lead(now, {"owner": ana if number % 2 else None, "name": f"N{number}"}, by=BY, at=AT)
            deal = move_deal(deal, stages[1 - number % 2], by=BY, at=AT)
    assert statements() == few


# Conversion and deletion


def test_a_lead_is_converted_by_its_form(manager, lead, acme, ana):
    stages = manager.get(page_of(lead, "convert")).context["form"].stages
    [proposal] = [key for key, stage in stages.items() if stage.name == "Proposal"]
    sent = {
        "deal_name": "Big deal", "deal_value": "12345.60", "stage_id": proposal, "expected_close_date": "2026-12-31",
    }  # fmt: skip
    manager.post(page_of(lead, "convert"), sent)
    with tenant_context(acme):
        deal = Deal.objects.select_related("stage").get()
    assert (deal.name, deal.value, deal.stage.name, deal.expected_close_date, deal.owner_id, deal.lead_id) == (
        "Big deal", Decimal("12345.60"), "Proposal", date(2026, 12, 31), ana.pk, lead.pk,
    )  # fmt: skip
    assert again(lead).status == "converted"
    # A second one makes no second deal.
    manager.post(page_of(lead, "convert"), sent)
    assert manager.get(page_of(lead, "convert"))["Location"] == page_of(lead)
    with tenant_context(acme):
        assert Deal.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("deal_value", "-1"), ("deal_value", "1.234"), ("deal_value", "1" + "0" * 12), ("deal_value", "NaN"),
        ("deal_value", "1e400"), ("deal_value", "9" * 5000), ("stage_id", ""), ("stage_id", "x"),
        ("expected_close_date", "31.12."), ("deal_name", "x" * 256),
    ],
)  # fmt: skip
def test_terms_that_can_not_be_are_told_at_their_field(manager, lead, acme, field, value):
    stage = next(iter(manager.get(page_of(lead, "convert")).context["form"].stages))
    answer = manager.post(page_of(lead, "convert"), {"deal_name": "Kept", "stage_id": stage, field: value})
    assert list(answer.context["form"].errors) == [field]
    assert field == "deal_name" or b'value="Kept"' in answer.content
    assert again(lead).status == "new"


def test_another_tenants_stage_is_no_choice(manager, lead, globex, stranger):
    with tenant_context(globex):
        convert_lead(stranger, Terms(), by=BY, at=AT)
        theirs = Stage.objects.first()
    answer = manager.post(page_of(lead, "convert"), {"stage_id": theirs.public_id})
    assert list(answer.context["form"].errors) == ["stage_id"]


def test_a_lead_is_deleted_after_a_look_at_what_goes_and_what_stays(manager, lead, acme):
    with tenant_context(acme):
        convert_lead(lead, Terms(name="Stays"), by=BY, at=AT)
    shown = manager.get(page_of(lead, "delete"))
    assert (shown.context["events"], shown.context["deals"]) == (2, 1)
    assert manager.post(page_of(lead, "delete"), {"version": "1"})["Location"] == page_of(lead)
    assert again(lead).version == 2
    assert manager.post(page_of(lead, "delete"), {"version": "2"})["Location"] == LEADS
    with tenant_context(acme):
        assert (Lead.objects.count(), LeadEvent.objects.count()) == (0, 0)
        assert Deal.objects.get().lead is None
        [entry] = AuditEntry.objects.filter(action="lead.deleted")
    assert (entry.subject, entry.changes) == ("Maria", {"email": ["maria@example.com", ""]})
    assert manager.post(page_of(lead, "delete"), {"version": "2"}).status_code == 404
