from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import reverse

from salesos.admin.reauthentication import must_sign_in_again
from salesos.roles import Role
from salesos.sessions import SIGNED_IN_AT
from tests.factories import PASSWORD, MembershipFactory
from tests.salesos.admin.conftest import signed_in

AGAIN = "/dashboard/account/again/"
ASKED_FOR = "/dashboard/salesos/apikey/add/?scope=a%26b"


@pytest.fixture
def user(acme, globex):
    return MembershipFactory(tenant=acme, role=Role.ADMIN, user__email="zoe@acme.example").user


@pytest.fixture
def browser(user):
    return signed_in(user)


def let_pass(client, span: timedelta) -> None:
    session = client.session
    session[SIGNED_IN_AT] -= int(span.total_seconds())
    session.save()


def asked(client, method="get") -> HttpResponse | None:
    request = getattr(RequestFactory(), method)(ASKED_FOR)
    request.session = client.session
    return must_sign_in_again(request)


def test_a_fresh_sign_in_is_enough(browser):
    assert asked(browser) is None
    let_pass(browser, timedelta(minutes=29))
    assert asked(browser) is None


@pytest.mark.parametrize("method", ["get", "post"])
def test_after_half_an_hour_one_is_asked_and_comes_back(browser, method):
    let_pass(browser, timedelta(minutes=31))
    where = asked(browser, method).headers["Location"]
    assert browser.get(where).status_code == 200
    answer = browser.post(where, {"password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (302, ASKED_FOR)
    assert asked(browser) is None


def test_a_session_that_does_not_know_when_it_began_is_asked(browser):
    session = browser.session
    del session[SIGNED_IN_AT]
    session.save()
    assert asked(browser).status_code == 302


def test_a_wrong_password_proves_nothing(browser):
    let_pass(browser, timedelta(hours=1))
    for sent in ({"password": "wrong"}, {"password": ""}, {}, {"password": "x" * 5000}):
        assert browser.post(AGAIN, sent).context["form"].errors["password"]
    assert asked(browser).status_code == 302


def test_a_stolen_session_guesses_no_password(browser, settings):
    settings.LOGIN_LIMIT = "2/h"
    statuses = [browser.post(AGAIN, {"password": "wrong"}).status_code for _attempt in range(3)]
    assert statuses == [200, 200, 429]
    assert browser.post(AGAIN, {"password": PASSWORD}).status_code == 429


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x", ""])
def test_nobody_is_sent_to_another_host(browser, address):
    for where in (AGAIN, f"{AGAIN}?next={address}"):
        answer = browser.post(where, {"password": PASSWORD, "next": address})
        assert answer.headers["Location"] == reverse("admin:index")


def test_whoever_is_not_signed_in_is_sent_to_the_login_page(client, acme, globex):
    assert client.get(AGAIN).headers["Location"].startswith("/dashboard/login/")
