"""The form of a lead: for a new one, and to change one that nobody else has changed meanwhile."""

import json
import uuid
from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from leads.actors import Actor
from leads.admin.fields import STATUSES, TagsField, check_tags, text_field
from leads.admin.owner_picker import OwnerField
from leads.changes import TEXTS, NewLead, change_lead, create_lead
from leads.fields import LONGEST_FIELD_NAME
from leads.models import Lead
from leads.models.lead import LeadStatus
from leads.owners import counted
from leads.sources import known_sources
from salesos.admin.acting import DashboardRequest
from salesos.admin.people import MetadataField
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.emails import is_email
from salesos.errors import Clash, Refused
from salesos.roles import MANAGERS


class Stale(Clash):
    """Somebody else changed the lead since the form was made."""

    def __init__(self) -> None:
        message = gettext_lazy("Somebody else changed this lead meanwhile.")
        super().__init__("stale", message)


def guard_of(version: Any) -> Callable[[int], None]:
    """For `change_lead` and others: raises `Stale` unless the lead is still of the version that a form carries."""

    def guard(present: int) -> None:
        if str(present) != str(version):
            raise Stale

    return guard


def lead_of(public_id: uuid.UUID) -> Lead:
    """Raises Http404 for an id that no lead of the tenant has."""
    rows = Lead.objects.select_related("owner__team", "owner__merged_into__team")
    lead: Lead | None = rows.filter(public_id=public_id).first()
    if lead is None:
        raise Http404
    return lead


class CustomFieldsField(MetadataField):
    """A JSON object, as the API takes it, laid out to be read."""

    def prepare_value(self, value: Any) -> Any:
        return json.dumps(value, ensure_ascii=False, indent=2) if isinstance(value, dict) and value else value or ""

    def validate(self, value: Any) -> None:
        super().validate(value)
        if any(not name or len(name) > LONGEST_FIELD_NAME for name in value):
            message = _("Names of custom fields have 1 to %(most)d letters.")
            raise ValidationError(message, params={"most": LONGEST_FIELD_NAME})


class LeadForm(forms.Form):
    """The fields of a lead. Tags that it has are ticked, and go when they are unticked; new ones are written."""

    name = text_field(gettext_lazy("Name"), required=True, widget=UnfoldAdminTextInputWidget)
    email = text_field(gettext_lazy("E-mail"), required=True, widget=UnfoldAdminEmailInputWidget)
    phone = text_field(gettext_lazy("Phone"))
    company = text_field(gettext_lazy("Company"))
    position = text_field(gettext_lazy("Position"))
    source = text_field(gettext_lazy("Source"), list="known-sources")
    status = forms.ChoiceField(label=gettext_lazy("Status"), choices=STATUSES, widget=UnfoldAdminSelectWidget)
    owner = OwnerField(label=gettext_lazy("Owner"), required=False)
    new_tags = TagsField(label=gettext_lazy("Add tags"), help_text=gettext_lazy("With commas between."))
    custom_fields = CustomFieldsField(
        label=gettext_lazy("Custom fields"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"spellcheck": "false", "rows": 6, "class": "mono"}),
        help_text=gettext_lazy('A JSON object, like {"segment": "retail", "employees": 40}.'),
    )

    def __init__(self, data: Any = None, *, lead: Lead | None = None) -> None:
        super().__init__(data, initial=_initial(lead) if lead else {"status": LeadStatus.NEW.value})
        self.lead = lead
        if lead is not None and lead.is_converted:
            del self.fields["status"]
        shown, kept = (data.getlist("shown_tag"), data.getlist("tag")) if data is not None else ([], [])
        self._removed = set(map(_flat, shown)) - set(map(_flat, kept))

    @property
    def has_tags(self) -> list[tuple[str, bool]]:
        """The lead's tags, and whether they stay."""
        return [(tag, _flat(tag) not in self._removed) for tag in (self.lead.tags if self.lead else ())]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if not is_email(email):
            raise ValidationError(_("This is no e-mail address."))
        return email

    def clean_new_tags(self) -> tuple[str, ...]:
        kept = [tag for tag, stays in self.has_tags if stays]
        tags = tuple(dict.fromkeys([*kept, *self.cleaned_data["new_tags"]]))
        check_tags(tags)
        return tags

    def values(self) -> dict[str, Any]:
        """The fields as `change_lead` takes them, or with `NewLead` `create_lead`."""
        given = dict(self.cleaned_data)
        given["tags"] = given.pop("new_tags")
        gone = dict.fromkeys(self.lead.custom_fields if self.lead else ())
        given["custom_fields"] = {**gone, **given["custom_fields"]}
        return given

    def add_refusal(self, refused: Refused) -> None:
        """Say a rule's no at the field it is about."""
        name = {"tags": "new_tags", "owner_id": "owner"}.get(refused.field or "", refused.field)
        self.add_error(name if name in self.fields else None, str(refused))


def _initial(lead: Lead) -> dict[str, Any]:
    texts = {name: getattr(lead, name) for name in TEXTS}
    return {**texts, "status": lead.status, "owner": counted(lead.owner), "custom_fields": lead.custom_fields}


def _flat(tag: str) -> str:
    # A browser writes the ends of lines in its own way.
    return " ".join(tag.split())


class _LeadScreen(Screen):
    template_name = "leads/lead_form.html"
    may_view, may_post = MANAGERS, MANAGERS

    def show(self, form: LeadForm, *, other_id: uuid.UUID | None = None, **context: Any) -> HttpResponse:
        """`other_id`: the lead that has the e-mail already."""
        return self.page(form=form, lead=form.lead, other_id=other_id, sources=known_sources(), **context)


class NewLeadScreen(_LeadScreen):
    name = "lead_new"
    title = gettext_lazy("New lead")

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self.show(LeadForm())

    def post(self, request: DashboardRequest) -> HttpResponse:
        form = LeadForm(request.POST)
        if not form.is_valid():
            return self.show(form)
        try:
            lead = create_lead(NewLead(**form.values()), by=Actor.of_user(request.user), at=timezone.now())
        except Refused as refused:
            form.add_refusal(refused)
            return self.show(form, other_id=getattr(refused, "other_id", None))
        messages.success(request, _("“%(name)s” is created.") % {"name": lead.name})
        return self.back("lead", lead.public_id)


class EditLead(_LeadScreen):
    name = "lead_edit"
    title = gettext_lazy("Edit lead")

    def get(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        lead = lead_of(id)
        return self.show(LeadForm(lead=lead), version=lead.version)

    def post(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        lead = lead_of(id)
        form, version = LeadForm(request.POST, lead=lead), request.POST.get("version", "")
        if not form.is_valid():
            return self.show(form, version=version)
        by, guard = Actor.of_user(request.user), guard_of(version)
        try:
            change_lead(lead, form.values(), by=by, at=timezone.now(), guard=guard)
        except Lead.DoesNotExist:  # deleted since it was found
            raise Http404 from None
        except Stale as stale:
            lead = lead_of(id)  # as the other one has left it
            form = LeadForm(request.POST, lead=lead)
            form.add_error(None, str(stale))
            return self.show(form, version=lead.version, theirs=_theirs(form))
        except Refused as refused:
            form.add_refusal(refused)
            return self.show(form, version=version, other_id=getattr(refused, "other_id", None))
        messages.success(request, _("“%(name)s” is saved.") % {"name": form.cleaned_data["name"]})
        return self.back("lead", id)


def _theirs(form: LeadForm) -> list[tuple[str, str]]:
    """(field, what the lead has) of the fields in which the lead is not as the form would have it."""
    lead, differing = cast(Lead, form.lead), []
    for name in form.changed_data:
        field = form.fields[name]
        if name == "new_tags":
            continue
        shown = form.get_initial_for_field(field, name)
        text = json.dumps(shown, ensure_ascii=False) if isinstance(shown, dict) else str(shown or "")
        differing.append((str(field.label), str(LeadStatus(text).label) if name == "status" else text))
    return [*differing, (_("Tags"), ", ".join(lead.tags))]


site.add_screen("leads/new/", NewLeadScreen)
site.add_screen("leads/<uuid:id>/edit/", EditLead)
