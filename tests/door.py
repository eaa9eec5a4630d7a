"""The API's door as a caller sees it: keys, requests, and what must hold of every answer."""

import json
import uuid
from datetime import datetime
from typing import Any
from unittest import mock

from django.apps import apps
from django.db import connection
from django.test import Client

from salesos import keys
from salesos.models import ApiKey, RequestLog, Tenant
from salesos.scopes import Scope
from salesos.tenancy import tenant_context

PATH = "/functions/v1/default-integration"
EVERYTHING = [Scope.DEFAULT_SYNC]


def issue(
    tenant: Tenant,
    *,
    scopes: list[str] = EVERYTHING,
    name: str = "CRM",
    expires_at: datetime | None = None,
    **options: Any,
) -> keys.IssuedKey:
    """A key whose hash is as cheap as bcrypt allows, and which may have expired already.

    `tests/salesos/test_keys.py` looks at real ones.
    """
    with mock.patch.object(keys, "BCRYPT_COST", 4):
        issued = keys.issue_key(tenant, name=name, scopes=scopes, **options)
    if expires_at is not None:
        issued.key.expires_at = expires_at
        with tenant_context(tenant):
            issued.key.save(update_fields=["expires_at"])
    return issued


def token_of(tenant: Tenant, **options: Any) -> str:
    return issue(tenant, **options).token


class Door:
    """Sends requests with one key. `body` may be bytes (sent to the letter) or a value (sent as JSON)."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.client = Client(raise_request_exception=False)

    def send(self, body: Any = b"", *, method: str = "POST", path: str = PATH, **options: Any) -> Any:
        headers = {"authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        content = body if isinstance(body, bytes) else json.dumps(body, allow_nan=False).encode()
        response = self.client.generic(
            method, path, content, content_type="application/json", headers=headers, **options
        )
        uuid.UUID(response["X-Request-ID"])
        return response

    def people(self, *people: Any) -> dict[str, Any]:
        return self._synced("sync_collaborators", "collaborators", people)

    def activities(self, *activities: Any) -> dict[str, Any]:
        return self._synced("sync_activities", "activities", activities)

    def _synced(self, action: str, array: str, items: tuple[Any, ...]) -> dict[str, Any]:
        response = self.send({"action": action, array: list(items)})
        assert response.status_code == 200, response.content
        return response.json()["data"]


def door(tenant: Tenant, **options: Any) -> Door:
    """A door to `tenant`'s data, with a key of its own."""
    return Door(token_of(tenant, **options))


def person(number: int = 1, **fields: Any) -> dict[str, Any]:
    sent = {"external_id": f"emp-{number}", "name": f"Person {number}", "email": f"person{number}@example.com"}
    return sent | fields


def activity(number: int = 1, **fields: Any) -> dict[str, Any]:
    sent = {"activity_code": "001", "external_id": f"evt-{number}", "collaborator_email": "person1@example.com"}
    return sent | fields


def people(*sent: Any) -> dict[str, Any]:
    return {"action": "sync_collaborators", "collaborators": list(sent)}


def activities(*sent: Any) -> dict[str, Any]:
    return {"action": "sync_activities", "activities": list(sent)}


def counts(processed=0, skipped=0, duplicates=0, errors=()) -> dict[str, Any]:
    """What `sync_activities` answers."""
    total = processed + skipped + duplicates + len(errors)
    return {
        "processed": processed,
        "skipped": skipped,
        "duplicates": duplicates,
        "errors": list(errors),
        "total": total,
    }


def refusal(response: Any) -> tuple[int, str, str]:
    """(status, code, message) of an answer in the envelope of errors, which holds nothing else than it may."""
    assert response["Content-Type"] == "application/json"
    body = json.loads(response.content)
    assert set(body) == {"error"}
    assert set(body["error"]) <= {"code", "message", "details", "retry_after"}
    return response.status_code, body["error"]["code"], body["error"]["message"]


def details(response: Any) -> list[dict[str, Any]]:
    assert refusal(response)[:2] == (400, "VALIDATION_ERROR")
    return json.loads(response.content)["error"]["details"]


def logged(response: Any) -> RequestLog:
    """The one row that the request log has about this answer."""
    row = RequestLog.objects.every_tenant(reason="a test reads the log").get(pk=response["X-Request-ID"])
    assert row.status == response.status_code
    return row


def last_used(key: ApiKey) -> ApiKey:
    return ApiKey.objects.every_tenant(reason="a test reads a key").get(pk=key.pk)


def row_counts() -> dict[str, int]:
    """How many rows each table of the product has, the request log apart."""
    tables = sorted({model._meta.db_table for model in apps.get_models()} - {RequestLog._meta.db_table})
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables))
        return dict(cursor.fetchall())
