"""How large, how busy and how well each tenant is, for platform staff: columns by dotted name (`TENANT_FIGURES`).

Each contribution fills its columns for all the tenants of a page in a number of statements that no tenant adds to, and
from sums and indexes alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from salesos.database import array, run
from salesos.models import Collaborator, Tenant
from salesos.moments import shown_moment
from salesos.request_log import first_id_at

NOTHING = "–"
ALARMING_PER_CENT = 10
ENOUGH_REQUESTS = 20
"""Fewer say nothing about a tenant's health."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list of tenants."""

    name: str
    title: StrPromise

    @property
    def display(self) -> Callable[[Tenant], Any]:
        def shows(tenant: Any) -> Any:
            return tenant.figures.get(self.name, NOTHING)

        shows.__name__ = f"shows_{self.name}"
        shows.short_description = self.title  # type: ignore[attr-defined]  # as Django's lists ask for it
        return shows


@dataclass(frozen=True, slots=True)
class Contribution:
    """Columns that are filled together. `of` takes tenant ids and returns what to show: id → column's name → value."""

    columns: Sequence[Column]
    of: Callable[[Sequence[int]], Mapping[int, Mapping[str, Any]]]


def contributions() -> list[Contribution]:
    return [import_string(dotted) for dotted in settings.TENANT_FIGURES]


def columns() -> list[Column]:
    return [column for contribution in contributions() for column in contribution.columns]


def filled(tenants: Iterable[Tenant]) -> list[Tenant]:
    """The tenants, each with its `figures` by column."""
    rows = list(tenants)
    ids = [tenant.pk for tenant in rows]
    figures: dict[int, dict[str, Any]] = {tenant_id: {} for tenant_id in ids}
    for contribution in contributions() if ids else ():
        for tenant_id, values in contribution.of(ids).items():
            figures[tenant_id] |= values
    for tenant in rows:
        tenant.figures = figures[tenant.pk]  # type: ignore[attr-defined]  # for the columns alone
    return rows


def ago(moment: datetime | None) -> str:
    """When something last happened, to the minute."""
    return shown_moment(moment) or NOTHING


def _of_core(ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
    people = Collaborator.objects.every_tenant(reason="how many people each tenant has, for platform staff")
    active = people.filter(tenant__in=ids, is_active=True, merged_into=None).order_by()
    counts = dict(active.values_list("tenant").annotate(Count("pk")))
    figures: dict[int, dict[str, Any]] = {
        tenant_id: {"people": number_format(counts.get(tenant_id, 0), force_grouping=True)} for tenant_id in ids
    }
    day_ago = first_id_at(timezone.now() - timedelta(days=1))
    for tenant_id, last, asked, failed in run(_REQUESTS, {"tenants": array(ids), "since": day_ago}):
        at = datetime.fromtimestamp((last.int >> 80) / 1000, UTC) if last else None
        figures[tenant_id] |= {"last_request": ago(at), "errors": _rate(asked, failed)}
    return figures


def _rate(asked: int, failed: int) -> Any:
    if not asked:
        return NOTHING
    per_cent = 100 * failed / asked
    text = f"{number_format(per_cent, 1)} %"
    if asked < ENOUGH_REQUESTS or per_cent < ALARMING_PER_CENT:
        return text
    return format_html('<span class="down">{} ⚠</span>', text)


CORE = Contribution(
    (
        Column("people", _("active people")),
        Column("last_request", _("last request")),
        Column("errors", _("errors, 24 hours")),
    ),
    _of_core,
)

# A look into the log's index for each tenant; of its last day at most so many of the newest rows.
_REQUESTS = """
SELECT tenant.id, newest.id, coalesce(day.asked, 0), coalesce(day.failed, 0)
FROM unnest(%(tenants)s::bigint[]) AS tenant (id)
LEFT JOIN LATERAL (
    SELECT log.id FROM salesos_requestlog AS log WHERE log.tenant_id = tenant.id ORDER BY log.id DESC LIMIT 1
) AS newest ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS asked, count(*) FILTER (WHERE status >= 400) AS failed
    FROM (
        SELECT log.status FROM salesos_requestlog AS log
        WHERE log.tenant_id = tenant.id AND log.id >= %(since)s ORDER BY log.id DESC LIMIT 1000
    ) AS recent
) AS day ON true
"""
