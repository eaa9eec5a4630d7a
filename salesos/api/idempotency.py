"""`Idempotency-Key`: a POST that is sent again, because its answer was lost, does its work once and is answered alike.

A view opts in by a decorator on its method:

    @idempotent
    def post(self, request): …

The key is claimed, the work done and the answer stored in one transaction, so that a process that is killed half-way
leaves nothing: neither the work, nor the answer, nor a claim that blocks the next try. A second request with the key
waits for the first one's transaction, then gives its answer again. What was refused is not stored, and not a claim.
"""

import functools
import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request

from salesos.api.errors import ValidationFailed, key_used_otherwise
from salesos.api.views import ApiView
from salesos.database import run
from salesos.models import StoredAnswer, Tenant
from salesos.request_log import entry_of
from salesos.retrying import DEADLOCK, SERIALIZATION_FAILURE, retried
from salesos.tenancy import current_tenant, tenant_context

KEPT_FOR = timedelta(hours=24)
REPLAYED = "Idempotent-Replayed"
KEPT_HEADERS = ("Content-Type", "Location", "ETag")

_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")

View = TypeVar("View", bound=ApiView)
Method = Callable[..., HttpResponse]


def idempotent(method: Method) -> Method:
    """Let a view's method heed `Idempotency-Key`; without one it is called as ever. See the module."""

    @functools.wraps(method)
    def once(view: ApiView, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        key = request._request.META.get("HTTP_IDEMPOTENCY_KEY")
        if key is None:
            return method(view, request, *args, **kwargs)
        _refuse_malformed(key)
        fingerprint = _fingerprint(request._request, view.raw_body())
        return _once(key, fingerprint, request._request, lambda: method(view, request, *args, **kwargs))

    return once


def _refuse_malformed(key: str) -> None:
    if not _KEY.fullmatch(key):
        row = {"field": "Idempotency-Key", "message": "Expected 1 to 255 printable ASCII characters"}
        raise ValidationFailed("Invalid header", details=[row])


def _fingerprint(request: HttpRequest, body: bytes) -> bytes:
    sent = hashlib.sha256(f"{request.method} {request.path_info.rstrip('/')}\n".encode("utf-8", "surrogateescape"))
    sent.update(body)
    return sent.digest()


# The operations within are not retried by themselves: where one of them fails so, the whole of it runs again.
@retried(SERIALIZATION_FAILURE, DEADLOCK)
def _once(key: str, fingerprint: bytes, request: HttpRequest, work: Callable[[], HttpResponse]) -> HttpResponse:
    at = entry_of(request).at
    with transaction.atomic():
        while not (claimed := _claim(key, fingerprint, at)):
            stored = StoredAnswer.objects.filter(key=key).first()
            # None: deleted as too old just now; the next try claims it.
            if stored is not None:
                return _again(stored, fingerprint, request)
        answer = work()
        if answer.status_code < 300:
            _store(claimed, answer, action=entry_of(request).action)
        else:
            transaction.set_rollback(True)
    return answer


def _claim(key: str, fingerprint: bytes, at: datetime) -> int | None:
    """The id of a row that is ours until the transaction ends; None when somebody else's answer is there. Waits for
    whoever has it claimed."""
    rows = run(
        _CLAIM,
        {
            "tenant": current_tenant().pk,
            "key": key,
            "fingerprint": fingerprint,
            "at": at,
            "too_old": at - KEPT_FOR,
        },
    )
    return rows[0][0] if rows else None


def _store(claimed: int, answer: HttpResponse, *, action: str) -> None:
    StoredAnswer.objects.filter(pk=claimed).update(
        status=answer.status_code,
        headers={name: answer[name] for name in KEPT_HEADERS if name in answer},
        body=answer.content,
        action=action,
    )


def _again(stored: StoredAnswer, fingerprint: bytes, request: HttpRequest) -> HttpResponse:
    if bytes(stored.fingerprint) != fingerprint:
        raise key_used_otherwise()
    entry_of(request).action = stored.action
    answer = HttpResponse(bytes(stored.body), status=stored.status, headers=stored.headers | {REPLAYED: "true"})
    if "Content-Type" not in stored.headers:
        del answer["Content-Type"]
    return answer


def prune(*, before: datetime, batch: int = 5000) -> Iterator[int]:
    """Delete the answers of all tenants from before a moment, a batch a transaction; yields how many each deleted."""
    for tenant in Tenant.objects.order_by("pk"):
        with tenant_context(tenant):
            while deleted := len(run(_PRUNE, [tenant.pk, before, batch])):
                yield deleted


_CLAIM = """
INSERT INTO salesos_storedanswer AS stored (tenant_id, key, fingerprint, at, headers, body, action)
VALUES (%(tenant)s, %(key)s, %(fingerprint)s, %(at)s, '{}', '', '')
ON CONFLICT (tenant_id, key) DO UPDATE
SET fingerprint = excluded.fingerprint, at = excluded.at, status = NULL, headers = '{}', body = '', action = ''
WHERE stored.at < %(too_old)s
RETURNING id
"""

_PRUNE = """
DELETE FROM salesos_storedanswer
WHERE id IN (SELECT id FROM salesos_storedanswer WHERE tenant_id = %s AND at < %s ORDER BY at LIMIT %s)
RETURNING 1
"""
