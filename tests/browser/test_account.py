"""Signing in with a second factor, and looking after one's account, as a person does it in a browser."""

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from salesos import second_factor
from salesos.tenants import create_tenant
from tests.factories import PASSWORD, MembershipFactory

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL = "zoe@acme.example"


@pytest.fixture
def user():
    create_tenant("Globex")
    return MembershipFactory(tenant=create_tenant("Acme"), user__email=EMAIL).user


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def opens(browser, live_server, user, complaints):
    """Open a window of a browser that nobody has signed in with, and writes down what it complains about."""
    contexts = []

    def note(message) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def open_one(**options):
        context = browser.new_context(locale="en", base_url=live_server.url, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_one
    for context in contexts:
        context.close()


def gives_password(page) -> None:
    page.goto("/")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def code_of(key: str, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(key.replace(" ", ""), int(time.time()) // 30 + steps))


def serious(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{page.url} {each['id']}: {each['nodes'][0]['html']}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def test_a_second_factor_is_set_up_and_signs_in(opens, complaints):
    page = opens()
    gives_password(page)
    page.goto("/dashboard/account/")
    page.get_by_role("link", name="Set one up").click()
    expect(page.get_by_role("img", name="Picture for the authenticator app")).to_be_visible()
    key = page.locator(".second-factor-key").inner_text()
    page.get_by_role("textbox", name="Code").fill("000000")
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("That is not the code")).to_be_visible()
    assert page.locator(".second-factor-key").inner_text() == key
    page.get_by_role("textbox", name="Code").fill(code_of(key))
    page.get_by_role("button", name="Switch on").click()
    codes = page.locator("#recovery-codes").inner_text().split()
    assert len(codes) == 10

    elsewhere = opens(viewport={"width": 390, "height": 800})
    gives_password(elsewhere)
    expect(elsewhere.get_by_role("button", name="Sign in", exact=True)).to_have_count(0)
    # The next one: the present one was used up by switching it on.
    elsewhere.get_by_role("textbox", name="Code").fill(code_of(key, 1))
    elsewhere.get_by_role("button", name="Continue").click()
    expect(elsewhere).to_have_url("/dashboard/")

    telephone_lost = opens()
    gives_password(telephone_lost)
    telephone_lost.get_by_role("textbox", name="Code").fill(codes[0])
    telephone_lost.get_by_role("button", name="Continue").click()
    telephone_lost.goto("/dashboard/account/sessions/")
    expect(telephone_lost.get_by_role("row")).to_have_count(4)
    telephone_lost.get_by_role("button", name="End all other sessions").click()
    expect(telephone_lost.get_by_text("2 other sessions have ended.")).to_be_visible()
    page.goto("/dashboard/account/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_account_and_the_way_in_are_for_everybody(opens, user, complaints, scheme):
    page = opens(color_scheme=scheme, viewport={"width": 390, "height": 800})
    wrong = []
    for address in ("login/", "password/forgotten/", "password/forgotten/sent/", "password/link/1-over/"):
        page.goto(f"/dashboard/account/{address}")
        wrong += serious(page)
    gives_password(page)
    for address in ("", "password/", "sessions/", "second-factor/", "again/", "recovery-codes/"):
        page.goto(f"/dashboard/account/{address}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        wrong += serious(page)
    key = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    assert second_factor.switch_on(user, key, code_of(key))
    for address in ("second-factor/", "recovery-codes/", "again/"):
        page.goto(f"/dashboard/account/{address}")
        wrong += serious(page)
    assert wrong == []
    assert complaints == []
