"""Editing many leads at once: the ticked ones of a page at once, all that a list finds in the background."""

import uuid
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanWidget

from leads.actors import Actor
from leads.admin.fields import STATUSES, TagsField
from leads.admin.filters import SIZES, LeadFilter
from leads.admin.owner_picker import OwnerField, uuid_in
from leads.bulk import BulkChange, Outcome, change_leads, in_words, note_editing, reason_of
from leads.bulk_job import EDITING, change_of, outcome_of, start_editing
from leads.listing import page_of_leads
from leads.models import Lead
from salesos.admin.acting import DashboardRequest
from salesos.admin.background import job_of_id, progress_of
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.roles import MANAGERS

MOST_TICKED = max(SIZES)


class BulkForm(forms.Form):
    """What is to change; what is left empty stays as it is."""

    status = forms.ChoiceField(
        label=gettext_lazy("Status"),
        choices=[("", gettext_lazy("– leave as it is –")), *STATUSES],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    owner = OwnerField(
        label=gettext_lazy("Owner"), required=False, help_text=gettext_lazy("Left empty, the owners stay as they are.")
    )
    no_owner = forms.BooleanField(label=gettext_lazy("Take the owner away"), required=False, widget=UnfoldBooleanWidget)
    added_tags = TagsField(label=gettext_lazy("Add tags"), help_text=gettext_lazy("With commas between."))
    removed_tags = TagsField(label=gettext_lazy("Remove tags"), help_text=gettext_lazy("With commas between."))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("owner") and given.get("no_owner"):
            self.add_error("owner", ValidationError(_("Either choose an owner or take the owner away.")))
        both = set(given.get("added_tags", ())) & set(given.get("removed_tags", ()))
        if both:
            message = _("“%(tag)s” can't be added and removed at once.")
            self.add_error("removed_tags", ValidationError(message, params={"tag": min(both)}))
        if not self.errors and not self.change():
            raise ValidationError(_("Say what is to change."))
        return given

    def change(self) -> BulkChange:
        given = self.cleaned_data
        return BulkChange(
            status=given.get("status", ""),
            sets_owner=bool(given.get("owner") or given.get("no_owner")),
            owner=given.get("owner"),
            added_tags=given.get("added_tags", ()),
            removed_tags=given.get("removed_tags", ()),
        )


class BulkEdit(Screen):
    """GET with a list's filters offers to edit all that match; POST with ids those that were ticked."""

    name = "lead_bulk"
    title = gettext_lazy("Edit leads")
    template_name = "leads/bulk.html"
    may_view, may_post = MANAGERS, MANAGERS

    def get(self, request: DashboardRequest) -> HttpResponse:
        filters = LeadFilter(request.GET.dict())
        return self._page_of_all(BulkForm(), filters) if filters.is_valid() else self.back("leads")

    def post(self, request: DashboardRequest) -> HttpResponse:
        doing = {"choose": self._choose, "apply": self._apply, "start": self._start}
        if request.POST.get("do") not in doing:
            raise Http404
        return doing[request.POST["do"]]()

    def _choose(self) -> HttpResponse:
        leads = self._ticked()
        if not leads:
            messages.error(self.request, _("Tick some leads first."))
            return self._to_list()
        return self._page(BulkForm(), leads)

    def _apply(self) -> HttpResponse:
        leads = self._ticked()
        form = BulkForm(self.request.POST)
        if not leads:
            messages.error(self.request, _("These leads are not there any more."))
            return self._to_list()
        if not form.is_valid():
            return self._page(form, leads)
        outcome = change_leads(
            [lead.public_id for lead in leads], form.change(), by=Actor.of_user(self.request.user), at=timezone.now()
        )
        note_editing(form.change(), outcome)
        if not outcome.refused_count:
            messages.success(self.request, in_words(outcome))
            return self._to_list()
        return self.page(
            template_name="leads/bulk_result.html",
            words=in_words(outcome),
            outcome=outcome,
            refused=[(public_id, name, reason_of(code)) for public_id, name, code in outcome.refused],
            back=self._list_address(),
        )

    def _start(self) -> HttpResponse:
        # The filters stay in the address: a field of the form may be called the same.
        filters, form = LeadFilter(self.request.GET.dict()), BulkForm(self.request.POST)
        if not filters.is_valid():
            raise Http404
        if not form.is_valid():
            return self._page_of_all(form, filters)
        try:
            job = start_editing(filters.wanted(), form.change(), shown=filters.in_words())
        except Refused as refused:
            messages.error(self.request, str(refused))
            return HttpResponseRedirect(reverse("admin:leads") + filters.query())
        return self.back("lead_bulk_job", job.public_id)

    def _page_of_all(self, form: BulkForm, filters: LeadFilter) -> HttpResponse:
        return self.page(
            form=form,
            total=page_of_leads(replace(filters.wanted(), offset=0, limit=1)).total,
            chips=filters.chips(),
            back=reverse("admin:leads") + filters.query(),
        )

    def _ticked(self) -> list[Lead]:
        """The leads that were ticked and are there, as they are listed."""
        asked = [found for text in self.request.POST.getlist("lead")[:MOST_TICKED] if (found := uuid_in(text))]
        leads: dict[uuid.UUID, Lead] = {lead.public_id: lead for lead in Lead.objects.filter(public_id__in=asked)}
        return [leads[public_id] for public_id in dict.fromkeys(asked) if public_id in leads]

    def _page(self, form: BulkForm, leads: list[Lead]) -> HttpResponse:
        return self.page(
            form=form,
            leads=leads,
            tags=sorted({tag for lead in leads for tag in lead.tags if "," not in tag}),
            back=self._list_address(),
            back_query=self.request.POST.get("back", ""),
        )

    def _list_address(self) -> str:
        """The list as it was left: of what was sent only what a list understands."""
        query = QueryDict(self.request.POST.get("back", ""))
        page = {"page": query["page"]} if query.get("page", "").isdecimal() else {}
        form = LeadFilter(query.dict())
        form.is_valid()
        return reverse("admin:leads") + form.query(**page)

    def _to_list(self) -> HttpResponse:
        return HttpResponseRedirect(self._list_address())


class BulkJob(Screen):
    """How far the editing of a whole list is, and what became of its leads."""

    name = "lead_bulk_job"
    title = gettext_lazy("Edit leads")
    template_name = "leads/bulk_job.html"
    may_view = MANAGERS

    def get(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        job = job_of_id(id)
        if job.kind != EDITING:
            raise Http404
        outcome = outcome_of(job) if job.has_ended else Outcome()
        refused = [(public_id, name, reason_of(code)) for public_id, name, code in outcome.refused]
        return self.page(
            job=job,
            progress=progress_of(job),
            words=in_words(outcome),
            change=change_of(job).in_words(),
            filters=job.input["shown"],
            refused=refused,
            hidden_count=outcome.refused_count - len(refused),
        )


site.add_screen("leads/bulk/", BulkEdit)
site.add_screen("leads/bulk/<uuid:id>/", BulkJob)
