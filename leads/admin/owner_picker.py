"""Choosing an owner by typing: a field that asks the server while one types (static/leads/owner_picker.js)."""

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from leads.owners import counted, owner_of_id
from salesos.admin.acting import DashboardRequest
from salesos.admin.people_picker import MOST_FOUND, people_like
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.models import Collaborator
from salesos.roles import EVERYONE

LONGEST_SEARCH = 255


class OwnerPicker(forms.Widget):
    """Sends a collaborator's public id; shows the name. One statement where somebody is chosen."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = _chosen(value)
        context = {
            "name": name,
            "id": (attrs or {}).get("id") or f"id_{name}",
            "attrs": {key: text for key, text in (attrs or {}).items() if key.startswith("aria-")},
            "value": chosen.public_id if chosen else value or "",
            "title": chosen.name if chosen else value or "",
            "classes": UnfoldAdminTextInputWidget().attrs["class"],
        }
        return mark_safe(render_to_string("leads/owner_picker.html", context))


class OwnerField(forms.Field):
    """Cleaned, the collaborator by the record that counts; None when left empty."""

    widget = OwnerPicker

    def to_python(self, value: Any) -> Collaborator | None:
        if isinstance(value, Collaborator) or value in self.empty_values:
            return value or None
        asked = uuid_in(value)
        try:
            if asked is not None:
                return owner_of_id(asked)
        except Refused:
            pass
        raise ValidationError(_("Choose a collaborator of the list."))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(getattr(initial, "public_id", initial) or "") != str(data or "")


def _chosen(value: Any) -> Collaborator | None:
    if isinstance(value, Collaborator):
        return counted(value)
    asked = uuid_in(value)
    if asked is None:
        return None
    return counted(Collaborator.objects.select_related("merged_into").filter(public_id=asked).first())


def uuid_in(value: Any) -> uuid.UUID | None:
    """The id that a query or a form names; None for what is none."""
    if isinstance(value, uuid.UUID):
        return value
    try:
        return uuid.UUID(str(value or ""))
    except ValueError:
        return None


class OwnerOptions(Screen):
    """A piece of a page: whom one may choose."""

    name = "lead_owners"
    title = _("Owner")
    template_name = "leads/owner_options.html"
    may_view = EVERYONE

    def get(self, request: DashboardRequest) -> HttpResponse:
        query = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
        found = people_like(query) if query else list(_first())
        answer = self.page(found=found, query=query)
        answer["Cache-Control"] = "no-store"
        return answer


def _first() -> Any:
    return Collaborator.objects.active().select_related("team").order_by("name", "pk")[:MOST_FOUND]


site.add_screen("leads/owners/", OwnerOptions)
