"""Rows of the request log as of a chosen moment."""

import uuid
from itertools import count

from salesos.models import RequestLog
from salesos.request_log import first_id_at

_numbers = count(1)


def request_at(tenant, begun, *, at=None, key=None, **fields):
    """A request of `tenant` (None: of nobody known) that began at `begun`; the later call has the greater id."""
    fields = {
        "action": "sync_collaborators",
        "status": 200,
        "error_code": "",
        "method": "POST",
        "path": "/functions/v1/default-integration",
        "address": "203.0.113.7",
        "duration_ms": 12.5,
        "bytes_in": 100,
        **fields,
    }
    row = RequestLog(
        id=uuid.UUID(int=first_id_at(begun).int + next(_numbers)),
        at=at or begun,
        tenant=tenant,
        api_key_id=key.pk if key else None,
        **fields,
    )
    row.save(force_insert=True)
    return row
