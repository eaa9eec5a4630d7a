"""Leads imported in a browser: a file is sent, looked at, imported by the worker, and its report taken."""

import pytest
from playwright.sync_api import expect

from leads.models import Lead
from salesos.tenancy import tenant_context
from tests.browser.test_accessibility import guise, in_every_guise, wrong_with
from tests.queue import do_waiting

pytestmark = pytest.mark.django_db(transaction=True)

FILE = "Nome;E-mail;Cidade\nZoë Lima;zoe@x.co;Recife\nBad;nope;\n" + "\n".join(
    f"Lead {number};lead{number}@x.co;Natal" for number in range(1500)
)


@pytest.fixture
def count(rows):
    """How many leads were imported."""
    with tenant_context(rows.tenant):
        before = Lead.objects.count()

    def counted() -> int:
        with tenant_context(rows.tenant):
            return Lead.objects.count() - before

    return counted


def test_a_file_is_matched_looked_at_and_imported(page, complaints, rows, count):
    page.goto("/dashboard/leads/import/")
    page.locator("#file").set_input_files(
        {"name": "leads.csv", "mimeType": "text/csv", "buffer": FILE.encode("cp1252")}
    )
    page.get_by_role("button", name="Upload and look").click()
    expect(page.get_by_label("E-mail")).to_have_value("email")
    page.get_by_label("Cidade").select_option("Custom field “Cidade”")
    page.get_by_role("button", name="Look at what would happen").click()
    expect(page.get_by_text("Waiting for its turn…")).to_be_visible()
    do_waiting()
    expect(page.get_by_text("1 row with errors is left out.")).to_be_visible()
    expect(page.get_by_text("E-mail: Must be a valid email")).to_be_visible()
    # What was chosen stays chosen.
    expect(page.get_by_label("Cidade")).to_have_value("custom")
    page.get_by_role("button", name="Import 1,501 leads").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    do_waiting()
    expect(page.get_by_role("heading", name="What was done")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the report").click()
    assert "zoe@x.co" in download.value.path().read_text("utf-8-sig")
    assert count() == 1501
    with tenant_context(rows.tenant):
        assert Lead.objects.get(email="zoe@x.co").custom_fields == {"Cidade": "Recife"}
    assert complaints == []


def test_an_import_is_cancelled_before_its_turn(page, complaints, rows, count):
    page.goto("/dashboard/leads/import/")
    page.locator("#file").set_input_files({"name": "leads.csv", "mimeType": "text/csv", "buffer": FILE.encode()})
    page.get_by_role("button", name="Upload and look").click()
    page.get_by_role("button", name="Look at what would happen").click()
    expect(page.get_by_text("Waiting for its turn…")).to_be_visible()
    do_waiting()
    page.get_by_role("button", name="Import 1,501 leads").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled after 0 of 1,502 rows.")).to_be_visible()
    do_waiting()
    assert count() == 0
    assert complaints == []


@in_every_guise
def test_nothing_serious_on_any_step_of_an_import(page, complaints, rows, scheme, width):
    guise(page, scheme, width)
    found = {}
    page.goto("/dashboard/leads/import/")
    page.locator("#file").set_input_files(
        {"name": "leads" * 30 + ".csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    )
    page.get_by_role("button", name="Upload and look").click()
    page.get_by_label("E-mail").wait_for()
    found["matching"] = wrong_with(page)
    page.get_by_role("button", name="Look at what would happen").click()
    page.get_by_text("Waiting for its turn…").wait_for()
    found["progress"] = wrong_with(page)
    do_waiting()
    page.get_by_role("button", name="Import 1,501 leads").wait_for()
    found["dry run"] = wrong_with(page)
    page.get_by_role("button", name="Import 1,501 leads").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled after 0 of 1,502 rows.").wait_for()
    found["cancelled"] = wrong_with(page)
    page.goto("/dashboard/leads/import/")
    found["list"] = wrong_with(page)
    assert {place: wrong for place, wrong in found.items() if wrong} == {}
    assert complaints == []
