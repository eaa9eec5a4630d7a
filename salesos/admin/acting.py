"""In which tenant a dashboard user acts, and as what. The dashboard's only door into `tenant_context()`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.defaults import permission_denied

from salesos import audit, second_factor, sessions
from salesos.audit import Actor
from salesos.models import Membership, Tenant, User
from salesos.request_log import entry_of
from salesos.roles import Role
from salesos.tenancy import tenant_context

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
SESSION_KEY = "acting_tenant"
ACCOUNT = f"{settings.DASHBOARD_PREFIX}account/"
"""Where a user's own affairs are: open to everybody who is signed in, to post as well."""

MOST_CHOICES = 30
"""How many tenants the switcher shows to platform staff; the Tenants screen has the others."""

OWN_AFFAIRS = ("login", "logout", "password_change", "password_change_done", "switch", "leave")
"""Where an auditor, who changes nothing, may post nevertheless: it concerns only themselves."""

WITHOUT_A_TENANT = ("login", "logout", "jsi18n", "password_change", "password_change_done")
"""What somebody without any membership may still open: the way out."""

WITHOUT_A_SECOND_FACTOR = (*WITHOUT_A_TENANT, "switch")
"""What an admin may still open where a second factor is required that they don't have; their own account besides."""


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts where. `tenant` and `role` are None for platform staff who have not chosen one yet."""

    tenant: Tenant | None
    role: Role | None
    choices: tuple[Tenant, ...]
    """The tenants and sandboxes to switch to, the present one among them, each sandbox behind its tenant."""
    as_staff: bool = False
    """Acts as platform staff in a tenant that they are no admin of by membership."""

    @property
    def home(self) -> Tenant | None:
        """The tenant itself, also while acting in its sandbox."""
        return (self.tenant.sandbox_of or self.tenant) if self.tenant else None


class DashboardRequest(HttpRequest):
    """A request as the dashboard's views see it, behind `ActingTenantMiddleware` and the site's door."""

    user: User
    acting: Acting
    tenant: Tenant
    role: Role | None


def acting_of(user: User, chosen_id: int | None) -> Acting | None:
    """Where `user` acts now: in `chosen_id` while they may, else in their first tenant. None for a user without any;
    platform staff without a tenant of their own are nowhere until they choose.

    Asks the database each time, so that a membership that was removed ends with the next request. One query, for
    platform staff at most three.
    """
    if user.is_platform_staff:
        return _acting_as_staff(user, chosen_id)
    roles: dict[int, Role] = {}
    choices: list[Tenant] = []
    memberships = Membership.objects.filter(user=user).select_related("tenant__sandbox").order_by("tenant__name", "pk")
    for membership in memberships:
        for tenant in with_sandbox(membership.tenant):
            roles[tenant.pk] = Role(membership.role)
            choices.append(tenant)
    if not choices:
        return None
    tenant = next((tenant for tenant in choices if tenant.pk == chosen_id), choices[0])
    return Acting(tenant, roles[tenant.pk], tuple(choices))


def _acting_as_staff(user: User, chosen_id: int | None) -> Acting:
    # Where they are admins by membership. In a lesser role staff would still act as admins: then it is told.
    own = user.memberships.filter(role=Role.ADMIN).order_by("tenant__name", "pk")
    own_ids = list(own.values_list("tenant_id", flat=True))
    if chosen_id is None and own_ids:
        chosen_id = own_ids[0]
    homes = Tenant.objects.filter(sandbox_of=None).select_related("sandbox")[:MOST_CHOICES]
    choices = [tenant for home in homes for tenant in with_sandbox(home)]
    tenant = next((tenant for tenant in choices if tenant.pk == chosen_id), None)
    if tenant is None and chosen_id is not None:
        tenant = Tenant.objects.filter(pk=chosen_id).select_related("sandbox_of").first()
        if tenant is not None:
            choices.append(tenant)
    if tenant is None:
        # Nobody lands in a stranger's data without having asked for it.
        return Acting(None, None, tuple(choices))
    return Acting(tenant, Role.ADMIN, tuple(choices), as_staff=(tenant.sandbox_of_id or tenant.pk) not in own_ids)


def with_sandbox(home: Tenant) -> list[Tenant]:
    """`home` and, when it has one, its sandbox; neither needs another query when `sandbox` was selected."""
    sandbox = getattr(home, "sandbox", None)
    if sandbox is None:
        return [home]
    sandbox.sandbox_of = home
    return [home, sandbox]


def may_act_in(user: User, slug: str) -> Tenant | None:
    """The tenant called `slug` when `user` may act in it; None for a stranger's as for one that does not exist."""
    tenant = Tenant.objects.select_related("sandbox_of").filter(slug=slug).first()
    return tenant if tenant is not None and user.role_in(tenant) is not None else None


def _is_at(request: HttpRequest, names: tuple[str, ...]) -> bool:
    """Whether the request is for one of these, or for something of the user's own account."""
    return request.path_info.startswith(ACCOUNT) or request.path_info in {reverse(f"admin:{name}") for name in names}


def _is_in_utf8(request: HttpRequest) -> bool:
    # Django would decode queries and forms by any codec of Python's that a header names: some make lone surrogates,
    # some raise.
    return (request.encoding or "utf-8").lower() == "utf-8"


def _holds_a_nul(request: HttpRequest) -> bool:
    # The session's cookie is looked up in the database, too.
    texts = [request.path_info, *request.COOKIES.values()]
    for sent in (request.GET, request.POST):
        texts += [text for name, values in sent.lists() for text in (name, *values)]
    return any("\0" in text for text in texts)


def _lacks_a_second_factor(request: Any, acting: Acting) -> bool:
    home = acting.home
    if home is None or not home.requires_second_factor or acting.role != Role.ADMIN:
        return False
    return not second_factor.is_on(request.user)


class ActingTenantMiddleware:
    """Runs each dashboard request of a signed-in user inside their tenant, on its clock and in its language.

    A request with a NUL in it, or in another encoding than UTF-8, is a 400, so that no screen has to ask: PostgreSQL's
    texts can't hold the one, no page of ours asks for the other, and no browser lets anybody type either. Where a
    tenant requires a second factor, an admin without one gets no further than to setting one up: here, so that no
    screen can forget it.

    Sets `request.acting`, `request.tenant` and `request.role`. Other paths, the API's above all, get no tenant here.
    An answer that streams is read after the fence has closed: it has to open its own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self._place(request, None)
        if not _is_in_utf8(request):
            # Everywhere: the check of forms that comes next reads them, and so does the page that says no to that.
            request.encoding = "utf-8"
            return render(request, "400.html", status=400)
        if not request.path_info.startswith(settings.DASHBOARD_PREFIX):
            return self.get_response(request)
        if _holds_a_nul(request):
            return render(request, "400.html", status=400)
        if not request.user.is_authenticated:
            return self.get_response(request)
        acting = acting_of(request.user, request.session.get(SESSION_KEY))
        if acting is None:
            if _is_at(request, WITHOUT_A_TENANT):
                return self.get_response(request)
            return render(request, "salesos/no_membership.html", status=403)
        self._place(request, acting)
        if acting.role == Role.AUDITOR and request.method not in SAFE_METHODS and not _is_at(request, OWN_AFFAIRS):
            # Each screen says no by itself; this holds for the one that forgets.
            return permission_denied(request, PermissionDenied())
        if _lacks_a_second_factor(request, acting) and not _is_at(request, WITHOUT_A_SECOND_FACTOR):
            return HttpResponseRedirect(reverse("admin:second_factor"))
        sessions.note_seen(request)
        actor = Actor(request.user, entry_of(request).address, acting.as_staff)
        language = request.user.language or (acting.tenant.language if acting.tenant else "")
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()
        if acting.tenant is None:
            with audit.acting(actor):
                return self.get_response(request)
        with tenant_context(acting.tenant), timezone.override(acting.tenant.zone), audit.acting(actor):
            return self.get_response(request)

    def _place(self, request: Any, acting: Acting | None) -> None:
        request.acting = acting
        request.tenant, request.role = (acting.tenant, acting.role) if acting else (None, None)
