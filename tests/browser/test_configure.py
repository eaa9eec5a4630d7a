"""Missions › Configure in a browser, with the keyboard alone."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from missions.mapping import set_mapping
from missions.models import Activity, Mapping, Mission
from salesos.tenancy import tenant_context

pytestmark = pytest.mark.django_db(transaction=True)

CONFIGURE = "/dashboard/missions/configure/"


@pytest.fixture
def mapping(rows):
    def saved(code):
        with tenant_context(rows.tenant):
            row = Mapping.objects.select_related("mission").filter(code=code).first()
            return row and (row.mission.name, row.points, row.label)

    return saved


def focused(page):
    return page.evaluate("document.activeElement.name || document.activeElement.id")


def type_keys(page, *keys):
    """Each is a key by its name in brackets, like `[Enter]`, or a text to type."""
    for key in keys:
        name = re.fullmatch(r"\[(.+)\]", key)
        page.keyboard.press(name[1]) if name else page.keyboard.type(key)


def test_a_code_is_found_mapped_to_a_new_mission_and_saved_by_keyboard_alone(page, rows, mapping, complaints):
    page.goto("/dashboard/")
    page.locator("#nav-sidebar-apps a", has_text="Configure").focus()
    type_keys(page, "[Enter]")
    expect(page.locator("#filter")).to_be_visible()
    type_keys(page, "/", "502")
    assert focused(page) == "filter"
    expect(page.locator("tbody tr[id]:visible")).to_have_count(1)
    expect(page.get_by_role("status").filter(has_text="1 of 6 codes")).to_have_count(1)

    type_keys(page, "[Enter]", "Visits")
    assert focused(page) == "m502"
    expect(page.get_by_role("option", name="Create the mission “Visits”")).to_be_visible()
    type_keys(page, "[ArrowDown]", "[Enter]", "25", "[Tab]", "Tour")
    expect(page.get_by_text("New mission: made when you save")).to_be_visible()
    expect(page.get_by_text("1 code changed, not saved yet")).to_be_visible()
    # Out of the table, into it, and on.
    type_keys(page, "[Escape]")
    assert focused(page) == "filter"
    type_keys(page, "[Enter]", "[Control+Enter]")

    expect(page.get_by_text("creates mission “Visits”")).to_be_visible()
    assert mapping("502") is None
    expect(page.get_by_role("button", name="Confirm and save")).to_be_focused()
    type_keys(page, "[Enter]")
    expect(page.get_by_text("Saved: 1 code mapped. New mission: Visits.")).to_be_visible()
    assert mapping("502") == ("Visits", 25, "Tour")
    assert complaints == []


def test_the_arrows_choose_a_mission_and_go_from_code_to_code(page, rows, complaints):
    page.goto(CONFIGURE)
    type_keys(page, "/", "person-that-nobody-is")
    expect(page.get_by_text("No code here has these words.")).to_be_visible()
    type_keys(page, "[Escape]", "[ArrowDown]")
    assert focused(page) == "m501"
    type_keys(page, "MISSION 2", "[ArrowDown]")
    expect(page.locator("#choices [role=option]")).to_have_text(["acme mission 2", "Create the mission “MISSION 2”"])
    type_keys(page, "[Enter]")
    assert (focused(page), page.locator("[name=m501]").input_value()) == ("p501", "acme mission 2")
    type_keys(page, "[ArrowDown]", "[Enter]", "[Shift+Enter]", "[ArrowUp]")
    assert focused(page) == "p501"
    # No trap: Tab leads on.
    type_keys(page, "[Tab]")
    assert focused(page) == "l501"
    type_keys(page, "[Tab]")
    assert focused(page) == "m502"
    assert complaints == []


def test_all_codes_are_one_key_away_and_what_was_typed_goes_along(page, rows, mapping, complaints):
    page.goto(CONFIGURE)
    page.locator("[name=l501]").fill("Typed before")
    page.locator("#filter").focus()
    type_keys(page, "777", "[Enter]")
    expect(page.locator("tbody tr[id]")).to_have_count(999)
    expect(page.locator("tbody tr[id]:visible")).to_have_count(1)
    assert page.locator("[name=l501]").input_value() == "Typed before"
    page.locator("#filter").focus()
    type_keys(page, "[Enter]", "acme mission 0", "[Enter]", "[Control+Enter]")
    # The other row lacks its mission: told at the row, and nothing is lost.
    expect(page.get_by_text("Choose a mission, too.")).to_have_count(1)
    assert page.locator("[name=m777]").input_value() == "acme mission 0"
    assert mapping("777") is None
    assert complaints == []


def test_a_second_admin_who_saved_in_between_is_told_and_asked(page, rows, mapping, complaints):
    page.goto(CONFIGURE)
    page.locator("[name=m501]").fill("acme mission 0")
    page.locator("[name=p501]").fill("7")
    with tenant_context(rows.tenant):
        set_mapping("default", "501", mission=Mission.objects.get(name="acme mission 1"), points=30)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Somebody else changed this code meanwhile.")).to_be_visible()
    expect(page.get_by_text("acme mission 1 · 30")).to_be_visible()
    assert page.locator("[name=m501]").input_value() == "acme mission 0"
    assert _serious(page) == []
    page.get_by_label("Save mine").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Confirm and save").click()
    expect(page.get_by_text("Saved: 1 mapping changed.")).to_be_visible()
    assert mapping("501") == ("acme mission 0", 7, "")
    assert complaints == []


def test_a_mapping_is_previewed_and_applied_to_the_past(page, rows, complaints, monkeypatch):
    # A step for each code, so that the bar has something to tell.
    monkeypatch.setattr("missions.configure.applying.SECONDS", 0)
    with tenant_context(rows.tenant):
        for code in ("501", "502"):
            set_mapping("default", code, mission=rows.mission, points=9)
    page.goto(CONFIGURE)
    page.get_by_role("link", name="Apply to activities already received").click()
    expect(
        page.get_by_text(re.compile("2 activities that count for nothing so far .* Points: 18, people: 2"))
    ).to_be_visible()
    assert _serious(page) == []
    page.get_by_role("button", name="Apply").focus()
    type_keys(page, "[Enter]")
    expect(page.get_by_text("Done: 2 activities counted, 18 points awarded.")).to_be_visible()
    with tenant_context(rows.tenant):
        assert Activity.objects.uncounted().filter(code__in=["501", "502"]).count() == 0
    assert complaints == []


def test_a_mapping_is_imported_from_a_file(page, rows, mapping, complaints, tmp_path):
    file = tmp_path / "mapping.csv"
    file.write_text("Code;Mission;Points;Label\n8;Visits;25;Tour\n009;;5;\n")
    page.goto(CONFIGURE)
    page.get_by_role("link", name="Import").click()
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Upload and look").click()
    expect(page.get_by_text("1 line can't be imported.")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("3 Activity 009 .*Choose a mission, too."))).to_be_visible()
    expect(page.get_by_role("button", name="Confirm and save")).to_have_count(0)
    file.write_text("Code;Mission;Points;Label\n8;Visits;25;Tour\n")
    page.get_by_role("link", name="Choose another").click()
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Upload and look").click()
    expect(page.get_by_text("creates mission “Visits”")).to_be_visible()
    assert _serious(page) == []
    page.get_by_role("button", name="Confirm and save").click()
    expect(page.get_by_text("Saved: 1 code mapped. New mission: Visits.")).to_be_visible()
    assert mapping("008") == ("Visits", 25, "Tour")
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_configure_can_be_read_by_everybody_on_every_screen(page, rows, complaints, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    for address in (
        CONFIGURE,
        f"{CONFIGURE}import/",
        f"{CONFIGURE}import/?example=saas",
        "/dashboard/missions/mission/",
    ):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert _serious(page) == [], address
    assert complaints == []


def _serious(page):
    """What axe finds in what is ours of a page: its content."""
    found = Axe().run(page, context="#content").response["violations"]
    return [
        (each["id"], [node["html"] for node in each["nodes"]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
