"""A POST that is sent again does its work once, whatever happened to the first one."""

import threading
from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from salesos.api import idempotency
from salesos.api.errors import ValidationFailed
from salesos.api.etags import etag_of
from salesos.api.idempotency import KEPT_FOR, idempotent
from salesos.api.routes import endpoint
from salesos.api.views import ApiView
from salesos.errors import Clash, Refused
from salesos.models import StoredAnswer, Team
from salesos.request_log import entry_of
from salesos.scopes import Scope
from salesos.tenancy import tenant_context
from tests.door import Door, details, door, logged, refusal

OTHER = "550e8400-e29b-41d4-a716-446655440000"


class TeamsView(ApiView):
    """An endpoint of the tests' own, which can fail in every way after it has written."""

    scopes = {"POST": Scope.LEADS_WRITE}
    hold = None

    @idempotent
    def post(self, request):
        entry_of(request._request).action = "create_team"
        body = self.json_body()
        team = Team.objects.create(name=body["name"])
        match body.get("then"):
            case "refuse":
                raise Refused("no_reason", "No", field="name")
            case "clash":
                raise Clash("taken", "It is taken", field="name", other_id=OTHER)
            case "malformed":
                raise ValidationFailed("Invalid body", details=[{"field": "name", "message": "No"}])
            case "break":
                raise ZeroDivisionError
            case "hold" if TeamsView.hold:
                TeamsView.hold()
            case "nothing":
                return self.no_content()
        return self.created({"name": team.name}, location=f"/v1/tests/{team.pk}", headers={"ETag": etag_of(1)})


urlpatterns = [*endpoint("v1/tests", TeamsView, "tests"), *endpoint("v1/others", TeamsView, "others")]


@pytest.fixture(autouse=True)
def _routes(settings):
    settings.ROOT_URLCONF = __name__


def at(tenant) -> Door:
    return door(tenant, scopes=[Scope.LEADS_WRITE])


def post(to: Door, body, key="k-1", path="/v1/tests"):
    return to.send(body, path=path, headers={"idempotency-key": key} if key is not None else {})


def names(tenant) -> list[str]:
    with tenant_context(tenant):
        return sorted(Team.objects.values_list("name", flat=True))


def told(answer):
    headers = {name: answer.get(name) for name in ("Content-Type", "Location", "ETag", "Content-Length")}
    return answer.status_code, answer.content, headers


def test_the_same_request_again_gives_the_first_answer_again_and_does_nothing(acme, globex):
    to = at(acme)
    first, again = post(to, {"name": "Red"}), post(to, {"name": "Red"}, path="/v1/tests/")
    assert first.json() == {"data": {"name": "Red"}}
    assert first["Location"].startswith("/v1/tests/")
    assert told(again) == told(first)
    assert ("Idempotent-Replayed" in first, again["Idempotent-Replayed"]) == (False, "true")
    assert names(acme) == ["Red"]
    assert (logged(again).action, logged(again).status) == ("create_team", 201)
    assert "X-RateLimit-Remaining" in again


def test_another_key_of_the_tenant_repeats_a_request_too(acme, globex):
    first, again = post(at(acme), {"name": "Red"}), post(at(acme), {"name": "Red"})
    assert (told(again), names(acme)) == (told(first), ["Red"])


def test_a_key_is_the_tenants_own(acme, globex):
    post(at(acme), {"name": "Red"})
    answer = post(at(globex), {"name": "Blue"})
    assert (answer.status_code, "Idempotent-Replayed" in answer) == (201, False)
    assert post(at(acme.sandbox), {"name": "Test"}).status_code == 201
    assert (names(acme), names(globex), names(acme.sandbox)) == (["Red"], ["Blue"], ["Test"])


@pytest.mark.parametrize(
    ("body", "path"),
    [({"name": "Blue"}, "/v1/tests"), ({"name": "Red"}, "/v1/others"), (b'{"name":"Red"}', "/v1/tests")],
)
def test_a_key_that_was_used_for_another_request_is_a_conflict(acme, globex, body, path):
    to = at(acme)
    post(to, {"name": "Red"})
    answer = post(to, body, path=path)
    assert refusal(answer) == (409, "CONFLICT", "This Idempotency-Key was used for another request")
    assert answer.json()["error"]["details"] == [
        {"field": "Idempotency-Key", "message": "This Idempotency-Key was used for another request"}
    ]
    assert names(acme) == ["Red"]


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ("refuse", (400, "VALIDATION_ERROR", "No")),
        ("malformed", (400, "VALIDATION_ERROR", "Invalid body")),
        ("clash", (409, "CONFLICT", "It is taken")),
    ],
)
def test_what_is_refused_is_neither_done_nor_kept(acme, globex, then, expected):
    to = at(acme)
    for _attempt in range(2):
        assert refusal(post(to, {"name": "Red", "then": then})) == expected
    assert (names(acme), StoredAnswer.objects.every_tenant(reason="a test counts").count()) == ([], 0)
    assert post(to, {"name": "Red"}).status_code == 201


def test_a_clash_names_what_stands_in_the_way(acme, globex):
    answer = post(at(acme), {"name": "Red", "then": "clash"})
    assert answer.json()["error"]["details"] == [{"field": "name", "message": "It is taken", "id": OTHER}]


@pytest.mark.filterwarnings("ignore")
def test_a_request_that_broke_can_be_sent_again(acme, globex):
    to = at(acme)
    assert refusal(post(to, {"name": "Red", "then": "break"}))[:2] == (500, "INTERNAL_ERROR")
    assert names(acme) == []
    assert post(to, {"name": "Red"}).status_code == 201


def test_an_answer_without_a_body_is_kept_too(acme, globex):
    to = at(acme)
    first, again = (post(to, {"name": "Red", "then": "nothing"}) for _ in range(2))
    assert (
        told(first) == told(again) == (204, b"", dict.fromkeys(["Content-Type", "Location", "ETag", "Content-Length"]))
    )
    assert names(acme) == ["Red"]


@pytest.mark.parametrize("key", ["", "é", "a" * 256, "a\tb", "naïve"])
def test_a_key_that_can_not_be_one_is_refused(acme, globex, key):
    assert details(post(at(acme), {"name": "Red"}, key=key)) == [
        {"field": "Idempotency-Key", "message": "Expected 1 to 255 printable ASCII characters"}
    ]
    assert names(acme) == []


def test_a_key_may_be_long_and_hold_any_printable_sign(acme, globex):
    key = "".join(map(chr, range(33, 127))) + "x" * 161
    assert [post(at(acme), {"name": "Red"}, key=key).status_code for _ in range(2)] == [201, 201]
    assert names(acme) == ["Red"]


def test_without_a_key_each_request_is_a_new_one(acme, globex):
    to = at(acme)
    assert [post(to, {"name": name}, key=None).status_code for name in ("Red", "Blue")] == [201, 201]
    assert StoredAnswer.objects.every_tenant(reason="a test counts").count() == 0


def test_after_24_hours_a_key_is_new(acme, globex):
    to = at(acme)
    post(to, {"name": "Red"})
    with tenant_context(acme):
        StoredAnswer.objects.update(at=timezone.now() - KEPT_FOR + timedelta(minutes=1))
    assert refusal(post(to, {"name": "Blue"}))[0] == 409
    with tenant_context(acme):
        StoredAnswer.objects.update(at=timezone.now() - KEPT_FOR - timedelta(minutes=1))
    first, again = post(to, {"name": "Blue"}), post(to, {"name": "Blue"})
    assert (first.status_code, told(again), names(acme)) == (201, told(first), ["Blue", "Red"])


def test_old_answers_are_deleted_in_batches_and_young_ones_kept(acme, globex):
    for tenant in (acme, globex):
        for number in range(3):
            post(at(tenant), {"name": str(number)}, key=str(number))
        with tenant_context(tenant):
            StoredAnswer.objects.exclude(key="2").update(at=timezone.now() - KEPT_FOR - timedelta(seconds=1))
    assert list(idempotency.prune(before=timezone.now() - KEPT_FOR, batch=1)) == [1, 1, 1, 1]
    kept = StoredAnswer.objects.every_tenant(reason="a test looks").values_list("tenant_id", "key")
    assert sorted(kept) == sorted([(acme.pk, "2"), (globex.pk, "2")])


# At the same moment, on connections of their own


def in_threads(*works):
    """Runs each in a thread of its own, and waits for all."""
    results = [None] * len(works)

    def run(number, work):
        try:
            results[number] = work()
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=entry) for entry in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


@pytest.mark.django_db(transaction=True)
def test_of_requests_at_the_same_moment_one_does_the_work_and_all_get_its_answer(acme, globex):
    to = at(acme).token
    start = threading.Barrier(8)

    def send():
        start.wait()
        return post(Door(to), {"name": "Red"})

    answers = in_threads(*[send] * 8)
    assert {answer.status_code for answer in answers} == {201}
    assert len({(answer.content, answer["Location"]) for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer for answer in answers) == 7
    assert names(acme) == ["Red"]


@pytest.mark.django_db(transaction=True)
def test_a_process_that_is_killed_half_way_leaves_nothing_and_blocks_nobody(acme, globex, monkeypatch):
    token, inside, go_on = at(acme).token, Event(), Event()
    working: list[int] = []

    def hold():
        if not working:
            working.append(connection.connection.info.backend_pid)
            inside.set()
            go_on.wait(timeout=20)

    monkeypatch.setattr(TeamsView, "hold", staticmethod(hold))

    def second():
        inside.wait(timeout=20)
        return post(Door(token), {"name": "Red", "then": "hold"})

    def kill():
        inside.wait(timeout=20)
        with connection.cursor() as cursor:
            # The second request waits for the first one's transaction: only then the first one dies.
            for _attempt in range(200):
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
                if cursor.fetchone()[0]:
                    break
                threading.Event().wait(0.05)
            cursor.execute("SELECT pg_terminate_backend(%s)", working)
        go_on.set()

    killed, answered, _ = in_threads(lambda: post(Door(token), {"name": "Red", "then": "hold"}), second, kill)
    assert refusal(killed)[:2] == (503, "SERVICE_UNAVAILABLE")
    assert (answered.status_code, "Idempotent-Replayed" in answered) == (201, False)
    again = post(Door(token), {"name": "Red", "then": "hold"})
    assert (told(again), again["Idempotent-Replayed"]) == (told(answered), "true")
    assert names(acme) == ["Red"]


@pytest.mark.django_db(transaction=True)
def test_the_answer_is_there_when_the_work_is_and_not_before(acme, globex, monkeypatch):
    token = at(acme).token
    seen = []

    def look():
        def elsewhere():
            seen.append((names(acme), StoredAnswer.objects.every_tenant(reason="a test looks").count()))

        in_threads(elsewhere)

    monkeypatch.setattr(TeamsView, "hold", staticmethod(look))
    post(Door(token), {"name": "Red", "then": "hold"})
    look()
    assert seen == [([], 0), (["Red"], 1)]
    assert not transaction.get_connection().in_atomic_block
