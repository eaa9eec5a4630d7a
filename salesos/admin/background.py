"""How far a background job is: a panel that any screen includes, refreshed until the job has ended."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Sum
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from salesos import background
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.models import BackgroundJob, BackgroundPart
from salesos.models.background import JobState
from salesos.roles import MANAGERS

LONG_WAIT = timedelta(seconds=20)
"""After which the panel says that nobody takes the job up."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What the panel (`salesos/background_job.html`) shows of a job. Two statements at most."""

    job: BackgroundJob
    done: int
    is_neglected: bool

    @property
    def percent(self) -> int:
        return min(100 * self.done // self.job.total, 100) if self.job.total else 0


def progress_of(job: BackgroundJob) -> Progress:
    done = BackgroundPart.objects.filter(job=job).aggregate(done=Sum("done"))["done"] or 0
    has_waited = job.state == JobState.WAITING and timezone.now() - job.created_at > LONG_WAIT
    # Jobs of one tenant are done one after the other.
    return Progress(job, done, has_waited and not BackgroundJob.objects.filter(state=JobState.RUNNING).exists())


def job_of_id(public_id: uuid.UUID) -> BackgroundJob:
    job = BackgroundJob.objects.filter(public_id=public_id).first()
    if job is None:
        raise Http404
    return job


class BackgroundJobPanel(Screen):
    """The panel, alone for htmx; a POST asks to cancel the job. Once it has ended the page around it is loaded anew."""

    name = "background_job"
    title = _("Background job")
    template_name = "salesos/background_job_page.html"
    may_view, may_post = MANAGERS, MANAGERS

    def get(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        job = job_of_id(id)
        if "HX-Request" not in request.headers:
            return self.page(progress=progress_of(job))
        answer = self.page(progress=progress_of(job), template_name="salesos/background_job.html")
        if job.has_ended:
            answer["HX-Refresh"] = "true"
        return answer

    def post(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        background.ask_to_cancel(job_of_id(id))
        return self.get(request, id)


site.add_screen("background/<uuid:id>/", BackgroundJobPanel)
