from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from uuid_utils.compat import uuid7

from salesos.models import RequestLog
from salesos.request_log import first_id_at
from salesos.tenancy import tenant_context

LOG = "/dashboard/salesos/requestlog/"
STRANGERS = "/dashboard/platform/unrecognised-requests/"


def logged(tenant, *, at=None, **fields) -> RequestLog:
    at = at or timezone.now()
    row = {
        "method": "POST",
        "path": "/functions/v1/default-integration",
        "status": 200,
        "duration_ms": 1,
        "bytes_in": 0,
    }
    return RequestLog(id=_id_at(at), at=at, tenant=tenant, **{**row, **fields})


def _id_at(at: datetime):
    """A request id of that moment, with the random rest of a real one."""
    rest = uuid7().int & ((1 << 80) - 1)
    return type(uuid7())(int=(int(at.timestamp() * 1000) << 80) | rest)


def written(*rows: RequestLog) -> None:
    RequestLog.objects.every_tenant(reason="a test writes rows").bulk_create(rows)


def listed(client, query="") -> list[str]:
    return [row.action for row in client.get(LOG + query).context["cl"].result_list]


@pytest.fixture
def auditor(people):
    return people["auditor"]


def test_the_least_id_of_a_moment_parts_before_from_after():
    moment = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert _id_at(moment - timedelta(milliseconds=1)) < first_id_at(moment) <= _id_at(moment)


def test_the_newest_requests_come_first_and_only_ones_own(auditor, acme, globex):
    now = timezone.now()
    written(
        logged(acme, action="older", at=now - timedelta(hours=1)),
        logged(acme, action="newer"),
        logged(globex, action="globex"),
        logged(None, action="stranger"),
    )
    assert listed(auditor) == ["newer", "older"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?outcome=2", ["fine"]),
        ("?outcome=4", ["limited", "bad"]),
        ("?outcome=429", ["limited"]),
        ("?outcome=5", ["failed"]),
        ("?outcome=nonsense", ["failed", "limited", "bad", "fine"]),
        ("?error_code=RATE_LIMITED", ["limited"]),
        ("?action=bad", ["bad"]),
        ("?within=hour", ["failed", "limited"]),
        ("?within=day&outcome=2", []),
        ("?within=month&outcome=2", ["fine"]),
    ],
)
def test_the_log_is_filtered(auditor, acme, globex, query, found):
    now = timezone.now()
    written(
        logged(acme, action="fine", at=now - timedelta(days=8)),
        logged(acme, action="bad", at=now - timedelta(hours=2), status=400, error_code="VALIDATION_ERROR"),
        logged(acme, action="limited", at=now - timedelta(minutes=2), status=429, error_code="RATE_LIMITED"),
        logged(acme, action="failed", at=now - timedelta(minutes=1), status=500, error_code="INTERNAL_ERROR"),
        logged(globex, action="globex", status=500, error_code="RATE_LIMITED"),
    )
    assert listed(auditor, query) == found


def test_a_big_log_is_never_counted_nor_read_beyond_a_page(auditor, acme, globex):
    written(*(logged(acme, action=f"{number}") for number in range(60)))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(listed(auditor)) == 50
    reads = [query["sql"] for query in queries if 'FROM "salesos_requestlog"' in query["sql"]]
    assert len(reads) == 1
    assert "LIMIT 50" in reads[0]
    assert len(listed(auditor, "?p=2")) == 10


def test_pages_end_where_turning_them_costs_too_much(auditor, acme, globex):
    assert auditor.get(LOG, {"p": "201"}).headers["Location"].endswith("?e=1")


def test_requests_without_a_known_key_are_for_platform_staff(people, acme, globex):
    written(*(logged(None, status=401, error_code="UNAUTHORIZED", path=f"/{number}") for number in range(51)))
    assert people["admin"].get(STRANGERS).status_code == 403
    first = people["staff"].get(STRANGERS)
    older = people["staff"].get(STRANGERS, {"before": first.context["before"]})
    assert [len(answer.context["table"]["rows"]) for answer in (first, older)] == [50, 1]
    assert people["staff"].get(STRANGERS, {"before": "nowhere"}).status_code == 200


def test_nobody_changes_the_log(people, acme_rows, globex):
    address = f"{LOG}{acme_rows.request.pk}/"
    for who in ("auditor", "manager", "admin", "staff"):
        for action in ("change/", "delete/"):
            assert people[who].post(address + action, {"post": "yes", "action": "x"}).status_code == 403
    with tenant_context(acme_rows.tenant):
        assert RequestLog.objects.count() == 1
