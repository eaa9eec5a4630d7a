"""The request log: a row for everything that was asked of the API, and no secret in any of them."""

import json
import logging
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import RequestFactory

from salesos.models import RequestLog
from salesos.request_log import entry_of, prune, write
from salesos.tenancy import NoTenant, tenant_context
from tests.door import PATH, Door, activities, activity, door, issue, logged, people, person


def every_row():
    return RequestLog.objects.every_tenant(reason="a test reads the log")


def test_a_row_says_who_asked_what_and_how_it_ended(acme, globex):
    issued = issue(acme)
    body = json.dumps(people(person(1), person(2, email="x"))).encode()
    before = datetime.now(UTC)
    response = Door(issued.token).send(body, REMOTE_ADDR="203.0.113.9", headers={"user-agent": "CRM/1.0 (sync)"})
    row = logged(response)
    assert before <= row.at <= datetime.now(UTC)
    assert (row.tenant, row.api_key, row.address, row.user_agent) == (acme, issued.key, "203.0.113.9", "CRM/1.0 (sync)")
    assert (row.method, row.path, row.action, row.status, row.error_code) == (
        "POST",
        PATH,
        "sync_collaborators",
        200,
        "",
    )
    assert row.counts == {"created": 1, "existing": 0, "errors": 1, "total": 2}
    assert row.bytes_in == len(body)
    assert row.duration_ms > 0
    assert response.json()["meta"]["request_id"] == str(row.pk)


def test_every_request_leaves_exactly_one_row(acme, globex):
    at = door(acme, hourly_limit=6)
    asked = [
        (at.send(people()), 200, "", "sync_collaborators"),
        (at.send(b"["), 400, "VALIDATION_ERROR", ""),
        (at.send({"action": "dance"}), 400, "VALIDATION_ERROR", ""),
        (at.send(activities({})), 400, "VALIDATION_ERROR", "sync_activities"),
        (at.send({"action": "sync_collaborators"}), 400, "VALIDATION_ERROR", "sync_collaborators"),
        (at.send(b" " * (8 * 1024 * 1024 + 1)), 413, "PAYLOAD_TOO_LARGE", ""),
        (at.send(people()), 429, "RATE_LIMITED", ""),
        (at.send(method="DELETE"), 405, "METHOD_NOT_ALLOWED", ""),
        (door(acme, scopes=[]).send(people()), 403, "FORBIDDEN", ""),
        (door(acme, allowlist=["192.0.2.1"]).send(people()), 403, "FORBIDDEN", ""),
        (Door("nonsense").send(people()), 401, "UNAUTHORIZED", ""),
        (at.send(path="/functions/v1/other"), 404, "NOT_FOUND", ""),
        (at.send(path="/v1/other", method="GET"), 404, "NOT_FOUND", ""),
    ]
    assert [(response.status_code, logged(response).error_code, logged(response).action) for response, *_ in asked] == [
        tuple(expected) for _response, *expected in asked
    ]
    assert every_row().count() == len({response["X-Request-ID"] for response, *_ in asked}) == len(asked)


def test_addresses_outside_the_api_are_not_logged(acme, globex):
    for path in ("/healthz", "/nowhere", "/dashboard/login/", "/api/none"):
        uuid.UUID(Door("x").send(path=path, method="GET")["X-Request-ID"])
    assert every_row().count() == 0


def test_the_log_is_fenced(acme, globex):
    door(acme).send(people())
    door(globex).send(people())
    Door("nonsense").send(people())
    for tenant in (acme, globex):
        with tenant_context(tenant):
            assert list(RequestLog.objects.values_list("tenant", flat=True)) == [tenant.pk]
    with pytest.raises(NoTenant):
        RequestLog.objects.count()
    assert every_row().count() == 3


def test_request_ids_are_in_the_order_of_time_and_no_two_alike(acme, globex):
    at = door(acme)
    ids = [at.send(people())["X-Request-ID"] for _ in range(20)]
    assert ids == sorted(set(ids))
    assert {uuid.UUID(text).version for text in ids} == {7}


def test_a_callers_own_request_id_is_not_taken(acme, globex):
    forged = str(uuid.uuid4())
    assert door(acme).send(people(), headers={"x-request-id": forged})["X-Request-ID"] != forged


def test_no_secret_is_anywhere_the_request_left_a_trace(acme, globex, caplog):
    """The canary: whatever place a caller puts a key in, no table and no log line has its secret part after."""
    caplog.set_level(logging.DEBUG)
    token = issue(acme).token
    at = Door(token)
    places = {
        "user-agent": f"CRM {token}",
        "referer": f"https://x/{token}",
        "cookie": f"k={token}",
        "x-forwarded-for": token,
    }
    at.send(people(person()), headers=places)
    at.send(activities(activity()), path=f"{PATH}?key={token}", headers=places)
    at.send(b"[", path=f"/functions/v1/{token}", headers=places)
    at.send(path=f"/functions/v1/{token.upper()}/x", method="GET")
    at.send(people(), method="PUT", headers={"user-agent": f"{token[:5]}\x01{token[5:]}"})
    at.send({"action": token})
    Door(token[:-1] + "0").send(people(), headers=places)
    Door("").send(people(), headers={"authorization": f"Basic {token}"})
    Door("").send(people(), headers={"authorization": f"Bearer {token} {token}"})
    assert every_row().count() == 9
    traces = "\n".join([*_all_text(), *(record.getMessage() for record in caplog.records)])
    assert "sk_…" in traces  # something could have leaked
    assert token[20:].lower() not in traces.lower()
    with tenant_context(acme):
        at.send(people(person(metadata={"note": "canary-in-a-body"}, document="39053344705")))
    logs = "\n".join(map(str, every_row().values()))
    assert "canary-in-a-body" not in logs
    assert "39053344705" not in logs


def _all_text():
    """The content of every table there is."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT row_to_json({table})::text FROM {table}")
            yield from (row[0] for row in cursor.fetchall())
            if table == "salesos_cache":
                cursor.execute(f"SELECT encode(pickled, 'escape') FROM {table} WHERE pickled IS NOT NULL")
                yield from (row[0] for row in cursor.fetchall())


@pytest.mark.parametrize(
    ("agent", "kept"),
    [("x" * 1000, "x" * 255), ("a\x00b\nc\x7f", "abc"), ("é \xff", "é ÿ"), ("", "")],
)
def test_a_user_agent_is_kept_as_far_as_it_is_fit_to_be(acme, globex, agent, kept):
    assert logged(door(acme).send(people(), headers={"user-agent": agent})).user_agent == kept


@pytest.mark.parametrize(
    "path", ["/functions/v1/%00", "/functions/v1/" + "x" * 3000, "/functions/v1/%FF%FE", "/functions/v1/é"]
)
def test_any_path_can_be_logged(acme, globex, path):
    response = door(acme).send(path=path)
    assert (response.status_code, response["Content-Type"]) == (404, "application/json")
    assert logged(response).path.startswith("/functions/v1/")


@pytest.mark.parametrize(
    ("text", "length"), [("12", 12), ("", 0), ("x", 0), ("-1", 0), ("9" * 5000, 0), ("99999999999", 2**31 - 1)]
)
def test_what_a_caller_says_of_the_length_can_be_logged(acme, globex, text, length):
    request = RequestFactory().get("/functions/", CONTENT_LENGTH=text)
    write(entry_of(request), request, 404)
    assert every_row().get().bytes_in == length


def test_pruning_deletes_what_is_older_oldest_first_in_batches(acme, globex):
    at = door(acme)
    ids = [at.send(people())["X-Request-ID"] for _ in range(5)]
    assert list(prune(before=datetime.now(UTC) - timedelta(minutes=5))) == []
    assert next(prune(before=datetime.now(UTC) + timedelta(seconds=1), batch=2)) == 2
    assert [str(pk) for pk in every_row().order_by("id").values_list("id", flat=True)] == ids[2:]
    assert list(prune(before=datetime.now(UTC) + timedelta(seconds=1), batch=2)) == [2, 1]
    assert every_row().count() == 0
