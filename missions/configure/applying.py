"""Mappings and the activities that were there before them: what applying would do, and doing it step by step."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from missions.applying import Applied, apply_some, preview
from missions.configure.of_a_source import OfASource
from missions.mapping import CodeReceived
from missions.periods import Period, today_in, window
from salesos.admin.acting import DashboardRequest
from salesos.admin.site import site
from salesos.errors import Refused

SECONDS = 2.0
"""What one request works at most, about."""
MOST_MOVES = 50


class ApplyMappings(OfASource):
    """What applying the mappings to the past would do, and the button that does it.

    Each POST counts for about two seconds and says whether something is left. A browser that takes JSON asks again
    until nothing is; otherwise whoever presses the button does. What was stopped goes on where it ended.
    """

    name = "configure_apply"
    title = gettext_lazy("Apply to activities already received")
    template_name = "missions/configure_apply.html"

    def get(self, request: DashboardRequest) -> HttpResponse:
        codes = self._waiting()
        month = window(Period.MONTH, today=today_in(request.tenant, timezone.now()))
        try:
            effect = preview(self.source, [code.code for code in codes], window=month) if codes else None
        except Refused as refused:
            messages.error(request, str(refused))
            effect = None
        moves = sorted(effect.moves, key=lambda move: (move.gained == 0, move.new_rank)) if effect else []
        return self.page(
            codes=codes,
            effect=effect,
            moves=moves[:MOST_MOVES],
            more_moves=max(len(moves) - MOST_MOVES, 0),
            configure_url=self.here("configure"),
        )

    def post(self, request: DashboardRequest) -> HttpResponse:
        is_asked_by_script = request.get_preferred_type(["text/html", "application/json"]) == "application/json"
        applied, refusal = Applied(0, 0), ""
        try:
            applied = apply_some(self.source, _expected(request.POST.getlist("code")), seconds=SECONDS)
        except Refused as refused:
            refusal = str(refused)
        if is_asked_by_script:
            return JsonResponse(
                {
                    "activities": applied.activities,
                    "points": applied.points,
                    "is_finished": applied.is_finished,
                    "refusal": refusal,
                }
            )
        if refusal:
            messages.error(request, refusal)
        if applied.activities:
            messages.success(request, _applied_in_words(applied))
        if applied.is_finished:
            return HttpResponseRedirect(self.here("configure"))
        messages.warning(request, _("There is more: press Apply again to go on."))
        return HttpResponseRedirect(self.here())

    def _waiting(self) -> list[CodeReceived]:
        """Codes with uncounted activities whose mapping leads to an active mission."""
        return [code for code in self.received() if code.uncounted and code.mapping and code.mapping.mission.is_active]


def _expected(agreed: list[str]) -> dict[str, tuple[str, int]]:
    """What was agreed to, code → mission and points, from texts like `001:5:Calls`; what is none is left out."""
    found = {}
    for text in agreed:
        code, _colon, rest = text.partition(":")
        points, colon, mission = rest.partition(":")
        if colon and points.isascii() and points.isdecimal() and len(points) < 10:
            found[code] = (mission, int(points))
    return found


def _applied_in_words(applied: Applied) -> str:
    counted = ngettext("%(count)d activity counted", "%(count)d activities counted", applied.activities)
    awarded = ngettext("%(count)d point awarded", "%(count)d points awarded", applied.points)
    return _("%(counted)s, %(awarded)s.") % {
        "counted": counted % {"count": applied.activities},
        "awarded": awarded % {"count": applied.points},
    }


site.add_screen("missions/configure/apply/", ApplyMappings)
