import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.test import Client
from django.urls import reverse

from salesos import second_factor
from salesos.models import AuditEntry, Membership, User
from salesos.roles import Role
from salesos.tenancy import tenant_context
from tests.factories import PASSWORD as FACTORY_PASSWORD
from tests.factories import MembershipFactory, UserFactory
from tests.queue import do_waiting

ADD = "/dashboard/salesos/membership/add/"
PASSWORD = "lots of red bicycles"
KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def admin(people):
    return people["admin"]


def members_of(tenant) -> dict[str, str]:
    return {
        member.user.email: member.role for member in Membership.objects.filter(tenant=tenant).select_related("user")
    }


def own(acme, role):
    return Membership.objects.get(tenant=acme, role=role)


@pytest.fixture
def invites(admin):
    """Post an invitation as acme's admin; the answer, and what came by e-mail."""

    def invite(address=ADD, **sent):
        mail.outbox.clear()
        answer = admin.post(address, sent)
        do_waiting()
        return answer, list(mail.outbox)

    return invite


def actions(tenant) -> list[str]:
    with tenant_context(tenant):
        return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_somebody_new_is_invited_by_e_mail_and_by_a_link_that_is_shown_once(invites, admin, acme, globex):
    before = members_of(globex)
    answer, (message,) = invites(email=" Zoe@Acme.Example ", name="Zoe", role="manager")
    link = answer.context["link"]
    assert link in message.body
    assert (message.to, message.subject) == (["zoe@acme.example"], "Acme invites you to SalesOS")
    assert (members_of(acme)["zoe@acme.example"], members_of(globex)) == ("manager", before)
    assert not User.objects.get(email="zoe@acme.example").has_usable_password()
    client = Client()
    form = client.get(link).headers["Location"]
    client.post(form, {"password1": PASSWORD, "password2": PASSWORD})
    assert User.objects.get(email="zoe@acme.example").check_password(PASSWORD)
    sent = {"login": "zoe@acme.example", "password": PASSWORD}
    assert client.post("/dashboard/account/login/", sent).status_code == 302
    assert b"can't be used" in Client().get(link).content
    assert [action for action in actions(acme) if action.startswith("member.")] == ["member.invited"]
    assert actions(globex) == []


def test_where_mail_is_sent_no_admin_sees_the_link(invites, admin, settings, acme, globex):
    settings.EMAIL_URL = "smtp+tls://mail.salesos.example"
    answer, (message,) = invites(email="zoe@acme.example", name="Zoe", role="manager")
    assert (answer.status_code, message.to) == (302, ["zoe@acme.example"])
    [link] = [line.strip() for line in message.body.splitlines() if line.strip().startswith("http")]
    assert link not in admin.get(answer.headers["Location"]).content.decode()


def test_somebody_who_has_a_user_keeps_their_password_and_is_told(invites, acme, globex):
    known = UserFactory(email="zoe@example.com", name="Zoe")
    answer, (message,) = invites(email="zoe@example.com", name="Somebody else", role="manager")
    assert (answer.status_code, "/link/" in message.body) == (302, False)
    assert members_of(acme)["zoe@example.com"] == "manager"
    known.refresh_from_db()
    assert (known.name, known.check_password(FACTORY_PASSWORD)) == ("Zoe", True)


def test_no_admin_gets_the_link_of_somebody_whom_another_company_invited(invites, acme, globex):
    invited = MembershipFactory(tenant=globex, user=UserFactory(email="zoe@example.com", password=None)).user
    answer, (message,) = invites(email="zoe@example.com", role="manager")
    assert "/link/" in message.body
    assert (answer.status_code, b"/link/" in answer.content) == (302, False)
    member = Membership.objects.get(tenant=acme, user=invited)
    again, letters = invites(f"/dashboard/salesos/membership/{member.pk}/access/", do="invite")
    assert (again.status_code, letters) == (302, [])


def test_who_has_not_come_in_yet_can_be_invited_again(invites, admin, acme, globex):
    invites(email="zoe@acme.example", role="manager")
    member = Membership.objects.get(user__email="zoe@acme.example")
    access = f"/dashboard/salesos/membership/{member.pk}/access/"
    assert b"Invite again" in admin.get(access).content
    answer, (message,) = invites(access, do="invite")
    assert answer.context["link"] in message.body
    member.user.set_password(PASSWORD)
    member.user.save()
    assert b"Invite again" not in admin.get(access).content
    answer, letters = invites(access, do="invite")
    assert (answer.status_code, letters) == (302, [])


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"email": "auditor@acme.example"}, "a member already"),
        ({"email": "zoe"}, "valid email address"),
        ({"role": "owner"}, "Select a valid choice"),
    ],
)
def test_what_can_not_be_added_is_told_at_its_field(admin, acme, globex, sent, message):
    before = members_of(acme)
    answer = admin.post(ADD, {"email": "zoe@acme.example", "role": "manager", **sent})
    assert message in str(answer.context["errors"])
    assert members_of(acme) == before


def protected(member) -> User:
    step = int(time.time()) // 30
    assert second_factor.switch_on(member.user, KEY, format_hotp_value(hotp_value(KEY, step)))
    return member.user


def test_a_lost_second_factor_is_taken_away_by_an_admin_and_its_owner_is_told(invites, admin, acme, globex):
    manager = own(acme, Role.MANAGER)
    user = protected(manager)
    access = f"/dashboard/salesos/membership/{manager.pk}/access/"
    assert b"Take the second factor away" in admin.get(access).content
    _answer, (message,) = invites(access, do="reset")
    assert (second_factor.is_on(user), message.to) == (False, [user.email])
    with tenant_context(acme):
        entry = AuditEntry.objects.get(action="member.second_factor_reset")
    assert (entry.actor_email, entry.subject) == ("admin@acme.example", "manager@acme.example")


def test_of_somebody_who_belongs_to_others_too_only_platform_staff_take_it_away(people, acme, globex):
    manager = own(acme, Role.MANAGER)
    user = protected(manager)
    MembershipFactory(user=user, tenant=globex, role=Role.AUDITOR)
    access = f"/dashboard/salesos/membership/{manager.pk}/access/"
    assert b"ask the platform" in people["admin"].get(access).content
    people["admin"].post(access, {"do": "reset"})
    assert second_factor.is_on(user)
    people["staff"].post(access, {"do": "reset"})
    assert not second_factor.is_on(user)


def test_an_admin_takes_nothing_away_from_platform_staff(people, staff, acme, globex):
    member = MembershipFactory(user=staff, tenant=acme, role=Role.MANAGER)
    protected(member)
    people["admin"].post(f"/dashboard/salesos/membership/{member.pk}/access/", {"do": "reset"})
    assert second_factor.is_on(staff)


def test_helping_a_member_in_asks_for_the_password_again(people, acme, globex):
    manager = own(acme, Role.MANAGER)
    user = protected(manager)
    admin = people["admin"]
    session = admin.session
    session["signed_in_at"] -= 3600
    session.save()
    access = f"/dashboard/salesos/membership/{manager.pk}/access/"
    for answer in (admin.get(access), admin.post(access, {"do": "reset"})):
        assert answer.headers["Location"].startswith("/dashboard/account/again/")
    assert second_factor.is_on(user)


def test_a_role_can_be_changed_and_taken_away(admin, acme, globex):
    manager = own(acme, Role.MANAGER)
    admin.post(reverse("admin:salesos_membership_change", args=[manager.pk]), {"role": "auditor"})
    assert members_of(acme)["manager@acme.example"] == "auditor"
    admin.post(reverse("admin:salesos_membership_delete", args=[manager.pk]), {"post": "yes"})
    assert "manager@acme.example" not in members_of(acme)
    assert User.objects.filter(email="manager@acme.example").exists()


def test_the_last_admin_stays(admin, acme, globex):
    last = own(acme, Role.ADMIN)
    answer = admin.post(reverse("admin:salesos_membership_change", args=[last.pk]), {"role": "auditor"}, follow=True)
    assert b"keeps at least one admin" in answer.content
    admin.post(reverse("admin:salesos_membership_delete", args=[last.pk]), {"post": "yes"})
    assert members_of(acme)["admin@acme.example"] == "admin"


def test_in_a_sandbox_the_members_are_the_tenants(admin, acme, globex):
    admin.post(reverse("admin:switch"), {"tenant": "acme-sandbox"})
    admin.post(ADD, {"email": "zoe@acme.example", "role": "manager"})
    assert members_of(acme)["zoe@acme.example"] == "manager"
    assert members_of(acme.sandbox) == {}


def test_nobody_makes_themselves_platform_staff(people, acme, globex):
    user = own(acme, Role.ADMIN).user
    people["admin"].post(reverse("admin:salesos_user_change", args=[user.pk]), {"is_platform_staff": "on"})
    people["admin"].post(
        reverse("admin:salesos_membership_change", args=[own(acme, Role.ADMIN).pk]),
        {"role": "admin", "is_platform_staff": "on", "tenant": globex.pk},
    )
    user.refresh_from_db()
    assert (user.is_platform_staff, list(user.memberships.values_list("tenant", flat=True))) == (False, [acme.pk])


def test_platform_staff_can_not_lock_themselves_out(people, staff):
    address = reverse("admin:salesos_user_change", args=[staff.pk])
    sent = {
        "email": staff.email,
        "name": "",
        "is_active": "on",
        "memberships-TOTAL_FORMS": 0,
        "memberships-INITIAL_FORMS": 0,
    }
    answer = people["staff"].post(address, sent, follow=True)
    assert b"take your own access away" in answer.content
    staff.refresh_from_db()
    assert staff.is_platform_staff
