"""The product's settings on data of the tests' own: never on those of `make run`."""

import os
from pathlib import Path

os.environ["DATA_DIR"] = str(Path(__file__).resolve().parent.parent / ".data" / "test")
for name in (
    "DATABASE_URL",
    "CACHE_URL",
    "TRUSTED_PROXIES",
    "HTTPS",
    "DEBUG",
    "ALLOWED_HOSTS",
    "REQUEST_LOG_DAYS",
    "EMAIL_URL",
    "DEFAULT_FROM_EMAIL",
):
    os.environ[name] = ""  # also over what a `.env` file says

from salesos.settings import *  # noqa: E402, F403
from salesos.settings import DATABASES, STATIC_ROOT  # noqa: E402

STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

if os.environ.get("PYTEST_DB"):
    # Two runs of the suite side by side each name a database of their own.
    DATABASES["default"]["TEST"] = {"NAME": os.environ["PYTEST_DB"]}
