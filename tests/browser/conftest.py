"""A browser for the dashboard's tests: Debian's chromium, driven by Playwright; and a page that is signed in."""

import os

import pytest
from playwright.sync_api import Browser, sync_playwright

from salesos.tenants import create_tenant
from tests.browser.chromium import CHROMIUM, FLAGS
from tests.factories import PASSWORD, MembershipFactory, UserFactory
from tests.salesos.admin.conftest import furnish


@pytest.fixture(scope="session")
def browser():
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


@pytest.fixture
def rows():
    acme = create_tenant("Acme", time_zone="America/Sao_Paulo")
    furnish(create_tenant("Globex"))
    user = UserFactory(email="staff@example.com", name="Paula", is_platform_staff=True)
    MembershipFactory(user=user, tenant=acme)
    return furnish(acme, count=3)


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def page(browser, live_server, rows, complaints):
    """A page, signed in by the login form, that writes down what the browser complains about."""
    context = browser.new_context(locale="en", base_url=live_server.url)
    page = context.new_page()
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: note_stranger(request.url, live_server.url, complaints))
    page.goto("/")
    page.get_by_label("E-mail").fill("staff@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    yield page
    context.close()


def note_stranger(url: str, host: str, complaints: list[str]) -> None:
    if not url.startswith((host, "data:", "blob:")):
        complaints.append(f"asked {url}")
