"""What the screens of Configure share: the source asked for, what arrived from it, words for what was done."""

from datetime import date
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from missions import sources
from missions.changes import Effect, Plan
from missions.mapping import CodeReceived, received_codes
from missions.periods import last_days, today_in
from salesos.admin.screens import Screen
from salesos.roles import EVERYONE, MANAGERS

DAYS = 30


class OfASource(Screen):
    """A screen about one source: the Default integration unless the query string names another."""

    may_view, may_post = EVERYONE, MANAGERS

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        named = request.GET.get("source", "")
        self.source = named if named in sources.SOURCES else sources.DEFAULT

    def received(self) -> list[CodeReceived]:
        days = last_days(DAYS, today=today_in(self.request.tenant, timezone.now()))
        return received_codes(self.source, since=days.start or date.min)

    def here(self, name: str = "", **more: str) -> str:
        """The address of the screen called `name`, by default this one, for the same source."""
        query = QueryDict(mutable=True)
        query.update({"source": self.source, **more})
        return f"{reverse(f'admin:{name or self.name}')}?{query.urlencode()}"


def done_in_words(plan: Plan) -> str:
    """What carrying out `plan` has done, for a message."""
    new, changed, ended = plan.count(Effect.NEW), plan.count(Effect.CHANGED), plan.count(Effect.ENDED)
    parts = []
    if new:
        parts.append(ngettext("%(count)d code mapped", "%(count)d codes mapped", new) % {"count": new})
    if changed:
        parts.append(ngettext("%(count)d mapping changed", "%(count)d mappings changed", changed) % {"count": changed})
    if ended:
        parts.append(
            ngettext("%(count)d code stops counting", "%(count)d codes stop counting", ended) % {"count": ended}
        )
    told = _("Saved: %(what)s.") % {"what": ", ".join(parts)}
    if plan.new_missions:
        told += " " + ngettext("New mission: %(names)s.", "New missions: %(names)s.", len(plan.new_missions)) % {
            "names": ", ".join(plan.new_missions)
        }
    return told
