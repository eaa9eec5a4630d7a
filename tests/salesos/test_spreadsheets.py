"""CSV files in and out: what spreadsheets write is read, what they would run is defused."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from salesos.errors import Refused
from salesos.models import Team
from salesos.spreadsheets import defused, download, read, undefused
from salesos.tenancy import NoTenant, tenant_context

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@pytest.mark.parametrize("cell", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "-2,5,1", "--1"])
def test_formulas_are_defused(cell):
    assert defused(cell) == f"'{cell}"
    assert undefused(defused(cell)) == cell


@pytest.mark.parametrize("cell", ["-1", "+5.5", "-0,3", "Ana", "", "'quoted'"])
def test_numbers_and_names_stay_as_they_are(cell):
    assert defused(cell) == cell
    assert undefused(cell) == cell


@given(TEXT)
def test_a_cell_comes_back_as_it_left(cell):
    assert undefused(defused(cell)) == cell or cell.startswith("'")
    assert not defused(cell).startswith(("=", "@"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_files_of_many_countries_are_read(encoding, delimiter):
    rows = [["Nome", "E-mail"], ["João Ção", "joao@acme.example"], ["Zoë; “quoted, twice”", "z@acme.example"]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)

    sheet = read(text.getvalue().encode(encoding), most_rows=10)

    assert [sheet.header, *sheet.rows] == rows
    assert sheet.lines == [2, 3]


def test_blank_lines_are_left_out_and_short_rows_filled_up():
    sheet = read(SimpleUploadedFile("a.csv", b"\n\na,b,c\n\n1,2\n,,\n'=x,5,6\n"), most_rows=10)
    assert (sheet.header, sheet.rows, sheet.lines) == (["a", "b", "c"], [["1", "2", ""], ["=x", "5", "6"]], [5, 7])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "The file is empty."),
        (b"\n \n", "The file is empty."),
        (b"a\n1\n2\n3\n", "more than 2 rows"),
        (b",".join(b"c%d" % number for number in range(201)), "more than 200 columns"),
        (b"a\n1" + b"," * 20_000 + b"\n", "more than 200 columns"),
        (b"a,A\n1,2\n", "“a” is there twice"),
        (b"a,b\n1,2,3\n", "Line 2 has more cells"),
        (b"PK\x03\x04\x00\x00", "no text file"),
        (b"a\n\xff\x00", "no text file"),
        (b'a,b\n"' + b"x" * 200_000 + b'"\n', "Line 2 can't be read"),
        (b"a" * (20 * 1024 * 1024 + 1), "larger than 20 MB"),
    ],
)
def test_what_is_no_such_file_is_refused_with_the_place(content, complaint):
    with pytest.raises(Refused, match=complaint) as refused:
        read(content, most_rows=2)
    assert (refused.value.code, refused.value.field) == ("bad_csv", "file")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    try:
        sheet = read(content, most_rows=50)
    except Refused:
        return
    assert all(len(row) == len(sheet.header) for row in sheet.rows)


def test_a_download_reads_inside_the_tenant_in_which_it_was_asked_for(acme, globex):
    with tenant_context(globex):
        Team.objects.create(name="Secret")
    with tenant_context(acme):
        for number in range(1201):
            Team.objects.create(name=f"{number}")
        answer = download("teams.csv", ["Team"], ([team.name] for team in Team.objects.order_by("pk").iterator()))
    with pytest.raises(NoTenant):
        Team.objects.all()

    text = b"".join(answer.streaming_content).decode()

    assert text.splitlines() == ["\ufeffTeam", *map(str, range(1201))]
    assert answer["Content-Disposition"] == 'attachment; filename="teams.csv"'
