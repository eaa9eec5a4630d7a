"""`/healthz` and `/readyz`: what a load balancer asks a process before it sends requests to it."""

import logging
from collections.abc import Callable
from functools import cache

from django.core.cache import cache as shared_cache
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

log = logging.getLogger(__name__)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """This process answers; asks nothing of the database."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether requests can be served: 200, or 503 with what stands in the way in `failing`.

    `warnings` names what requests can do without: nobody works behind them.
    """
    failing = {name: reason for name, check in CHECKS.items() if (reason := _why_failing(name, check))}
    if failing:
        return JsonResponse({"status": "unavailable", "failing": failing}, status=503)
    missing = _why_failing("worker", _worker)
    return JsonResponse({"status": "ok", "warnings": {"worker": missing}} if missing else {"status": "ok"})


def _why_failing(name: str, check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:
        # Whatever the driver raises is an answer here; its words may name hosts and users, so they go to the log.
        log.warning("Not ready: %s: %s", name, error)
        return "unreachable"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _cache() -> str:
    shared_cache.set("readyz", 1, timeout=60)
    return "" if shared_cache.get("readyz") == 1 else "forgets what it is told"


def _migrations() -> str:
    missing = known_migrations() - MigrationRecorder(connection).applied_migrations().keys()
    return "not applied: " + ", ".join(f"{app}.{name}" for app, name in sorted(missing)) if missing else ""


def _worker() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute' LIMIT 1")
        return "" if cursor.fetchone() else "no sign of life for a minute (manage.py work)"


@cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """(app, name) of the migrations that came with this code."""
    return frozenset(MigrationLoader(None).disk_migrations)


CHECKS: dict[str, Callable[[], str]] = {"database": _database, "cache": _cache, "migrations": _migrations}
