"""Requests whose key nobody knows, for platform staff."""

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from salesos.admin.acting import DashboardRequest
from salesos.admin.request_log_form import place
from salesos.admin.request_table import table_of
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.models import RequestLog
from salesos.request_search import PAGE


class UnrecognisedRequests(Screen):
    """Requests whose key nobody knows, which belong to no tenant: for platform staff."""

    name = "unrecognised_requests"
    title = _("Unrecognised requests")
    template_name = "salesos/unrecognised_requests.html"
    for_platform = True

    def get(self, request: DashboardRequest) -> HttpResponse:
        strangers = RequestLog.objects.every_tenant(reason="requests without a known key belong to no tenant")
        strangers = strangers.filter(tenant=None).order_by("-id")
        before = place(request.GET.get("before", ""))
        if before is not None:
            strangers = strangers.filter(id__lt=before)
        rows = list(strangers[: PAGE + 1])
        shown = rows[:PAGE]
        return self.page(
            table=table_of(shown, {}, of_strangers=True), before=shown[-1].id if len(rows) > PAGE else None
        )


site.add_screen("platform/unrecognised-requests/", UnrecognisedRequests)
