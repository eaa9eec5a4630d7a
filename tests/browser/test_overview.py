"""The way of a new tenant to its first point, of platform staff into a tenant and out again, and of a hurried hand."""

import json
import re
import urllib.request

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from salesos.models import AuditEntry
from salesos.tenancy import tenant_context
from salesos.tenants import create_tenant
from tests.factories import PASSWORD, MembershipFactory, UserFactory
from tests.salesos.admin.conftest import furnish

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def acme():
    furnish(create_tenant("Globex"))
    return create_tenant("Acme", time_zone="America/Sao_Paulo")


@pytest.fixture
def sign_in(browser, live_server, complaints):
    """Opens pages for users, signed in by the form, that write down what the browser complains about."""
    contexts = []

    def open_page(email: str, **options) -> Page:
        context = browser.new_context(locale="en", base_url=live_server.url, **options)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((live_server.url, "data:", "blob:"))
                else complaints.append(f"asked {request.url}")
            ),
        )
        page.goto("/")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def admin(acme, sign_in) -> Page:
    MembershipFactory(tenant=acme, user=UserFactory(email="admin@acme.example", name="Ana"))
    return sign_in("admin@acme.example")


def serious(page: Page) -> list[str]:
    """What axe finds serious or worse: its rule, and where."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {[node['target'] for node in each['nodes']]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def steps_done(page: Page) -> list[bool]:
    marks = page.locator(".steps .step-mark")
    return [text.strip() == "check_circle" for text in marks.all_text_contents()]


def wait_for_steps(page: Page, done: int) -> None:
    expect(page.locator(".steps .is-done")).to_have_count(done, timeout=15_000)


def create_key(page: Page) -> str:
    page.goto("/dashboard/salesos/apikey/add/")
    page.get_by_role("textbox", name="Name").fill("CRM")
    page.get_by_role("button", name="Create key").click()
    return page.get_by_label("API key").input_value()


def send(host: str, token: str, **body) -> dict:
    """To the sync endpoint, as a CRM does."""
    request = urllib.request.Request(
        f"{host}/functions/v1/default-integration",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["data"]


def map_code(page: Page, code: str, mission: str, points: int) -> None:
    page.goto("/dashboard/missions/configure/")
    page.locator(f"[name=m{code}]").fill(mission)
    page.locator(f"[name=p{code}]").fill(str(points))
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Confirm and save").click()


def make_mission(page: Page, name: str) -> None:
    page.goto("/dashboard/missions/mission/add/")
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()


def apply_to_the_past(page: Page) -> None:
    page.goto("/dashboard/missions/configure/apply/")
    page.get_by_role("button", name=re.compile("Apply")).first.click()


def test_from_the_first_sign_in_to_the_first_point(admin, live_server, complaints):
    overview = admin
    expect(overview.get_by_role("heading", name="The way to the first point")).to_be_visible()
    assert steps_done(overview) == [False] * 4
    # A second tab does the work; the first one looks on and is never touched.
    work = overview.context.new_page()
    token = create_key(work)
    wait_for_steps(overview, 1)
    send(
        live_server.url,
        token,
        action="sync_collaborators",
        collaborators=[{"external_id": "emp-1", "name": "Maria Santos", "email": "maria@acme.example"}],
    )
    wait_for_steps(overview, 2)
    told = send(
        live_server.url,
        token,
        action="sync_activities",
        activities=[{"activity_code": "001", "external_id": "call-1", "collaborator_email": "maria@acme.example"}],
    )
    assert (told["processed"], told["skipped"]) == (1, 0)
    wait_for_steps(overview, 3)
    make_mission(work, "Calls")
    map_code(work, "001", "Calls", 25)
    wait_for_steps(overview, 4)
    expect(overview.get_by_role("link", name="Apply to activities already received")).to_be_visible()
    apply_to_the_past(work)
    # With the first point the steps give way to the figures, by themselves.
    expect(overview.get_by_role("heading", name="What needs attention")).to_be_visible(timeout=15_000)
    expect(overview.get_by_role("row", name=re.compile("Maria Santos"))).to_contain_text("25")
    work.goto("/dashboard/missions/leaderboard/")
    expect(work.get_by_role("row", name=re.compile("Maria Santos"))).to_contain_text("25")
    assert complaints == []


def test_staff_are_told_where_they_act_and_leave_a_line_in_the_trail(acme, sign_in, complaints):
    MembershipFactory(tenant=acme, user=UserFactory(email="admin@acme.example", name="Ana"))
    UserFactory(email="staff@example.com", name="Paula", is_platform_staff=True)
    staff = sign_in("staff@example.com")
    expect(staff.get_by_text("In which tenant do you want to act?")).to_be_visible()
    staff.get_by_role("button", name="Acme", exact=True).click()
    banner = staff.get_by_role("region", name="Platform staff")
    expect(banner).to_contain_text("You act in Acme as platform staff.")
    staff.goto("/dashboard/salesos/team/add/")
    expect(banner).to_be_visible()
    staff.get_by_role("textbox", name="Name").fill("Red")
    staff.get_by_role("button", name="Save", exact=True).click()
    staff.get_by_role("button", name="Leave this tenant").click()
    expect(staff.get_by_text("In which tenant do you want to act?")).to_be_visible()
    expect(banner).to_have_count(0)
    admin = sign_in("admin@acme.example")
    admin.goto("/dashboard/settings/audit-trail/")
    rows = admin.locator(".trail tbody tr")
    # Above them stands that the admin signed in.
    expect(rows).to_have_count(4)
    for number, words in enumerate(("Platform staff went out", "Team created", "Platform staff came in"), start=1):
        expect(rows.nth(number)).to_contain_text(words)
        expect(rows.nth(number)).to_contain_text("staff@example.com")
    with tenant_context(acme):
        assert list(AuditEntry.objects.values_list("as_staff", flat=True)) == [False, True, True, True]
    assert complaints == []


def test_the_palette_leads_anywhere_by_keyboard_alone(acme, admin, complaints):
    furnish(acme, count=2)
    admin.goto("/dashboard/")
    admin.keyboard.press("Control+k")
    field = admin.get_by_role("combobox", name=re.compile("Search"))
    option = admin.get_by_role("dialog").get_by_role
    expect(field).to_be_focused()
    expect(option("option").first).to_have_attribute("aria-selected", "true")
    admin.keyboard.type("person 1")
    expect(option("option")).to_have_count(1)
    admin.keyboard.press("Enter")
    expect(admin).to_have_title(re.compile("acme person 1"))
    admin.wait_for_load_state()
    # Typed faster than anything can answer.
    admin.keyboard.press("Control+k")
    admin.keyboard.type("leaderb")
    admin.keyboard.press("Enter")
    expect(admin).to_have_url(re.compile("/missions/leaderboard/$"))
    admin.wait_for_load_state()
    admin.keyboard.press("Control+k")
    admin.keyboard.type("mission")
    expect(option("option", name=re.compile("acme mission 1"))).to_be_visible()
    expect(option("option", name=re.compile("globex"))).to_have_count(0)
    admin.keyboard.press("ArrowDown")
    expect(option("option").nth(1)).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == option("option").nth(1).get_attribute("id")
    admin.keyboard.press("ArrowUp")
    admin.keyboard.press("ArrowUp")
    expect(option("option").last).to_have_attribute("aria-selected", "true")
    admin.keyboard.press("Escape")
    expect(field).to_be_hidden()
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_screens_fit_and_are_readable(acme, sign_in, complaints, scheme, width):
    furnish(acme, count=3)
    MembershipFactory(tenant=acme, user=UserFactory(email="staff@example.com", name="Paula", is_platform_staff=True))
    page = sign_in("staff@example.com", color_scheme=scheme, viewport={"width": width, "height": 900})
    for address in (
        "/dashboard/",
        "/dashboard/settings/audit-trail/",
        "/dashboard/settings/tenant/",
        "/dashboard/missions/adjustment/",
        "/dashboard/salesos/tenant/",
        "/dashboard/platform/audit-trail/",
    ):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert serious(page) == [], address
    assert complaints == []
