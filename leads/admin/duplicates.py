"""Likely duplicates among all leads, group by group: compare and merge them, or say that they are not the same."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from leads.actors import Actor
from leads.admin.merges import recent_merges, undo
from leads.duplicate_keys import MOST_IN_A_GROUP, Cursor
from leads.duplicates import keep_apart, page_of_groups
from leads.models import Lead
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.roles import EVERYONE, MANAGERS


class Duplicates(Screen):
    name = "lead_duplicates"
    title = _("Duplicates")
    template_name = "leads/duplicates.html"
    may_view, may_post = EVERYONE, MANAGERS

    def get(self, request: DashboardRequest) -> HttpResponse:
        after = Cursor.read(request.GET.get("after", ""))
        groups, then = page_of_groups(after)
        return self.page(
            groups=groups,
            most=MOST_IN_A_GROUP,
            merges=recent_merges(),
            just_merged=request.GET.get("merged", ""),
            is_first=after is None,
            here=after or "",
            older=_query(then) if then else "",
        )

    def post(self, request: DashboardRequest) -> HttpResponse:
        doing = {"undo": undo, "apart": self._keep_apart}.get(request.POST.get("do", ""))
        if doing is None:
            raise Http404
        try:
            doing(request)
        except Refused as refused:
            messages.error(request, str(refused))
        answer = self.back()
        after = Cursor.read(request.POST.get("after", ""))
        answer["Location"] += _query(after) if after else ""
        return answer

    def _keep_apart(self, request: DashboardRequest) -> None:
        """The first lead that the form names, and all the others."""
        ids = [_uuid(text) for text in request.POST.getlist("lead")[:MOST_IN_A_GROUP]]
        leads: dict[Any, Lead] = {lead.public_id: lead for lead in Lead.objects.filter(public_id__in=filter(None, ids))}
        if len(leads) < 2 or ids[0] not in leads:
            raise Refused("unknown_lead", _("One of these leads is gone."))
        keep_apart(leads[ids[0]], leads.values(), by=Actor.of_user(request.user), at=timezone.now())
        messages.success(
            request, _("“%(name)s” is not taken for a duplicate of these any more.") % {"name": leads[ids[0]].name}
        )


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _query(after: Cursor) -> str:
    query = QueryDict(mutable=True)
    query["after"] = str(after)
    return f"?{query.urlencode()}"


site.add_screen("leads/duplicates/", Duplicates)
