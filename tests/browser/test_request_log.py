"""The request log in a browser: found by its id, brushed, and changed by nobody."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from salesos.models import RequestLog
from salesos.roles import Role
from salesos.tenancy import tenant_context
from salesos.tenants import create_tenant
from tests.door import activities, activity, door
from tests.factories import PASSWORD, MembershipFactory, UserFactory
from tests.salesos.admin.conftest import furnish
from tests.salesos.requests import request_at

pytestmark = pytest.mark.django_db(transaction=True)

LOG = "/dashboard/salesos/requestlog/"


@pytest.fixture
def acme():
    acme = create_tenant("Acme", time_zone="America/Sao_Paulo")
    furnish(create_tenant("Globex"))
    user = UserFactory(email="auditor@example.com", name="Aurora")
    MembershipFactory(user=user, tenant=acme, role=Role.AUDITOR)
    return acme


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def page(browser, live_server, acme, complaints):
    """The auditor's page; what the browser complains about is written down."""
    context = browser.new_context(locale="en", base_url=live_server.url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/dashboard/")
    page.get_by_label("E-mail").fill("auditor@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard/")
    yield page
    context.close()


def test_an_auditor_finds_a_request_by_its_id_and_can_not_change_anything(page, complaints, acme):
    with tenant_context(acme):
        answer = door(acme).send(activities(activity(collaborator_email="nobody@acme.example")))
    request_at(acme, timezone.now(), status=500)
    page.goto(LOG)
    page.get_by_text("More filters").click()
    page.get_by_label("Request id").fill(answer["X-Request-ID"])
    page.keyboard.press("Enter")
    expect(page.locator(".requests tbody tr")).to_have_count(1)
    page.locator(".requests a").click()
    expect(page.locator("#request-id")).to_have_text(answer["X-Request-ID"])
    expect(page.get_by_text("nobody@acme.example")).to_be_visible()
    posting = page.locator("#main form[method=post], #main [type=submit]")
    expect(posting).to_have_count(0)
    for doing in ("change", "delete"):
        refused = page.request.post(f"{LOG}{answer['X-Request-ID']}/{doing}/")
        assert refused.status == 403
    with tenant_context(acme):
        assert RequestLog.objects.count() == 2
    assert complaints == []


def test_a_time_is_chosen_by_dragging_over_the_chart_and_by_the_keyboard(page, complaints, acme):
    noon = datetime(2026, 3, 10, 15, tzinfo=UTC)  # 12 o'clock in São Paulo
    for hours in range(6):
        request_at(acme, noon + timedelta(hours=hours, minutes=5), action=f"hour-{hours}")
    page.goto(f"{LOG}?from=2026-03-10T12:00&to=2026-03-10T18:00&status=2")
    expect(page.locator(".requests tbody tr")).to_have_count(6)
    bars = page.locator("svg a[data-from]")
    expect(bars).to_have_count(6)
    first, last = bars.nth(1).bounding_box(), bars.nth(3).bounding_box()
    page.mouse.move(first["x"] + first["width"] / 2, first["y"] + first["height"] / 2)
    page.mouse.down()
    page.mouse.move(last["x"] + last["width"] / 2, last["y"] + last["height"] / 2, steps=5)
    expect(page.locator("svg a.brushed")).to_have_count(3)
    page.mouse.up()
    expect(page.locator(".requests tbody tr")).to_have_count(3)
    expect(page.get_by_label("From")).to_have_value("2026-03-10T13:00")
    expect(page.get_by_label("Until")).to_have_value("2026-03-10T16:00")
    expect(page.get_by_label("Status")).to_have_value("2")
    page.locator("svg a[data-from]").nth(1).click()
    expect(page.locator(".requests tbody tr")).to_have_count(1)
    expect(page.get_by_text("hour-2")).to_be_visible()
    page.get_by_text("The chart as a table").focus()
    page.keyboard.press("Enter")
    page.locator(".chart-table a").first.press("Enter")
    expect(page.locator(".requests tbody tr")).to_have_count(1)
    assert complaints == []
