"""What the dashboard's frame shows of where the user acts, and the files it loads: ours, and no other host's."""

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _


def environment(request: HttpRequest) -> tuple[str, str] | None:
    """The badge in the header of every page: whoever acts in a sandbox must not take it for the real thing."""
    tenant = getattr(request, "tenant", None)
    return (_("Sandbox"), "warning") if tenant is not None and tenant.is_sandbox else None


def title_prefix(request: HttpRequest) -> str:
    badge = environment(request)
    return f"[{badge[0]}]" if badge else ""


def colours(request: HttpRequest) -> str:
    return static("salesos/colours.css")


def styles(request: HttpRequest) -> str:
    return static("salesos/dashboard.css")


def charts(request: HttpRequest) -> str:
    return static("salesos/charts.css")


def favicon(request: HttpRequest) -> str:
    return static("salesos/favicon.svg")


def scripts(request: HttpRequest) -> str:
    return static("salesos/dashboard.js")


def my_account(request: HttpRequest) -> str:
    return reverse("admin:account")
