"""The dashboard's site: which screens there are, and what all of them share."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import LeaveTenant, Screen, SwitchTenant
from salesos.tenancy import NoTenant

CLOSED = {
    # Tells whether a row of any tenant exists, and nothing of ours has a public page.
    "view_on_site",
    # Unfold's search keeps its answers by user alone, across tenants and roles: ours has the name (`palette`).
    "search",
}


class DashboardSite(UnfoldAdminSite):
    """The one admin site. Models come with `register()`, screens of their own with `add_screen()`."""

    site_header = _("SalesOS")
    index_title = _("Overview")
    enable_nav_sidebar = True

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.screens: dict[str, type[Screen]] = {}

    def add_screen(self, route: str, screen: type[Screen]) -> type[Screen]:
        """Serve `screen` at `route` below the dashboard; it reverses as `admin:<screen.name>`."""
        screen.route = route
        self.screens[screen.name] = screen
        return screen

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Where the sign-in page used to be (salesos.admin.account.entrance)."""
        return _onwards(request, "account_login")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return _onwards(request, "admin:account_password")

    password_change_done = password_change

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """Whoever acts in no tenant is refused what is a tenant's: Django looks for the row before it asks who may."""

        @wraps(view)
        def refused_nowhere(request: DashboardRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                return view(request, *args, **kwargs)
            except NoTenant:
                if request.tenant is not None:
                    raise
                raise PermissionDenied from None

        return super().admin_view(refused_nowhere, cacheable)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        screens = [
            path(screen.route, self.admin_view(screen.as_view(site=self)), name=screen.name)
            for screen in self.screens.values()
        ]
        return screens + [url for url in super().get_urls() if getattr(url, "name", None) not in CLOSED]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        # Unfold would write them into the page as an inline style; ours are in static/salesos/colours.css.
        context["colors"] = {}
        acting = getattr(request, "acting", None)
        if acting is not None and acting.tenant is not None:
            context["site_header"] = acting.home.name
            context["site_subheader"] = _("Sandbox") if acting.tenant.is_sandbox else "SalesOS"
            context["site_dropdown"] = acting.choices
        return context


def _onwards(request: HttpRequest, name: str) -> HttpResponseRedirect:
    # A form that is posted to an old address is not posted on: it would not be the one that is there now.
    address = request.GET.get("next")
    return HttpResponseRedirect(f"{reverse(name)}?{urlencode({'next': address})}" if address else reverse(name))


site = DashboardSite()
site.add_screen("switch/", SwitchTenant)
site.add_screen("leave/", LeaveTenant)
