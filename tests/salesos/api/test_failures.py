"""When something breaks inside: the envelope, the log, nothing written, and a retry that is safe and complete."""

from contextlib import contextmanager

import pytest
from django.db import close_old_connections, connection
from django.test import RequestFactory

from missions.models import Activity, Score
from salesos.api.errors import MethodNotAllowed, answer_exception
from salesos.errors import Refused
from salesos.models import Collaborator
from salesos.tenancy import tenant_context
from salesos.tenants import create_tenant
from tests.door import PATH, activities, activity, door, logged, people, person, refusal, row_counts
from tests.factories import MappingFactory, MissionFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme():
    return create_tenant("Acme")


@pytest.fixture
def globex():
    return create_tenant("Globex")


@contextmanager
def without(table):
    """The database as it is when somebody renamed one of its tables."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO mislaid")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE mislaid RENAME TO {table}")


@contextmanager
def unreachable_database():
    """A database server that is not where it was."""
    host = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nowhere"
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["HOST"] = host


@pytest.mark.parametrize(
    "table", ["missions_score", "missions_receivedcode", "missions_mapping", "missions_unmatchedactivity"]
)
def test_a_bug_in_the_middle_is_a_500_that_leaves_nothing_behind(acme, globex, table):
    at = door(acme)
    at.people(person())
    MappingFactory(tenant=acme, code="001", mission=MissionFactory(tenant=acme))
    batch = activities(activity(1), activity(2, collaborator_email="nobody@example.com"))
    before = row_counts()
    with without(table):
        response = at.send(batch)
        row = logged(response)
    message = f"Internal error. Retry later; if it persists, quote request {response['X-Request-ID']} to support."
    assert refusal(response) == (500, "INTERNAL_ERROR", message)
    assert set(response.json()["error"]) == {"code", "message"}
    assert response["X-RateLimit-Limit"] == "1000"
    assert (row.action, row.error_code, row.tenant_id, row.counts) == (
        "sync_activities",
        "INTERNAL_ERROR",
        acme.pk,
        None,
    )
    assert row.api_key_id is not None
    assert row.bytes_in > 0
    assert row_counts() == before
    assert at.send(batch).json()["data"] == {"processed": 1, "skipped": 1, "duplicates": 0, "errors": [], "total": 2}
    with tenant_context(acme):
        assert (Activity.objects.count(), Score.objects.get().completions) == (1, 1)


def test_a_bug_in_the_middle_of_the_people_leaves_nothing_behind(acme, globex):
    at = door(acme)
    at.people(person(1))
    before = row_counts()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE salesos_collaborator ADD CONSTRAINT mislaid CHECK (name <> 'Person 3')")
    try:
        response = at.send(people(person(1, name="New", team="New"), person(2), person(3)))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE salesos_collaborator DROP CONSTRAINT mislaid")
    assert refusal(response)[:2] == (500, "INTERNAL_ERROR")
    assert "mislaid" not in response.content.decode()
    assert logged(response).action == "sync_collaborators"
    assert row_counts() == before
    with tenant_context(acme):
        assert Collaborator.objects.get().name == "Person 1"
    assert at.people(person(1), person(2), person(3))["created"] == 2


def test_a_database_out_of_reach_is_a_503_and_the_retry_is_complete(acme, globex, caplog):
    at = door(acme)
    at.people(person())
    before = row_counts()
    with unreachable_database():
        response = at.send(activities(activity()))
    assert refusal(response)[:2] == (503, "SERVICE_UNAVAILABLE")
    assert int(response["Retry-After"]) > 0
    assert "/nowhere" not in response.content.decode()
    assert [record.name for record in caplog.records if response["X-Request-ID"] in record.getMessage()] == [
        "salesos.requests"
    ]
    assert at.token not in caplog.text
    assert row_counts() == before
    assert at.activities(activity())["processed"] == 1


def test_a_connection_that_the_server_cut_heals_by_itself(acme, globex):
    """As after a restart of the database: the request after it finds a new connection."""
    at = door(acme)
    at.people(person())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (own,) = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [own])
    other.close()
    close_old_connections()  # as the server does between requests, which the test client leaves out
    assert at.activities(activity())["processed"] == 1
    with tenant_context(acme):
        assert Activity.objects.count() == 1


def test_a_request_whose_log_row_can_not_be_written_is_answered(acme, globex, caplog):
    at = door(acme)
    with without("salesos_requestlog"):
        response = at.send(people(person()))
    assert response.json()["data"]["created"] == 1
    assert [record.name for record in caplog.records] == ["salesos.requests"]
    assert response["X-Request-ID"] in caplog.text
    assert at.token not in caplog.text


def test_a_refusal_is_a_400_with_its_field():
    request = RequestFactory().post(PATH)
    response = answer_exception(
        Refused("lead_converted", "This lead is already a deal.", field="status"), {"request": request}
    )
    assert refusal(response) == (400, "VALIDATION_ERROR", "This lead is already a deal.")


def test_an_answer_to_head_has_a_length_but_no_body():
    """Asked of the function: the test client would throw a body away itself, as servers do not."""
    for method in ("GET", "HEAD"):
        response = answer_exception(MethodNotAllowed(["POST"]), {"request": RequestFactory().generic(method, PATH)})
        assert response["Content-Length"] == "85"
        assert len(response.content) == (85 if method == "GET" else 0)


def test_without_the_cache_requests_are_refused_not_let_through(acme, globex):
    at = door(acme)
    with without("salesos_cache"):
        response = at.send(people(person()))
    assert refusal(response)[0] in (500, 503)
    with tenant_context(acme):
        assert Collaborator.objects.count() == 0
