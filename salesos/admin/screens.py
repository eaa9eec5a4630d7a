"""Screens that are no model's list or form: a view with roles, a title and a template, inside the site's frame."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views import View
from django_stubs_ext import StrPromise

from salesos import audit
from salesos.admin.acting import SESSION_KEY, DashboardRequest, may_act_in
from salesos.audit import Actor
from salesos.models import Tenant
from salesos.request_log import entry_of
from salesos.roles import NOBODY, Role
from salesos.tenancy import tenant_context

if TYPE_CHECKING:
    from salesos.admin.site import DashboardSite


CLASH = _("This could not be saved: it clashes with what is there. Look again and retry.")


class Screen(View):
    """Base of the dashboard's own screens. Safe by default: a subclass names the roles that may look and that may post.

    Put on the site with `site.add_screen(route, TheScreen)`.
    """

    name: ClassVar[str]
    title: ClassVar[str | StrPromise] = ""
    template_name: ClassVar[str] = ""
    may_view: ClassVar[frozenset[Role]] = NOBODY
    may_post: ClassVar[frozenset[Role]] = NOBODY
    for_platform: ClassVar[bool] = False
    """Platform staff only, whatever the roles say."""

    request: DashboardRequest
    route: ClassVar[str] = ""
    site: "DashboardSite" = None  # type: ignore[assignment]  # given by as_view()
    http_method_names = ["get", "head", "post"]

    def dispatch(  # type: ignore[override]  # every request here is one of the dashboard
        self, request: DashboardRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        if not self.is_open_to(request, posting=request.method == "POST"):
            raise PermissionDenied
        try:
            return super().dispatch(request, *args, **kwargs)
        except IntegrityError:
            if request.method != "POST":
                raise
            # A race that only the database could decide.
            messages.error(request, CLASH)
            return HttpResponseRedirect(request.get_full_path())

    @classmethod
    def is_open_to(cls, request: DashboardRequest, *, posting: bool = False) -> bool:
        """Whether the user may look at this screen, or with `posting` also use it."""
        if cls.for_platform:
            return request.user.is_superuser
        return request.role in (cls.may_post if posting else cls.may_view)

    def page(self, status: int = 200, template_name: str = "", **context: Any) -> TemplateResponse:
        """The screen's template in the site's frame."""
        self.request.current_app = self.site.name
        return TemplateResponse(
            self.request,
            template_name or self.template_name,
            {
                **self.site.each_context(self.request),
                "title": self.title,
                "may_post": self.is_open_to(self.request, posting=True),
                **context,
            },
            status=status,
        )

    def back(self, name: str = "", *args: Any) -> HttpResponseRedirect:
        """To the screen called `name`, by default this one."""
        return HttpResponseRedirect(reverse(f"admin:{name or self.name}", args=args))


class SwitchTenant(Screen):
    """Act in another tenant from now on. A stranger's tenant is not found, as one that does not exist."""

    name = "switch"
    title = _("Switch tenant")

    @classmethod
    def is_open_to(cls, request: DashboardRequest, *, posting: bool = False) -> bool:
        return posting

    def post(self, request: DashboardRequest) -> HttpResponse:
        tenant = may_act_in(request.user, request.POST.get("tenant", ""))
        if tenant is None:
            raise Http404
        request.session[SESSION_KEY] = tenant.pk
        _note_staff(request, tenant, "tenant.entered")
        return self.back("index")


class LeaveTenant(Screen):
    """Platform staff's way out of a tenant, to their own or to the choice of all."""

    name = "leave"
    title = _("Leave tenant")

    @classmethod
    def is_open_to(cls, request: DashboardRequest, *, posting: bool = False) -> bool:
        return posting and request.user.is_superuser

    def post(self, request: DashboardRequest) -> HttpResponse:
        if request.session.pop(SESSION_KEY, None) is not None and request.tenant is not None:
            _note_staff(request, request.tenant, "tenant.left")
        return self.back("index")


def _note_staff(request: DashboardRequest, tenant: Tenant, action: str) -> None:
    """That platform staff came or went stands in the trail of the tenant that they are no admin of themselves."""
    user = request.user
    home_id = tenant.sandbox_of_id or tenant.pk
    if user.is_platform_staff and not user.memberships.filter(tenant=home_id, role=Role.ADMIN).exists():
        with tenant_context(tenant), audit.acting(Actor(user, entry_of(request).address, as_staff=True)):
            audit.record(action, tenant)
