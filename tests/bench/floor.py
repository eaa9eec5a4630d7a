"""The limit that SalesOS is measured against: a bare Django application that does nothing but the work itself.

No middleware, no ORM, no checks beyond types; psycopg in the leanest way we know. It answers where SalesOS does, so
that both get the same requests, and `/one` as the least that an authenticated write can be.
"""

import json
import os
import threading

import django
import psycopg
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path

from tests.bench.bodies import ENDPOINT, PEOPLE, email_of

settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="floor", MIDDLEWARE=[], USE_I18N=False, LOGGING_CONFIG=None
)
django.setup()

_here = threading.local()
_people = {email_of(number): number + 1 for number in range(PEOPLE)}
_SEPARATOR = "\x1f"


def _connection() -> psycopg.Connection:
    if not hasattr(_here, "connection"):
        _here.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    return _here.connection


def bulk(request: HttpRequest) -> HttpResponse:
    codes, external_ids, people, moments, data = [], [], [], [], []
    for item in json.loads(request.body)["activities"]:
        code, external_id, email, fields = (
            item["activity_code"], item["external_id"], item["collaborator_email"], item["data"]
        )  # fmt: skip
        if type(code) is not str or type(external_id) is not str or type(email) is not str or type(fields) is not dict:
            return _answer({"error": "bad item"}, status=400)
        codes.append(code)
        external_ids.append(external_id)
        people.append(_people.get(email, 1))
        moments.append(item["occurred_at"])
        data.append(json.dumps(fields))
    written = _connection().execute(
        _BULK,
        [_array(codes), _array(external_ids), "{" + ",".join(map(str, people)) + "}", _array(moments), _array(data)],
        prepare=True,
    )
    return _answer({"processed": written.rowcount, "total": len(codes)})


def one(request: HttpRequest) -> HttpResponse:
    token = request.META["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    known = _connection().execute("SELECT tenant_id FROM floor_token WHERE token = %s", [token], prepare=True)
    (tenant,) = known.fetchone()
    item = json.loads(request.body)["activities"][0]
    written = _connection().execute(
        _ONE,
        [
            tenant, item["activity_code"], item["external_id"], _people[item["collaborator_email"]],
            item["occurred_at"], json.dumps(item["data"]),
        ],
        prepare=True,
    )  # fmt: skip
    return _answer({"processed": written.rowcount})


def healthz(request: HttpRequest) -> HttpResponse:
    return _answer({})


def _array(texts: list[str]) -> str:
    # Quoted in one go; the separator is a control character that JSON from these clients never holds.
    return '{"' + _SEPARATOR.join(texts).replace("\\", "\\\\").replace('"', '\\"').replace(_SEPARATOR, '","') + '"}'


def _answer(content: dict[str, object], *, status: int = 200) -> HttpResponse:
    body = json.dumps(content).encode()
    return HttpResponse(
        body, status=status, content_type="application/json", headers={"Content-Length": str(len(body))}
    )


_BULK = """
INSERT INTO floor_activity (tenant_id, source, code, external_id, collaborator_id, occurred_at, data)
SELECT 1, 'default', sent.*
FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::timestamptz[], %s::jsonb[])
    AS sent (code, external_id, collaborator_id, occurred_at, data)
ON CONFLICT (tenant_id, source, external_id) DO NOTHING
RETURNING external_id
"""
_ONE = """
INSERT INTO floor_activity (tenant_id, source, code, external_id, collaborator_id, occurred_at, data)
VALUES (%s, 'default', %s, %s, %s, %s, %s)
"""

urlpatterns = [path(ENDPOINT[1:], bulk), path("one", one), path("healthz", healthz)]
application = WSGIHandler()
