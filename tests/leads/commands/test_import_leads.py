"""`manage.py import_leads`: what it writes, what it tells, and how it ends."""

import csv
import io
import threading

import pytest
from django.core.management import CommandError, call_command

from leads.importing.reading import CHUNK
from leads.importing.side_by_side import SideBySide
from leads.models import Lead
from salesos.management.progress import Progress
from salesos.models import AuditEntry
from salesos.tenancy import tenant_context
from tests.leads.importing.sheets import everything, imported, sheet

PEOPLE = ({"name": "Ana", "email": "ana@x.co"}, {"name": "Bia", "email": "nope"}, {"name": "Cai", "email": "cai@x.co"})


def run(path, *options, tenant="acme"):
    """(exit status, stdout, stderr)"""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import_leads", str(path), "--tenant", tenant, *options, stdout=out, stderr=err)
    except SystemExit as ended:
        return ended.code, out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


@pytest.fixture
def file(tmp_path, acme, globex):
    def write(content):
        path = tmp_path / "leads.csv"
        path.write_bytes(content)
        return path

    with tenant_context(globex):
        imported(sheet(PEOPLE[0]))
    return write


def test_rows_are_imported_and_those_with_errors_told(file, acme, globex):
    status, out, err = run(file(sheet(*PEOPLE)))

    assert (status, out) == (1, "3 rows: 2 new, 1 with errors.\n")
    assert err == "line 3: email: Must be a valid email\n"
    with tenant_context(acme):
        assert [lead["email"] for lead in everything()] == ["ana@x.co", "cai@x.co"]
        assert Lead.objects.first().history.get().actor_name == "import_leads"
        entry = AuditEntry.objects.get(action="leads.imported")
        assert entry.changes == {
            "error": ["", "1"], "new": ["", "2"], "changed": ["", "0"], "same": ["", "0"], "exists": ["", "0"]
        }  # fmt: skip
    with tenant_context(globex):
        assert len(everything()) == 1


def test_a_dry_run_writes_nothing(file, acme):
    assert run(file(sheet(PEOPLE[0])), "--dry-run") == (0, "1 rows (dry run, nothing written): 1 new.\n", "")
    with tenant_context(acme):
        assert (everything(), AuditEntry.objects.filter(action="leads.imported").count()) == ([], 0)


def test_again_it_goes_on_harmlessly(file, acme):
    path = file(sheet(PEOPLE[0], {**PEOPLE[2], "phone": "1"}))
    run(path)
    with tenant_context(acme):
        before = everything()
    assert run(path)[1] == "2 rows: 2 there already.\n"
    assert run(path, "--update")[1] == "2 rows: 2 unchanged.\n"
    with tenant_context(acme):
        assert everything() == before
    assert run(file(sheet({"email": "CAI@x.co", "phone": "2"})), "--update")[1] == "1 rows: 1 changed.\n"


def test_the_report_can_be_mended_and_imported(file, tmp_path, acme):
    report = tmp_path / "errors.csv"
    status, _out, err = run(file(sheet(*PEOPLE)), "--report", str(report))
    assert (status, err) == (1, "")
    header, row = csv.reader(io.StringIO(report.read_text("utf-8-sig")))
    assert header[:4] == ["line", "reason", "name", "email"]
    assert row[:4] == ["3", "email: Must be a valid email", "Bia", "nope"]
    report.write_text(report.read_text("utf-8-sig").replace("nope", "bia@x.co"))
    assert run(report)[:2] == (0, "1 rows: 1 new.\n")


def test_columns_can_be_named_and_others_kept(file, acme):
    path = file("Contato;Endereço;Cidade\nAna;ana@x.co;Recife\n".encode("cp1252"))
    assert run(path, "--column", "email=Endereço", "--custom-fields")[0] == 0
    with tenant_context(acme):
        lead = Lead.objects.get()
        assert (lead.name, lead.email, lead.custom_fields) == ("Ana", "ana@x.co", {"Cidade": "Recife"})


@pytest.mark.parametrize(
    ("content", "options", "complaint"),
    [
        (b"", (), "The file is empty"),
        (b"a\0b", (), "no text file"),
        (b"name\nAna\n", (), "which column holds the e-mail"),
        (b"email\na@x.co\n", (), "which column holds the names"),
        (b"email,name\n", ("--column", "email=x"), "no column “x”"),
        (b"email,name\n", ("--column", "x"), "expected FIELD=HEADER"),
        (b"email,name\n", ("--report", "/no/such/folder/x"), "No such file"),
        (b'email,name\na@x.co,A\nb@x.co,"' + b"x" * 140_000, (), r"Line 3 can't be read.*Stopped after line 1"),
    ],
)
def test_what_can_not_be_imported_is_refused(file, content, options, complaint):
    with pytest.raises(CommandError, match=complaint):
        run(file(content), *options)


def test_a_file_or_tenant_that_is_not_there_is_told(file, tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        run(tmp_path / "none.csv")
    with pytest.raises(CommandError, match="no tenant “initech”"):
        run(file(sheet(*PEOPLE)), tenant="initech")


def many(count, start=0):
    return sheet(*({"name": f"N{n}", "email": f"n{n}@x.co"} for n in range(start, start + count)))


def test_stopped_it_says_where_and_keeps_whole_chunks(file, acme, monkeypatch):
    path = file(many(CHUNK * 4))
    shown = []

    def stop_at_the_second(self, done, text):
        shown.append(text)
        if len(shown) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "show", stop_at_the_second)
    status, out, err = run(path)
    assert (status, out) == (130, "")
    assert err.startswith(f"Stopped after line {2 * CHUNK + 1}: 2,000 rows: 2,000 new.")
    with tenant_context(acme):
        assert Lead.objects.count() == 2 * CHUNK
    monkeypatch.undo()
    assert run(path)[1] == "4,000 rows: 2,000 new, 2,000 there already.\n"


def test_two_chunks_are_written_side_by_side(transactional_db, file, acme, monkeypatch):
    threads = set()
    in_thread = SideBySide._in_tenant

    def noting(self, chunk):
        threads.add(threading.current_thread().name)
        in_thread(self, chunk)

    monkeypatch.setattr(SideBySide, "_in_tenant", noting)
    assert run(file(many(CHUNK * 5 + 1)))[1] == "5,001 rows: 5,001 new.\n"
    assert len(threads) == 2
    with tenant_context(acme):
        assert Lead.objects.count() == 5001


def test_the_bar_is_for_terminals_alone(acme, file):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for out in (Terminal(), io.StringIO()):
        with Progress(out, total=10) as progress:
            progress.show(5, "5 rows")
        assert ("50%  5 rows" in out.getvalue()) is out.isatty()
