import pytest
from django.urls import reverse

from salesos.models import Membership, User
from salesos.roles import Role
from tests.factories import UserFactory

ADD = "/dashboard/salesos/membership/add/"
PASSWORD = "lots of red bicycles"


@pytest.fixture
def admin(people):
    return people["admin"]


def members_of(tenant) -> dict[str, str]:
    return {
        member.user.email: member.role for member in Membership.objects.filter(tenant=tenant).select_related("user")
    }


def own(acme, role):
    return Membership.objects.get(tenant=acme, role=role)


def test_somebody_new_is_added_with_a_first_password(admin, acme, globex):
    before = members_of(globex)
    sent = {"email": " Zoe@Acme.Example ", "name": "Zoe", "role": "manager", "password": PASSWORD}
    assert admin.post(ADD, sent).status_code == 302
    assert members_of(acme)["zoe@acme.example"] == "manager"
    assert User.objects.get(email="zoe@acme.example").check_password(PASSWORD)
    assert members_of(globex) == before


def test_somebody_who_has_a_user_keeps_their_password(admin, acme, globex):
    known = UserFactory(email="zoe@example.com", name="Zoe")
    refused = admin.post(ADD, {"email": "zoe@example.com", "role": "manager", "password": PASSWORD})
    assert b"keeps their own password" in refused.content
    admin.post(ADD, {"email": "zoe@example.com", "name": "Somebody else", "role": "manager", "password": ""})
    assert members_of(acme)["zoe@example.com"] == "manager"
    known.refresh_from_db()
    assert (known.name, known.check_password(PASSWORD)) == ("Zoe", False)


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"email": "auditor@acme.example"}, "a member already"),
        ({"email": "zoe@acme.example", "password": ""}, "needs a first password"),
        ({"email": "zoe@acme.example", "password": "password1"}, "too common"),
        ({"email": "zoe"}, "valid email address"),
        ({"role": "owner"}, "Select a valid choice"),
    ],
)
def test_what_can_not_be_added_is_told_at_its_field(admin, acme, globex, sent, message):
    before = members_of(acme)
    answer = admin.post(ADD, {"email": "zoe@acme.example", "role": "manager", "password": PASSWORD, **sent})
    assert message in str(answer.context["errors"])
    assert members_of(acme) == before


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
    admin.post(ADD, {"email": "zoe@acme.example", "role": "manager", "password": PASSWORD})
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
