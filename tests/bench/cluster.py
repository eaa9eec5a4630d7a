"""The bench's own PostgreSQL: an embedded cluster with the settings it ships with, and databases filled beforehand.

What takes long to fill is kept between runs as a template; a case works on a copy that is thrown away.
"""

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
from psycopg import sql

from salesos.database import embedded_url
from tests.bench.progress import say

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / ".data" / "bench"


@dataclass(frozen=True)
class Database:
    """A filled database. `notes` is what `seed` said of it: tokens, tenant, the moment that the data end."""

    name: str
    url: str
    notes: dict[str, Any]

    def run(self, statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def settle(self) -> None:
        """So that every measurement begins right after a checkpoint, when writing costs most."""
        self.run("CHECKPOINT")


class Cluster:
    """The running cluster. It stops when this process ends."""

    def __init__(self) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        self._lock = open(FOLDER / "lock", "w")  # noqa: SIM115 - held until the process ends
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("Another bench is running; two would measure each other.")
        self._url = urlsplit(embedded_url(FOLDER))
        self.folder = FOLDER / "postgres"
        self.postmaster = int((self.folder / "postmaster.pid").read_text().split()[0])
        with self._admin() as admin:
            # What a run that was killed has left behind.
            for (name,) in admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'work%'").fetchall():
                self._drop(admin, name)

    def url_of(self, name: str) -> str:
        return self._url._replace(path=f"/{name}").geturl()

    def template(self, rows: int, *, seed: str = "seed") -> Database:
        """The template with so many activities, or with what another `seed` fills in; made when there is none, or when
        tables or seed have changed."""
        name, fingerprint = f"{seed}ed_{rows}", _fingerprint(seed)
        with self._admin() as admin:
            known = admin.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
            ).fetchone()
            notes = json.loads((known and known[0]) or "{}")
            if notes.get("fingerprint") != fingerprint:
                say(f"filling a database with {rows:,} rows by {seed} (kept for the next run)")
                self._drop(admin, name)
                admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
                notes = json.loads(run_python(f"tests.bench.{seed}", str(rows), database_url=self.url_of(name)))
                notes["fingerprint"] = fingerprint
                text = sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                    sql.Identifier(name), sql.Literal(json.dumps(notes))
                )
                admin.execute(text)
        return Database(name, self.url_of(name), notes)

    @contextmanager
    def copy(self, rows: int, *, seed: str = "seed") -> Iterator[Database]:
        """A database of its own, filled as `template` says, and dropped afterwards."""
        template = self.template(rows, seed=seed)
        name = f"work_{template.name}"
        with self._admin() as admin:
            self._drop(admin, name)
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                    sql.Identifier(name), sql.Identifier(template.name)
                )
            )
        try:
            yield Database(name, self.url_of(name), template.notes)
        finally:
            with self._admin() as admin:
                self._drop(admin, name)

    def cpu_seconds(self) -> float:
        """What all processes of the cluster have used, backends that have ended excepted."""
        total = 0.0
        for process in psutil.Process(self.postmaster).children():
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        return total

    @contextmanager
    def logged(self, database: Database) -> Iterator[None]:
        """PostgreSQL logs every statement of connections that are opened in the block."""
        setting = sql.SQL("ALTER DATABASE {} {} log_min_duration_statement {}")
        name = sql.Identifier(database.name)
        with self._admin() as admin:
            admin.execute(setting.format(name, sql.SQL("SET"), sql.SQL("= 0")))
            try:
                yield
            finally:
                admin.execute(setting.format(name, sql.SQL("RESET"), sql.SQL("")))

    def log_size(self) -> int:
        return (self.folder / "log").stat().st_size

    def statements_since(self, offset: int) -> list[tuple[float, str]]:
        """(milliseconds, first line) of each statement in the log from `offset` on, its planning included."""
        with open(self.folder / "log", "rb") as log:
            log.seek(offset)
            text = log.read().decode(errors="replace")
        found, planning = [], 0.0
        for duration, kind, statement in re.findall(r"duration: ([\d.]+) ms  (\w+)[^:]*:\s*(.*)", text):
            if kind in ("parse", "bind"):
                planning += float(duration)
            else:
                found.append((round(planning + float(duration), 3), statement))
                planning = 0.0
        return found

    def server_settings(self) -> dict[str, str]:
        names = ["server_version", "shared_buffers", "fsync", "synchronous_commit", "full_page_writes", "max_wal_size"]
        with self._admin() as admin:
            return {name: admin.execute("SELECT current_setting(%s)", [name]).fetchone()[0] for name in names}

    def _admin(self) -> psycopg.Connection:
        return psycopg.connect(self.url_of("postgres"), autocommit=True)

    def _drop(self, admin: psycopg.Connection, name: str) -> None:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def environment(database_url: str) -> dict[str, str]:
    """The environment of a process of the product on a database of the bench, whatever a `.env` file says."""
    settings = (
        "CACHE_URL",
        "TRUSTED_PROXIES",
        "HTTPS",
        "DEBUG",
        "ALLOWED_HOSTS",
        "REQUEST_LOG_DAYS",
        "CSRF_TRUSTED_ORIGINS",
    )
    return {
        **os.environ,
        **dict.fromkeys(settings, ""),
        "DATABASE_URL": database_url,
        "DATA_DIR": str(FOLDER),
        "SECRET_KEY": "a secret of the bench alone, which guards nothing",
        "BIND": "127.0.0.1",
        "LOG_LEVEL": "WARNING",
    }


def run_python(module: str, *arguments: str, database_url: str) -> str:
    """What a module prints that runs in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
    finished = subprocess.run(
        command, cwd=ROOT, env=environment(database_url), stdout=subprocess.PIPE, check=True, text=True
    )
    return finished.stdout


def _fingerprint(seed: str) -> str:
    """What a template depends on: the tables, and how they are filled."""
    files = [
        *ROOT.glob("*/migrations/*.py"),
        *(Path(__file__).parent / name for name in (f"{seed}.py", "bodies.py", "leads_names.py")),
    ]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()[:16]
