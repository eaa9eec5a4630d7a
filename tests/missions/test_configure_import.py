"""A mapping out as a CSV file and in again, and the examples: first what would happen, then all of it or nothing."""

import re
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from missions.mapping import remove_mapping, set_mapping
from missions.models import Mission
from salesos.tenancy import tenant_context
from tests.missions.test_configure import CONFIGURE, mappings_of, told_by
from tests.salesos.admin.conftest import acme_rows, furnish, globex_rows, people, staff  # noqa: F401

IMPORT = "/dashboard/missions/configure/import/"
HEADER = "code,mission,points,label\n"


@pytest.fixture
def manager(people):  # noqa: F811
    return people["manager"]


@pytest.fixture
def rows(acme_rows, globex_rows):  # noqa: F811
    return acme_rows


def upload(client, content):
    content = content.encode() if isinstance(content, str) else content
    return client.post(IMPORT, {"file": SimpleUploadedFile("mapping.csv", content, "text/csv")})


def report(answer):
    return [
        (line.wish.line, line.wish.code, str(line.effect), str(line.error)) for _t, line, _n in answer.context["lines"]
    ]


def confirm(client, answer):
    found = re.search(r'<input type="hidden" name="rows" value="([^"]*)">', answer.content.decode())
    return client.post(IMPORT, {"rows": unescape(found[1])})


def test_a_file_is_shown_first_line_by_line_and_then_saved(manager, rows, acme, globex):
    before = mappings_of(acme), mappings_of(globex)
    name = rows.mission.name
    shown = upload(manager, f"{HEADER}1,{name},6,acme label 0\n02,Visits,20,Tour\n\n501,,,\n003,visits,,\n")
    assert report(shown) == [
        (2, "001", "changed", ""),
        (3, "002", "new", ""),
        (5, "501", "same", ""),
        (6, "003", "new", ""),
    ]
    assert shown.content.decode().count("creates mission “Visits”") == 2
    assert (mappings_of(acme), mappings_of(globex)) == before
    assert told_by(manager, confirm(manager, shown)) == [
        "Saved: 2 codes mapped, 1 mapping changed. New mission: Visits."
    ]
    assert mappings_of(acme) == {
        "001": (name, 6, "acme label 0"),
        "002": ("Visits", 20, "Tour"),
        "003": ("Visits", 1, ""),
    }
    assert mappings_of(globex) == before[1]


def test_codes_that_are_not_in_the_file_stay_and_those_without_a_mission_end(manager, rows, acme):
    with tenant_context(acme):
        set_mapping("default", "002", mission=rows.mission, points=7)
    shown = upload(manager, f"{HEADER}001,,,\n")
    assert report(shown) == [(2, "001", "ended", "")]
    confirm(manager, shown)
    assert list(mappings_of(acme)) == ["002"]


def test_a_file_without_labels_leaves_them(manager, rows, acme):
    confirm(manager, upload(manager, f"code;mission;points\n001;{rows.mission.name};8\n"))
    assert mappings_of(acme)["001"] == (rows.mission.name, 8, "acme label 0")


@pytest.mark.parametrize(
    ("line", "code", "error"),
    [
        ("000,Visits,5,", "000", "A code of the Default integration has three digits, 001 to 999."),
        ("1000,Visits,5,", "1000", "A code of the Default integration has three digits, 001 to 999."),
        ("abc,Visits,5,", "abc", "A code of the Default integration has three digits, 001 to 999."),
        ("٣,Visits,5,", "٣", "A code of the Default integration has three digits, 001 to 999."),
        (",Visits,5,", "", "A code of the Default integration has three digits, 001 to 999."),
        ("007,Visits,five,", "007", "Points are a whole number."),
        ("007,Visits,1000001,", "007", "Expected 0 to 1000000 points."),
        ("007,,5,", "007", "Choose a mission, too."),
        (f"007,{'x' * 121},5,", "007", "Ensure this value has at most 120 characters (it has 121)."),
        ("2,Visits,5,", "002", "This code is there twice."),
    ],
)
def test_a_line_that_can_not_be_is_told_by_its_number_and_nothing_is_saved(manager, rows, acme, line, code, error):
    before = mappings_of(acme)
    shown = upload(manager, f"{HEADER}002,Visits,20,Tour\n{line}\n")
    assert report(shown) == [(2, "002", "new", ""), (3, code, "refused", error)]
    assert "Confirm and save" not in shown.content.decode()
    confirm(manager, shown)
    assert mappings_of(acme) == before
    with tenant_context(acme):
        assert Mission.objects.count() == 1


def test_a_line_about_another_source_is_told_of(manager, rows):
    shown = upload(manager, "source,code,mission,points\nDefault,001,Calls,5\nleads,002,Calls,5\n")
    assert [line[2:] for line in report(shown)] == [
        ("changed", ""),
        ("refused", "This line is about another source, “leads”."),
    ]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", "The file is empty."),
        ("name,points\nCalls,5\n", "these are missing: code, mission."),
        (b"\x00\x01\x02", "This is no text file."),
        (f"{HEADER}" + "001,Calls,5,\n" * 2001, "The file has more than 2000 rows."),
        (f"{HEADER}001,Calls,5,,,more\n", "Line 2 has more cells than the header."),
    ],
)
def test_a_file_that_can_not_be_read_says_why(manager, rows, content, error):
    answer = upload(manager, content)
    assert (answer.status_code, error in answer.context["error"]) == (200, True)


@pytest.mark.parametrize(
    "rows_sent", ["", "x", "1,2,3", '"', "x,001,Calls,5,,", "\ufffd" * 200_000, '1,001,"' + "x" * 200_000]
)
def test_rows_that_no_page_of_ours_holds_change_nothing(manager, rows, acme, rows_sent):
    before = mappings_of(acme)
    assert manager.post(IMPORT, {"rows": rows_sent}).status_code in (200, 302)
    assert mappings_of(acme) == before


def test_what_somebody_else_saved_after_the_dry_run_is_told_and_not_overwritten(manager, rows, acme):
    shown = upload(manager, f"{HEADER}001,{rows.mission.name},6,\n002,Visits,20,\n")
    with tenant_context(acme):
        remove_mapping("default", "001", by=None)
    again = confirm(manager, shown)
    assert mappings_of(acme) == {}
    assert [(line.effect, note) for _title, line, note in again.context["lines"]] == [
        ("new", "Somebody else changed this code meanwhile."),
        ("new", ""),
    ]
    confirm(manager, again)
    assert set(mappings_of(acme)) == {"001", "002"}


@pytest.mark.parametrize("language", ["en", "pt-br", "es"])
def test_an_export_imports_back_to_no_changes(people, rows, acme, language):  # noqa: F811
    with tenant_context(acme):
        set_mapping(
            "default", "002", mission=Mission.objects.create(name='=Calls; "of" today'), points=0, label="+55, é"
        )
    acme.language = language
    acme.save()
    answer = people["auditor"].get(f"{CONFIGURE}?export=csv")
    exported = b"".join(answer)
    translation.activate("en")
    assert answer["Content-Disposition"] == 'attachment; filename="mapping-default.csv"'
    assert [line.split(",")[1] for line in exported.decode("utf-8-sig").splitlines()[1:]] == ["001", "002", "501"]
    acme.language = "en"
    acme.save()
    shown = upload(people["manager"], exported)
    assert [line[2] for line in report(shown)] == ["same"] * 3
    assert "Nothing changes" in shown.content.decode()


@pytest.mark.parametrize(("example", "count"), [("real-estate", 7), ("saas", 5)])
def test_an_example_is_looked_at_and_then_applied(manager, acme, globex_rows, example, count):  # noqa: F811
    shown = manager.get(IMPORT, {"example": example})
    assert [line[2] for line in report(shown)] == ["new"] * count
    assert mappings_of(acme) == {}
    confirm(manager, shown)
    assert len(mappings_of(acme)) == count
    assert mappings_of(acme)["001"][1] == {"real-estate": 5, "saas": 10}[example]


def test_an_example_that_does_not_exist_is_not_found(manager, rows):
    assert manager.get(IMPORT, {"example": "x"}).status_code == 404
