"""The request log, read-only for everybody: who asked what, when, and how it ended."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from salesos.admin.acting import DashboardRequest
from salesos.admin.base import ReadOnlyAdmin
from salesos.admin.filters import ExactTextFilter
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.models import RequestLog
from salesos.request_log import first_id_at
from salesos.roles import AUDITORS

PAGE = 50
COUNTS = ("processed", "created", "existing", "skipped", "duplicates", "errors")


class TimeFilter(DropdownFilter):
    title = _("time")
    parameter_name = "within"
    spans = {
        "hour": (_("Last hour"), timedelta(hours=1)),
        "day": (_("Last 24 hours"), timedelta(days=1)),
        "week": (_("Last 7 days"), timedelta(days=7)),
        "month": (_("Last 30 days"), timedelta(days=30)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, title) for name, (title, _span) in self.spans.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RequestLog]) -> QuerySet[RequestLog]:
        if self.value() not in self.spans:
            return queryset
        return queryset.filter(id__gte=first_id_at(timezone.now() - self.spans[self.value()][1]))


class OutcomeFilter(DropdownFilter):
    title = _("status")
    parameter_name = "outcome"
    classes = {
        "2": _("2xx: done"),
        "4": _("4xx: refused"),
        "5": _("5xx: failed"),
        "401": _("401: no valid key"),
        "403": _("403: not allowed"),
        "400": _("400: bad request"),
        "429": _("429: over the limit"),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(self.classes.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[RequestLog]) -> QuerySet[RequestLog]:
        value = self.value()
        if value not in self.classes:
            return queryset
        if len(value) == 1:
            return queryset.filter(status__gte=int(value) * 100, status__lt=int(value) * 100 + 100)
        return queryset.filter(status=int(value))


class ErrorCodeFilter(ExactTextFilter):
    title = _("error code")
    parameter_name = column = "error_code"


class ActionFilter(ExactTextFilter):
    title = _("action")
    parameter_name = column = "action"


@admin.register(RequestLog, site=site)
class RequestLogAdmin(ReadOnlyAdmin):
    may_view = AUDITORS
    list_display = (
        "shows_at",
        "shows_status",
        "shows_action",
        "shows_key",
        "address",
        "shows_counts",
        "shows_duration",
    )
    list_display_links = ("shows_at",)
    list_filter = (OutcomeFilter, TimeFilter, ("api_key", RelatedDropdownFilter), ErrorCodeFilter, ActionFilter)
    list_select_related = ("api_key",)
    list_per_page = PAGE
    fieldsets = (
        (None, {"fields": (("id", "shows_at"), ("status", "error_code"), ("action", "shows_counts"))}),
        (_("Who"), {"fields": (("api_key", "address"), "user_agent")}),
        (_("What"), {"fields": (("method", "path"), ("shows_duration", "bytes_in"))}),
    )

    @display(description=_("at"), ordering="id")
    def shows_at(self, row: RequestLog) -> str:
        return timezone.localtime(row.at).strftime("%Y-%m-%d %H:%M:%S")

    @display(description=_("status"), label={"done": "success", "refused": "warning", "failed": "danger"})
    def shows_status(self, row: RequestLog) -> tuple[str, str]:
        outcome = "done" if row.status < 400 else "refused" if row.status < 500 else "failed"
        return outcome, f"{row.status} {row.error_code}".strip()

    @display(description=_("action"))
    def shows_action(self, row: RequestLog) -> str:
        return row.action or f"{row.method} {row.path}"

    @display(description=_("API key"), empty_value="–")
    def shows_key(self, row: RequestLog) -> str | None:
        return row.api_key.name if row.api_key_id and row.api_key else None

    @display(description=_("items"))
    def shows_counts(self, row: RequestLog) -> str:
        if not isinstance(row.counts, dict):
            return "–"
        return " · ".join(f"{name} {row.counts[name]}" for name in COUNTS if row.counts.get(name)) or "–"

    @display(description=_("duration"))
    def shows_duration(self, row: RequestLog) -> str:
        return f"{number_format(row.duration_ms, 1)} ms"


class UnrecognisedRequests(Screen):
    """Requests whose key nobody knows, which belong to no tenant: for platform staff."""

    name = "unrecognised_requests"
    title = _("Unrecognised requests")
    template_name = "salesos/unrecognised_requests.html"
    for_platform = True

    def get(self, request: DashboardRequest) -> HttpResponse:
        rows = list(self._rows(request.GET.get("before", "")))
        table = {
            "headers": [_("At"), _("Status"), _("Error code"), _("Address"), _("Request"), _("User agent")],
            "rows": [list(self._cells(row)) for row in rows[:PAGE]],
        }
        return self.page(table=table, before=rows[PAGE - 1].id if len(rows) > PAGE else None)

    def _rows(self, before: str) -> QuerySet[RequestLog]:
        strangers = RequestLog.objects.every_tenant(reason="requests without a known key belong to no tenant")
        strangers = strangers.filter(tenant=None).order_by("-id")
        # What is no place in the log leads to its newest page.
        with suppress(ValueError):
            strangers = strangers.filter(id__lt=UUID(before)) if before else strangers
        return strangers[: PAGE + 1]

    def _cells(self, row: RequestLog) -> Iterator[str]:
        yield timezone.localtime(row.at).strftime("%Y-%m-%d %H:%M:%S")
        yield str(row.status)
        yield row.error_code or "–"
        yield row.address or "–"
        yield f"{row.method} {row.path}"
        yield row.user_agent or "–"


site.add_screen("platform/unrecognised-requests/", UnrecognisedRequests)
