"""Merging two leads: choose the other by typing, see both side by side, choose field by field, confirm; undo."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise
from pydantic_core import to_json

from leads.actors import Actor
from leads.admin.merges import asked_merge, recent_merges, undo
from leads.changes import TEXTS
from leads.duplicates import duplicates_of
from leads.listing import Wanted, page_of_leads
from leads.merging import UNDOABLE_FOR, let_go, merge_leads, why_not_mergeable
from leads.models import Deal, Lead, LeadEvent, LeadMerge
from leads.owners import counted
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.moments import shown_moment
from salesos.roles import MANAGERS

MOST_FOUND = 10
MOST_ADDRESSES = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of both leads, side by side."""

    title: str | StrPromise
    one: str
    other: str
    field: str = ""
    """What `merge_leads` calls it, where the person may choose."""
    name: str = ""
    """What the form calls it."""
    takes_other: bool = False
    """What is chosen; where there is no choice, what the survivor will have."""


class MergeLeads(Screen):
    name = "lead_merge"
    title = _("Merge two leads")
    template_name = "leads/merge.html"
    may_view, may_post = MANAGERS, MANAGERS

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.id: uuid.UUID = kwargs["id"]

    def get(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        lead, chosen = self._lead(id), request.GET.get("with", "")
        if chosen:
            return self._preview(lead, self._lead_named(chosen))
        query = request.GET.get("q", "").strip()[:255]
        found = page_of_leads(Wanted(search=query, limit=MOST_FOUND + 1)).rows if query else []
        return self.page(
            lead=lead,
            query=query,
            found=[row for row in found if row.id != id][:MOST_FOUND],
            likely=[] if query else duplicates_of(lead),
            merges=recent_merges(into=lead),
            just_merged=request.GET.get("merged", ""),
            addresses=self._addresses(lead),
        )

    def post(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        lead = self._lead(id)
        try:
            match request.POST.get("do"):
                case "undo":
                    undo(request)
                case "let_go":
                    let_go(asked_merge(request))
                    messages.success(request, _("The address is free: a new lead may have it."))
                case "merge":
                    return self._merge(lead, self._lead_named(request.POST.get("with", "")))
                case _:
                    raise Http404
        except Refused as refused:
            messages.error(request, str(refused))
        return self.back(self.name, id)

    def _merge(self, lead: Lead, other: Lead) -> HttpResponse:
        taking = {choice.field for choice in self._choices(lead, other) if choice.field and choice.takes_other}
        seen = self.request.POST.get("seen", "")
        try:
            if seen != _seen(lead, other):
                raise Refused("leads_changed", _("One of the leads was changed since. Look again, then merge."))
            merge = merge_leads(
                lead,
                other,
                taking=taking,
                seen=(lead.version, other.version),
                by=Actor.of_user(self.request.user),
                at=timezone.now(),
            )
        except Refused as refused:
            messages.error(self.request, str(refused))
            return self._preview(lead, other)
        except Lead.DoesNotExist:
            raise Refused("unknown_lead", _("One of these leads is gone.")) from None
        came_from_all = self.request.POST.get("from") == "duplicates"
        answer = self.back("lead_duplicates") if came_from_all else self.back(self.name, lead.public_id)
        answer["Location"] += f"?merged={merge.pk}"
        return answer

    def _preview(self, lead: Lead, other: Lead) -> HttpResponse:
        refused = why_not_mergeable(lead, other)
        if refused:
            messages.error(self.request, str(refused))
            return self.back(self.name, lead.public_id)
        return self.page(
            template_name="leads/merge_preview.html",
            lead=lead,
            other=other,
            choices=self._choices(lead, other),
            facts=_facts(lead, other),
            is_converted=lead.is_converted or other.is_converted,
            deals=Deal.objects.filter(lead=other).count(),
            entries=LeadEvent.objects.filter(lead=other).count(),
            seen=_seen(lead, other),
            came_from=self.request.GET.get("from", self.request.POST.get("from", "")),
        )

    def _choices(self, lead: Lead, other: Lead) -> list[Choice]:
        """Every value of both, with what the form chose of them."""
        chosen = self.request.POST
        return [
            Choice(
                title,
                one,
                two,
                field if one and two and one != two else "",
                name,
                takes_other=chosen.get(name) == "other" if one and two else bool(two),
            )
            for name, field, title, one, two in _values(lead, other)
        ]

    def _addresses(self, lead: Lead) -> Sequence[LeadMerge]:
        """Merges that can't be undone any more, whose address leads here."""
        old = LeadMerge.objects.filter(survivor=lead, at__lt=timezone.now() - UNDOABLE_FOR)
        return list(old.order_by("-id")[:MOST_ADDRESSES])

    def _lead(self, id: uuid.UUID) -> Lead:
        rows = Lead.objects.select_related("owner__team", "owner__merged_into__team")
        lead: Lead | None = rows.filter(public_id=id).first()
        if lead is None:
            raise Http404
        return lead

    def _lead_named(self, text: str) -> Lead:
        try:
            return self._lead(uuid.UUID(text))
        except ValueError:
            raise Http404 from None


def _seen(lead: Lead, other: Lead) -> str:
    """Which versions of both a choice is made on."""
    return f"{lead.version}-{other.version}"


_TITLES = {
    "name": _("Name"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "company": _("Company"),
    "position": _("Position"),
    "source": _("Source"),
}


def _values(lead: Lead, other: Lead) -> list[tuple[str, str, Any, str, str]]:
    """(name in the form, field, title, of the one, of the other), "" for what a lead does not have."""
    rows: list[tuple[str, str, Any, str, str]] = [
        (name, name, _TITLES[name], getattr(lead, name), getattr(other, name)) for name in TEXTS
    ]
    if not (lead.is_converted or other.is_converted):
        rows.append(("status", "status", _("Status"), lead.get_status_display(), other.get_status_display()))
    owners = [str(counted(each.owner) or "") for each in (lead, other)]
    rows.append(("owner", "owner", _("Owner"), owners[0], owners[1]))
    for place, key in enumerate(sorted({*lead.custom_fields, *other.custom_fields})):
        values = [_shown(each.custom_fields[key]) if key in each.custom_fields else "" for each in (lead, other)]
        rows.append((f"custom-{place}", f"custom_fields.{key}", key, values[0], values[1]))
    return rows


def _shown(value: Any) -> str:
    return value or "“”" if isinstance(value, str) else to_json(value).decode()


def _facts(lead: Lead, other: Lead) -> list[tuple[Any, str, str]]:
    """(title, of the one, of the other) of what is not chosen."""
    return [
        (_("Tags"), ", ".join(lead.tags), ", ".join(other.tags)),
        (_("Created"), shown_moment(lead.created_at), shown_moment(other.created_at)),
        (_("Last change"), shown_moment(lead.updated_at), shown_moment(other.updated_at)),
    ]


site.add_screen("leads/<uuid:id>/merge/", MergeLeads)
