"""The checks at the door, in the contract's order: a request that fails several gets the answer of the first."""

import io

import pytest

from salesos.models import Tenant
from tests.door import PATH, Door, activity, details, door, issue, logged, people, person, refusal, row_counts

METHODS = ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
UNAUTHORIZED = (401, "UNAUTHORIZED", "Invalid or expired API key")
LACKS_SCOPE = (403, "FORBIDDEN", "The API key lacks the scope default:sync")
NOT_ALLOWED = (403, "FORBIDDEN", "IP address not allowed")
EXCEEDED = (429, "RATE_LIMITED", "Rate limit exceeded")
TOO_LARGE = (413, "PAYLOAD_TOO_LARGE", "The body is larger than 8 MiB. Send it in several requests.")
ANSWER_TO_OTHERS = len('{"error": {"code": "METHOD_NOT_ALLOWED", "message": "Method not allowed. Use POST."}}')
HUGE = b" " * (8 * 1024 * 1024 + 1)


@pytest.mark.parametrize("slash", ["", "/"], ids=["plain", "with a slash"])
@pytest.mark.parametrize("token", ["", "good"], ids=["anonymous", "with a key"])
@pytest.mark.parametrize("method", [*METHODS, "TRACE", "PROPFIND"])
def test_any_method_but_post_is_refused_first(acme, globex, method, token, slash):
    response = (door(acme) if token else Door("sk_live_wrong")).send(HUGE, method=method, path=PATH + slash)
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert response["Content-Type"] == "application/json"
    if method == "HEAD":
        assert (response.content, int(response["Content-Length"])) == (b"", ANSWER_TO_OTHERS)
    else:
        assert len(response.content) == ANSWER_TO_OTHERS
        assert refusal(response) == (405, "METHOD_NOT_ALLOWED", "Method not allowed. Use POST.")
    assert (logged(response).method, logged(response).error_code) == (method, "METHOD_NOT_ALLOWED")
    assert not [name for name in response.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("slash", ["", "/"])
def test_both_spellings_of_the_address_answer(acme, globex, slash):
    response = door(acme).send(people(person()), path=PATH + slash)
    assert (response.status_code, response.json()["data"]["created"]) == (200, 1)


def test_a_request_that_fails_every_check_gets_the_first_answer_and_so_on_down_the_list(acme, globex, settings):
    """One request that is wrong in every way, put right one fault after another."""
    settings.MAX_BODY_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    key = issue(acme, scopes=[], allowlist=["192.0.2.1"], hourly_limit=1)
    at = Door("sk_live_wrong")
    huge = b"[" * 1001
    assert refusal(at.send(huge, method="PUT"))[0] == 405
    assert refusal(at.send(huge)) == UNAUTHORIZED
    at = Door(key.token)
    assert refusal(at.send(huge)) == NOT_ALLOWED
    here = {"REMOTE_ADDR": "192.0.2.1"}
    assert refusal(at.send(huge, **here)) == LACKS_SCOPE
    key.key.scopes = ["default:sync"]
    _save(key.key)
    assert refusal(at.send(huge, **here)) == TOO_LARGE  # the one request that this hour allows
    assert refusal(at.send(huge, **here)) == EXCEEDED
    key.key.hourly_limit = 100
    _save(key.key)
    assert refusal(at.send(huge, **here)) == TOO_LARGE
    assert refusal(at.send(b"[", **here))[:2] == (400, "VALIDATION_ERROR")
    assert refusal(at.send([], **here)) == (400, "VALIDATION_ERROR", "Invalid body")
    assert refusal(at.send({"action": "dance", "activities": 1}, **here)) == (400, "VALIDATION_ERROR", "Invalid action")
    bad = {"action": "sync_activities", "activities": [activity(external_id="")]}
    assert details(at.send(bad, **here)) == [
        {"index": 0, "field": "external_id", "message": "Required string of 1 to 255 characters"}
    ]


def _save(key) -> None:
    type(key).objects.every_tenant(reason="a test edits a key").filter(pk=key.pk).update(
        scopes=key.scopes, hourly_limit=key.hourly_limit
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/functions/v1/other"),
        ("GET", "/functions/"),
        ("POST", PATH + "//"),
        ("POST", "/v1/none"),
        ("GET", "/api/none"),
    ],
)
def test_an_unknown_address_of_the_api_answers_in_the_envelope(acme, globex, method, path):
    response = door(acme).send(b"", method=method, path=path)
    assert refusal(response) == (404, "NOT_FOUND", "Not found")


def test_a_request_for_another_host_answers_in_the_envelope(acme, globex):
    response = door(acme).send(people(), headers={"host": "evil.example"})
    assert refusal(response)[:2] == (400, "VALIDATION_ERROR")


def test_addresses_outside_the_api_answer_pages(db):
    assert Door("x").send(method="GET", path="/nowhere")["Content-Type"].startswith("text/html")


def test_a_body_of_exactly_eight_mebibytes_is_read(acme, globex):
    at = door(acme)
    assert at.send(people()).status_code == 200
    body = b'{"action":"sync_collaborators","collaborators":[]}'
    assert at.send(body + b" " * (8 * 1024 * 1024 - len(body))).status_code == 200
    response = at.send(body + b" " * (8 * 1024 * 1024 + 1 - len(body)))
    assert refusal(response) == TOO_LARGE
    assert (logged(response).bytes_in, logged(response).error_code) == (8 * 1024 * 1024 + 1, "PAYLOAD_TOO_LARGE")


def test_a_body_without_a_length_is_read_to_its_end_and_bounded(acme, globex, settings):
    settings.MAX_BODY_BYTES = 1000
    at = door(acme)
    body = b'{"action":"sync_collaborators","collaborators":[]}'
    response = at.send(**_chunked(body))
    assert (response.status_code, logged(response).bytes_in) == (200, len(body))
    assert refusal(at.send(**_chunked(body + b" " * 1000))) == TOO_LARGE


def _chunked(body: bytes) -> dict:
    """A body as servers hand it over that came in chunks: no length, and an end that they know."""
    return {"CONTENT_LENGTH": "", "wsgi.input_terminated": True, "wsgi.input": io.BytesIO(body)}


class Broken(io.BytesIO):
    """A connection that breaks, or whose chunks are none, before the body has ended."""

    def read(self, *arguments):
        raise OSError("Invalid chunk size")


@pytest.mark.parametrize("how", [{"CONTENT_LENGTH": "100"}, _chunked(b"")], ids=["with a length", "chunked"])
def test_a_body_that_does_not_arrive_is_a_400_and_no_error_of_ours(acme, globex, caplog, how):
    at = door(acme)
    at.people(person())
    before = row_counts()
    response = at.send(**{**how, "wsgi.input": Broken()})
    assert refusal(response) == (400, "VALIDATION_ERROR", "Invalid body")
    assert details(response) == [{"field": "body", "message": "The body did not arrive completely."}]
    assert logged(response).error_code == "VALIDATION_ERROR"
    assert row_counts() == before
    assert caplog.records == []


def test_every_answer_of_the_api_tells_its_length(acme, globex):
    at = door(acme)
    answers = [
        at.send(people()),
        at.send(b"nonsense"),
        at.send(path="/functions/v1/nothing"),
        at.send(people(), method="GET"),
        at.send(people(), headers={"host": "evil.example"}),
        Door("nonsense").send(people()),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 404, 405, 400, 401]
    lengths = [str(len(answer.content)) for answer in answers]
    assert [answer.headers.get("Content-Length") for answer in answers] == lengths


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_compressed_body_is_refused_before_it_is_unpacked(acme, globex, encoding):
    response = door(acme).send(b"\x1f\x8b", headers={"content-encoding": encoding})
    assert details(response) == [{"field": "body", "message": "Content-Encoding is not supported. Send plain JSON."}]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "x"]
)
def test_the_body_is_json_whatever_its_content_type_says(acme, globex, content_type):
    response = door(acme).send(people(person()), headers={"content-type": content_type})
    assert response.json()["data"]["created"] == 1


@pytest.mark.parametrize("wrong", ["0", "-5", "9" * 19, "٣"])
def test_a_wrong_content_length_is_no_server_error(acme, globex, wrong):
    response = door(acme).send(b"{}", **{"CONTENT_LENGTH": wrong, "wsgi.input": io.BytesIO(b"{}")})
    assert refusal(response)[:2] in [(400, "VALIDATION_ERROR"), (413, "PAYLOAD_TOO_LARGE")]
    logged(response)


def test_refused_requests_write_nothing(acme, globex):
    at = door(acme, hourly_limit=5)
    at.send(people(person()))
    before = row_counts()
    statuses = [
        Door("sk_live_wrong").send(people(person(2))).status_code,
        at.send(people(person(2)), method="PUT").status_code,
        at.send(b"{").status_code,
        at.send({"action": "sync_activities", "activities": [activity(), activity(2, activity_code="1")]}).status_code,
        at.send({"action": "sync_collaborators", "collaborators": [person(2), 5]}).status_code,
        at.send(HUGE).status_code,
        at.send(people(person(2))).status_code,
    ]
    assert statuses == [401, 405, 400, 400, 400, 413, 429]
    assert row_counts() == before
    assert Tenant.objects.count() == 4


def test_a_failing_answer_has_no_details_key_when_it_has_none_to_give(acme, globex):
    limited = door(acme, hourly_limit=1)
    limited.send({})
    for response in (Door("x").send(), limited.send({}), limited.send({}, method="GET")):
        assert set(response.json()["error"]) - {"retry_after"} == {"code", "message"}
