"""An automated check of WCAG 2.2 AA finds nothing serious: on any screen, light or dark, wide or narrow."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.django_db(transaction=True)

TAGS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_on_any_screen(page, scheme, width):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    items = page.locator("#nav-sidebar-apps a")
    found = {}
    for address in [items.nth(number).get_attribute("href") for number in range(items.count())]:
        page.goto(address)
        serious = [
            f"{violation['id']}: {node['html'][:160]}"
            for violation in Axe().run(page, options=TAGS).response["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]
        if serious:
            found[address] = serious
    assert found == {}
