from django.db import transaction
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone, translation

from salesos.admin.acting import ActingTenantMiddleware
from salesos.models import AuditEntry, Membership, Team
from salesos.roles import Role
from salesos.tenancy import NoTenant, current_tenant, tenant_context
from tests.factories import MembershipFactory, UserFactory
from tests.salesos.admin import routes
from tests.salesos.admin.conftest import member, signed_in

OVERVIEW = "/dashboard/"
BANNER = b"as platform staff. What you change"


def entries_of(tenant) -> list[str]:
    entries = AuditEntry.objects.every_tenant(reason="made by the test").filter(tenant=tenant)
    return list(entries.order_by("pk").values_list("action", flat=True))


def tenant_here():
    try:
        return current_tenant()
    except NoTenant:
        return None


def seen(user, path=OVERVIEW, session=None) -> dict:
    """What a view sees behind the middleware."""
    found = {}

    def view(request):
        found.update(
            tenant=tenant_here(),
            role=request.role,
            zone=timezone.get_current_timezone_name(),
            language=translation.get_language(),
        )

    request = RequestFactory().get(path)
    request.user, request.session = user, session or {}
    with translation.override("en"):
        ActingTenantMiddleware(view)(request)
    return found


def test_the_root_leads_to_the_dashboard(client):
    assert client.get("/").headers["Location"] == OVERVIEW


def test_a_member_acts_in_their_tenant_on_its_clock_and_in_its_language(acme, globex):
    acme.language = "pt-br"
    acme.save()
    assert seen(member(acme, Role.MANAGER)) == {
        "tenant": acme, "role": Role.MANAGER, "zone": "America/Sao_Paulo", "language": "pt-br",
    }  # fmt: skip


def test_the_fence_is_closed_again_afterwards_and_on_other_paths(acme, globex):
    user = member(acme, Role.ADMIN)
    seen(user)
    assert tenant_here() is None
    assert seen(user, path="/functions/v1/default-integration")["tenant"] is None
    assert seen(user, path="/v1/leads")["tenant"] is None


def test_the_first_membership_by_name_is_the_default(acme, globex):
    user = MembershipFactory(tenant=globex, role=Role.ADMIN).user
    assert seen(user)["tenant"] == globex
    MembershipFactory(user=user, tenant=acme, role=Role.AUDITOR)
    assert (seen(user)["tenant"], seen(user)["role"]) == (acme, Role.AUDITOR)


def test_switching_takes_effect_at_once_and_lasts(acme, globex):
    user = MembershipFactory(tenant=globex, role=Role.ADMIN).user
    MembershipFactory(user=user, tenant=acme, role=Role.AUDITOR)
    with tenant_context(globex):
        Team.objects.create(name="Globex team")
    client = signed_in(user)
    assert b"Globex team" not in client.get("/dashboard/salesos/team/").content
    client.post(reverse("admin:switch"), {"tenant": "globex"})
    assert b"Globex team" in client.get("/dashboard/salesos/team/").content
    assert b"Globex team" in client.get("/dashboard/salesos/team/").content


def test_a_sandbox_is_acted_in_with_the_tenants_role_and_says_so(acme, globex):
    user = member(acme, Role.MANAGER)
    client = signed_in(user)
    assert b"[Sandbox]" not in client.get(OVERVIEW).content
    client.post(reverse("admin:switch"), {"tenant": "acme-sandbox"})
    assert b"[Sandbox]" in client.get(OVERVIEW).content
    assert seen(user, session=client.session)["tenant"] == acme.sandbox
    assert seen(user, session=client.session)["role"] == Role.MANAGER


def test_what_is_made_in_the_sandbox_stays_there(acme, globex):
    client = signed_in(member(acme, Role.MANAGER))
    client.post(reverse("admin:switch"), {"tenant": "acme-sandbox"})
    client.post("/dashboard/salesos/team/add/", {"name": "Testers"})
    with tenant_context(acme):
        assert list(Team.objects.all()) == []
    with tenant_context(acme.sandbox):
        assert [team.name for team in Team.objects.all()] == ["Testers"]


def test_a_strangers_tenant_is_the_same_404_as_an_unknown_one(acme, globex):
    client = signed_in(member(acme, Role.ADMIN))
    foreign = client.post(reverse("admin:switch"), {"tenant": "globex"})
    unknown = client.post(reverse("admin:switch"), {"tenant": "nowhere"})
    assert (foreign.status_code, foreign.content) == (404, unknown.content)


def test_a_switch_is_never_a_get(acme, globex):
    client = signed_in(member(acme, Role.ADMIN))
    assert client.get(reverse("admin:switch"), {"tenant": "acme-sandbox"}).status_code == 403


def test_a_tenant_that_is_only_in_the_session_is_not_acted_in(acme, globex):
    assert seen(member(acme, Role.ADMIN), session={"acting_tenant": globex.pk})["tenant"] == acme


def test_a_removed_membership_ends_with_the_next_request(acme, globex):
    user = member(acme, Role.ADMIN)
    MembershipFactory(user=user, tenant=globex, role=Role.AUDITOR)
    client = signed_in(user)
    assert client.get("/dashboard/salesos/apikey/add/").status_code == 200
    Membership.objects.filter(user=user, tenant=acme).delete()
    assert client.get("/dashboard/salesos/apikey/add/").status_code == 403
    assert seen(user, session=client.session)["tenant"] == globex


def test_a_changed_role_counts_from_the_next_request(acme, globex):
    user = member(acme, Role.ADMIN)
    client = signed_in(user)
    Membership.objects.filter(user=user).update(role=Role.AUDITOR)
    assert client.get("/dashboard/salesos/apikey/add/").status_code == 403


def test_whoever_belongs_to_no_tenant_is_told_so(acme, globex):
    answer = signed_in(UserFactory(email="zoe@example.com")).get(OVERVIEW)
    assert answer.status_code == 403
    assert b"You are not a member of any tenant" in answer.content
    assert b"zoe@example.com" in answer.content


def test_an_inactive_user_is_signed_out(acme, globex):
    user = member(acme, Role.ADMIN)
    client = signed_in(user)
    user.is_active = False
    user.save()
    assert client.get(OVERVIEW).status_code == 302


def test_platform_staff_act_as_admins_everywhere(acme, globex, staff):
    client = signed_in(staff)
    for tenant in (acme, globex, globex.sandbox):
        assert client.post(reverse("admin:switch"), {"tenant": tenant.slug}).status_code == 302
        found = seen(staff, session=client.session)
        assert (found["tenant"], found["role"]) == (tenant, Role.ADMIN)


def test_platform_staff_can_begin_without_any_tenant(staff):
    client = signed_in(staff)
    assert b"There is no tenant yet" in client.get(OVERVIEW).content
    assert client.get("/dashboard/salesos/collaborator/").status_code == 403
    sent = {"name": "Acme", "slug": "acme", "time_zone": "America/Sao_Paulo", "language": "en", "is_active": "on"}
    assert client.post("/dashboard/salesos/tenant/add/", sent).status_code == 302
    client.post(reverse("admin:switch"), {"tenant": "acme"})
    assert client.get("/dashboard/salesos/collaborator/").status_code == 200
    assert seen(staff, session=client.session)["tenant"].sandbox.slug == "acme-sandbox"


def test_platform_staff_land_in_nobodys_data_until_they_choose(acme, globex, staff):
    client = signed_in(staff)
    assert (seen(staff)["tenant"], seen(staff)["role"]) == (None, None)
    page = client.get(OVERVIEW)
    assert [tenant.slug for tenant in page.context["choices"]] == ["acme", "acme-sandbox", "globex", "globex-sandbox"]
    assert entries_of(acme) == entries_of(globex) == []
    assert client.get("/dashboard/salesos/tenant/").status_code == 200


def test_platform_staff_without_a_tenant_are_refused_what_is_a_tenants(people, acme_rows, globex_rows, staff):
    client = signed_in(staff)
    statuses = {}
    for name in filter(routes.takes_a_row, routes.names()):
        address = routes.address(name, routes.row_id(name, acme_rows, acme_rows.tenant))
        for method in ("get", "post"):
            with transaction.atomic():
                statuses[name, method] = getattr(client, method)(address).status_code
                transaction.set_rollback(True)
    of_platform = ("salesos_tenant_", "salesos_user_", "auth_user_")
    answered = {name for name, status in statuses.items() if status not in (403, 404)}
    assert {status for status in statuses.values() if status >= 500} == set()
    assert {name for name, _method in answered if not name.startswith(of_platform)} == set()


def test_platform_staff_with_a_tenant_of_their_own_begin_there_and_are_no_strangers(acme, globex, staff):
    MembershipFactory(user=staff, tenant=globex)
    client = signed_in(staff)
    assert seen(staff)["tenant"] == globex
    assert BANNER not in client.get(OVERVIEW).content
    client.post(reverse("admin:switch"), {"tenant": "acme"})
    assert BANNER in client.get(OVERVIEW).content
    client.post(reverse("admin:leave"))
    assert seen(staff, session=client.session)["tenant"] == globex


def test_platform_staff_are_told_where_they_are_on_every_page_and_leave_a_trace(acme, globex, staff):
    client = signed_in(staff)
    client.post(reverse("admin:switch"), {"tenant": "acme"})
    for address in (OVERVIEW, "/dashboard/salesos/collaborator/", "/dashboard/salesos/team/add/"):
        assert BANNER in client.get(address).content
    client.post(reverse("admin:leave"))
    client.post(reverse("admin:leave"))
    assert b"In which tenant do you want to act?" in client.get(OVERVIEW).content
    assert entries_of(acme) == ["tenant.entered", "tenant.left"]
    assert entries_of(globex) == []


def test_members_have_no_banner_and_nothing_to_leave(acme, globex):
    client = signed_in(member(acme, Role.ADMIN))
    assert BANNER not in client.get(OVERVIEW).content
    assert client.post(reverse("admin:leave")).status_code == 403


def test_who_acts_nowhere_reads_in_their_own_language(acme, globex, staff):
    staff.language = "es"
    staff.save()
    assert signed_in(staff).get(OVERVIEW).headers["Content-Language"] == "es"


def test_staff_whom_a_tenant_names_its_auditor_are_still_told_and_noted_as_staff(staff, acme, globex):
    MembershipFactory(tenant=acme, user=staff, role=Role.AUDITOR)
    client = signed_in(staff)
    client.post("/dashboard/switch/", {"tenant": "acme"})
    assert client.get("/dashboard/").wsgi_request.acting.as_staff
    with tenant_context(acme):
        assert AuditEntry.objects.get(action="tenant.entered").as_staff


def test_a_chosen_language_is_kept(acme, globex):
    acme.language = "pt-br"
    acme.save()
    user = member(acme, Role.ADMIN)
    client = signed_in(user)
    assert client.get(OVERVIEW).headers["Content-Language"] == "pt-br"
    user.language = "es"
    user.save()
    assert client.get(OVERVIEW).headers["Content-Language"] == "es"
