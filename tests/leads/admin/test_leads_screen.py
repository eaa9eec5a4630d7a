"""The list of leads: what it finds, in which order, and what its address says."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import Lead
from salesos.models import Collaborator, Team
from salesos.tenancy import tenant_context
from tests.leads.admin.conftest import AT, LEADS, make


def names(client, **query) -> list[str]:
    return [row.lead.name for row in client.get(LEADS, query).context["rows"]]


@pytest.fixture
def three(acme, ana):
    """Bea and Caio are Ana's. Bea came late at night of the 9th in São Paulo, which is the 10th in UTC."""
    make(acme, "Ávila Costa", status="qualified", source="ads", at=datetime(2026, 3, 8, 12, tzinfo=UTC))
    make(acme, "Bea", owner=ana, company="Tech Corp", at=datetime(2026, 3, 10, 2, 30, tzinfo=UTC))
    make(acme, "Caio", owner=ana, source="ads", at=datetime(2026, 3, 11, 12, tzinfo=UTC))


def test_all_leads_of_the_tenant_are_listed_newest_first(manager, three):
    assert names(manager) == ["Caio", "Bea", "Ávila Costa"]


def test_every_filter_of_the_api_narrows_the_list(manager, three, ana):
    assert names(manager, status="qualified") == ["Ávila Costa"]
    assert names(manager, source="ads") == ["Caio", "Ávila Costa"]
    assert names(manager, owner_id=ana.public_id) == names(manager, team_id=ana.team.public_id) == ["Caio", "Bea"]
    assert names(manager, search="avil") == ["Ávila Costa"]
    assert names(manager, search="tech", status="new") == ["Bea"]
    assert names(manager, search="globex") == names(manager, source="globex") == []


def test_days_are_those_of_the_tenants_clock(manager, three):
    assert names(manager, created_after="2026-03-09", created_before="2026-03-09") == ["Bea"]
    assert names(manager, created_after="2026-03-10") == ["Caio"]
    assert names(manager, created_before="2026-03-10T02:30:00Z") == ["Bea", "Ávila Costa"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", ["Ávila Costa", "Bea", "Caio"]),
        ("-name", ["Caio", "Bea", "Ávila Costa"]),
        ("-company", ["Bea", "Caio", "Ávila Costa"]),
        ("created_at", ["Ávila Costa", "Bea", "Caio"]),
        ("nonsense", ["Caio", "Bea", "Ávila Costa"]),
    ],
)
def test_the_order_is_the_one_asked_for(manager, three, sort, order):
    assert names(manager, sort=sort) == order


def test_a_heading_turns_the_order_and_says_which_it_is(manager, three):
    columns = manager.get(LEADS, {"sort": "name"}).context["columns"]
    assert (columns["name"].direction, columns["name"].href) == ("ascending", "?sort=-name")
    assert (columns["created_at"].direction, columns["created_at"].href) == ("", "?sort=-created_at")
    assert b'aria-sort="ascending"' in manager.get(LEADS, {"sort": "name"}).content


def test_pages_have_the_size_asked_for_and_the_whole_total(manager, acme):
    for number in range(60):
        make(acme, f"Lead {number:02d}", at=AT + timedelta(minutes=number))
    first = manager.get(LEADS)
    assert (first.context["total"], len(first.context["rows"]), first.context["pages"]) == (60, 25, 3)
    last = manager.get(LEADS + first.context["last_page"])
    assert ([row.lead.name for row in last.context["rows"]][-1], last.context["after"]) == ("Lead 00", "")
    assert len(manager.get(LEADS, {"per_page": "50"}).context["rows"]) == 50
    assert len(manager.get(LEADS, {"per_page": "7"}).context["rows"]) == 25
    beyond = manager.get(LEADS, {"page": "9"})
    assert (beyond.context["total"], len(beyond.context["rows"])) == (60, 0)
    assert b"behind its end" in beyond.content
    assert manager.get(LEADS, {"page": "9" * 40}).status_code == 200


def test_each_filter_in_use_is_a_chip_that_takes_it_away(manager, three, ana):
    asked = {"status": "new", "owner_id": str(ana.public_id), "sort": "name", "created_after": "2026-03-09"}
    chips = manager.get(LEADS, asked | {"page": "2"}).context["chips"]
    assert [(chip.title, chip.value) for chip in chips] == [
        ("Status", "New"),
        ("Owner", "Ana Lima"),
        ("Created from", "9 Mar 2026"),
    ]
    for name, chip in zip(("status", "owner_id", "created_after"), chips, strict=True):
        left = {key: values[0] for key, values in parse_qs(urlsplit(chip.without).query).items()}
        assert left == {key: text for key, text in asked.items() if key != name}


def test_what_can_not_be_read_is_told_at_its_field_and_nothing_is_searched(manager, three):
    answer = manager.get(LEADS, {"created_after": "10/03/2026", "status": "sold", "owner_id": "Ana", "search": "bea"})
    assert set(answer.context["form"].errors) == {"created_after", "status", "owner_id"}
    assert answer.context["rows"] == []
    for kept in (b'value="10/03/2026"', b'value="Ana"', b'value="bea"'):
        assert kept in answer.content


def test_an_owner_or_team_of_another_tenant_is_one_that_is_not_there(manager, three, stranger, globex):
    with tenant_context(globex):
        rui, north = Collaborator.objects.get(name="Rui"), Team.objects.get(name="North")
    for name, foreign in (("owner_id", rui.public_id), ("team_id", north.public_id)):
        unknown = "018f3b1c-0000-7000-8000-000000000000"
        for asked in (foreign, unknown):
            answer = manager.get(LEADS, {name: asked})
            assert [chip.value for chip in answer.context["gone"]] == ["not there any more"]
            assert answer.context["total"] == 0
            assert b"Rui" not in answer.content


def test_whoever_was_merged_is_found_as_the_person_that_counts(manager, three, ana, acme):
    with tenant_context(acme):
        alias = Collaborator.objects.create(name="A. Lima", email="a@example.com", merged_into=ana)
    answer = manager.get(LEADS, {"owner_id": alias.public_id})
    assert [row.lead.name for row in answer.context["rows"]] == ["Caio", "Bea"]
    assert [chip.value for chip in answer.context["chips"]] == ["Ana Lima"]


def test_a_tenant_without_leads_is_shown_the_ways_in(manager, auditor):
    page = manager.get(LEADS).content.decode()
    assert "There are no leads yet" in page
    assert "/dashboard/leads/new/" in page
    assert "/api/docs" in page
    assert "/dashboard/leads/new/" not in auditor.get(LEADS).content.decode()


def test_filters_that_nothing_matches_are_no_empty_tenant(manager, three):
    page = manager.get(LEADS, {"status": "unqualified"}).content.decode()
    assert "No lead matches these filters." in page
    assert "There are no leads yet" not in page


def test_an_auditor_looks_and_neither_ticks_nor_creates(auditor, three):
    page = auditor.get(LEADS).content.decode()
    assert "Caio" in page
    assert 'name="lead"' not in page
    assert "/dashboard/leads/new/" not in page
    assert "/dashboard/leads/bulk/" not in page


def test_what_leads_are_called_is_text(manager, acme):
    make(acme, "<script>alert(1)</script>", email="x@example.com", company="<b>", tags=("<i>",), source='"><img>')
    page = manager.get(LEADS).content
    assert b"<script>alert(1)" not in page
    assert b"<b>" not in page
    assert b"<img>" not in page


def test_a_page_costs_as_many_statements_for_many_leads_as_for_one(manager, acme, ana):
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            manager.get(LEADS, {"owner_id": ana.public_id, "search": "lead"})
        return len(queries)

    make(acme, "Lead 0", owner=ana)
    statements()  # the first one of a minute notes that the session was seen
    one = statements()
    for number in range(1, 30):
        make(acme, f"Lead {number}", owner=ana)
    assert statements() == one


def test_the_picker_offers_ones_own_people_by_name(manager, ana, acme):
    with tenant_context(acme):
        Collaborator.objects.create(name="Zoë", email="zoe@example.com", is_active=False)
    assert b"Ana Lima" in manager.get(f"{LEADS}owners/").content
    assert b"Ana Lima" in manager.get(f"{LEADS}owners/", {"q": "lim"}).content
    assert b"Nobody is called" in manager.get(f"{LEADS}owners/", {"q": "rui"}).content
    assert b"inactive" in manager.get(f"{LEADS}owners/", {"q": "zo"}).content


def test_leads_are_found_in_the_palette(manager, three, acme):
    found = manager.get("/dashboard/search/", {"q": "bea"}).context["found"]
    assert [(str(each.kind), each.title, each.detail) for each in found] == [("Lead", "Bea", "Tech Corp")]
    with tenant_context(acme):
        bea = Lead.objects.get(name="Bea")
    assert found[0].href == f"{LEADS}{bea.public_id}/"
    assert [each.title for each in manager.get("/dashboard/search/", {"q": "globex maria"}).context["found"]] == []
