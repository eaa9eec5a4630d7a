"""The background worker as it is run: a process of its own, which dies in the middle of an import."""

import contextlib
import signal
import subprocess
import sys

import psycopg
import pytest

from tests.proof.conftest import ROOT, until

ROWS = 5000
BEGIN = f"""
from leads.importing import jobs
from salesos import background
from salesos.models import Tenant
from salesos.tenancy import tenant_context
lines = ["name,email", *(f"N{{n}},n{{n}}@example.com" for n in range({ROWS}))]
given = {{"header": ["name", "email"], "choices": ["name", "email"], "updates": False, "language": "en"}}
with tenant_context(Tenant.objects.get(slug="acme")):
    background.start(background.prepare(jobs.IMPORT, input=given, total={ROWS}, file="\\n".join(lines).encode()))
"""


@pytest.fixture
def worker(installation):
    """Starts `manage.py work`; what a test leaves of it is killed."""
    started = []

    def start():
        command = [sys.executable, "-W", "ignore", "manage.py", "work"]
        process = subprocess.Popen(command, cwd=ROOT, env=installation.environment)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
    with psycopg.connect(installation.url) as connection:
        connection.execute("DELETE FROM salesos_backgroundpart")
        connection.execute("DELETE FROM salesos_backgroundjob")
        connection.execute("DELETE FROM leads_leadevent")
        connection.execute("DELETE FROM leads_lead")


@contextlib.contextmanager
def written_by_another(installation, email):
    """Somebody creates a lead with this address, which does not come to its end before the block does."""
    with psycopg.connect(installation.url) as connection:
        connection.execute(
            "INSERT INTO leads_lead (tenant_id, public_id, name, email, phone, company, position, source, status,"
            " custom_fields, tags, created_at, updated_at, version)"
            " SELECT id, gen_random_uuid(), 'X', %s, '', '', '', '', 'new', '{}', '{}', now(), now(), 1"
            " FROM salesos_tenant WHERE slug = 'acme'",
            [email],
        )
        yield
        connection.rollback()


def test_an_import_whose_worker_is_killed_goes_on_and_has_each_row_once(installation, worker):
    def count(table):
        return installation.rows(f"SELECT count(*) FROM {table}")[0][0]

    first = worker()
    with written_by_another(installation, f"n{ROWS // 2}@example.com"):
        installation.manage("shell", "--no-imports", "--command", BEGIN)
        # All but the part that waits.
        until(lambda: count("salesos_backgroundpart") == ROWS // 1000 - 1)
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert count("leads_lead") == ROWS - 1000
    assert installation.rows("SELECT state FROM salesos_backgroundjob") == [("running",)]

    worker()
    until(lambda: installation.rows("SELECT state FROM salesos_backgroundjob") == [("done",)])

    assert (count("leads_lead"), count("leads_leadevent")) == (ROWS, ROWS)
    assert installation.rows("SELECT number, done FROM salesos_backgroundpart ORDER BY 1") == [
        (number, 1000) for number in range(ROWS // 1000)
    ]
    assert installation.rows("SELECT count(*) FROM salesos_auditentry WHERE action = 'leads.imported'") == [(1,)]
    until(lambda: count("procrastinate_jobs WHERE task_name = 'work_on'") == 0)
    assert count("salesos_backgroundfile") == 0
    installation.manage("check_lead_totals")
