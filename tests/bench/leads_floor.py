"""The limits that leads are measured against, in an application of Django and DRF without middleware or checks.

`/list`: a plain DRF list of 25 leads, newest first, of one status, without a count. `/create` and `/patch`: a plain
Django view that runs the statements of ours by psycopg, in one transaction. They answer on the same tables as SalesOS,
with its triggers and indexes.
"""

import json
import os
import threading
import uuid
from datetime import UTC, datetime
from urllib.parse import urlsplit

import django
import psycopg
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import path
from uuid_utils.compat import uuid7

from salesos.database import connection_settings

# Nor a look whether the connection still stands, which every request would pay for.
_database = connection_settings(os.environ["DATABASE_URL"], None) | {"CONN_HEALTH_CHECKS": False}
settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="floor",
    MIDDLEWARE=[],
    USE_I18N=False,
    USE_TZ=True,
    LOGGING_CONFIG=None,
    DATABASES={"default": _database},
    INSTALLED_APPS=["rest_framework"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    REST_FRAMEWORK={
        "UNAUTHENTICATED_USER": None,
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
)
django.setup()

from django.contrib.postgres.fields import ArrayField  # noqa: E402 - needs the settings
from rest_framework.generics import ListAPIView  # noqa: E402
from rest_framework.serializers import ModelSerializer  # noqa: E402

_here = threading.local()


class Lead(models.Model):  # noqa: DJ008 - never shown
    tenant_id = models.BigIntegerField()
    public_id = models.UUIDField()
    name = models.TextField()
    email = models.TextField()
    phone = models.TextField()
    company = models.TextField()
    position = models.TextField()
    source = models.TextField()
    status = models.TextField()
    owner_id = models.BigIntegerField(null=True)
    custom_fields = models.JSONField()
    tags = ArrayField(models.TextField())
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        app_label = "floor"
        db_table = "leads_lead"
        managed = False


class LeadSerializer(ModelSerializer):
    class Meta:
        model = Lead
        exclude = ("id", "tenant_id")


class Leads(ListAPIView):
    serializer_class = LeadSerializer

    def get_queryset(self) -> models.QuerySet:
        wanted = Lead.objects.filter(tenant_id=1, status=self.request.query_params["status"])
        return wanted.order_by("-created_at", "-public_id")[:25]


def create(request: HttpRequest) -> HttpResponse:
    sent, at, public_id = json.loads(request.body), datetime.now(UTC), uuid7()
    connection = _connection()
    with connection.transaction():
        token = request.META["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
        key, tenant = _one(connection, _KEY, [token[8:20]])
        _one(connection, _LIMIT, ["floor"])
        (lead,) = _one(
            connection,
            _CREATE,
            {"tenant": tenant, "public_id": public_id, "custom_fields": "{}", "at": at, "status": "new"} | sent,
        )
        connection.execute(_EVENT, [tenant, at, str(key), lead, "lead.created", "{}"], prepare=True)
        connection.execute(_LOG, [uuid7(), at, tenant, key, "POST", "/v1/leads", "create_lead", 201], prepare=True)
    return _answer({"data": sent | {"id": str(public_id)}}, status=201)


def patch(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    sent, at = json.loads(request.body), datetime.now(UTC)
    connection = _connection()
    with connection.transaction():
        token = request.META["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
        key, tenant = _one(connection, _KEY, [token[8:20]])
        _one(connection, _LIMIT, ["floor"])
        _one(connection, _READ, [tenant, public_id])
        lead = _one(connection, _READ + " FOR UPDATE OF lead", [tenant, public_id])
        connection.execute(_CHANGE, [sent["phone"], at, lead[0]], prepare=True)
        changes = json.dumps({"phone": ["", sent["phone"]]})
        connection.execute(_EVENT, [tenant, at, str(key), lead[0], "lead.updated", changes], prepare=True)
        connection.execute(_LOG, [uuid7(), at, tenant, key, "PATCH", "/v1/leads", "update_lead", 200], prepare=True)
    return _answer({"data": {str(place): str(value) for place, value in enumerate(lead)}})


def healthz(request: HttpRequest) -> HttpResponse:
    return _answer({})


def _connection() -> psycopg.Connection:
    if not hasattr(_here, "connection"):
        url = urlsplit(os.environ["DATABASE_URL"]).geturl()
        _here.connection = psycopg.connect(url, autocommit=True, options=_database["OPTIONS"]["options"])
        _here.connection.execute("CREATE TEMP TABLE counter AS SELECT 'floor' AS key, 0 AS number")
    return _here.connection


def _one(connection: psycopg.Connection, statement: str, parameters: object) -> tuple:
    return connection.execute(statement, parameters, prepare=True).fetchone()


def _answer(content: dict[str, object], *, status: int = 200) -> HttpResponse:
    body = json.dumps(content).encode()
    return HttpResponse(
        body, status=status, content_type="application/json", headers={"Content-Length": str(len(body))}
    )


_KEY = """
SELECT key.id, tenant.id FROM salesos_apikey AS key JOIN salesos_tenant AS tenant ON tenant.id = key.tenant_id
WHERE key.key_id = %s
"""
# Of its own to each connection: the counter of ours is committed apart, nobody waits for it until the end.
_LIMIT = "UPDATE counter SET number = number + 1 WHERE key = %s RETURNING number"
_CREATE = """
INSERT INTO leads_lead (
    tenant_id, public_id, name, email, phone, company, position, source, status, owner_id, custom_fields, tags,
    created_at, updated_at, version
)
VALUES (
    %(tenant)s, %(public_id)s, %(name)s, %(email)s, %(phone)s, %(company)s, '', %(source)s, %(status)s, NULL,
    %(custom_fields)s::jsonb, '{}', %(at)s, %(at)s, 1
)
ON CONFLICT (tenant_id, lower(email)) DO NOTHING
RETURNING id
"""
_READ = """
SELECT lead.id, lead.tenant_id, lead.public_id, lead.name, lead.email, lead.phone, lead.company, lead.position,
    lead.source, lead.status, lead.custom_fields, lead.tags, lead.created_at, lead.updated_at, lead.version,
    owner.public_id, team.public_id
FROM leads_lead AS lead
LEFT JOIN salesos_collaborator AS owner ON owner.id = lead.owner_id
LEFT JOIN salesos_team AS team ON team.id = owner.team_id
WHERE lead.tenant_id = %s AND lead.public_id = %s
"""
_CHANGE = "UPDATE leads_lead SET phone = %s, updated_at = %s, version = version + 1 WHERE id = %s"
_EVENT = """
INSERT INTO leads_leadevent (tenant_id, at, actor_kind, actor_id, actor_name, lead_id, kind, changes)
VALUES (%s, %s, 'api_key', %s, 'Bench', %s, %s, %s::jsonb)
RETURNING id
"""
_LOG = """
INSERT INTO salesos_requestlog (
    id, at, tenant_id, api_key_id, address, user_agent, method, path, action, status, error_code, duration_ms, bytes_in
)
VALUES (%s, %s, %s, %s, '127.0.0.1', 'bench', %s, %s, %s, %s, '', 1, 100)
"""

urlpatterns = [
    path("list", Leads.as_view()),
    path("create", create),
    path("patch/<uuid:public_id>", patch),
    path("healthz", healthz),
]
application = WSGIHandler()
