"""Rows of a file: which column is what, what a cell may hold, and what is said of one that may not."""

import io
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.api.payload import LEAD
from leads.importing.columns import CUSTOM, FIELDS, HEADERS, OTHER_FIELDS, TOLD, Columns, chosen, guess
from leads.importing.reading import CHUNK, Row, chunks
from leads.importing.seen import Seen
from salesos.columns import folded
from salesos.errors import Refused
from salesos.spreadsheets import stream
from tests.leads.importing.sheets import rows_of, sheet

EVERYTHING = ["name", "email", "phone", "company", "position", "source", "status", "owner", "tags"]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Full Name,E-mail Address,Mobile Phone,Company,Job Title,Lead Source,Lead Status,Owner,Tags", EVERYTHING),
        ("Nome;E-mail;Telefone;Empresa;Cargo;Origem;Situação;Responsável;Etiquetas", EVERYTHING),
        ("Nombre|Correo electrónico|Teléfono|Organización|Puesto|Fuente|Estado|Propietario|Etiquetas", EVERYTHING),
        ("Email,Mail,Cidade", ["email", "", ""]),
    ],
)  # fmt: skip
def test_columns_are_guessed_in_three_languages(header, found):
    for sign in ",;|":
        header = header.replace(sign, ",")
    assert guess(header.split(",")) == found


def test_every_spelling_is_written_as_it_is_compared():
    for spellings in HEADERS.values():
        assert [folded(word) for word in spellings.split()] == spellings.split()
    assert set(HEADERS) == set(FIELDS)


def test_what_is_no_field_may_be_a_custom_one_if_it_has_a_name():
    assert guess(["email", "Cidade", "", "x" * 256], with_custom=True) == ["email", CUSTOM, "", ""]


@pytest.mark.parametrize(
    ("header", "choices", "updates", "code"),
    [
        (["a", "b"], ["name", ""], False, "no_email_column"),
        (["a", "b"], ["email", ""], False, "no_name_column"),
        (["a", "b"], ["email", "email"], True, "column_twice"),
        (["a", ""], ["email", CUSTOM], True, "bad_custom_field"),
        (["a", "b" * 256], ["email", CUSTOM], True, "bad_custom_field"),
        (["a", "b"], [], True, "no_email_column"),
    ],
)
def test_columns_that_will_not_do_are_refused(header, choices, updates, code):
    with pytest.raises(Refused) as refused:
        chosen(header, choices, updates=updates)
    assert (refused.value.code, refused.value.field) == (code, "columns")


def test_an_update_needs_no_names():
    assert chosen(["a", "b"], ["email", "custom"], updates=True) == Columns({"email": 0}, {"b": 1})


def test_every_fault_of_a_row_is_told_by_the_name_of_its_column():
    [row, other] = rows_of(
        sheet(["x" * 256, "nope", "new", "p"], ["Ana", "ana@x.co", "??", ""], header=["Nome", "Mail", "Status", "Fone"])
    )
    assert (row.line, row.faults) == (2, ["Nome: Must be at most 255 characters", "Mail: Must be a valid email"])
    assert other.faults == ["Status: Must be one of new, contacted, qualified, unqualified"]
    assert (row.email, row.values["phone"]) == ("nope", "p")


@pytest.mark.parametrize("written", ["contacted", " Contacted", "CONTACTED"])
def test_a_status_is_understood_however_it_is_written(written):
    [row] = rows_of(sheet({"name": "Ana", "email": "a@x.co", "status": written}))
    assert row.values["status"] == "contacted"


def test_tags_are_parted_and_each_is_there_once():
    [row] = rows_of(sheet({"name": "Ana", "email": "a@x.co", "tags": "hot; cold|hot ;;"}))
    assert row.values["tags"] == ["hot", "cold"]


def test_an_e_mail_that_stands_twice_names_the_line_that_has_it_first():
    rows = rows_of(sheet(["A", "a@x.co"], ["B", "nope"], ["C", "A@X.co"], ["D", "a@x.co"], header=["name", "email"]))
    assert [row.faults for row in rows] == [
        [],
        ["email: Must be a valid email"],
        ["The same e-mail as in line 2"],
        ["The same e-mail as in line 2"],
    ]


def test_a_line_that_is_wrong_does_not_take_an_e_mail():
    rows = rows_of(sheet(["x" * 300, "a@x.co"], ["B", "a@x.co"], header=["name", "email"]))
    assert [bool(row.faults) for row in rows] == [True, False]


def test_short_and_long_rows_are_rows():
    [short, long, padded] = rows_of(b"email,name,phone\na@x.co,Ana\nb@x.co,Bia,1,2\nc@x.co,Cai,1,,\n")
    assert (short.values, long.faults) == ({"email": "a@x.co", "name": "Ana"}, ["More cells than the header"])
    assert padded.faults == []


def test_other_columns_become_custom_fields_where_they_say_something():
    rows = rows_of(
        sheet(["a@x.co", "Ana", "Recife"], ["b@x.co", "Bia", ""], header=["email", "name", "Cidade"]), with_custom=True
    )
    assert [row.values.get("custom_fields") for row in rows] == [{"Cidade": "Recife"}, None]


def test_custom_fields_together_are_bounded():
    wide = [f"c{number}" for number in range(3)]
    [row] = rows_of(sheet(["a@x.co", "Ana", *["x" * 30_000] * 3], header=["email", "name", *wide]), with_custom=True)
    assert row.faults == ["Custom fields take at most 64 KiB as JSON."]


def test_chunks_are_of_one_size_and_the_same_each_time():
    content = sheet(*([f"N{number}", f"n{number}@x.co"] for number in range(CHUNK + 5)), header=["name", "email"])
    columns = Columns({"name": 0, "email": 1}, {})
    first, again = (
        [[(row.line, row.values) for row in chunk] for chunk in chunks(io.BytesIO(content), columns)] for _ in range(2)
    )
    assert ([len(chunk) for chunk in first], first) == ([CHUNK, 5], again)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)


@given(st.sampled_from(["name", "email", "phone", "company", "position", "source"]), texts)
def test_a_cell_may_hold_what_the_api_takes(field, text):
    [row] = [
        row
        for row in rows_of(sheet({"email": "a@x.co", "name": "Ana", field: text}))
        if text.strip() or field not in ("email", "name")
    ] or [None]
    # What a spreadsheet's apostrophe hides is another cell.
    if row is None or text.strip().startswith("'"):
        return
    taken, fault = _by_the_api(field, text)
    assert row.faults == fault
    assert fault or row.values.get(field, "") == taken


def _by_the_api(field, text):
    try:
        return LEAD[field](text), []
    except ValueError as error:
        return None, [f"{field}: {error}"]


def test_a_row_that_is_refused_in_the_end_is_an_error_whatever_it_was_before():
    row = Row(2, ["x"], {"email": "E-mail"}, outcome="exists")
    row.refuse("email", "Taken")
    assert (row.outcome, row.faults) == ("error", ["E-mail: Taken"])


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content):
    try:
        last = len(stream(io.BytesIO(content)).header) - 1
        columns = Columns({"email": 0, "name": last}, {"c": last})
        for chunk in chunks(io.BytesIO(content), columns):
            for row in chunk:
                assert row.faults or row.email
    except Refused:
        pass


def test_lines_are_remembered_beyond_memory():
    seen = Seen()
    assert [seen.first(f"{number % 7}", number) for number in range(21)] == [*range(7), *range(7), *range(7)]
    assert isinstance(seen._table, sqlite3.Connection)


def test_what_an_export_tells_beside_becomes_no_custom_field():
    header = ["email", *TOLD, "City", OTHER_FIELDS]

    assert guess(header, with_custom=True) == ["email", *[""] * len(TOLD), CUSTOM, ""]
