"""An installation with the demo company, started as a newcomer would start it, to take pictures of."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / ".data" / "screenshots"
SECONDS = 180


@dataclass(frozen=True, slots=True)
class Installation:
    url: str
    password: str


@contextmanager
def installed() -> Iterator[Installation]:
    """Serve the demo on a free port, with data of its own, until the block ends."""
    os.environ["DATA_DIR"] = str(DATA)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--demo", "--port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(server, url)
        yield Installation(url, json.loads((DATA / "demo.json").read_text())["password"])
    finally:
        server.terminate()
        server.wait()


def speak(language: str) -> None:
    """Let the demo company's language be this one."""
    code = f"from salesos.models import Tenant; Tenant.objects.filter(slug='demo').update(language='{language}')"
    subprocess.run([sys.executable, "manage.py", "shell", "--verbosity=0", "-c", code], cwd=ROOT, check=True)


def _wait(server: subprocess.Popen, url: str) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit("The server ended before it was ready.")
        try:
            with urllib.request.urlopen(f"{url}/readyz"):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.3)
    raise SystemExit(f"The server was not ready within {SECONDS} seconds.")
