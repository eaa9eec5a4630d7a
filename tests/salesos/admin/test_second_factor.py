from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.db import connection
from django.test import Client
from django.urls import reverse

from salesos import second_factor
from salesos.admin.account.second_factor import SECRET
from salesos.models import AuditEntry, Tenant, User
from salesos.roles import Role
from salesos.tenancy import tenant_context
from tests.factories import PASSWORD, MembershipFactory
from tests.queue import do_waiting
from tests.salesos.admin.conftest import signed_in

LOGIN = "/dashboard/account/login/"
CODE = "/dashboard/account/login/code/"
FACTOR = "/dashboard/account/second-factor/"
CODES = "/dashboard/account/recovery-codes/"
KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOW = 1_795_000_000


@pytest.fixture
def clock(monkeypatch):
    """Time as the codes know it: `clock.at` seconds since 1970."""

    class Clock:
        at = NOW

    monkeypatch.setattr("allauth.mfa.totp.internal.auth.time", SimpleNamespace(time=lambda: Clock.at))
    return Clock


@pytest.fixture
def user(acme, globex):
    return MembershipFactory(tenant=acme, role=Role.ADMIN, user__email="zoe@acme.example").user


@pytest.fixture
def protected(user, clock):
    """A user with a second factor that was switched on a while ago."""
    clock.at = NOW - 3600
    assert second_factor.switch_on(user, KEY, code(clock))
    clock.at = NOW
    return user


def code(clock, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(KEY, clock.at // 30 + steps))


def first_step(user) -> Client:
    client = Client()
    answer = client.post(LOGIN, {"login": user.email, "password": PASSWORD, "next": "/dashboard/configure/"})
    assert (answer.status_code, answer.headers["Location"]) == (302, CODE)
    assert client.get("/dashboard/").status_code == 302
    return client


def is_in(client) -> bool:
    return "_auth_user_id" in client.session


def test_a_code_follows_the_password_and_one_goes_on_to_where_one_wanted(protected, clock):
    client = first_step(protected)
    answer = client.post(CODE, {"code": code(clock)})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/dashboard/configure/")
    assert is_in(client)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_may_be_half_a_minute_off(protected, clock, steps):
    client = first_step(protected)
    client.post(CODE, {"code": code(clock, steps)})
    assert is_in(client)


@pytest.mark.parametrize("steps", [-2, 2])
def test_but_not_a_minute(protected, clock, steps):
    client = first_step(protected)
    assert client.post(CODE, {"code": code(clock, steps)}).context["form"].errors["code"]
    assert not is_in(client)


def test_a_code_lets_in_once_and_so_do_none_before_it(protected, clock):
    used, older = code(clock), code(clock, -1)
    first_step(protected).post(CODE, {"code": used})
    for replayed in (used, older):
        client = first_step(protected)
        assert client.post(CODE, {"code": replayed}).context["form"].errors["code"]
        assert not is_in(client)
    clock.at += 30
    client.post(CODE, {"code": code(clock)})
    assert is_in(client)


def test_the_code_that_switched_it_on_lets_nobody_in(user, clock):
    second_factor.switch_on(user, KEY, code(clock))
    client = first_step(user)
    client.post(CODE, {"code": code(clock)})
    assert not is_in(client)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_send_the_same_code_at_once_one_is_let_in(protected, clock):
    def asks(sent) -> bool:
        try:
            return second_factor.accepts(protected, sent)
        finally:
            connection.close()

    for sent in (code(clock), second_factor.codes_to_show(protected)[0]):
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(asks, [sent] * 8)) == 1


@pytest.mark.parametrize(
    "shape", ["{}", " {} ", "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}", "{0[0]}{0[1]}{0[2]}-{0[3]}{0[4]}{0[5]}"]
)
def test_a_code_may_be_typed_with_gaps(protected, clock, shape):
    client = first_step(protected)
    client.post(CODE, {"code": shape.format(code(clock))})
    assert is_in(client)


def test_a_recovery_code_lets_in_once(protected, clock):
    codes = second_factor.codes_to_show(protected)
    assert len(set(codes)) == 10
    client = first_step(protected)
    client.post(CODE, {"code": codes[3]})
    assert is_in(client)
    client = first_step(protected)
    client.post(CODE, {"code": codes[3]})
    assert not is_in(client)
    client.post(CODE, {"code": codes[4]})
    assert is_in(client)
    assert second_factor.unused_codes_count(protected) == 8


@pytest.mark.parametrize(
    "sent", [{}, {"code": ""}, {"code": "000000"}, {"code": "x" * 9000}, {"code": "１２３４５６"}, {"credential": "{}"}]
)
def test_what_is_no_code_lets_nobody_in(protected, clock, sent):
    client = first_step(protected)
    answer = client.post(CODE, sent)
    assert (answer.status_code, is_in(client)) == (200, False)
    assert answer.context["form"].errors["code"]


def test_the_second_step_is_nothing_without_the_first(client, protected, clock):
    for method in (client.get, client.post):
        assert method(CODE, {"code": code(clock)}).headers["Location"] == LOGIN
    assert not is_in(client)


def test_between_the_steps_one_may_turn_back(protected, clock):
    client = first_step(protected)
    assert client.post(CODE, {"cancel": "1"}).headers["Location"] == LOGIN
    assert client.get(LOGIN).status_code == 200
    assert client.post(CODE, {"code": code(clock)}).headers["Location"] == LOGIN
    assert not is_in(client)


@pytest.mark.parametrize("change", ["deactivated", "password", "deleted"])
def test_what_changes_between_the_steps_counts(protected, clock, change):
    client = first_step(protected)
    if change == "deactivated":
        User.objects.update(is_active=False)
    elif change == "password":
        protected.set_password("another one altogether")
        protected.save()
    else:
        protected.delete()
    assert client.post(CODE, {"code": code(clock)}).headers["Location"] == LOGIN
    assert not is_in(client)


def test_guessing_codes_ends(protected, clock, settings):
    settings.LOGIN_LIMIT = "2/h"
    client = first_step(protected)
    assert [client.post(CODE, {"code": "000000"}).status_code for _try in range(3)] == [200, 200, 429]
    assert client.post(CODE, {"code": code(clock)}).status_code == 429


def test_guessing_codes_from_everywhere_ends_until_the_owner_changes_the_password(protected, clock, settings):
    settings.CODE_LIMIT = "3/h"
    client = first_step(protected)
    statuses = [client.post(CODE, {"code": "000000"}, REMOTE_ADDR=f"203.0.113.{n}").status_code for n in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert client.post(CODE, {"code": code(clock)}).status_code == 429
    protected.set_password(PASSWORD)
    protected.save()
    client = first_step(protected)
    client.post(CODE, {"code": code(clock)})
    assert is_in(client)


def test_it_is_set_up_with_a_code_of_the_app_and_gives_recovery_codes_once(user, clock, acme, globex):
    browser = signed_in(user)
    page = browser.get(FACTOR)
    key = browser.session[SECRET]
    assert " ".join(key[n : n + 4] for n in range(0, len(key), 4)).encode() in page.content
    assert browser.get(FACTOR).content.count(b'<svg class="qr"') == 1
    assert browser.session[SECRET] == key
    refused = browser.post(FACTOR, {"code": "000000"})
    assert refused.context["form"].errors["code"]
    assert not second_factor.is_on(user)
    right = format_hotp_value(hotp_value(key, clock.at // 30))
    assert browser.post(FACTOR, {"code": right}).headers["Location"] == CODES
    assert second_factor.is_on(user)
    assert SECRET not in browser.session
    shown = browser.get(CODES)
    codes = shown.context["codes"]
    assert (len(codes), "no-store" in shown.headers["Cache-Control"]) == (10, True)
    again = browser.get(CODES)
    assert [given for given in codes if given.encode() in again.content] == []
    with tenant_context(acme):
        assert [entry.action for entry in AuditEntry.objects.all()] == ["user.second_factor_on"]


def test_what_is_kept_in_the_database_opens_nothing_by_itself(protected):
    codes = second_factor.codes_to_show(protected)
    kept = str(list(Authenticator.objects.values()))
    assert KEY not in kept
    assert [given for given in codes if given in kept] == []


def test_with_another_secret_key_nobodys_code_is_right_and_nothing_breaks(protected, clock, settings):
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another secret key of more than thirty-two characters"
    assert not second_factor.accepts(protected, code(clock))
    assert signed_in(protected).get(CODES).status_code == 200
    settings.SECRET_KEY_FALLBACKS = [old]
    assert second_factor.accepts(protected, code(clock))


def test_new_recovery_codes_void_the_old_ones(protected, clock):
    old = second_factor.codes_to_show(protected)
    browser = signed_in(protected)
    assert browser.post(CODES).headers["Location"] == CODES
    new = browser.get(CODES).context["codes"]
    assert set(old) & set(new) == set()
    assert not second_factor.accepts(protected, old[0])
    assert second_factor.accepts(protected, new[0])


def test_it_can_be_switched_off_by_who_has_just_shown_who_they_are(protected, clock, acme, mailoutbox):
    browser = signed_in(protected)
    session = browser.session
    session["signed_in_at"] -= 3600
    session.save()
    again = browser.post(FACTOR, {"do": "off"}).headers["Location"]
    assert second_factor.is_on(protected)
    assert b"Code from your app" in browser.get(again).content
    assert browser.post(again, {"password": PASSWORD}).status_code == 200
    assert browser.post(again, {"code": code(clock)}).headers["Location"] == FACTOR
    browser.post(FACTOR, {"do": "off"})
    do_waiting()
    assert [message.to for message in mailoutbox] == [[protected.email]]
    assert Authenticator.objects.count() == 0
    with tenant_context(acme):
        assert [entry.action for entry in AuditEntry.objects.all()] == ["user.second_factor_off"]
    client = Client()
    client.post(LOGIN, {"login": protected.email, "password": PASSWORD})
    assert is_in(client)


def test_switching_on_twice_keeps_the_first(protected, clock):
    before = list(Authenticator.objects.values())
    browser = signed_in(protected)
    session = browser.session
    session[SECRET] = "A" * 32
    session.save()
    assert browser.post(FACTOR, {"code": format_hotp_value(hotp_value("A" * 32, clock.at // 30))}).status_code == 200
    assert list(Authenticator.objects.values()) == before
    assert not second_factor.switch_on(protected, KEY, code(clock))


# Where a tenant requires it


@pytest.fixture
def strict(acme):
    acme.requires_second_factor = True
    acme.save()
    return acme


PLACES = [
    "/dashboard/",
    "/dashboard/missions/configure/",
    "/dashboard/salesos/apikey/add/",
    "/dashboard/settings/tenant/",
]


def test_an_admin_without_one_gets_no_further_than_to_setting_one_up(user, strict, clock):
    browser = signed_in(user)
    for place in PLACES:
        for method in (browser.get, browser.post):
            assert method(place).headers["Location"] == FACTOR
    page = browser.get(FACTOR)
    assert b"Acme requires a second factor of its admins" in page.content
    for open_to_all in ("/dashboard/account/", "/dashboard/account/sessions/", "/dashboard/jsi18n/"):
        assert browser.get(open_to_all).status_code == 200
    second_factor.switch_on(user, KEY, code(clock))
    assert [browser.get(place).status_code for place in PLACES] == [200] * 4


@pytest.mark.parametrize("role", [Role.MANAGER, Role.AUDITOR])
def test_who_is_no_admin_needs_none(strict, globex, role):
    browser = signed_in(MembershipFactory(tenant=strict, role=role).user)
    assert browser.get("/dashboard/").status_code == 200


def test_the_sandbox_requires_what_its_tenant_does(user, strict):
    browser = signed_in(user)
    browser.post(reverse("admin:switch"), {"tenant": "acme-sandbox"})
    assert browser.get("/dashboard/").headers["Location"] == FACTOR


def test_platform_staff_need_one_where_it_is_required_only(staff, strict, globex, clock):
    browser = signed_in(staff)
    browser.post(reverse("admin:switch"), {"tenant": "globex"})
    assert browser.get("/dashboard/").status_code == 200
    browser.post(reverse("admin:switch"), {"tenant": "acme"})
    assert browser.get("/dashboard/").headers["Location"] == FACTOR
    second_factor.switch_on(staff, KEY, code(clock))
    assert browser.get("/dashboard/").status_code == 200


def test_who_is_an_admin_of_another_tenant_may_go_there(user, strict, globex):
    MembershipFactory(user=user, tenant=globex, role=Role.ADMIN)
    browser = signed_in(user)
    assert browser.get("/dashboard/").headers["Location"] == FACTOR
    assert browser.post(reverse("admin:switch"), {"tenant": "globex"}).headers["Location"] == "/dashboard/"
    assert browser.get("/dashboard/").status_code == 200


def test_switching_it_off_where_it_is_required_means_setting_it_up_again(protected, strict):
    browser = signed_in(protected)
    assert b"Acme requires a second factor of you" in browser.get(FACTOR).content
    browser.post(FACTOR, {"do": "off"})
    assert browser.get("/dashboard/").headers["Location"] == FACTOR


SETTINGS = "/dashboard/settings/tenant/"
SENT = {"name": "Acme", "time_zone": "America/Sao_Paulo", "language": "en", "requires_second_factor": "on"}


def test_an_admin_without_one_can_not_require_it_and_is_told_why(user, acme):
    answer = signed_in(user).post(SETTINGS, SENT)
    assert "Set up your own second factor first" in str(answer.context["form"].errors["requires_second_factor"])
    assert not Tenant.objects.get(pk=acme.pk).requires_second_factor


def test_an_admin_with_one_can_and_it_stands_in_the_trail(protected, acme, globex):
    MembershipFactory(tenant=acme, role=Role.ADMIN)
    browser = signed_in(protected)
    assert b"1 of 2 admins has none yet" in browser.get(SETTINGS).content
    assert browser.post(SETTINGS, SENT).status_code == 302
    assert Tenant.objects.get(pk=acme.pk).requires_second_factor
    assert not Tenant.objects.get(pk=globex.pk).requires_second_factor
    with tenant_context(acme):
        entry = AuditEntry.objects.get()
    assert (entry.action, entry.changes) == ("tenant.changed", {"requires_second_factor": ["False", "True"]})


def test_a_sandbox_has_no_such_setting_of_its_own(protected, acme):
    browser = signed_in(protected)
    browser.post(reverse("admin:switch"), {"tenant": "acme-sandbox"})
    assert b"requires_second_factor" not in browser.get(SETTINGS).content
    browser.post(SETTINGS, {**SENT, "name": "Box"})
    assert list(Tenant.objects.filter(requires_second_factor=True)) == []
