"""A mapping from a CSV file or an example: first what each line would do, then all of it or nothing."""

from dataclasses import replace

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from missions import sources
from missions.changes import Effect, Plan, change_mappings, plan
from missions.configure import examples, sheets
from missions.configure.of_a_source import OfASource, done_in_words
from salesos.admin.acting import DashboardRequest
from salesos.admin.site import site
from salesos.errors import Refused


class ImportMapping(OfASource):
    """`example` in the query string shows what that example would do, in the place of a file."""

    name = "configure_import"
    title = _("Import a mapping")
    template_name = "missions/configure_import.html"

    def get(self, request: DashboardRequest) -> HttpResponse:
        if "example" not in request.GET:
            return self._form()
        example = examples.EXAMPLES.get(request.GET["example"])
        if example is None or not example.codes:
            raise Http404
        return self._report(plan(self.source, example.wishes()), {}, example.title)

    def post(self, request: DashboardRequest) -> HttpResponse:
        try:
            if "rows" in request.POST:
                return self._carry_out(request.POST["rows"])
            file = request.FILES.get("file")
            if file is None:
                raise Refused("no_file", _("Choose a file."), field="file")
            wishes, errors = sheets.wishes_of(self.source, file)
        except Refused as refused:
            return self._form(str(refused))
        return self._report(plan(self.source, wishes), errors, file.name or "")

    def _carry_out(self, packed: str) -> HttpResponse:
        done = change_mappings(self.source, sheets.unpacked(packed), by=self.request.user)
        if done.is_refused:
            messages.error(self.request, _("Nothing was imported: look at the lines marked below."))
            # Asked again, it is with the eyes on what is there now.
            again = [replace(line.wish, shown=None) for line in done.lines]
            clashes = {line.wish.line: str(line.error) for line in done.lines if line.effect == Effect.CLASH}
            return self._report(plan(self.source, again), {}, "", clashes)
        if done.changes:
            messages.success(self.request, done_in_words(done))
        else:
            messages.info(self.request, _("Nothing was changed."))
        return HttpResponseRedirect(self.here("configure"))

    def _form(self, error: str = "") -> HttpResponse:
        return self.page(
            error=error,
            examples=examples.EXAMPLES.values(),
            columns=[str(title) for title in sheets.COLUMNS.values()],
            configure_url=self.here("configure"),
            export_url=self.here("configure", export="csv"),
            source=self.source,
        )

    def _report(
        self, planned: Plan, errors: dict[int, str], of_what: str | StrPromise, notes: dict[int, str] | None = None
    ) -> HttpResponse:
        lines = [
            replace(line, effect=Effect.REFUSED, error=errors[line.wish.line]) if line.wish.line in errors else line
            for line in planned.lines
        ]
        planned = replace(planned, lines=lines)
        return self.page(
            template_name="missions/configure_import_report.html",
            plan=planned,
            lines=[(self._title(line.wish.code), line, (notes or {}).get(line.wish.line, "")) for line in lines],
            of_what=of_what,
            of_file="example" not in self.request.GET,
            refused=planned.count(Effect.REFUSED),
            same=planned.count(Effect.SAME),
            packed=sheets.packed(lines),
            back_url=self.here(),
            configure_url=self.here("configure"),
        )

    def _title(self, code: str) -> str:
        known = sources.source(self.source)
        return known.title_of(code) if known.code_pattern.fullmatch(code) else code


site.add_screen("missions/configure/import/", ImportMapping)
