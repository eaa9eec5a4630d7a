"""Configure and, behind it, the application of mappings to the activities that were received already."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import SELECT_CLASSES

from missions import sources
from missions.configure import table
from missions.mapping import CodeReceived, apply, preview, received_codes
from missions.models import Mission
from missions.periods import Period, last_days, today_in, window
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.roles import EVERYONE, MANAGERS

DAYS = 30
BLOCKS = [(str(block), f"{max(block * 100, 1):03d}–{block * 100 + 99:03d}") for block in range(10)]


class _OfASource(Screen):
    """What both screens ask of the query string: a source, the Default integration unless another is named."""

    may_view, may_post = EVERYONE, MANAGERS

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        named = request.GET.get("source", "")
        self.source = named if named in sources.SOURCES else sources.DEFAULT

    def received(self) -> list[CodeReceived]:
        days = last_days(DAYS, today=today_in(self.request.tenant, timezone.now()))
        return received_codes(self.source, since=days.start or date.min)

    def here(self, name: str = "", **more: str) -> str:
        query = QueryDict(mutable=True)
        query.update({"source": self.source, **more})
        return f"{reverse(f'admin:{name or self.name}')}?{query.urlencode()}"


class Configure(_OfASource):
    name = "configure"
    title = _("Configure")
    template_name = "missions/configure.html"

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self._table(self._rows(), self._missions())

    def post(self, request: DashboardRequest) -> HttpResponse:
        rows, missions = self._rows(), self._missions()
        table.read(rows, request.POST)
        try:
            count = table.save(self.source, rows, missions=missions, by=request.user)
        except Refused as refused:
            messages.error(request, str(refused))
            return self._table(rows, missions)
        messages.success(
            request, ngettext("%d mapping saved.", "%d mappings saved.", count) % count if count else _("No changes.")
        )
        return HttpResponseRedirect(request.get_full_path())

    def _missions(self) -> list[Mission]:
        return list(Mission.objects.all())

    def _rows(self) -> list[table.Row]:
        more = table.every_code(self.source, int(self._block())) if self._block() else self._added()
        rows = table.rows_of(self.source, self.received(), more)
        return [row for row in rows if row.code in set(more)] if self._block() else rows

    def _block(self) -> str:
        """The hundred of codes that the page shows whole, "" for those in use."""
        named = self.request.GET.get("all", "")
        return named if self.source == sources.DEFAULT and named in dict(BLOCKS) else ""

    def _added(self) -> list[str]:
        """Codes that were asked for by hand; those that can't be are told of and left out."""
        added = []
        for code in self.request.GET.getlist("add")[:100]:
            try:
                added.append(sources.source(self.source).refuse_unknown(code.strip()))
            except Refused as refused:
                if code.strip() and self.request.method == "GET":
                    messages.error(self.request, str(refused))
        return added

    def _table(self, rows: list[table.Row], missions: list[Mission]) -> HttpResponse:
        return self.page(
            rows=rows,
            missions=missions,
            sources=sources.SOURCES.values(),
            source=self.source,
            block=self._block(),
            blocks=BLOCKS if self.source == sources.DEFAULT else [],
            added=self._added() if not self._block() else [],
            days=DAYS,
            is_appliable=any(row.uncounted and row.saved.mission for row in rows),
            select_classes=" ".join(SELECT_CLASSES),
            apply_url=self.here("configure_apply"),
        )


class ApplyMappings(_OfASource):
    """What applying the mappings to the past would do, and the button that does it."""

    name = "configure_apply"
    title = _("Apply to activities already received")
    template_name = "missions/configure_apply.html"

    def get(self, request: DashboardRequest) -> HttpResponse:
        codes = self._waiting()
        month = window(Period.MONTH, today=today_in(request.tenant, timezone.now()))
        try:
            effect = preview(self.source, [code.code for code in codes], window=month) if codes else None
        except Refused as refused:
            messages.error(request, str(refused))
            effect = None
        return self.page(codes=codes, effect=effect, configure_url=self.here("configure"))

    def post(self, request: DashboardRequest) -> HttpResponse:
        waiting = {code.code for code in self._waiting()}
        activities = points = 0
        try:
            for code in sorted(waiting.intersection(request.POST.getlist("code"))):
                applied = apply(self.source, code)
                activities, points = activities + applied.activities, points + applied.points
        except Refused as refused:
            # Of one code; those before it are counted.
            messages.error(request, str(refused))
        if activities:
            messages.success(
                request,
                _("%(activities)d activities counted, %(points)d points awarded.")
                % {"activities": activities, "points": points},
            )
        return HttpResponseRedirect(self.here("configure"))

    def _waiting(self) -> list[CodeReceived]:
        """Codes with uncounted activities whose mapping leads to an active mission."""
        return [code for code in self.received() if code.uncounted and code.mapping and code.mapping.mission.is_active]


site.add_screen("missions/configure/", Configure)
site.add_screen("missions/configure/apply/", ApplyMappings)
