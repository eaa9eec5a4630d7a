"""The demo's password and API key, kept in the data folder for its owner only. No other secret is in the clear."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

# Without letters and digits that look alike.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(slots=True)
class Credentials:
    """How to get into the demo. Empty: not there."""

    password: str = ""
    api_key: str = ""

    def __repr__(self) -> str:
        return "Credentials(…)"


def kept_at() -> Path:
    return Path(settings.DATA_DIR) / "demo.json"


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other process of this machine loads the demo, and keep others waiting."""
    kept_at().parent.mkdir(parents=True, exist_ok=True)
    with open(kept_at().with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def kept() -> Credentials:
    """What is kept; empty when the file is missing or was spoilt."""
    try:
        known = json.loads(kept_at().read_text())
        return Credentials(str(known["password"]), str(known["api_key"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return Credentials()


def keep(credentials: Credentials) -> None:
    """Replace the file at once and whole: a process that is killed leaves the old one or the new one."""
    path = kept_at()
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(credentials), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)


def random_password() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _letter in range(4)) for _group in range(4))
