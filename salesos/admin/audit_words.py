"""What the audit trail says, in words: actions by a table, fields by their models, subjects with a link to them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.module_loading import import_string
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrPromise

from salesos.admin.acting import DashboardRequest
from salesos.admin.site import site
from salesos.models import AuditEntry
from salesos.moments import shown_moment

NOTHING = "–"

WORDS: dict[str, StrPromise] = {
    "api_key.issued": gettext_lazy("API key created"),
    "api_key.changed": gettext_lazy("API key changed"),
    "api_key.rotated": gettext_lazy("API key rotated"),
    "api_key.revoked": gettext_lazy("API key revoked"),
    "collaborator.created": gettext_lazy("Person created"),
    "collaborator.changed": gettext_lazy("Person changed"),
    "collaborator.activated": gettext_lazy("Person activated"),
    "collaborator.deactivated": gettext_lazy("Person deactivated"),
    "collaborator.alias_added": gettext_lazy("Another address pointed to a person"),
    "people.imported": gettext_lazy("People imported"),
    "collaborator.merged": gettext_lazy("Two records of a person merged"),
    "collaborator.unmerged": gettext_lazy("Merge of two records undone"),
    "team.created": gettext_lazy("Team created"),
    "team.changed": gettext_lazy("Team changed"),
    "team.deleted": gettext_lazy("Team deleted"),
    "membership.created": gettext_lazy("Member added"),
    "membership.changed": gettext_lazy("Member's role changed"),
    "membership.deleted": gettext_lazy("Member removed"),
    "tenant.created": gettext_lazy("Tenant created"),
    "tenant.changed": gettext_lazy("Tenant's settings changed"),
    "tenant.entered": gettext_lazy("Platform staff came in"),
    "tenant.left": gettext_lazy("Platform staff went out"),
    "user.created": gettext_lazy("User created"),
    "user.changed": gettext_lazy("User changed"),
    "user.signed_in": gettext_lazy("Signed in"),
    "user.sessions_ended": gettext_lazy("Sessions ended"),
    "user.password_changed": gettext_lazy("Password changed"),
    "user.password_reset": gettext_lazy("Forgotten password replaced"),
    "user.second_factor_on": gettext_lazy("Second factor switched on"),
    "user.second_factor_off": gettext_lazy("Second factor switched off"),
    "user.recovery_codes_renewed": gettext_lazy("Recovery codes renewed"),
    "member.invited": gettext_lazy("Member invited"),
    "member.second_factor_reset": gettext_lazy("Member's second factor reset"),
}
"""Packages above the core name theirs in `AUDIT_WORDS`. An action that no table has is shown as it was recorded."""


def every_action() -> dict[str, StrPromise]:
    """Action → words, of all packages."""
    return {action: words for dotted in settings.AUDIT_WORDS for action, words in import_string(dotted).items()}


def in_words(action: str) -> str:
    return str(every_action().get(action, action))


@dataclass(frozen=True, slots=True)
class Change:
    """One field's before and after; "" for nothing."""

    field: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.field}: {self.before or NOTHING} → {self.after or NOTHING}"


@dataclass(frozen=True)
class Told:
    """An entry as a screen shows it."""

    entry: AuditEntry
    href: str = ""
    """Of the subject, where it still exists and whoever looks may see it."""

    @property
    def at(self) -> str:
        return shown_moment(self.entry.at, seconds=True)

    @property
    def who(self) -> str:
        return self.entry.actor_email or _("from the command line")

    @property
    def action(self) -> str:
        return in_words(self.entry.action)

    @cached_property
    def changes(self) -> list[Change]:
        model = _model(self.entry.subject_model)
        changes = self.entry.changes if isinstance(self.entry.changes, Mapping) else {}
        # As the form has them: the database keeps the names in an order of its own.
        places = {field.name: place for place, field in enumerate(model._meta.fields)} if model else {}
        names = sorted(changes, key=lambda name: places.get(name, len(places)))
        return [_change(model, name, changes[name]) for name in names]


def told(request: DashboardRequest, entries: Sequence[AuditEntry]) -> list[Told]:
    """The entries with links to their subjects; a statement for each kind of subject."""
    links = _links(request, entries)
    return [Told(entry, links.get((entry.subject_model, entry.subject_id), "")) for entry in entries]


def _links(request: DashboardRequest, entries: Iterable[AuditEntry]) -> dict[tuple[str, str], str]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.subject_id:
            wanted[entry.subject_model].add(entry.subject_id)
    links: dict[tuple[str, str], str] = {}
    for label, ids in wanted.items():
        if label in settings.AUDIT_SCREENS:
            name = settings.AUDIT_SCREENS[label]
            if site.screens[name].is_open_to(request):
                links |= {(label, subject_id): reverse(f"admin:{name}") for subject_id in ids}
        else:
            links |= {(label, str(pk)): href for pk, href in _forms(request, label, ids).items()}
    return links


def _forms(request: DashboardRequest, label: str, ids: set[str]) -> dict[Any, str]:
    """The addresses of the forms of those rows that are there and that the user may see."""
    model = _model(label)
    admin = site._registry.get(model) if model else None
    if model is None or admin is None or not admin.has_view_permission(request):
        return {}
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    rows = admin.get_queryset(request).filter(pk__in=ids).order_by()
    return {pk: reverse(name, args=[pk]) for pk in rows.values_list("pk", flat=True)}


def _model(label: str) -> type[models.Model] | None:
    try:
        return apps.get_model(label) if label else None
    except LookupError:
        # Of a package that is gone: the trail outlives it.
        return None


def _change(model: type[models.Model] | None, name: str, pair: Any) -> Change:
    field = _field(model, name)
    title = getattr(field, "verbose_name", None) or name.replace("_", " ")
    before, after = pair if isinstance(pair, list) and len(pair) == 2 else ("", pair)
    return Change(str(capfirst(title)), _value(field, before), _value(field, after))


def _field(model: type[models.Model] | None, name: str) -> Any:
    try:
        return model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return None


def _value(field: Any, text: Any) -> str:
    """A kept text as people read it: yes and no, the words of a choice, moments on the tenant's clock."""
    text = str(text)
    if isinstance(field, models.BooleanField) and text in ("True", "False"):
        return _("Yes") if text == "True" else _("No")
    if isinstance(field, models.DateTimeField):
        moment = _moment(text)
        return shown_moment(moment, seconds=True) if moment else text
    if isinstance(field, models.DateField):
        day = _day(text)
        return date_format(day, "SHORT_DATE_FORMAT") if day else text
    choices = {str(value): str(words) for value, words in getattr(field, "flatchoices", None) or ()}
    return choices.get(text, text)


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is not None and timezone.is_aware(moment) else None
