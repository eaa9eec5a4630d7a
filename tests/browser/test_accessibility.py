"""An automated check of WCAG 2.2 AA finds nothing serious: on any screen, light or dark, wide or narrow."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.django_db(transaction=True)

TAGS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


EVERY_GUISE = [(scheme, width) for scheme in ("light", "dark") for width in (390, 1440)]
in_every_guise = pytest.mark.parametrize(("scheme", "width"), EVERY_GUISE)


def guise(page, scheme, width) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})


def wrong_with(page) -> list[str]:
    """What somebody can't use or read on this page as it is now, and whether it is wider than the window."""
    found = [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in Axe().run(page, options=TAGS).response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*found, f"{wide} px too wide"] if wide > 0 else found


@in_every_guise
def test_nothing_serious_on_any_screen(page, scheme, width):
    guise(page, scheme, width)
    items = page.locator("#nav-sidebar-apps a")
    found = {}
    for address in [items.nth(number).get_attribute("href") for number in range(items.count())]:
        page.goto(address)
        found[address] = wrong_with(page)
    assert {address: wrong for address, wrong in found.items() if wrong} == {}
