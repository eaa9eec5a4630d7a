"""What missions tell platform staff about each tenant: activities of a month, the last one, what is unmatched."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Sum
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from missions.models import ReceivedCode
from salesos.admin.tenant_figures import Column, Contribution, ago
from salesos.database import array, run

DAYS = 30
MOST_UNMATCHED = 1000


def _of_missions(ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
    since = timezone.now().date() - timedelta(days=DAYS - 1)
    received = ReceivedCode.objects.every_tenant(reason="how busy each tenant is, for platform staff")
    sums = received.filter(tenant__in=ids, day__gte=since).order_by().values_list("tenant").annotate(Sum("received"))
    month = dict(sums)
    newest = run(_NEWEST, {"tenants": array(ids), "most": MOST_UNMATCHED})
    return {
        tenant_id: {
            "month": number_format(month.get(tenant_id, 0), force_grouping=True),
            "last_activity": ago(last),
            "unmatched": _at_most(unmatched),
        }
        for tenant_id, last, unmatched in newest
    }


def _at_most(count: int) -> str:
    text = number_format(min(count, MOST_UNMATCHED), force_grouping=True)
    return f"{text}+" if count >= MOST_UNMATCHED else text


MISSIONS = Contribution(
    (
        Column("month", _("activities, 30 days")),
        Column("last_activity", _("last activity")),
        Column("unmatched", _("unmatched")),
    ),
    _of_missions,
)

# A look into each tenant's end of the primary key, and a count that stops early.
_NEWEST = """
SELECT tenant.id, (
    SELECT activity.received_at FROM missions_activity AS activity
    WHERE activity.tenant_id = tenant.id ORDER BY activity.id DESC LIMIT 1
), (
    SELECT count(*) FROM (
        SELECT 1 FROM missions_unmatchedactivity AS kept WHERE kept.tenant_id = tenant.id LIMIT %(most)s
    ) AS waiting
)
FROM unnest(%(tenants)s::bigint[]) AS tenant (id)
"""
