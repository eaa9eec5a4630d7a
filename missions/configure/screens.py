"""Configure itself: the table, what saving it would change, and saving it."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from unfold.widgets import SELECT_CLASSES

from missions import sources
from missions.changes import Line, Wish, change_mappings, plan
from missions.configure import examples, sheets, table
from missions.configure.of_a_source import DAYS, OfASource, done_in_words
from missions.mapping import CodeReceived
from missions.models import Mission
from salesos.admin.acting import DashboardRequest
from salesos.admin.site import site


class Configure(OfASource):
    """Opens on the codes in use; with `show=all` on every code of the source, as it does when none is in use yet."""

    name = "configure"
    title = _("Configure")
    template_name = "missions/configure.html"

    def get(self, request: DashboardRequest) -> HttpResponseBase:
        if "export" in request.GET:
            return sheets.export(self.source, self.received())
        return self._table()

    def post(self, request: DashboardRequest) -> HttpResponse:
        wishes, doing = table.read(self.source, request.POST), request.POST.get("do", "")
        if not wishes and doing == "edit":
            return self._table()
        if not wishes:
            messages.info(request, _("Nothing was changed."))
            return HttpResponseRedirect(request.get_full_path())
        if doing == "save":
            return self._save(wishes)
        planned = plan(self.source, wishes)
        if doing == "edit":
            return self._table(planned.lines, is_judged=False)
        if planned.is_refused:
            messages.error(request, _("Nothing was saved: look at the rows marked below."))
            return self._table(planned.lines)
        if not planned.changes:
            messages.info(request, _("Nothing was changed."))
            return HttpResponseRedirect(request.get_full_path())
        return self.page(
            template_name="missions/configure_summary.html",
            plan=planned,
            lines=[(sources.source(self.source).title_of(line.wish.code), line, "") for line in planned.changes],
            shown=" ".join(f"{line.wish.code}:{line.wish.shown}" for line in planned.changes if line.wish.shown),
        )

    def _save(self, wishes: Sequence[Wish]) -> HttpResponse:
        done = change_mappings(self.source, wishes, by=self.request.user)
        if done.is_refused:
            messages.error(self.request, _("Nothing was saved: look at the rows marked below."))
            return self._table(done.lines)
        if done.changes:
            messages.success(self.request, done_in_words(done))
        else:
            messages.info(self.request, _("Nothing was changed."))
        return HttpResponseRedirect(self.request.get_full_path())

    def _table(self, lines: Sequence[Line] = (), *, is_judged: bool = True) -> HttpResponse:
        received = self.received()
        known = sources.source(self.source)
        codes = known.every_code
        is_all = bool(codes) and (bool(known.labels) or self.request.GET.get("show") == "all" or not received)
        rows = table.rows_of(known, received, codes if is_all else [line.wish.code for line in lines])
        table.put(lines, rows, is_judged=is_judged)
        waiting = _waiting(received)
        return self.page(
            groups=[(None, rows)] if is_all else _by_what_matters(rows),
            marks=table.marks(rows),
            missions=list(Mission.objects.values_list("name", "is_active")),
            sources=sources.SOURCES.values(),
            source=self.source,
            code_count=0 if known.labels else len(codes),
            row_count=len(rows),
            is_all=is_all,
            waiting=sum(row.is_waiting for row in rows),
            days=DAYS,
            select_classes=" ".join(SELECT_CLASSES),
            uncounted=sum(code.uncounted for code in waiting),
            uncounted_codes=len(waiting),
            is_new=self.source == sources.DEFAULT and not any(code.mapping for code in received),
            examples=examples.EXAMPLES.values(),
            query=self.request.GET.get("q", "")[:60],
            in_use_url=self.here(),
            all_url=self.here(show="all"),
            apply_url=self.here("configure_apply"),
            import_url=self.here("configure_import"),
            export_url=self.here(export="csv"),
        )


def _waiting(received: Sequence[CodeReceived]) -> list[CodeReceived]:
    """Codes that were mapped after activities had arrived."""
    return [code for code in received if code.uncounted and code.mapping and code.mapping.mission.is_active]


def _by_what_matters(rows: Sequence[table.Row]) -> list[tuple[object, list[table.Row]]]:
    """First what arrives and counts for nothing, then what counts."""
    waiting, others = [row for row in rows if row.is_waiting], [row for row in rows if not row.is_waiting]
    groups = [(_("Received, but not mapped: these count for nothing"), waiting), (_("Mapped"), others)]
    return [(title, each) for title, each in groups if each]


site.add_screen("missions/configure/", Configure)
