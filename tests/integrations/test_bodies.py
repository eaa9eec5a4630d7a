"""What a body may be: strict JSON, an object, a known action, an array within its limit."""

import json

import pytest

from missions.models import Activity
from salesos.models import Collaborator
from salesos.tenancy import tenant_context
from tests.door import activities, activity, details, door, people, person, refusal, row_counts


@pytest.fixture
def at(acme, globex):
    return door(acme)


@pytest.mark.parametrize("body", [b"null", b"1", b'"x"', b"[]", b"[{}]", b"true"])
def test_the_body_must_be_an_object(at, body):
    assert details(at.send(body)) == [{"field": "body", "message": "Required JSON object"}]


@pytest.mark.parametrize("body", [b"", b"{", b"\xef\xbb\xbf{}", b"\xff", b"[" * 100_000])
def test_the_body_must_be_json(at, body):
    response = at.send(body)
    assert refusal(response) == (400, "VALIDATION_ERROR", "Invalid JSON")
    assert [row["field"] for row in details(response)] == ["body"]


@pytest.mark.parametrize(
    "action", [None, "", "sync", "SYNC_ACTIVITIES", " sync_activities", 1, [], {}, True, "sync_activities\n"]
)
def test_the_action_must_be_a_known_one(at, action):
    message = 'Required "sync_collaborators" or "sync_activities"'
    for body in ({"action": action, "activities": [], "collaborators": []}, {"activities": []}):
        response = at.send(body)
        assert refusal(response)[2] == "Invalid action"
        assert details(response) == [{"field": "action", "message": message}]


@pytest.mark.parametrize(("array", "most"), [("collaborators", 500), ("activities", 1000)])
def test_the_array_must_be_present_and_within_its_limit(at, array, most):
    wrong = [None, {}, "x", 1, True, [{}] * (most + 1)]
    for body in [{"action": f"sync_{array}"}, *[{"action": f"sync_{array}", array: value} for value in wrong]]:
        response = at.send(body)
        assert refusal(response)[2] == f"Invalid {array} payload"
        assert details(response) == [{"field": array, "message": f"Required array of at most {most} {array}"}]


def test_the_other_actions_array_is_not_read(at):
    assert at.send(activities() | {"collaborators": 5}).status_code == 200
    assert at.send(people() | {"activities": [[]]}).status_code == 200


def test_no_items_are_fine(at):
    assert at.people() == {"created": 0, "existing": 0, "errors": [], "total": 0}
    assert at.activities() == {"processed": 0, "skipped": 0, "duplicates": 0, "errors": [], "total": 0}


def test_500_collaborators_and_1000_activities_are_taken(at):
    assert at.people(*[person(n) for n in range(500)])["created"] == 500
    assert at.activities(*[activity(n) for n in range(1000)])["processed"] == 1000


def test_unknown_fields_are_ignored(at):
    sent = people(person(extra=[1, {"a": None}])) | {"version": 7, "": {}}
    assert at.send(sent).json()["data"]["created"] == 1
    sent = activities(activity(extra={"x": 1}, points=1_000_000, tenant_id=1)) | {"x": 1e300}
    assert at.send(sent).json()["data"]["processed"] == 1


@pytest.mark.parametrize("digits", [1, 15, 19, 20, 30, 400, 4300])
def test_integers_in_data_are_kept_exactly(acme, at, digits):
    number = 10**digits - 1
    at.people(person(metadata={"n": number}))
    at.activities(activity(data={"n": number, "negative": [-number]}))
    with tenant_context(acme):
        assert Activity.objects.get().data == {"n": number, "negative": [-number]}
        assert Collaborator.objects.get().metadata == {"n": number}


def test_data_of_every_kind_is_kept_as_it_was_sent(acme, at):
    data = {
        "": "", "text": 'NaN "Infinity" \\ \\u0000 \n\t\x7f é 😀', "list": [1, 2.5, -0.001, 1e15, None, True, [], {}],
        "nested": {"a": {"b": {"c": []}}}, "Ünïcode": "São Paulo", "{}": "}{", "zero": 0,
    }  # fmt: skip
    at.people(person(metadata=data))
    at.activities(activity(data=data))
    with tenant_context(acme):
        assert Activity.objects.get().data == data
        assert Collaborator.objects.get().metadata == data


@pytest.mark.parametrize("depth", [1, 99, 101, 150, 190])
@pytest.mark.parametrize("leaf", ["1", '"\\u0000"', "1e999", "-1e999"])
def test_deep_data_is_stored_or_refused_and_never_an_error_of_ours(at, depth, leaf):
    deep = "[" * depth + leaf + "]" * depth
    item = json.dumps(activity(data={"deep": "HERE"})).replace('"HERE"', deep)
    at.people(person())
    response = at.send(f'{{"action": "sync_activities", "activities": [{item}]}}'.encode())
    assert response.status_code == (200 if leaf == "1" else 400)
    item = json.dumps(person(metadata={"deep": "HERE"})).replace('"HERE"', deep)
    response = at.send(f'{{"action": "sync_collaborators", "collaborators": [{item}]}}'.encode())
    if leaf == '"\\u0000"':
        assert response.status_code == 400
    else:
        assert response.json()["data"] == {
            "created": 0,
            "existing": int(leaf == "1"),
            "errors": []
            if leaf == "1"
            else ["Collaborator emp-1 (person1@example.com): metadata must hold finite numbers"],
            "total": 1,
        }


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1e400"])
@pytest.mark.parametrize("data", ['{"a": HERE}', '{"": HERE}', '{"": {"": [HERE]}}', '{"a": "Infinity", "b": HERE}'])
def test_a_number_too_large_to_be_one_is_a_fault_of_its_data(at, data, number):
    item = json.dumps(activity(data="HERE")).replace('"HERE"', data.replace("HERE", number))
    response = at.send(f'{{"action": "sync_activities", "activities": [{item}]}}'.encode())
    assert details(response) == [
        {"index": 0, "field": "data", "message": "Must be an object of finite numbers, texts, lists and objects"}
    ]


@pytest.mark.parametrize("text", ["\\u0000", "a\\u0000b", "\\ud800", "\\udc00x", "\\ud800\\ud800"])
@pytest.mark.parametrize("place", ["name", "email", "external_id", "team", "role", "metadata", "extra"])
def test_text_that_can_not_be_stored_is_refused_anywhere(at, place, text):
    before = row_counts()
    value = {"x": "HERE"} if place == "metadata" else "HERE"
    body = json.dumps(people(person(1), person(2, **{place: value}))).replace("HERE", text)
    response = at.send(body.encode())
    assert refusal(response)[2] == "Invalid JSON"
    (row,) = details(response)
    assert row["field"] == f"collaborators[1].{place}" + (".x" if place == "metadata" else "")
    assert "index" not in row
    assert row_counts() == before


def test_the_batch_is_recorded_whole_or_not_at_all(acme, at):
    at.people(person())
    before = row_counts()
    good = [activity(n) for n in range(999)]
    assert len(details(at.send(activities(*good, activity(1000, activity_code="1"))))) == 1
    assert row_counts() == before
