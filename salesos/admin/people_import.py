"""Importing people from a CSV file: upload, match the columns, look at what it would do, confirm, take the report.

Between the steps the file travels with the page, compressed and signed for this user in this tenant: nothing is kept
on the server, any process takes the next step, and nobody else can send it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from unfold.widgets import SELECT_CLASSES

from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.columns import guessed
from salesos.errors import Refused
from salesos.people_import import FIELDS, HEADERS, MOST_ROWS, Outcome, Plan, Row, import_people, plan
from salesos.roles import MANAGERS
from salesos.spreadsheets import Sheet, download, read

MOST_SHOWN = 200
MOST_BYTES = 2 * 1024 * 1024
KEPT_FOR = 24 * 60 * 60
"""Seconds that a page may lie open before its file must be sent again."""

OUTCOMES: dict[Outcome, Any] = {
    "error": _("Error"),
    "new": _("New"),
    "changed": _("Changed"),
    "same": _("Same as now"),
}


class ImportPeople(Screen):
    name = "people_import"
    title = _("Import people")
    template_name = "salesos/people_import.html"
    may_view, may_post = MANAGERS, MANAGERS

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self._upload()

    def post(self, request: DashboardRequest) -> HttpResponseBase:
        steps = {"check": self._check, "import": self._import, "preview": self._preview, "report": self._report}
        try:
            return steps.get(request.POST.get("do", ""), self._receive)()
        except Refused as refused:
            messages.error(request, str(refused))
            return self._upload()

    def _upload(self) -> HttpResponse:
        return self.page(fields=FIELDS.values(), most_rows=MOST_ROWS)

    def _receive(self) -> HttpResponse:
        file = self.request.FILES.get("file")
        if not isinstance(file, UploadedFile):
            raise Refused("no_file", _("Choose a file first."), field="file")
        if (file.size or 0) > MOST_BYTES:
            message = _("The file is larger than %(most)d MB.") % {"most": MOST_BYTES // 1024 // 1024}
            raise Refused("bad_csv", message, field="file")
        sheet = read(file, most_rows=MOST_ROWS)
        return self._matched(
            sheet, guessed(sheet.header, HEADERS), self._signed("kept", [sheet.header, sheet.rows, sheet.lines])
        )

    def _check(self) -> HttpResponse:
        sheet = self._sheet()
        return self._matched(sheet, self._columns(sheet), self.request.POST["kept"])

    def _import(self) -> HttpResponse:
        sheet = self._sheet()
        columns = self._columns(sheet)
        try:
            done = import_people(sheet, columns, skips_errors="skip" in self.request.POST, by=self.request.user)
        except Refused as refused:
            messages.error(self.request, str(refused))
            return self._matched(sheet, columns, self.request.POST["kept"])
        return self.page(
            template_name="salesos/people_import_report.html",
            **self._shown(done),
            report=self._signed("report", [list(map(str, cells)) for cells in _told(done.rows)]),
        )

    def _preview(self) -> HttpResponseBase:
        sheet = self._sheet()
        return download("people-preview.csv", REPORT, _told(plan(sheet, self._columns(sheet)).rows))

    def _report(self) -> HttpResponseBase:
        return download("people-import.csv", REPORT, self._unsigned("report"))

    def _matched(self, sheet: Sheet, columns: dict[str, int], kept: str) -> HttpResponse:
        """The page on which columns are matched, with what the import would do."""
        choices = [(name, title, columns.get(name, -1)) for name, title in FIELDS.items()]
        shown: dict[str, Any] = {}
        try:
            shown = self._shown(plan(sheet, columns))
        except Refused as refused:
            messages.error(self.request, str(refused))
        return self.page(
            template_name="salesos/people_import_preview.html",
            choices=choices,
            header=[title or _("Column %(number)d") % {"number": at + 1} for at, title in enumerate(sheet.header)],
            select_classes=" ".join(SELECT_CLASSES),
            kept=kept,
            **shown,
        )

    def _shown(self, done: Plan) -> dict[str, Any]:
        order = list(OUTCOMES)
        rows = sorted(done.rows, key=lambda row: order.index(row.outcome))
        return {
            "plan": done,
            "counts": [(outcome, title, done.count(outcome)) for outcome, title in OUTCOMES.items()],
            "error_count": done.count("error"),
            "write_count": done.count("new") + done.count("changed"),
            "rows": [(row, OUTCOMES[row.outcome]) for row in rows[:MOST_SHOWN]],
            "hidden_count": max(len(rows) - MOST_SHOWN, 0),
        }

    def _columns(self, sheet: Sheet) -> dict[str, int]:
        """The columns as chosen on the page."""
        places = {str(at): at for at in range(len(sheet.header))}
        chosen = {name: self.request.POST.get(f"column-{name}", "") for name in FIELDS}
        return {name: places[text] for name, text in chosen.items() if text in places}

    def _sheet(self) -> Sheet:
        return Sheet(*self._unsigned("kept"))

    def _salt(self, name: str) -> str:
        return f"people-import {name} {self.request.tenant.pk} {self.request.user.pk}"

    def _signed(self, name: str, value: Any) -> str:
        return signing.dumps(value, salt=self._salt(name), compress=True)

    def _unsigned(self, name: str) -> Any:
        try:
            return signing.loads(self.request.POST.get(name, ""), salt=self._salt(name), max_age=KEPT_FOR)
        except signing.BadSignature:
            message = _("This page is too old, or of another tenant. Choose the file again.")
            raise Refused("import_expired", message) from None


REPORT = (_("line"), _("outcome"), _("e-mail"), _("name"), _("details"))


def _told(rows: Iterable[Row]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        changes = [f"{change.title}: {change.before or '–'} → {change.after}" for change in row.changes]
        details = "; ".join(map(str, [*row.errors, *changes, *([row.note] if row.note else [])]))
        yield row.line, OUTCOMES[row.outcome], row.given.get("email", ""), row.name, details


site.add_screen("salesos/collaborator/import/", ImportPeople)
