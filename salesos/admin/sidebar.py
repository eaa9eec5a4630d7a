"""The sidebar: sections by dotted name (`SIDEBAR_SECTIONS`), so that packages above the core bring their own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from salesos.admin.acting import DashboardRequest
from salesos.admin.site import site
from salesos.models import ApiKey, Collaborator, Membership, RequestLog, Team, Tenant, User


@dataclass(frozen=True, slots=True)
class Item:
    title: str | StrPromise
    icon: str
    """The name of a Material Symbol."""
    url_name: str
    is_open_to: Callable[[DashboardRequest], bool]


@dataclass(frozen=True, slots=True)
class Section:
    title: str | StrPromise
    items: tuple[Item, ...]


def model_item(model: type[Model], icon: str, title: str | StrPromise = "") -> Item:
    """The list of `model`, for whoever its admin lets look."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    open_to = site.get_model_admin(model).has_view_permission
    return Item(title or model._meta.verbose_name_plural or "", icon, name, open_to)


def screen_item(name: str, icon: str, title: str | StrPromise = "") -> Item:
    """The screen called `name`, for whoever it is open to."""
    screen = site.screens[name]
    return Item(title or screen.title, icon, f"admin:{name}", screen.is_open_to)


def overview() -> Section:
    def is_open_to(request: DashboardRequest) -> bool:
        return request.role is not None or request.user.is_superuser

    return Section("", (Item(_("Overview"), "dashboard", "admin:index", is_open_to),))


def people() -> Section:
    return Section(_("People"), (model_item(Collaborator, "person"), model_item(Team, "groups")))


def integrations() -> Section:
    return Section(
        _("Integrations"),
        (model_item(ApiKey, "key"), model_item(RequestLog, "receipt_long")),
    )


def tenant_settings() -> Section:
    return Section(
        _("Settings"),
        (
            screen_item("tenant_settings", "settings"),
            model_item(Membership, "badge", _("Members")),
            screen_item("audit_trail", "history"),
        ),
    )


def platform() -> Section:
    return Section(
        _("Platform"),
        (
            model_item(Tenant, "domain"),
            model_item(User, "manage_accounts"),
            screen_item("unrecognised_requests", "gpp_maybe"),
            screen_item("platform_trail", "manage_history"),
        ),
    )


def navigation(request: DashboardRequest) -> list[dict[str, Any]]:
    """Unfold's description of the sidebar, with the items that this user may open."""
    sections = [import_string(dotted)() for dotted in settings.SIDEBAR_SECTIONS]
    described = [
        {
            "title": section.title,
            "separator": False,
            "items": [_described(item) for item in section.items if item.is_open_to(request)],
        }
        for section in sections
    ]
    here = _here(request.path, [item["link"] for section in described for item in section["items"]])
    for section in described:
        for item in section["items"]:
            item["active"] = item["link"] == here
    return [section for section in described if section["items"]]


def _described(item: Item) -> dict[str, Any]:
    return {"title": capfirst(item.title), "icon": item.icon, "link": reverse(item.url_name)}


def _here(path: str, links: list[str]) -> str | None:
    """The item that a page belongs to: of those above it, the nearest, so that one alone is marked."""
    index = reverse("admin:index")
    above = [link for link in links if link == path or (path.startswith(link) and link != index)]
    return max(above, key=len, default=None)
