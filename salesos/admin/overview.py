"""The overview: cards, panels and first steps, contributed by dotted names (`OVERVIEW`) as the sidebar is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from salesos.admin.acting import DashboardRequest
from salesos.models import ApiKey, Collaborator, RequestLog
from salesos.request_log import first_id_at
from salesos.roles import AUDITORS


@dataclass(frozen=True, slots=True)
class Card:
    """One figure, what it means, and the screen behind it."""

    title: str | StrPromise
    value: int
    note: str | StrPromise = ""
    href: str = ""
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the page with a template of its own."""

    title: str | StrPromise
    template_name: str
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a new tenant does once."""

    title: str | StrPromise
    text: str | StrPromise
    href: str
    is_done: bool


def fill(request: DashboardRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's hook for the index page. A number of statements that no amount of data changes."""
    context["title"] = _("Overview")
    if request.tenant is None:
        return context
    steps = list(_from("steps", request))
    context["steps"] = [] if all(step.is_done for step in steps) else steps
    context["cards"] = list(_from("cards", request))
    context["panels"] = list(_from("panels", request))
    return context


def _from(kind: str, request: DashboardRequest) -> Iterator[Any]:
    for dotted in settings.OVERVIEW[kind]:
        contribute: Callable[[DashboardRequest], Iterator[Any]] = import_string(dotted)
        yield from contribute(request)


def request_cards(request: DashboardRequest) -> Iterator[Card]:
    """Requests since midnight on the tenant's clock, and those that were refused or failed."""
    if request.role not in AUDITORS:
        return
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    counts = RequestLog.objects.filter(id__gte=first_id_at(midnight)).aggregate(
        asked=Count("pk"), refused=Count("pk", filter=Q(status__gte=400))
    )
    log = reverse("admin:salesos_requestlog_changelist")
    yield Card(_("Requests today"), counts["asked"], _("to the API"), f"{log}?within=day")
    yield Card(
        _("Refused today"),
        counts["refused"],
        _("requests with an error"),
        f"{log}?status=4&within=day",
        is_warning=counts["refused"] > 0,
    )


def first_steps(request: DashboardRequest) -> Iterator[Step]:
    if request.role in AUDITORS:
        yield Step(
            _("Create an API key"),
            _("Your CRM signs its requests with it. Start with a test key: it acts in the sandbox."),
            reverse("admin:salesos_apikey_changelist"),
            ApiKey.objects.exists(),
        )
    yield Step(
        _("Send your team"),
        _("Sync your collaborators from the CRM, or add them here by hand."),
        reverse("admin:salesos_collaborator_changelist"),
        Collaborator.objects.exists(),
    )
