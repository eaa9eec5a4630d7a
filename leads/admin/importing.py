"""Importing leads from a CSV file: upload, say which column is what, look at what it would do, import, take the report.

The file is kept with a job that is not begun (`leads.importing.jobs`); looking and importing go on behind the requests.
"""

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import SELECT_CLASSES

from leads.importing import jobs
from leads.importing.columns import CUSTOM, FIELDS
from leads.importing.outcomes import OUTCOMES, REPORT
from salesos.admin.acting import DashboardRequest
from salesos.admin.background import progress_of
from salesos.admin.keyset import page_of
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.models import BackgroundJob
from salesos.models.background import JobState
from salesos.moments import shown_moment
from salesos.roles import MANAGERS
from salesos.spreadsheets import download

PAST = 20
"""Imports on a page of the list."""
FIRST = 10
"""Rows of each outcome that are shown."""


class ImportLeads(Screen):
    """Upload a file; what was imported before."""

    name = "leads_import"
    title = _("Import leads")
    template_name = "leads/import.html"
    may_view, may_post = MANAGERS, MANAGERS

    def get(self, request: DashboardRequest) -> HttpResponse:
        page = page_of(BackgroundJob.objects.filter(kind=jobs.IMPORT), request.GET, size=PAST)
        counts = jobs.counts_of(page.rows)
        return self.page(
            fields=FIELDS.values(),
            most_rows=jobs.MOST_ROWS,
            most_megabytes=jobs.MOST_BYTES // 1024 // 1024,
            page=page,
            past=[(job, shown_moment(job.created_at), _counts_in_words(counts[job.pk])) for job in page.rows],
        )

    def post(self, request: DashboardRequest) -> HttpResponse:
        file = request.FILES.get("file")
        try:
            if not isinstance(file, UploadedFile):
                raise Refused("no_file", _("Choose a file first."), field="file")
            return HttpResponseRedirect(_address_of(jobs.receive(file)))
        except Refused as refused:
            messages.error(request, str(refused))
            return self.get(request)


class LeadImport(Screen):
    """One import, at whatever step it is."""

    name = "lead_import"
    title = _("Import leads")
    template_name = "leads/import_one.html"
    may_view, may_post = MANAGERS, MANAGERS

    def get(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        return self._shown(_job_of(id))

    def post(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        job, doing = _job_of(id), request.POST.get("do", "")
        choices, updates = self._choices(job), request.POST.get("mode") == "update"
        try:
            if doing == "check":
                jobs.check(job, choices, updates=updates)
            elif doing == "import":
                jobs.begin(job)
            elif doing == "discard":
                jobs.discard(job)
                messages.success(request, _("The file was thrown away; nothing was imported."))
                return self.back("leads_import")
        except Refused as refused:
            messages.error(request, str(refused))
            if doing == "check":
                # With what was chosen, for it to be put right.
                job.input |= {"choices": choices, "updates": updates}
                return self._shown(job)
        return HttpResponseRedirect(_address_of(job))

    def _choices(self, job: BackgroundJob) -> list[str]:
        known = {*FIELDS, CUSTOM}
        sent = [self.request.POST.get(f"column-{number}", "") for number in range(len(job.input["header"]))]
        return [choice if choice in known else "" for choice in sent]

    def _shown(self, job: BackgroundJob) -> HttpResponse:
        is_open = job.state == JobState.PREPARED
        check = jobs.check_of(job) if is_open else None
        # What is under way, or was last; of a file that nobody has looked at yet, nothing.
        latest = check if is_open else job
        counts = jobs.counts_of([latest])[latest.pk] if latest and latest.has_ended else {}
        return self.page(
            subtitle=job.file_name,
            job=job,
            is_open=is_open,
            check=check,
            progress=progress_of(latest) if latest and (latest.is_under_way or latest.state != JobState.DONE) else None,
            is_under_way=bool(latest and latest.is_under_way),
            columns=_columns(job) if is_open else [],
            choices=[("", _("– leave out –")), *FIELDS.items()],
            custom=CUSTOM,
            select_classes=" ".join(SELECT_CLASSES),
            counts=[(outcome, title, counts[outcome]) for outcome, title in OUTCOMES.items() if outcome in counts],
            error_count=counts.get("error", 0),
            write_count=counts.get("new", 0) + counts.get("changed", 0),
            rows=[(OUTCOMES[row[1]], *row[:5]) for row in jobs.first_told(latest, FIRST)] if latest and counts else [],
            is_cut=any(count > FIRST for count in counts.values()),
        )


class LeadImportReport(Screen):
    """What became of each row, or would, as a file; with `rows=errors` the rows with errors as they were sent, to be
    mended and imported."""

    name = "lead_import_report"
    title = _("Report")
    may_view = MANAGERS

    def get(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponseBase:
        job = _job_of(id)
        told = jobs.check_of(job) if job.state == JobState.PREPARED else job
        if told is None:
            raise Http404
        if request.GET.get("rows") == "errors":
            header = [str(_("line")), str(_("reason")), *job.input["header"]]
            return download("leads-with-errors.csv", header, _refused(told))
        rows = ([row[0], OUTCOMES[row[1]], *row[2:5]] for row in jobs.rows_told(told))
        return download("leads-import.csv", REPORT, rows)


def _refused(job: BackgroundJob) -> Iterator[Sequence[Any]]:
    return ([row[0], row[4], *row[5]] for row in jobs.rows_told(job) if row[1] == "error")


def _job_of(public_id: uuid.UUID) -> BackgroundJob:
    job = BackgroundJob.objects.filter(public_id=public_id, kind=jobs.IMPORT).first()
    if job is None:
        raise Http404
    return job


def _address_of(job: BackgroundJob) -> str:
    return reverse("admin:lead_import", args=[job.public_id])


def _columns(job: BackgroundJob) -> list[dict[str, Any]]:
    given = job.input
    return [
        {
            "number": number,
            "title": title or _("Column %(number)d") % {"number": number + 1},
            "custom": title,
            "samples": given["samples"][number],
            "choice": given["choices"][number],
        }
        for number, title in enumerate(given["header"])
    ]


def _counts_in_words(counts: dict[str, int]) -> list[tuple[Any, int]]:
    return [(title, counts[outcome]) for outcome, title in OUTCOMES.items() if counts.get(outcome)]


site.add_screen("leads/import/", ImportLeads)
site.add_screen("leads/import/<uuid:id>/", LeadImport)
site.add_screen("leads/import/<uuid:id>/report/", LeadImportReport)
