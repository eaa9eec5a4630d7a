import pytest
from django.test import Client

from salesos.roles import Role
from tests.factories import PASSWORD, MembershipFactory

LOGIN = "/dashboard/login/"


@pytest.fixture
def user(acme, globex):
    return MembershipFactory(tenant=acme, role=Role.ADMIN, user__email="zoe@acme.example").user


def test_people_sign_in_by_email_in_any_case(client, user):
    answer = client.post(LOGIN, {"username": " Zoe@ACME.example ", "password": PASSWORD})
    assert (answer.status_code, client.session["_auth_user_id"]) == (302, str(user.pk))


def test_a_wrong_password_and_an_unknown_user_are_answered_alike(client, user):
    answers = [
        client.post(LOGIN, {"username": email, "password": "wrong"}).context["form"].errors
        for email in (user.email, "nobody@acme.example")
    ]
    assert answers[0] == answers[1] != {}


def test_an_address_that_tries_too_often_waits_and_others_do_not(client, user, settings):
    settings.LOGIN_LIMIT = "2/m"
    sent = {"username": user.email, "password": "wrong"}
    assert [client.post(LOGIN, sent).status_code for _attempt in range(4)] == [200, 200, 429, 429]
    assert client.post(LOGIN, {**sent, "password": PASSWORD}).status_code == 429
    elsewhere = client.post(LOGIN, {**sent, "password": PASSWORD}, REMOTE_ADDR="203.0.113.9")
    assert elsewhere.status_code == 302


def test_an_ipv6_customer_is_one_address(client, user, settings):
    settings.LOGIN_LIMIT = "2/m"
    sent = {"username": user.email, "password": "wrong"}
    statuses = [client.post(LOGIN, sent, REMOTE_ADDR=f"2001:db8::{number}").status_code for number in range(1, 5)]
    assert statuses == [200, 200, 429, 429]
    assert client.post(LOGIN, sent, REMOTE_ADDR="2001:db8:0:1::1").status_code == 200


def test_signing_in_is_no_failure(user, settings):
    settings.LOGIN_LIMIT = "2/m"
    sent = {"username": user.email, "password": PASSWORD}
    assert [Client().post(LOGIN, sent).status_code for _attempt in range(4)] == [302] * 4


def test_a_colleague_who_forgot_the_password_locks_nobody_else_out(client, user, settings):
    settings.LOGIN_LIMIT = "1/m"
    for _attempt in range(2):
        colleague = client.post(LOGIN, {"username": "max@acme.example", "password": "wrong"})
    assert colleague.status_code == 429
    assert client.post(LOGIN, {"username": user.email, "password": PASSWORD}).status_code == 302


def test_trying_many_users_from_one_address_ends_as_well(client, user, settings):
    settings.LOGIN_LIMIT_OF_ADDRESS = "3/m"
    statuses = [
        client.post(LOGIN, {"username": f"user{number}@acme.example", "password": "wrong"}).status_code
        for number in range(4)
    ]
    assert statuses == [200, 200, 200, 429]


def test_after_signing_in_nobody_is_sent_to_another_host(client, user):
    sent = {"username": user.email, "password": PASSWORD}
    assert client.post(f"{LOGIN}?next=https://evil.example/", sent).headers["Location"] == "/dashboard/"
