"""The sidebar marks the one item that a page belongs to."""

import re

import pytest

from tests.leads.admin.conftest import LEADS, make


def marked(client, address) -> list[str]:
    return re.findall(r'<a href="([^"]+)" aria-current="page" class="flex h-', client.get(address).content.decode())


@pytest.mark.parametrize(
    ("address", "item"),
    [
        (LEADS, LEADS),
        (f"{LEADS}?status=new", LEADS),
        (f"{LEADS}new/", LEADS),
        (f"{LEADS}duplicates/", f"{LEADS}duplicates/"),
        (f"{LEADS}import/", LEADS),
        ("/dashboard/deals/new/", "/dashboard/deals/"),
        ("/dashboard/missions/leaderboard/", "/dashboard/missions/leaderboard/"),
        ("/dashboard/", "/dashboard/"),
    ],
)
def test_a_page_is_marked_under_the_nearest_item_alone(manager, address, item):
    assert marked(manager, address) == [item]


def test_a_lead_belongs_to_the_leads(manager, acme):
    assert marked(manager, f"{LEADS}{make(acme).public_id}/") == [LEADS]


def test_a_page_of_no_item_marks_none(manager):
    assert marked(manager, "/dashboard/account/") == []
