"""The wall in a browser: it lives by itself, celebrates, gets over a lost network, and ends when its link does."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect
from uuid_utils.compat import uuid7

from missions.mapping import set_mapping
from missions.models import Mission
from missions.periods import Period
from missions.recording import Receipt, SentActivity, record_activities
from missions.walls.links import create_link, revoke_link
from salesos.models import Collaborator, Team
from salesos.tenancy import tenant_context
from salesos.tenants import create_tenant
from tests.browser.conftest import note_stranger
from tests.factories import PASSWORD, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

A_POLL = 12_000
"""Milliseconds in which the next poll has come and was drawn, on a busy machine."""


@pytest.fixture
def acme():
    acme = create_tenant("Acme", time_zone="America/Sao_Paulo")
    with tenant_context(acme):
        red = Team.objects.create(name="Red team")
        set_mapping("default", "001", mission=Mission.objects.create(name="Phone calls"), points=10, label="")
        Collaborator.objects.bulk_create(
            Collaborator(name=f"Person {number:02d}", email=f"p{number:02d}@acme.example", team=red)
            for number in range(12)
        )
        for number in range(12):
            send(acme, f"p{number:02d}@acme.example", count=12 - number)
    return acme


def send(tenant, email, *, count=1):
    now = timezone.now()
    with tenant_context(tenant):
        record_activities(
            "default",
            [SentActivity("001", str(uuid7()), email, now, "{}", Receipt(now, uuid7())) for _ in range(count)],
        )


@pytest.fixture
def link(acme):
    with tenant_context(acme):
        return create_link(name="Sales floor", period=Period.ALL, by=None)


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def open_wall(browser, live_server, link, complaints):
    """Opens the wall in a browser of its own: nobody is signed in."""
    contexts = []

    def opened(path=f"/wall/{link.token}/", **options):
        context = browser.new_context(
            **{"viewport": {"width": 1920, "height": 1080}, "base_url": live_server.url, "locale": "en", **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: said.type in ("error", "warning") and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: note_stranger(request.url, live_server.url, complaints))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()


def ask_now(page):
    """What the browser does when it finds the network again: the wall asks at once."""
    page.evaluate("window.dispatchEvent(new Event('online'))")


def names_on(page):
    return page.locator("#rows .person").all_text_contents()


def test_a_completion_shows_up_and_is_celebrated_without_a_reload(open_wall, acme, complaints):
    page = open_wall()
    expect(page.locator("#rows .place")).to_have_count(10)
    assert names_on(page)[:3] == ["Person 00", "Person 01", "Person 02"]
    expect(page.locator(".party")).to_have_count(0)
    page.evaluate("window.isTheSame = true")
    send(acme, "p11@acme.example", count=13)
    expect(page.locator(".party .person")).to_have_text("Person 11", timeout=A_POLL)
    expect(page.locator(".party .mission")).to_have_text("Phone calls")
    expect(page.locator(".party .gain")).to_have_text("+10")
    expect(page.locator("#said")).to_have_text("Person 11: Phone calls, +10")
    assert page.locator(".confetto").count() > 0
    assert names_on(page)[:3] == ["Person 11", "Person 00", "Person 01"]
    expect(page.locator("#rows .points").first).to_have_text("140")
    expect(page.locator("#latest .person").first).to_have_text("Person 11")
    assert page.evaluate("window.isTheSame")
    assert complaints == []


def test_several_completions_queue_up_and_are_still_where_motion_is_not_wanted(open_wall, acme, complaints):
    page = open_wall(reduced_motion="reduce")
    expect(page.locator("#rows .place")).to_have_count(10)
    send(acme, "p03@acme.example")
    send(acme, "p04@acme.example")
    ask_now(page)
    expect(page.locator(".party .person")).to_have_text("Person 03", timeout=A_POLL)
    assert (page.locator(".party").count(), page.locator(".confetto").count()) == (1, 0)
    assert page.evaluate("document.getAnimations().length") == 0
    expect(page.locator(".party .person")).to_have_text("Person 04", timeout=A_POLL)
    expect(page.locator(".party")).to_have_count(0, timeout=A_POLL)
    assert complaints == []


def test_a_wall_without_a_network_keeps_its_board_says_so_and_comes_back(open_wall, acme, complaints):
    page = open_wall()
    expect(page.locator("#rows .place")).to_have_count(10)
    page.context.set_offline(True)
    for _time in range(2):
        ask_now(page)
        page.wait_for_timeout(300)
    expect(page.locator("#offline")).to_have_text(re.compile(r"Offline since \d\d:\d\d"))
    assert len(names_on(page)) == 10
    send(acme, "p05@acme.example", count=20)
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_empty(timeout=A_POLL)
    expect(page.locator("#rows .person").first).to_have_text("Person 05")
    assert [each for each in complaints if "Failed to load resource" not in each] == []


def answering(status, body):
    return lambda route: route.fulfill(status=status, body=body)


def test_a_server_in_trouble_is_no_end(open_wall, acme, complaints):
    page = open_wall()
    expect(page.locator("#rows .place")).to_have_count(10)
    for status, body in ((500, "no"), (404, "<h1>Another server</h1>"), (404, "{}"), (200, "<h1>Portal</h1>")):
        with page.expect_response("**/board") as answered:
            page.route("**/board", answering(status, body))
            ask_now(page)
        assert answered.value.status == status
        page.wait_for_timeout(100)
        assert len(names_on(page)) == 10
        page.unroute("**/board")
    send(acme, "p06@acme.example", count=20)
    ask_now(page)
    expect(page.locator("#rows .person").first).to_have_text("Person 06")
    assert [each for each in complaints if "Failed to load resource" not in each] == []


def test_a_revoked_link_ends_the_wall(open_wall, acme, link, complaints):
    page = open_wall()
    expect(page.locator("#rows .place")).to_have_count(10)
    with tenant_context(acme):
        revoke_link(link.link, by=None, at=timezone.now())
    expect(page.get_by_role("heading", name="This wall has ended")).to_be_visible(timeout=A_POLL)
    assert "Person" not in page.locator("body").inner_text()
    assert page.reload().status == 404
    expect(page.get_by_role("heading", name="There is no wall here")).to_be_visible()
    assert [each for each in complaints if "Failed to load resource" not in each] == []


def test_a_new_version_of_the_page_is_loaded_by_itself_once(open_wall, complaints):
    page = open_wall()
    expect(page.locator("#rows .place")).to_have_count(10)
    loads = []
    page.on("load", lambda _page: loads.append(1))
    page.evaluate("document.body.dataset.version = 'before the deploy'")
    # What stands in the page's source is what the server has now: the wall asks, sees another one and loads itself.
    page.evaluate("etag = ''")
    ask_now(page)
    expect(page.locator("body")).not_to_have_attribute("data-version", "before the deploy", timeout=A_POLL)
    expect(page.locator("#rows .place")).to_have_count(10)
    page.evaluate("document.body.dataset.version = 'two versions at once'; etag = ''")
    ask_now(page)
    page.wait_for_timeout(1000)
    assert page.locator("body").get_attribute("data-version") == "two versions at once"
    assert len(loads) == 1
    assert complaints == []


@pytest.mark.parametrize(("width", "height", "least"), [(1920, 1080, 40), (1280, 720, 27), (1080, 1920, 40)])
def test_ten_places_fill_the_screen_and_are_read_from_afar(open_wall, complaints, width, height, least):
    page = open_wall(viewport={"width": width, "height": height})
    expect(page.locator("#rows .place")).to_have_count(10)
    sizes = page.eval_on_selector_all(
        "#rows .rank, #rows .person, #rows .points",
        "all => all.map(each => parseFloat(getComputedStyle(each).fontSize))",
    )
    assert min(sizes) >= least
    assert page.evaluate("document.documentElement.scrollHeight") <= height
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    bottoms = page.eval_on_selector_all("#rows .place", "all => all.map(each => each.getBoundingClientRect().bottom)")
    assert max(bottoms) <= height
    if width > height:
        assert max(bottoms) > 0.93 * height
    assert page.evaluate("""() => [...document.querySelectorAll("#rows .place")].every(
        each => each.querySelector(".points").getBoundingClientRect().right <= each.getBoundingClientRect().right)""")
    assert complaints == []


def test_a_telephone_shows_the_wall_without_scrolling_sideways(open_wall, complaints):
    page = open_wall(viewport={"width": 390, "height": 844})
    expect(page.locator("#rows .place")).to_have_count(10)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator("#latest .piece").last).to_be_attached()
    page.locator("#latest .piece").last.scroll_into_view_if_needed()
    expect(page.locator("#latest .piece").last).to_be_in_viewport()
    assert complaints == []


def seriously_wrong(page):
    found = Axe().run(page).response["violations"]
    return [
        (each["id"], [node["html"] for node in each["nodes"]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def test_everybody_can_read_it(open_wall, complaints):
    page = open_wall()
    expect(page.locator("#rows .place")).to_have_count(10)
    assert seriously_wrong(page) == []
    assert complaints == []


def test_a_link_is_made_copied_opened_and_revoked(open_wall, acme, live_server, complaints):
    user = UserFactory(email="paula@acme.example")
    MembershipFactory(user=user, tenant=acme, role="manager")
    page = open_wall("/dashboard/")
    page.get_by_label("E-mail").fill("paula@acme.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto("/dashboard/missions/leaderboard/?period=all")
    page.get_by_role("link", name="Show on a wall").click()
    expect(page.locator("#rows .place")).to_have_count(10)
    page.get_by_role("link", name="Back to the leaderboard").click()
    page.get_by_role("link", name="Wall links").click()
    page.get_by_role("textbox", name="Name").fill("Reception")
    page.get_by_role("button", name="Create link").click()
    url = page.get_by_label("Wall link").input_value()
    assert url.startswith(f"{live_server.url}/wall/")
    page.get_by_role("link", name="Open the wall").click()
    expect(page.locator("#rows .place")).to_have_count(10)
    expect(page.get_by_role("heading", level=1)).to_have_text("Reception")
    page.goto("/dashboard/missions/walls/")
    assert url not in page.content()
    page.get_by_role("link", name="Revoke Reception").click()
    page.get_by_role("button", name="Revoke link").click()
    expect(page.get_by_text("shows nothing any more")).to_be_visible()
    assert complaints == []
    assert page.goto(url).status == 404


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_leaderboard_and_what_is_behind_it_read_well(open_wall, acme, complaints, scheme):
    user = UserFactory(email="paula@acme.example")
    MembershipFactory(user=user, tenant=acme, role="manager")
    page = open_wall("/dashboard/", color_scheme=scheme)
    page.get_by_label("E-mail").fill("paula@acme.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("/dashboard/missions/leaderboard/?period=all")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert seriously_wrong(page) == []
        page.locator(".points a.why").first.click()
        expect(page.locator("#sum")).to_contain_text("120 points")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert seriously_wrong(page) == []
        page.goto("/dashboard/missions/walls/")
        assert seriously_wrong(page) == []
    assert complaints == []
