"""The request log, read-only for everybody: who asked what, when, and how it ended.

Its address carries the filters, which `salesos.admin.request_log_form` describes; `salesos.request_search` finds the
rows and `salesos.request_counts` the figures of the chart.
"""

from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_stubs_ext import StrPromise

from salesos.admin.acting import DashboardRequest
from salesos.admin.base import ReadOnlyAdmin
from salesos.admin.request_chart import brush_chart
from salesos.admin.request_details import details_of, explanation_of
from salesos.admin.request_log_form import SPANS, LogForm, place
from salesos.admin.request_table import counted_items, table_of
from salesos.admin.site import site
from salesos.api.error_reference import ERRORS
from salesos.models import RequestLog
from salesos.moments import shown_moment
from salesos.request_counts import bring_up_to_date
from salesos.request_search import Page, every_row, find_page
from salesos.roles import AUDITORS
from salesos.spreadsheets import download

LOG = "admin:salesos_requestlog_changelist"


@admin.register(RequestLog, site=site)
class RequestLogAdmin(ReadOnlyAdmin):
    """Roles and addresses are those of any model; the pages are its own."""

    may_view = AUDITORS

    def get_urls(self) -> list[URLPattern]:
        export = path("export/", self.admin_site.admin_view(self.export_view), name="salesos_requestlog_export")
        return [export, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        request = self._looking(request)
        form = LogForm(request.GET, now=timezone.now())
        if not form.is_valid():
            return self._page(
                request, "salesos/request_log.html", _("Request log"), form=form, **_shown(form, Page(()))
            )
        search = form.search()
        bring_up_to_date(request.tenant, now=form.now, budget_seconds=1.0)
        before, after = place(request.GET.get("before", "")), place(request.GET.get("after", ""))
        page = find_page(request.tenant, search, before=before, after=after)
        return self._page(
            request,
            "salesos/request_log.html",
            _("Request log"),
            form=form,
            chart=brush_chart(request.tenant, search, form.filters(), now=form.now),
            **_shown(form, page),
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        request = self._looking(request)
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        key = row.api_key if row.api_key_id else None
        return self._page(
            request,
            "salesos/request.html",
            _("Request"),
            row=row,
            at=shown_moment(row.at, seconds=True),
            exactly=timezone.localtime(row.at).isoformat(sep=" ", timespec="milliseconds"),
            key=key,
            status=table_of([row], {}).rows[0].status,
            items=counted_items(row),
            explanation=explanation_of(row),
            panels=list(details_of(request, row)),
            around=_around(row),
        )

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The filtered rows as CSV, read while they are sent."""
        request = self._looking(request)
        form = LogForm(request.GET, now=timezone.now())
        if not form.is_valid():
            return HttpResponseRedirect(f"{reverse(LOG)}?{request.GET.urlencode()}")
        name = f"requests-{request.tenant.slug}-{timezone.localdate(form.now):%Y-%m-%d}.csv"
        rows = every_row(request.tenant, form.search())
        return download(name, _header(), (list(_cells(row, form.keys)) for row in rows))

    def _looking(self, request: HttpRequest) -> DashboardRequest:
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        return cast(DashboardRequest, request)

    def _page(
        self, request: DashboardRequest, template: str, title: str | StrPromise, **context: Any
    ) -> TemplateResponse:
        request.current_app = self.admin_site.name
        frame = {**self.admin_site.each_context(request), "opts": self.opts, "title": title}
        return TemplateResponse(request, template, {**frame, **context})


def _shown(form: LogForm, page: Page) -> dict[str, Any]:
    """What the list's template shows of a page."""
    filters = form.filters()
    return {
        "table": table_of(page.rows, form.keys),
        "page": page,
        "older": _query(filters, before=page.before) if page.before else "",
        "newer": _query(filters, after=page.after) if page.after else "",
        "newest": _query(filters),
        "export": _query(filters),
        "filters": filters,
        "spans": [
            {"title": title, "query": _query(filters, within=name), "is_chosen": name == form.within}
            for name, (title, _span) in SPANS.items()
        ],
        "known_codes": sorted({case.code for case in ERRORS}),
        "known_actions": sorted({row.action for row in page.rows if row.action}),
    }


def _query(filters: dict[str, str], **changes: Any) -> str:
    if "within" in changes:
        filters = {name: value for name, value in filters.items() if name not in ("from", "to")}
    return "?" + urlencode({**filters, **changes})


def _around(row: RequestLog) -> str:
    """The log of the same key, from a little after the request backwards."""
    only = {"key": row.api_key_id} if row.api_key_id else {}
    return f"{reverse(LOG)}?{urlencode({**only, 'before': f'{row.id.int + (60_000 << 80):032x}'})}"


def _header() -> list[str]:
    return [
        _("Time"),
        _("Request id"),
        _("Status"),
        _("Error code"),
        _("Action"),
        _("API key"),
        _("Address"),
        _("Duration (ms)"),
        _("Bytes in"),
        _("Items"),
        _("Method"),
        _("Path"),
        _("User agent"),
    ]


def _cells(row: RequestLog, keys: dict[int, str]) -> Iterator[Any]:
    yield timezone.localtime(row.at).isoformat(timespec="milliseconds")
    yield row.id
    yield row.status
    yield row.error_code
    yield row.action
    yield keys.get(row.api_key_id or 0, "")
    yield row.address
    yield row.duration_ms
    yield row.bytes_in
    yield " ".join(f"{name}={value}" for name, value in (row.counts or {}).items())
    yield row.method
    yield row.path
    yield row.user_agent
