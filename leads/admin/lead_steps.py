"""The two great steps of a lead: it becomes a deal, or it is deleted."""

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from leads.actors import Actor
from leads.admin.fields import text_field
from leads.admin.lead_form import guard_of, lead_of
from leads.api.payload import MOST_VALUE
from leads.changes import delete_lead
from leads.conversion import Terms, convert_lead, why_not_convertible
from leads.models import Deal, Lead, LeadEvent, Stage
from leads.pipeline import default_pipeline, first_stage
from salesos import audit
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.admin.widgets import LocalDateInput
from salesos.errors import Refused
from salesos.roles import MANAGERS


class ConvertForm(forms.Form):
    """The terms of a deal; the fields are those of the API."""

    deal_name = text_field(gettext_lazy("Deal name"))
    deal_value = forms.DecimalField(
        label=gettext_lazy("Value"),
        min_value=0,
        max_value=MOST_VALUE,
        decimal_places=2,
        required=False,
        localize=True,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    stage_id = forms.ChoiceField(label=gettext_lazy("Stage"), widget=UnfoldAdminSelectWidget)
    expected_close_date = forms.DateField(
        label=gettext_lazy("Expected close date"), required=False, widget=LocalDateInput
    )

    def __init__(self, data: Any = None, *, lead: Lead) -> None:
        super().__init__(data, initial={"deal_name": lead.name})
        stages = Stage.objects.filter(pipeline=default_pipeline()).order_by("position")
        self.stages = {str(stage.public_id): stage for stage in stages}
        self.fields["stage_id"].choices = [(key, stage.name) for key, stage in self.stages.items()]  # type: ignore[attr-defined]
        self.initial["stage_id"] = str(first_stage().public_id)

    def terms(self) -> Terms:
        given = self.cleaned_data
        return Terms(
            name=given["deal_name"],
            value=given["deal_value"] or Decimal(0),
            stage=self.stages[given["stage_id"]],
            expected_close_date=given["expected_close_date"],
        )


class ConvertLead(Screen):
    name = "lead_convert"
    title = gettext_lazy("Convert to a deal")
    template_name = "leads/lead_convert.html"
    may_view, may_post = MANAGERS, MANAGERS

    def get(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        lead = lead_of(id)
        reason = why_not_convertible(lead)
        if reason is not None:
            messages.error(request, reason)
            return self.back("lead", id)
        return self._show(lead)

    def post(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        lead = lead_of(id)
        try:
            form = ConvertForm(request.POST, lead=lead)
            if not form.is_valid():
                return self.page(lead=lead, form=form)
            _lead, deal = convert_lead(lead, form.terms(), by=Actor.of_user(request.user), at=timezone.now())
        except Lead.DoesNotExist:  # deleted since it was found
            raise Http404 from None
        except Refused as refused:
            messages.error(request, str(refused))
            return self.back("lead", id)
        messages.success(request, _("The deal “%(name)s” is open.") % {"name": deal.name})
        return self.back("lead", id)

    def _show(self, lead: Lead) -> HttpResponse:
        try:
            return self.page(lead=lead, form=ConvertForm(lead=lead))
        except Refused as refused:  # no stage to begin in
            messages.error(self.request, str(refused))
            return self.back("lead", lead.public_id)


class DeleteLead(Screen):
    name = "lead_delete"
    title = gettext_lazy("Delete lead")
    template_name = "leads/lead_delete.html"
    may_view, may_post = MANAGERS, MANAGERS

    def get(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        lead = lead_of(id)
        return self.page(
            lead=lead,
            events=LeadEvent.objects.filter(lead=lead).count(),
            deals=Deal.objects.filter(lead=lead).count(),
        )

    def post(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        lead = lead_of(id)
        try:
            _delete(lead, version=request.POST.get("version", ""))
        except Lead.DoesNotExist:  # somebody else was faster
            raise Http404 from None
        except Refused as refused:
            messages.error(request, str(refused))
            return self.back("lead", id)
        messages.success(request, _("“%(name)s” is deleted.") % {"name": lead.name})
        return self.back("leads")


@transaction.atomic
def _delete(lead: Lead, *, version: str) -> None:
    audit.record("lead.deleted", lead, changes={"email": (lead.email, "")})
    delete_lead(lead, at=timezone.now(), guard=guard_of(version))


site.add_screen("leads/<uuid:id>/convert/", ConvertLead)
site.add_screen("leads/<uuid:id>/delete/", DeleteLead)
