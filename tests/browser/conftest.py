"""A page of the dashboard, signed in, that notes what the browser complains about."""

import pytest

from salesos.tenants import create_tenant
from tests.factories import PASSWORD, MembershipFactory, UserFactory
from tests.salesos.admin.conftest import furnish


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
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("#nav-sidebar-apps", state="attached")
    yield page
    context.close()


def note_stranger(url: str, host: str, complaints: list[str]) -> None:
    if not url.startswith((host, "data:", "blob:")):
        complaints.append(f"asked {url}")
