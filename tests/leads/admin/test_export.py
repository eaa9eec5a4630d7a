"""The export: what the list finds, in its order, whole, harmless in a spreadsheet, and told in the trail."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads import whole_list
from leads.admin.export import MOST_FIELDS, _with_columns
from leads.listing import SORTS, Wanted, page_of_leads
from leads.models import Lead
from leads.whole_list import LeadIds, each_lead, ids_of
from salesos.models import AuditEntry
from salesos.spreadsheets import read
from salesos.tenancy import tenant_context
from tests.leads.admin.conftest import AT, LEADS, make

EXPORT = f"{LEADS}export/"


def rows(client, **query) -> list[list[str]]:
    answer = client.get(EXPORT, query)
    assert answer.streaming
    return list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))


def test_the_columns_are_the_fields_of_the_api_and_one_for_each_custom_field(manager, acme, ana):
    make(
        acme,
        "Maria",
        owner=ana,
        phone="+55 11",
        company="Tech",
        position="CEO",
        source="ads",
        tags=("vip", "hot"),
        custom_fields={"Segment": "retail", "employees": 40, "is_open": True, "more": {"a": [1]}},
        at=datetime(2026, 3, 10, 2, 30, tzinfo=UTC),
    )
    header, row = rows(manager)
    told = dict(zip(header, row, strict=True))
    with tenant_context(acme):
        lead = Lead.objects.get()
    assert told == {
        "name": "Maria",
        "email": "maria@example.com",
        "phone": "'+55 11",
        "company": "Tech",
        "position": "CEO",
        "source": "ads",
        "status": "new",
        "owner_email": ana.email,
        "tags": "vip; hot",
        "id": str(lead.public_id),
        "owner_name": "Ana Lima",
        "team": "North",
        "created_at": "2026-03-09T23:30:00-03:00",
        "updated_at": "2026-03-09T23:30:00-03:00",
        "employees": "40",
        "is_open": "true",
        "more": '{"a": [1]}',
        "Segment": "retail",
    }


def test_the_list_is_exported_as_it_is_filtered_and_in_its_order(manager, acme, ana):
    for number, name in enumerate(("Bea", "Ávila", "Caio", "Davi")):
        owner = ana if name != "Davi" else None
        make(acme, name, owner=owner, source="ads", at=AT + timedelta(minutes=number))
    exported = [row[0] for row in rows(manager, source="ads", owner_id=ana.public_id, sort="name", page="2")]
    assert exported == ["name", "Ávila", "Bea", "Caio"]
    assert [row[0] for row in rows(manager, search="davi")] == ["name", "Davi"]


def test_no_cell_and_no_heading_is_a_formula(manager, acme):
    make(acme, "=cmd|' /C calc'!A0", email="x@example.com", company="@SUM(1)", custom_fields={"=1+1": "-2+3", "n": -5})
    content = manager.get(EXPORT).getvalue().decode("utf-8-sig")
    header, row = csv.reader(io.StringIO(content))
    told = dict(zip(header, row, strict=True))
    assert (told["name"], told["company"], told["'=1+1"], told["n"]) == (
        "'=cmd|' /C calc'!A0",
        "'@SUM(1)",
        "'-2+3",
        "-5",
    )
    # Whoever reads the file as we do gets back what was written.
    sheet = read(content.encode(), most_rows=10)
    assert sheet.rows[0][sheet.header.index("=1+1")] == "-2+3"


def test_what_has_no_column_of_its_own_is_together_in_the_last(manager, acme):
    custom = {f"field {number:03d}": number for number in range(MOST_FIELDS + 5)}
    make(acme, "Many", custom_fields=custom)
    make(acme, "Odd", custom_fields={"Name": "other", "NAME": "x", " ": "blank", "status": "y", "field 000": "own"})
    header, odd, many = rows(manager)
    assert header[-1] == "custom_fields"
    assert len(header) == len({title.casefold() for title in header}) <= 200
    assert odd[-1] == '{" ": "blank", "NAME": "x", "Name": "other", "status": "y"}'
    assert many[-1].startswith('{"field 1')


def test_more_than_one_piece_comes_whole(manager, acme, monkeypatch):
    monkeypatch.setattr(whole_list, "CHUNK", 7)
    monkeypatch.setattr(whole_list, "FETCHED", 3)
    for number in range(30):
        make(acme, f"Lead {number:02d}", at=AT + timedelta(seconds=number))
    assert [row[0] for row in rows(manager, sort="created_at")][1:] == [f"Lead {number:02d}" for number in range(30)]


def test_what_is_deleted_while_it_is_sent_is_left_out(manager, acme):
    make(acme, "One")
    gone = make(acme, "Two")
    answer = manager.get(EXPORT)
    with tenant_context(acme):
        Lead.objects.filter(pk=gone.pk).delete()
    assert [row[0] for row in csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig")))] == ["name", "One"]


def test_an_export_stands_in_the_trail(auditor, acme):
    make(acme)
    rows(auditor, status="new")
    with tenant_context(acme):
        [entry] = AuditEntry.objects.filter(action="leads.exported")
    assert (entry.subject, entry.actor_email, entry.changes) == (
        "1 lead",
        "auditor@acme.example",
        {"filters": ["", "Status: New"]},
    )


def test_filters_that_can_not_be_read_export_nothing(manager, acme):
    make(acme)
    assert manager.get(EXPORT, {"status": "sold"})["Location"] == f"{LEADS}?status=sold"


def test_nothing_of_another_tenant_is_exported(manager, acme, stranger):
    make(acme)
    assert "lobex" not in str(rows(manager))
    assert len(rows(manager, owner_id=stranger.owner.public_id)) == 1


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("is_descending", [True, False])
def test_the_whole_list_is_its_pages_one_after_the_other(acme, stranger, ana, sort, is_descending):
    for number in range(12):
        owner = ana if number % 2 else None
        make(acme, f"Lead {number % 5}", email=f"l{number}@x.example", company=f"C{number % 3}", owner=owner)
    with tenant_context(acme):
        for narrowed in ({}, {"owner_id": ana.public_id}, {"search": "lead"}, {"team_id": ana.team.public_id}):
            wanted = Wanted(sort=sort, is_descending=is_descending, limit=100, **narrowed)
            whole = [row.id for row, _owner in each_lead(ids_of(wanted))]
            assert whole == [row.id for row in page_of_leads(wanted).rows]


@given(st.lists(st.text(max_size=12), unique=True, max_size=30))
def test_titles_are_never_twice_the_same_whatever_fields_are_called(found):
    fields = _with_columns(found)
    assert len({name.casefold() for name in fields}) == len(fields)
    assert set(fields) <= set(found)


@given(st.lists(st.uuids(), max_size=40), st.integers(1, 7))
def test_packed_ids_come_out_as_they_went_in(ids, size):
    packed = LeadIds(b"".join(each.bytes for each in ids))
    assert len(packed) == len(ids)
    assert [each for start in range(0, len(ids), size) for each in packed.piece(start, size)] == ids
