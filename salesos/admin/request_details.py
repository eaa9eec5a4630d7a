"""What is behind a request: its error in words, and panels of packages above the core (`REQUEST_DETAILS`)."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext

from salesos.admin.acting import DashboardRequest
from salesos.admin.overview import Panel
from salesos.api.error_reference import ERRORS
from salesos.models import RequestLog


@dataclass(frozen=True, slots=True)
class Explanation:
    when: str
    remedy: str


def explanation_of(row: RequestLog) -> Explanation | None:
    """What the request's error means and what to do, as the API's reference says it."""
    for case in ERRORS:
        if (case.status, case.code) == (row.status, row.error_code):
            return Explanation(gettext(case.when), gettext(case.remedy))
    return None


def details_of(request: DashboardRequest, row: RequestLog) -> Iterator[Panel]:
    """Panels by dotted name: functions of the dashboard's request and the row, each with bounded statements."""
    for dotted in settings.REQUEST_DETAILS:
        yield from import_string(dotted)(request, row)
