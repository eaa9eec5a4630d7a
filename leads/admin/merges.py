"""What the screens of duplicates and merges share: the merges of the last day, and what undoes them."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from leads.actors import Actor
from leads.merging import undo_merge, undoable_merges
from leads.models import Lead, LeadMerge
from salesos.admin.acting import DashboardRequest
from salesos.admin.people_merge import id_in
from salesos.errors import Refused

MOST_MERGES = 50


def recent_merges(into: Lead | None = None) -> list[LeadMerge]:
    """Those that can be undone, newest first, as `leads/merges.html` shows them."""
    return list(undoable_merges(at=timezone.now(), into=into)[:MOST_MERGES])


def asked_merge(request: HttpRequest) -> LeadMerge:
    """The merge that a form names. Raises `Refused`."""
    merge = LeadMerge.objects.filter(pk=id_in(request.POST.get("merge", ""))).first()
    if merge is None:
        raise Refused("unknown_merge", _("There is no such merge any more: it is undone, or the lead is deleted."))
    return merge


def undo(request: DashboardRequest) -> None:
    """Undo the merge that a form names, and say so. Raises `Refused`."""
    lead = undo_merge(asked_merge(request), by=Actor.of_user(request.user), at=timezone.now())
    messages.success(
        request, _("“%(name)s” (%(email)s) is a lead of its own again.") % {"name": lead.name, "email": lead.email}
    )
