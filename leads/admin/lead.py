"""A lead's page: what is known of it, its deals, and what happened; its status can be changed right here."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leads.actors import Actor
from leads.admin.deal_fields import shown_value
from leads.admin.fields import STATUSES
from leads.admin.lead_form import guard_of, lead_of
from leads.admin.shown import KINDS
from leads.admin.timeline import deal_address, timeline_of
from leads.changes import change_lead
from leads.conversion import why_not_convertible
from leads.models import Deal, Lead
from leads.models.lead import LeadStatus
from leads.owners import counted
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.moments import shown_moment
from salesos.roles import EVERYONE, MANAGERS

MOST_DEALS = 100


class LeadPage(Screen):
    name = "lead"
    title = gettext_lazy("Lead")
    template_name = "leads/lead.html"
    may_view, may_post = EVERYONE, MANAGERS

    def get(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        lead = lead_of(id)
        owner = counted(lead.owner)
        deals = list(Deal.objects.filter(lead=lead).select_related("stage").order_by("-pk")[:MOST_DEALS])
        return self.page(
            title=lead.name,
            lead=lead,
            owner=owner,
            status_title=LeadStatus(lead.status).label,
            kind=KINDS.get(LeadStatus(lead.status), ""),
            steps=STATUSES,
            why_not_convertible=why_not_convertible(lead),
            custom_fields=[(name, _shown(value)) for name, value in lead.custom_fields.items()],
            created_at=shown_moment(lead.created_at),
            updated_at=shown_moment(lead.updated_at),
            deals=[(deal, shown_value(deal.value), deal_address(deal)) for deal in deals],
            timeline=timeline_of(lead, deals, request.GET.get("before", "")),
        )

    def post(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        lead, status = lead_of(id), request.POST.get("status", "")
        if status not in dict(STATUSES):
            raise Http404
        guard = guard_of(request.POST.get("version", ""))
        try:
            change_lead(lead, {"status": status}, by=Actor.of_user(request.user), at=timezone.now(), guard=guard)
        except Lead.DoesNotExist:  # deleted since it was found
            raise Http404 from None
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("The status is “%(status)s” now.") % {"status": LeadStatus(status).label})
        return self.back("lead", id)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return value if isinstance(value, str) else str(value)


site.add_screen("leads/<uuid:id>/", LeadPage)
