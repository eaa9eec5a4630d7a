"""The production server, with SalesOS or with the floor in it: gunicorn with the product's own settings."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

from tests.bench.cluster import FOLDER, ROOT, Database, environment

OURS, FLOOR = "salesos.wsgi:application", "tests.bench.floor:application"
LEADS_FLOOR = "tests.bench.leads_floor:application"
PROCESSES = 2


@dataclass(frozen=True)
class Server:
    port: int
    master: int

    @property
    def workers(self) -> list[int]:
        return [process.pid for process in psutil.Process(self.master).children()]

    def cpu_seconds(self) -> float:
        times = [psutil.Process(pid).cpu_times() for pid in self.workers]
        return sum(each.user + each.system for each in times)


@contextmanager
def serving(application: str, database: Database) -> Iterator[Server]:
    """`application` on `database`, in two processes, until the end of the block."""
    port = _free_port()
    variables = {**environment(database.url), "PORT": str(port), "WEB_CONCURRENCY": str(PROCESSES)}
    variables["DJANGO_SETTINGS_MODULE"] = "salesos.settings"
    (FOLDER / "static").mkdir(exist_ok=True)
    with open(FOLDER / "server.log", "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:salesos.server", "--log-level", "warning", application],
            cwd=ROOT,
            env=variables,
            stdout=log,
            stderr=log,
            # Ctrl-C is for the bench, which then stops what it has started in its own order.
            start_new_session=True,
        )
        try:
            _wait_until_ready(process, port)
            yield Server(port, process.pid)
        finally:
            _stop(process)


def _wait_until_ready(process: subprocess.Popen, port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/healthz")
            is_ready = connection.getresponse().status == 200
            connection.close()
            if is_ready and len(psutil.Process(process.pid).children()) == PROCESSES:
                return
        time.sleep(0.05)
    tail = (FOLDER / "server.log").read_text(errors="replace")[-2000:]
    raise RuntimeError(f"The server did not start. The end of its log:\n{tail}")


def _stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
