"""A new tenant's way to its first point: four steps, each ticked as it happens, while the page looks on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.models import ApiKey, Collaborator
from salesos.roles import AUDITORS, EVERYONE, MANAGERS

NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a new tenant does once."""

    title: str | StrPromise
    text: str | StrPromise
    link: str | StrPromise
    href: str
    is_done: bool
    snippet: str = ""
    """A command that does it, to be copied."""


def is_new() -> bool:
    """Whether the tenant of now has not had its first point yet."""
    is_without_points: Callable[[], bool] = import_string(settings.IS_NEW_TENANT)
    return is_without_points()


def described(request: DashboardRequest) -> dict[str, Any]:
    """What the template of the steps needs."""
    found: list[Step] = []
    for dotted in settings.OVERVIEW["steps"]:
        contribute: Callable[[DashboardRequest], Iterator[Step]] = import_string(dotted)
        found += contribute(request)
    state = "".join("1" if step.is_done else "0" for step in found)
    return {"steps": found, "state": state, "next_step": next((step for step in found if not step.is_done), None)}


class FirstSteps(Screen):
    """The piece of the overview that asks for itself: nothing when nothing happened, the whole page after the point."""

    name = "first_steps"
    title = _("First steps")
    template_name = "salesos/first_steps.html"
    may_view = EVERYONE

    def get(self, request: DashboardRequest) -> HttpResponse:
        if not is_new():
            return HttpResponse(headers={"HX-Refresh": "true"})
        steps = described(request)
        # What did not change is not drawn anew: whoever reads or copies there is left alone.
        if request.GET.get("state") == steps["state"]:
            return HttpResponse(status=NO_CONTENT)
        return self.page(**steps)


def steps(request: DashboardRequest) -> Iterator[Step]:
    if request.role in AUDITORS:
        yield Step(
            _("Create an API key"),
            _("Your CRM signs its requests with it. In the sandbox all keys are test keys.")
            if request.tenant.is_sandbox
            else _(
                "Your CRM signs its requests with it. Choose a live key: what a test key sends stays in the sandbox."
            ),
            _("To the API keys"),
            reverse("admin:salesos_apikey_changelist"),
            ApiKey.objects.exists(),
        )
    yield Step(
        _("Send your team"),
        _("Sync your people from the CRM, or add them here by hand.")
        if request.role in MANAGERS
        else _("Sync your people from the CRM."),
        _("To the collaborators"),
        reverse("admin:salesos_collaborator_changelist"),
        Collaborator.objects.exists(),
        snippet(
            request,
            '{"action": "sync_collaborators", "collaborators": [{"external_id": "emp-101",\n'
            '       "name": "Maria Santos", "email": "maria@yourcompany.com"}]}',
        ),
    )


def snippet(request: DashboardRequest, body: str) -> str:
    """A request to the sync endpoint as a command; the key is left to be filled in, because it is shown only once."""
    endpoint = request.build_absolute_uri(reverse("default-integration"))
    return (
        f"curl -X POST {endpoint} \\\n"
        '  -H "Authorization: Bearer $SALESOS_KEY" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f"  -d '{body}'"
    )


site.add_screen("first-steps/", FirstSteps)
