"""A valid request with a wrong thing in each of its places: never an error of ours, always the envelope."""

import copy
import json

import pytest

from tests.door import activities, activity, door, logged, people, person, refusal

WRONG = {
    "null": None,
    "zero": 0,
    "a number": -1.5,
    "a large number": 10**30,
    "a list": [],
    "a list of lists": [[[]]],
    "an object": {},
    "an object of objects": {"": {"a": None}},
    "true": True,
    "false": False,
    "an empty text": "",
    "a huge text": "é" * 100_000,
    "a NUL": "a\0b",
    "format marks": "%s %(x)s {} {0} $1 \\",
    "SQL": "'; DROP TABLE salesos_tenant; --",
    "an array literal": '{"a",NULL}',
    "a bidirectional mark": "\u202e",
    "a line feed": "\n",
}

REQUESTS = {
    "sync_collaborators": people(
        person(1, phone="1", document="2", team="Sales", role="rep", metadata={"a": {"b": [1]}}), person(2)
    ),
    "sync_activities": activities(
        activity(1, data={"a": {"b": [1, "x"]}}, occurred_at="2026-03-17T09:15:00Z"),
        activity(2, collaborator_email="nobody@example.com"),
    ),
}


def places(value, path=()):
    """The path to every value below `value`, itself included."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def with_wrong(request, path, wrong):
    if not path:
        return wrong
    changed = copy.deepcopy(request)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = wrong
    return changed


def without(request, path):
    changed = copy.deepcopy(request)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    return changed


@pytest.mark.parametrize("action", REQUESTS)
def test_a_wrong_thing_anywhere_is_never_an_error_of_ours(acme, globex, action):
    at = door(acme, hourly_limit=1_000_000)
    at.people(person(1))
    request = REQUESTS[action]
    changed = [
        (path, name, with_wrong(request, path, wrong)) for path in places(request) for name, wrong in WRONG.items()
    ]
    changed += [(path, "absent", without(request, path)) for path in places(request) if path]
    changed += [((*path, "\ud800"), "a broken name", with_wrong(request, (*path, "\ud800"), 1))
                for path in places(request) if isinstance(_at(request, path), dict)]  # fmt: skip
    statuses = set()
    for path, name, body in changed:
        response = at.send(json.dumps(body).encode())
        statuses.add(response.status_code)
        if response.status_code == 200:
            data = response.json()["data"]
            assert sum(len(n) if isinstance(n, list) else n for n in data.values()) == 2 * data["total"], (path, name)
        else:
            assert refusal(response)[:2] == (400, "VALIDATION_ERROR"), (path, name)
            assert response.json()["error"]["details"], (path, name)
        assert logged(response).tenant_id == acme.pk
    assert statuses == {200, 400}
    assert len(changed) > 300


def _at(value, path):
    for key in path:
        value = value[key]
    return value
