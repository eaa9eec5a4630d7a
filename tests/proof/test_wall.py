"""A wall hangs there for years: the server goes down and comes back, and nobody has to touch the screen."""

import pytest
from playwright.sync_api import expect

from tests.proof.conftest import batch_of

MAKE_A_LINK = """
from missions.periods import Period
from missions.walls.links import create_link
from salesos.models import Tenant
from salesos.tenancy import tenant_context
with tenant_context(Tenant.objects.get(slug="acme")):
    print(create_link(name="Floor", period=Period.ALL, by=None).token)
"""
PATIENCE = 60_000


@pytest.fixture
def with_pages(installation):
    """The server with its static files, which an API alone does without."""
    installation.kill_server()
    installation.manage("collectstatic", "--no-input", "-v0")
    installation.start_server()
    return installation


def test_a_wall_gets_over_a_restart_of_the_server(with_pages, browser):
    installation = with_pages
    token = installation.manage("shell", "-v0", "-c", MAKE_A_LINK).split()[-1]
    installation.send(batch_of(["before-1", "before-2", "before-3"]))
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: said.type in ("error", "warning") and complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"http://127.0.0.1:{installation.port}/wall/{token}/")
    expect(page.locator("#rows .place")).to_have_count(3)
    page.evaluate("window.isTheSame = true")

    installation.kill_server()
    expect(page.locator("#offline")).not_to_be_empty(timeout=PATIENCE)
    expect(page.locator("#rows .place")).to_have_count(3)

    installation.start_server()
    installation.send(batch_of(["after-1", "after-2", "after-3", "after-4"]))
    expect(page.locator("#rows .place")).to_have_count(4, timeout=PATIENCE)
    expect(page.locator("#offline")).to_be_empty()
    expect(page.locator(".party")).to_have_count(1)
    assert page.evaluate("window.isTheSame")

    page.reload()
    expect(page.locator("#rows .place")).to_have_count(4)
    context.close()
    assert complaints
    assert [each for each in complaints if "Failed to load resource" not in each] == []
