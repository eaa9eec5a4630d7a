"""Editing many leads at once: the ticked ones of a page at once, all that a list finds in the background."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanWidget

from leads.actors import Actor
from leads.admin.fields import STATUSES, TagsField
from leads.admin.filters import SIZES, LeadFilter
from leads.admin.owner_picker import OwnerField, uuid_in
from leads.bulk import CHANGED, GONE, SAME, BulkChange, Outcome, change_leads
from leads.models import Lead
from salesos import audit
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
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
    """GET with a list's filters offers to edit all that match; POST with ids those."""

    name = "lead_bulk"
    title = gettext_lazy("Edit leads")
    template_name = "leads/bulk.html"
    may_view, may_post = MANAGERS, MANAGERS

    def post(self, request: DashboardRequest) -> HttpResponse:
        doing = {"choose": self._choose, "apply": self._apply}
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
        record(form.change(), outcome)
        if not outcome.refused_count:
            messages.success(self.request, in_words(outcome))
            return self._to_list()
        return self.page(
            template_name="leads/bulk_result.html",
            words=in_words(outcome),
            outcome=outcome,
            refused=[(public_id, name, outcome.reasons[code]) for public_id, name, code in outcome.refused],
            back=self._list_address(),
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


def in_words(outcome: Outcome) -> str:
    """How many changed, stayed, were gone or refused; what did not occur is not told."""
    counts = outcome.counts
    told = [
        ngettext("%d lead changed.", "%d leads changed.", counts[CHANGED]) % counts[CHANGED],
        ngettext("%d was so already.", "%d were so already.", counts[SAME]) % counts[SAME] if counts[SAME] else "",
        ngettext("%d is not there any more.", "%d are not there any more.", counts[GONE]) % counts[GONE]
        if counts[GONE]
        else "",
        ngettext("%d was refused.", "%d were refused.", outcome.refused_count) % outcome.refused_count
        if outcome.refused_count
        else "",
    ]
    return " ".join(filter(None, told))


def record(change: BulkChange, outcome: Outcome) -> None:
    """In the audit trail: what was to change, and what became of it. Each lead's history has its own part."""
    count = sum(outcome.counts.values())
    changes: dict[str, tuple[Any, Any]] = {"result": ("", in_words(outcome)), **told(change)}
    audit.record("leads.edited", ngettext("%d lead", "%d leads", count) % count, changes=changes)


def told(change: BulkChange) -> dict[str, tuple[Any, Any]]:
    """The change as the trail has it."""
    parts: dict[str, Any] = {
        "status": change.status,
        "owner": (change.owner.name if change.owner else _("nobody")) if change.sets_owner else "",
        "added tags": list(change.added_tags),
        "removed tags": list(change.removed_tags),
    }
    return {name: ("", value) for name, value in parts.items() if value}


site.add_screen("leads/bulk/", BulkEdit)
