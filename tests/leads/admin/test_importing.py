"""Importing leads from the dashboard: each step, what is said, and what a killed or cancelled import leaves."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import gettext, override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.importing import jobs
from leads.importing.reading import CHUNK
from leads.models import Lead, LeadEvent
from salesos import background
from salesos.background.jobs import Interrupted
from salesos.models import AuditEntry, BackgroundFile, BackgroundJob, BackgroundPart, User
from salesos.tenancy import tenant_context
from tests.factories import MembershipFactory
from tests.leads.importing.sheets import everything, imported, sheet
from tests.queue import do_waiting
from tests.salesos.admin.conftest import acme_rows, globex_rows, people, staff  # noqa: F401 - fixtures

IMPORT = "/dashboard/leads/import/"
FILE = "Nome;E-mail;Cidade;Status\nAna;ana@x.co;Recife;\nBia;bia@x.co;Natal;almost\nCaio;caio@x.co;;contacted\n"


@pytest.fixture
def manager(people, acme, globex):  # noqa: F811
    with tenant_context(globex):
        imported(sheet({"name": "Ana of Globex", "email": "ana@x.co"}))
    return people["manager"]


def upload(client, text=FILE, name="leads.csv"):
    content = text if isinstance(text, bytes) else text.encode()
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, content)})


def uploaded(client, text=FILE):
    """The address of the import."""
    answer = upload(client, text)
    assert answer.status_code == 302, list(answer.context["messages"])
    return answer["Location"]


def looked_at(client, address, *choices, mode="create"):
    chosen = {f"column-{number}": choice for number, choice in enumerate(choices)}
    answer = client.post(address, {"do": "check", "mode": mode, **chosen})
    assert answer.status_code == 302, list(answer.context["messages"])
    do_waiting()
    return client.get(address)


def counts(page):
    return {outcome: count for outcome, _title, count in page.context["counts"]}


def report(client, address, query=""):
    return list(csv.reader(io.StringIO(client.get(f"{address}report/{query}").getvalue().decode("utf-8-sig"))))


def job_at(address):
    return BackgroundJob.objects.get(public_id=address.rstrip("/").rpartition("/")[2])


def test_a_file_goes_through_all_steps(manager, acme, globex):
    address = uploaded(manager)
    page = manager.get(address)
    assert [(column["title"], column["samples"], column["choice"]) for column in page.context["columns"]] == [
        ("Nome", ["Ana", "Bia", "Caio"], "name"),
        ("E-mail", ["ana@x.co", "bia@x.co", "caio@x.co"], "email"),
        ("Cidade", ["Recife", "Natal"], ""),
        ("Status", ["almost", "contacted"], "status"),
    ]

    page = looked_at(manager, address, "name", "email", "custom", "status")

    assert counts(page) == {"error": 1, "new": 2}
    assert [(str(title), line) for title, line, *_ in page.context["rows"]] == [("Error", 3), ("New", 2), ("New", 4)]
    with tenant_context(acme):
        assert everything() == []
    planned = report(manager, address)
    assert planned[1] == ["2", "New", "ana@x.co", "Ana", ""]

    assert manager.post(address, {"do": "import"}).status_code == 302
    assert do_waiting() == 1

    assert counts(manager.get(address)) == {"error": 1, "new": 2}
    assert report(manager, address) == planned
    assert report(manager, address, "?rows=errors") == [
        ["line", "reason", "Nome", "E-mail", "Cidade", "Status"],
        ["3", "Status: Must be one of new, contacted, qualified, unqualified", "Bia", "bia@x.co", "Natal",
            "almost"],
    ]  # fmt: skip
    with tenant_context(acme):
        assert [(lead["email"], lead["status"], lead["custom_fields"]) for lead in everything()] == [
            ("ana@x.co", "new", {"Cidade": "Recife"}), ("caio@x.co", "contacted", {})
        ]  # fmt: skip
        assert Lead.objects.first().history.get().actor_name == str(User.objects.get(email="manager@acme.example"))
        entry = AuditEntry.objects.get(action="leads.imported")
        assert (entry.actor_email, entry.subject, entry.changes["new"]) == (
            "manager@acme.example", "leads.csv", ["", "2"]
        )  # fmt: skip
        assert BackgroundFile.objects.count() == 0
    with tenant_context(globex):
        assert [lead["name"] for lead in everything()] == ["Ana of Globex"]


def test_leads_that_are_there_are_updated_when_it_is_asked_for(manager, acme):
    with tenant_context(acme):
        imported(sheet({"name": "Ana", "email": "ana@x.co", "phone": "1"}))
    address = uploaded(manager, "email,phone\nANA@x.co,2\n")

    assert (
        "which column holds the names"
        in manager.post(address, {"do": "check", "column-0": "email", "column-1": "phone"}).content.decode()
    )
    assert counts(looked_at(manager, address, "email", "phone", mode="update")) == {"changed": 1}
    manager.post(address, {"do": "import"})
    do_waiting()

    assert report(manager, address)[1] == ["2", "Changed", "ANA@x.co", "", "Phone: 1 → 2"]
    with tenant_context(acme):
        assert [(lead["phone"], lead["version"]) for lead in everything()] == [("2", 2)]


def test_what_was_chosen_stays_on_the_page_when_it_is_refused(manager):
    address = uploaded(manager)
    page = manager.post(address, {"do": "check", "mode": "update", "column-0": "email", "column-1": "email"})
    assert [column["choice"] for column in page.context["columns"]] == ["email", "email", "", ""]
    assert page.context["job"].input["updates"] is True
    assert "Two columns are chosen" in page.content.decode()


def test_a_title_that_is_too_long_for_a_field_is_told_and_not_kept(manager, acme):
    address = uploaded(manager, f"name,email,{'x' * 1000}\nAna,ana@x.co,1\n")
    with tenant_context(acme):
        assert [len(title) for title in job_at(address).input["header"]] == [4, 5, 256]
    refused = manager.post(address, {"do": "check", "column-0": "name", "column-1": "email", "column-2": "custom"})
    assert "A custom field needs a header of 1 to 255 characters" in refused.content.decode()
    assert counts(looked_at(manager, address, "name", "email")) == {"new": 1}


def test_nothing_is_imported_that_was_not_looked_at(manager, acme):
    address = uploaded(manager)
    for _time in range(2):
        assert (
            "Look at what the import would do first"
            in manager.post(address, {"do": "import"}, follow=True).content.decode()
        )
        manager.post(address, {"do": "check", "column-0": "name", "column-1": "email"})
    assert do_waiting() == 2  # of which the first was given up
    with tenant_context(acme):
        assert (job_at(address).state, everything()) == ("prepared", [])


def test_an_import_is_begun_once(manager, acme):
    address = uploaded(manager)
    looked_at(manager, address, "name", "email")
    for _time in range(2):
        manager.post(address, {"do": "import"})
    assert do_waiting() == 1
    for doing in ("import", "check", "discard"):
        answer = manager.post(address, {"do": doing, "column-0": "name", "column-1": "email"}, follow=True)
        assert "begun already" in answer.content.decode()
    with tenant_context(acme):
        assert len(everything()) == 3


def test_a_file_is_thrown_away(manager, acme):
    address = uploaded(manager)
    manager.post(address, {"do": "check", "column-0": "name", "column-1": "email"})
    assert manager.post(address, {"do": "discard"})["Location"] == IMPORT
    do_waiting()
    assert manager.get(address).status_code == 404
    with tenant_context(acme):
        assert (BackgroundJob.objects.count(), BackgroundFile.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "The file is empty"),
        ("\0", "no text file"),
        ("a,A\n1,2\n", "is there twice"),
        ("email,name\n", "no rows"),
        ("email\n" + "a@b.co\n" * (jobs.MOST_ROWS + 1), "more than 100000 rows"),
        (b"email\n" + b"x" * jobs.MOST_BYTES, "larger than 20 MB"),
        ('email\n"' + "x" * 140_000, "be read: field larger"),
    ],
)
def test_a_file_that_can_not_be_used_is_told(manager, acme, text, complaint):
    answer = upload(manager, text)
    assert (answer.status_code, complaint in answer.content.decode()) == (200, True)
    assert "Choose a file first" in manager.post(IMPORT, {"file": "x"}).content.decode()
    with tenant_context(acme):
        assert BackgroundJob.objects.count() == 0


def test_a_formula_in_the_file_is_defused_in_the_report(manager):
    address = uploaded(manager, "name,email\n=cmd(),nope\n")
    looked_at(manager, address, "name", "email")
    assert report(manager, address)[1][3] == "'=cmd()"
    assert report(manager, address, "?rows=errors")[1][2] == "'=cmd()"


def test_another_kind_of_job_is_no_import(manager, acme, globex):
    with tenant_context(acme):
        other = background.prepare(jobs.CHECK)
    with tenant_context(globex):
        theirs = background.prepare(jobs.IMPORT, file=b"x", input={"header": [], "samples": [], "choices": []})
    for job in (other, theirs):
        for method in (manager.get, manager.post):
            assert method(f"{IMPORT}{job.public_id}/").status_code == 404
        assert manager.get(f"{IMPORT}{job.public_id}/report/").status_code == 404


def test_past_imports_are_listed_with_what_they_did(manager, acme):
    address = uploaded(manager)
    looked_at(manager, address, "name", "email")
    manager.post(address, {"do": "import"})
    do_waiting()
    uploaded(manager)

    past = manager.get(IMPORT).context["past"]

    assert [(job.state, [(str(title), count) for title, count in found]) for job, _at, found in past] == [
        ("prepared", []), ("done", [("New", 3)])
    ]  # fmt: skip


def test_the_list_costs_the_same_for_many(manager, acme):
    statements = []
    for count in (1, 9):
        with tenant_context(acme):
            for _number in range(count):
                BackgroundPart.objects.create(job=background.prepare(jobs.IMPORT), number=0, counts={"new": 1})
        manager.get(IMPORT)
        with CaptureQueriesContext(connection) as captured:
            manager.get(IMPORT)
        statements.append(len(captured))
    assert statements[0] == statements[1]


# Killed and cancelled

ROWS = 4 * CHUNK + 7


def many(acme, count=ROWS, **settings_):
    """An import that is ready to be worked on."""
    content = sheet(*({"name": f"N{n}", "email": f"n{n}@x.co"} for n in range(count)), header=("name", "email"))
    user = MembershipFactory(tenant=acme).user
    given_ = {"header": ["name", "email"], "choices": ["name", "email"], "updates": False, "language": "en"}
    return background.prepare(jobs.IMPORT, by=user, file=content, total=count, input={**given_, **settings_})


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 4), max_size=3))
def test_a_worker_that_is_killed_again_and_again_imports_each_row_once(acme, globex, deaths):
    with transaction.atomic(), tenant_context(acme):
        job = many(acme)
        for parts in deaths:
            left = iter([False] * parts)
            try:
                background.run(job, is_interrupted=lambda left=left: next(left, True))
            except Interrupted:
                assert Lead.objects.count() in range(0, ROWS, CHUNK)
        job = background.run(job)

        assert (job.state, Lead.objects.count(), LeadEvent.objects.count()) == ("done", ROWS, ROWS)
        assert jobs.counts_of([job]) == {job.pk: {"new": ROWS}}
        assert [row[0] for row in jobs.rows_told(job)] == list(range(2, ROWS + 2))
        assert AuditEntry.objects.filter(action="leads.imported").count() == 1
        transaction.set_rollback(True)


def test_a_cancelled_import_leaves_whole_chunks(acme, globex):
    with tenant_context(acme):
        job = many(acme)
        looks = []

        def cancel_at_the_third():
            looks.append(1)
            if len(looks) == 3:
                background.ask_to_cancel(job)
            return False

        job = background.run(job, is_interrupted=cancel_at_the_third)

        assert (job.state, Lead.objects.count()) == ("cancelled", 2 * CHUNK)
        assert jobs.counts_of([job]) == {job.pk: {"new": 2 * CHUNK}}
        assert AuditEntry.objects.get(action="leads.imported").changes["new"] == ["", "2000"]


def test_side_by_side_each_row_is_imported_once(transactional_db, acme, globex):
    with tenant_context(acme):
        job = background.run(many(acme))
        assert (job.state, Lead.objects.count(), LeadEvent.objects.count()) == ("done", ROWS, ROWS)
        first = jobs.first_told(job, 3)
        assert [row[:3] for row in first] == [[2, "new", "n0@x.co"], [3, "new", "n1@x.co"], [4, "new", "n2@x.co"]]


def test_a_report_is_in_the_language_of_who_asked(acme, globex):
    with tenant_context(acme):
        job = background.run(many(acme, 1, language="pt-br", choices=["email", "name"]))
        [[_line, outcome, _email, _name, said, _cells]] = list(jobs.rows_told(job))
    with override("pt-br"):
        assert (outcome, said) == ("error", f"name: {gettext('Must be a valid email')}")
