"""What every test may ask for. Tests run on an embedded PostgreSQL of their own (`tests.settings`)."""

import os

import pytest
from django.core.cache import caches
from playwright.sync_api import Browser, sync_playwright

from salesos.models import Tenant
from salesos.tenancy import tenant_context
from salesos.tenants import create_tenant
from tests.browser.chromium import CHROMIUM, FLAGS


@pytest.fixture
def acme(db) -> Tenant:
    """The tenant that a test is about, in São Paulo (UTC−3). Its sandbox: `acme.sandbox`."""
    return create_tenant("Acme", time_zone="America/Sao_Paulo")


@pytest.fixture
def globex(db) -> Tenant:
    """The stranger in the room, with a team and people of its own."""
    return create_tenant("Globex", time_zone="UTC")


@pytest.fixture
def in_acme(acme):
    with tenant_context(acme):
        yield acme


@pytest.fixture(autouse=True)
def _forget():
    """What a process remembers must not reach the next test."""
    yield
    caches["process"].clear()


@pytest.fixture(scope="session")
def browser():
    """Debian's chromium, driven by Playwright; missing, a failure in CI."""
    if not CHROMIUM.exists():
        missing = f"There is no {CHROMIUM}: install Debian's package chromium (apt-get install chromium)."
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    # Playwright's loop runs in this thread, and Django would take the tests for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        started: Browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield started
        started.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
