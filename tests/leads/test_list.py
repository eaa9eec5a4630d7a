"""`GET /v1/leads`: pages, order, filters, and what is refused."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from leads.models import Lead
from leads.models.lead import LeadStatus
from salesos.tenancy import tenant_context
from tests.door import details
from tests.factories import CollaboratorFactory, TeamFactory

DAY = datetime(2026, 3, 10, tzinfo=UTC)


def lead_in(tenant, number, **fields):
    with tenant_context(tenant):
        at = fields.pop("at", None) or DAY + timedelta(minutes=number)
        named = {"name": f"Lead {number}", "email": f"lead{number}@example.com", "created_at": at, "updated_at": at}
        return Lead.objects.create(**(named | fields))


def test_without_leads_the_list_is_empty(at):
    assert at.page() == {"data": [], "meta": {"total": 0, "page": 1, "per_page": 25, "total_pages": 0}}


def test_the_newest_come_first_25_a_page(acme, at):
    for number in range(60):
        lead_in(acme, number)

    pages = [at.page(page=page) for page in (1, 2, 3, 4)]

    assert [page["meta"] for page in pages] == [
        {"total": 60, "page": page, "per_page": 25, "total_pages": 3} for page in (1, 2, 3, 4)
    ]
    assert [len(page["data"]) for page in pages] == [25, 25, 10, 0]
    assert [lead["name"] for page in pages for lead in page["data"]] == [f"Lead {n}" for n in reversed(range(60))]


@pytest.mark.parametrize("field", ["name", "email", "company", "source", "status", "created_at", "updated_at"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_every_order_goes_both_ways_with_the_id_as_the_tie_break(acme, at, field, sign):
    dice = random.Random(3)
    for number in range(30):
        # Pairs of capitals, so that whatever is sorted by, some are equal, and code points say what dictionaries say.
        lead_in(
            acme,
            number,
            name=dice.choice("ABC") * 2,
            email=f"{dice.choice('abc')}{number:02d}@example.com",
            company=dice.choice(["", "XX", "YY"]),
            source=dice.choice(["", "ads", "website"]),
            status=dice.choice(LeadStatus.values),
            at=DAY + timedelta(days=dice.randrange(3)),
        )
    with tenant_context(acme):
        expected = sorted((getattr(lead, field), lead.public_id, lead.public_id) for lead in Lead.objects.all())

    found = [lead["id"] for page in (1, 2, 3) for lead in at.page(sort=sign + field, per_page=10, page=page)["data"]]

    ids = [str(public_id) for *_keys, public_id in expected]
    assert found == (ids[::-1] if sign else ids)


def test_names_are_sorted_as_people_look_them_up(acme, at):
    for number, name in enumerate(["Zoe", "Álvaro", "ana", "Bruno", "Çelik", "André"]):
        lead_in(acme, number, name=name)

    assert at.names(sort="name") == ["Álvaro", "ana", "André", "Bruno", "Çelik", "Zoe"]


def test_filters_combine(acme, globex, at):
    north, south = TeamFactory(tenant=acme), TeamFactory(tenant=acme)
    ana, rui = CollaboratorFactory(tenant=acme, team=north), CollaboratorFactory(tenant=acme, team=south)
    eva = CollaboratorFactory(tenant=acme, team=north)
    dice = random.Random(5)
    leads = [
        lead_in(
            acme,
            number,
            status=dice.choice(LeadStatus.values),
            source=dice.choice(["website", "ads", ""]),
            owner=dice.choice([ana, rui, eva, None]),
            at=DAY + timedelta(days=dice.randrange(4)),
        )
        for number in range(120)
    ]
    for number in range(10):
        lead_in(globex, number, status="new", source="website")
    choices = {
        "status": [None, "new", "converted"],
        "source": [None, "website", "nowhere"],
        "owner_id": [None, ana],
        "team_id": [None, north, south],
        "created_after": [None, DAY + timedelta(days=1)],
        "created_before": [None, DAY + timedelta(days=2)],
        "sort": ["created_at", "name", "-updated_at"],
    }

    for _round in range(150):
        asked = {name: value for name, values in choices.items() if (value := dice.choice(values)) is not None}
        expected = {
            str(lead.public_id)
            for lead in leads
            if asked.get("status", lead.status) == lead.status
            if asked.get("source", lead.source) == lead.source
            if asked.get("owner_id", lead.owner) == lead.owner
            if "team_id" not in asked or (lead.owner and lead.owner.team == asked["team_id"])
            if asked.get("created_after", lead.created_at) <= lead.created_at
            if lead.created_at <= asked.get("created_before", lead.created_at)
        }
        query = {name: _written(value) for name, value in asked.items()}
        page = at.page(**query, per_page=100)
        assert page["meta"]["total"] == len(expected), asked
        if len(expected) <= 100:
            assert {lead["id"] for lead in page["data"]} == expected, asked


def _written(value):
    if isinstance(value, datetime):
        return value.isoformat()
    return str(getattr(value, "public_id", value))


def test_a_date_is_a_whole_day_in_the_tenants_zone(acme, at):
    # Acme is three hours behind UTC: its 10th of March lasts from 03:00 to 03:00.
    lead_in(acme, 1, name="before", at=datetime(2026, 3, 10, 2, 59, 59, tzinfo=UTC))
    lead_in(acme, 2, name="first", at=datetime(2026, 3, 10, 3, 0, 0, tzinfo=UTC))
    lead_in(acme, 3, name="last", at=datetime(2026, 3, 11, 2, 59, 59, tzinfo=UTC))
    lead_in(acme, 4, name="after", at=datetime(2026, 3, 11, 3, 0, 0, tzinfo=UTC))

    assert at.names(created_after="2026-03-10", created_before="2026-03-10") == ["last", "first"]
    assert at.names(created_after="2026-03-11") == ["after"]
    assert at.names(created_before="2026-03-09") == ["before"]


def test_moments_are_included_themselves(acme, at):
    lead = at.create()

    for moment in (lead["created_at"], lead["created_at"].replace("Z", "+00:00")):
        assert len(at.names(created_after=moment, created_before=moment)) == 1


def test_a_team_is_the_one_its_owner_is_in_now(acme, at, ana):
    at.create(owner_id=str(ana.public_id))
    other = TeamFactory(tenant=acme)
    assert at.names(team_id=str(ana.team.public_id)) == ["Maria"]

    ana.team = other
    with tenant_context(acme):
        ana.save()

    assert at.names(team_id=str(other.public_id)) == ["Maria"]
    assert at.page()["data"][0]["team_id"] == str(other.public_id)


def test_who_was_merged_into_another_counts_as_that_one(acme, at, ana):
    alias = CollaboratorFactory(tenant=acme, merged_into=ana, team=TeamFactory(tenant=acme, name="Old"))
    lead = lead_in(acme, 1, owner=alias)

    [shown] = at.page(owner_id=str(ana.public_id))["data"]

    assert (shown["owner_id"], shown["team_id"]) == (str(ana.public_id), str(ana.team.public_id))
    assert at.page(team_id=str(ana.team.public_id))["meta"]["total"] == 1
    assert at.page(team_id=str(alias.team.public_id))["meta"]["total"] == 0
    assert at.page(owner_id=str(alias.public_id))["meta"]["total"] == 0
    read = at.get(f"leads/{lead.public_id}").json()["data"]
    assert (read["owner_id"], read["team_id"]) == (shown["owner_id"], shown["team_id"])
    assert at.patch(read, owner_id=read["owner_id"])["updated_at"] == read["updated_at"]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"status": "open"}, ["status"]),
        ({"status": ""}, ["status"]),
        ({"status": "NEW"}, ["status"]),
        ({"page": "0"}, ["page"]),
        ({"page": "-1"}, ["page"]),
        ({"page": "x"}, ["page"]),
        ({"per_page": "0"}, ["per_page"]),
        ({"per_page": "101"}, ["per_page"]),
        ({"sort": "phone"}, ["sort"]),
        ({"sort": "--name"}, ["sort"]),
        ({"sort": "name,email"}, ["sort"]),
        ({"owner_id": "1"}, ["owner_id"]),
        ({"team_id": "x" * 36}, ["team_id"]),
        ({"created_after": "yesterday"}, ["created_after"]),
        ({"created_before": "2026-02-30"}, ["created_before"]),
        ({"search": "x" * 256}, ["search"]),
        ({"source": "a\0b"}, ["source"]),
        ({"owner": "x"}, ["owner"]),
        ({"stats": "new", "sorted": "x", "page": "y"}, ["stats", "sorted", "page"]),
    ],
    ids=str,
)
def test_a_bad_or_unknown_parameter_is_named(at, query, fields):
    assert [row["field"] for row in details(at.get("leads", **query))] == fields


@pytest.mark.parametrize("name", ["owner_id", "team_id"])
def test_another_tenants_ids_find_what_unknown_ones_find(at, theirs, rui, name):
    theirs.create(email="rui@example.com", owner_id=str(rui.public_id))
    foreign = str(rui.public_id if name == "owner_id" else rui.team.public_id)

    empty = at.page(**{name: "550e8400-e29b-41d4-a716-446655440000"})

    assert theirs.page(**{name: foreign})["meta"]["total"] == 1
    assert at.page(**{name: foreign}) == empty == at.page(page=1, **{name: foreign, "sort": "name"})
    assert empty["meta"]["total"] == 0


def test_far_pages_are_empty_and_tell_the_total(acme, at):
    lead_in(acme, 1)

    assert at.page(page=10**17)["data"] == []
    assert at.page(page=10**17, search="lead")["meta"]["total"] == 1
    assert at.page(page=3, created_after="2020-01-01")["meta"]["total"] == 1
