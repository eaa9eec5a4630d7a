import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from salesos.models import AuditEntry, User
from salesos.roles import Role
from salesos.tenancy import tenant_context
from tests.factories import PASSWORD, MembershipFactory, UserFactory

LOGIN = "/dashboard/account/login/"


@pytest.fixture
def user(acme, globex):
    return MembershipFactory(tenant=acme, role=Role.ADMIN, user__email="zoe@acme.example").user


def test_people_sign_in_by_email_in_any_case(client, user):
    answer = client.post(LOGIN, {"login": " Zoe@ACME.example ", "password": PASSWORD})
    assert (answer.status_code, client.session["_auth_user_id"]) == (302, str(user.pk))


def test_a_wrong_password_and_an_unknown_user_are_answered_alike(client, user):
    answers = [
        client.post(LOGIN, {"login": email, "password": "wrong"}).context["form"].errors
        for email in (user.email, "nobody@acme.example")
    ]
    assert answers[0] == answers[1] != {}


def test_whoever_may_not_sign_in_is_told_no_more_with_the_right_password(client, user):
    wrong = client.post(LOGIN, {"login": "nobody@acme.example", "password": PASSWORD}).context["form"].errors
    User.objects.update(is_active=False)
    assert client.post(LOGIN, {"login": user.email, "password": PASSWORD}).context["form"].errors == wrong
    User.objects.update(is_active=True, password=make_password(None))
    assert client.post(LOGIN, {"login": user.email, "password": "!"}).context["form"].errors == wrong


def test_an_address_that_tries_too_often_waits_and_others_do_not(client, user, settings):
    settings.LOGIN_LIMIT = "2/h"
    sent = {"login": user.email, "password": "wrong"}
    assert [client.post(LOGIN, sent).status_code for _attempt in range(4)] == [200, 200, 429, 429]
    assert client.post(LOGIN, {**sent, "password": PASSWORD}).status_code == 429
    elsewhere = client.post(LOGIN, {**sent, "password": PASSWORD}, REMOTE_ADDR="203.0.113.9")
    assert elsewhere.status_code == 302


def test_an_ipv6_customer_is_one_address(client, user, settings):
    settings.LOGIN_LIMIT = "2/h"
    sent = {"login": user.email, "password": "wrong"}
    statuses = [client.post(LOGIN, sent, REMOTE_ADDR=f"2001:db8::{number}").status_code for number in range(1, 5)]
    assert statuses == [200, 200, 429, 429]
    assert client.post(LOGIN, sent, REMOTE_ADDR="2001:db8:0:1::1").status_code == 200


def test_signing_in_is_no_failure(user, settings):
    settings.LOGIN_LIMIT = "2/h"
    sent = {"login": user.email, "password": PASSWORD}
    assert [Client().post(LOGIN, sent).status_code for _attempt in range(4)] == [302] * 4


def test_a_colleague_who_forgot_the_password_locks_nobody_else_out(client, user, settings):
    settings.LOGIN_LIMIT = "1/h"
    for _attempt in range(2):
        colleague = client.post(LOGIN, {"login": "max@acme.example", "password": "wrong"})
    assert colleague.status_code == 429
    assert client.post(LOGIN, {"login": user.email, "password": PASSWORD}).status_code == 302


def test_trying_many_users_from_one_address_ends_as_well(client, user, settings):
    settings.LOGIN_LIMIT_OF_ADDRESS = "3/h"
    statuses = [
        client.post(LOGIN, {"login": f"user{number}@acme.example", "password": "wrong"}).status_code
        for number in range(4)
    ]
    assert statuses == [200, 200, 200, 429]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "http:evil.example",
        "javascript:alert(1)",
        "\t//x.y/",
    ],
)
def test_after_signing_in_nobody_is_sent_to_another_host(client, user, settings, address):
    settings.ALLOWED_HOSTS, settings.CSRF_TRUSTED_ORIGINS = ["testserver", "evil.example"], ["https://evil.example"]
    sent = {"login": user.email, "password": PASSWORD, "next": address}
    assert client.post(LOGIN, sent).headers["Location"] == "/dashboard/"


def test_one_goes_on_to_where_one_wanted_to(client, user):
    where = client.get("/dashboard/salesos/team/?q=a%26b", follow=True).redirect_chain[-1][0]
    assert where == f"{LOGIN}?next=%2Fdashboard%2Fsalesos%2Fteam%2F%3Fq%3Da%2526b"
    answer = client.post(where, {"login": user.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/dashboard/salesos/team/?q=a%26b"


def test_old_links_to_the_sign_in_page_lead_to_it(client, user):
    assert client.get("/dashboard/login/").headers["Location"] == LOGIN
    with_next = client.get("/dashboard/login/", {"next": "/dashboard/configure/?a=b&c=d"})
    assert with_next.headers["Location"] == f"{LOGIN}?next=%2Fdashboard%2Fconfigure%2F%3Fa%3Db%26c%3Dd"
    client.post("/dashboard/login/", {"username": user.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("path", ["signup/", "email/", "logout/", "social/", "password/set/", "login/code/confirm/"])
def test_there_is_no_signing_up_nor_anything_else_of_allauths(client, user, path):
    for method in (client.get, client.post):
        assert method(f"/dashboard/account/{path}").status_code in (302, 404)
    assert User.objects.count() == 1


@pytest.mark.parametrize("language", ["pt-br", "es", "en"])
def test_the_sign_in_page_is_in_the_language_of_the_browser(client, user, language):
    assert client.get(LOGIN, headers={"Accept-Language": language}).headers["Content-Language"] == language


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"login": "zoe@acme.example"},
        {"password": PASSWORD},
        {"login": "not an address", "password": PASSWORD},
        {"login": "x" * 100_000, "password": PASSWORD},
        {"login": "zoe@acme.example", "password": "x" * 100_000},
        {"login": "\u202ezoe@acme.example\ud83d", "password": "\u0fff"},
        {"login": ["zoe@acme.example", "max@acme.example"], "password": ["a", "b"]},
    ],
)
def test_hostile_input_is_no_sign_in(client, user, sent):
    sent = {
        name: text.encode("utf-8", "replace").decode() if isinstance(text, str) else text for name, text in sent.items()
    }
    for headers in ({}, {"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}):
        answer = client.post(LOGIN, sent, headers=headers)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert answer.context["form"].errors
    assert "_auth_user_id" not in client.session


def test_who_is_signed_in_already_goes_on(client, user):
    client.force_login(user)
    assert client.get(f"{LOGIN}?next=/dashboard/configure/").headers["Location"] == "/dashboard/configure/"
    assert client.get(LOGIN).headers["Location"] == "/dashboard/"


def test_the_caller_does_not_choose_the_address_that_counts(client, user, settings):
    settings.LOGIN_LIMIT = "2/h"
    statuses = [
        client.post(LOGIN, {"login": user.email, "password": "wrong"}, headers={"X-Forwarded-For": f"203.0.113.{n}"})
        for n in range(3)
    ]
    assert [answer.status_code for answer in statuses] == [200, 200, 429]


def trail(tenant) -> list[tuple[str, str, str]]:
    with tenant_context(tenant):
        return [(entry.action, entry.actor_email, entry.subject) for entry in AuditEntry.objects.order_by("id")]


def test_a_sign_in_stands_in_the_trail_of_each_of_the_users_tenants(client, user, acme, globex):
    MembershipFactory(user=UserFactory(), tenant=globex)
    client.post(LOGIN, {"login": user.email, "password": "wrong"})
    assert trail(acme) == []
    client.post(LOGIN, {"login": user.email, "password": PASSWORD})
    assert trail(acme) == [("user.signed_in", "zoe@acme.example", "zoe@acme.example")]
    assert trail(globex) == []
    MembershipFactory(user=user, tenant=globex, role=Role.AUDITOR)
    Client().post(LOGIN, {"login": user.email, "password": PASSWORD})
    assert len(trail(acme)) == 2
    assert len(trail(globex)) == 1


def test_a_sign_in_of_platform_staff_stands_in_the_platforms_trail(client, user, acme):
    staff = UserFactory(is_platform_staff=True)
    client.post(LOGIN, {"login": staff.email, "password": PASSWORD})
    entry = AuditEntry.objects.every_tenant(reason="a test").get()
    assert (entry.tenant, entry.action, entry.actor, entry.address) == (None, "user.signed_in", staff, "127.0.0.1")
