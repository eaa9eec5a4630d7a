from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from salesos import sessions
from salesos.devices import device
from salesos.models import AuditEntry
from salesos.roles import Role
from salesos.tenancy import tenant_context
from tests.factories import PASSWORD, MembershipFactory

LOGIN = "/dashboard/account/login/"
SESSIONS = "/dashboard/account/sessions/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
    "Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def user(acme, globex):
    return MembershipFactory(tenant=acme, role=Role.ADMIN, user__email="zoe@acme.example").user


@pytest.fixture
def stranger(globex):
    return MembershipFactory(tenant=globex, role=Role.ADMIN, user__email="max@globex.example").user


def signs_in(user, agent=FIREFOX, address="203.0.113.5") -> Client:
    client = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    assert client.post(LOGIN, {"login": user.email, "password": PASSWORD}).status_code == 302
    return client


def is_in(client) -> bool:
    return client.get("/dashboard/account/").status_code == 200


def shown(client) -> list[tuple[str, str, bool]]:
    return [(found.device, found.address, found.is_this_one) for found in client.get(SESSIONS).context["sessions"]]


def row_of(client) -> int:
    return UserSession.objects.get(session_key=client.session.session_key).pk


def actions(tenant) -> list[str]:
    with tenant_context(tenant):
        return list(AuditEntry.objects.exclude(action="user.signed_in").values_list("action", flat=True))


def test_each_device_is_listed_this_one_first(user, stranger):
    desk = signs_in(user)
    telephone = signs_in(user, SAFARI, "2001:db8::7")
    signs_in(stranger)
    assert shown(desk) == [("Firefox on Windows", "203.0.113.5", True), ("Safari on iPhone", "2001:db8::7", False)]
    assert shown(telephone) == [("Safari on iPhone", "2001:db8::7", True), ("Firefox on Windows", "203.0.113.5", False)]


def test_one_session_ends_at_once_and_the_others_go_on(user, acme):
    desk, telephone, tablet = (signs_in(user) for _device in range(3))
    desk.post(SESSIONS, {"end": row_of(telephone)})
    assert [is_in(client) for client in (desk, telephone, tablet)] == [True, False, True]
    assert len(shown(desk)) == 2
    assert actions(acme) == ["user.sessions_ended"]


def test_all_others_end_at_once(user, acme):
    desk, telephone, tablet = (signs_in(user) for _device in range(3))
    told = desk.post(SESSIONS, {"end": "others"}, follow=True)
    assert b"2 other sessions have ended." in told.content
    assert [is_in(client) for client in (desk, telephone, tablet)] == [True, False, False]
    with tenant_context(acme):
        entry = AuditEntry.objects.get(action="user.sessions_ended")
    assert entry.changes == {"sessions": ["2", "0"]}


def test_nobody_ends_a_strangers_session(user, stranger, acme, globex):
    theirs = signs_in(stranger)
    mine = signs_in(user)
    mine.post(SESSIONS, {"end": row_of(theirs)})
    mine.post(SESSIONS, {"end": "others"})
    assert is_in(theirs)
    assert actions(acme) == actions(globex) == []


@pytest.mark.parametrize("end", ["", "x", "-1", "1.5", "9" * 19, "9" * 400, "１", "0"])
def test_what_is_no_session_ends_none(user, end):
    desk, telephone = signs_in(user), signs_in(user)
    assert desk.post(SESSIONS, {"end": end}).status_code == 302
    assert is_in(telephone)


def test_changing_the_password_ends_the_others_and_keeps_this_one(user, acme):
    desk, telephone = signs_in(user), signs_in(user)
    sent = {"password": PASSWORD, "password1": "a fresh one altogether", "password2": "a fresh one altogether"}
    assert desk.post("/dashboard/account/password/", sent).headers["Location"] == "/dashboard/account/"
    assert [is_in(desk), is_in(telephone)] == [True, False]
    assert shown(desk) == [("Firefox on Windows", "203.0.113.5", True)]
    assert actions(acme) == ["user.password_changed"]
    user.refresh_from_db()
    assert user.check_password("a fresh one altogether")


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"password": "wrong"}, "password"),
        ({"password1": "short", "password2": "short"}, "password1"),
        ({"password1": "zoe@acme.example", "password2": "zoe@acme.example"}, "password1"),
        ({"password2": "something else here"}, "password2"),
        ({"password1": "", "password2": ""}, "password1"),
    ],
)
def test_a_password_that_does_not_do_changes_nothing(user, sent, field):
    desk, telephone = signs_in(user), signs_in(user)
    fine = {"password": PASSWORD, "password1": "a fresh one altogether", "password2": "a fresh one altogether"}
    assert desk.post("/dashboard/account/password/", {**fine, **sent}).context["form"].errors[field]
    assert is_in(telephone)
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_stolen_session_guesses_no_password_by_changing_it(user, settings):
    settings.LOGIN_LIMIT = "2/h"
    desk = signs_in(user)
    sent = {"password": "wrong", "password1": "a fresh one altogether", "password2": "a fresh one altogether"}
    assert [desk.post("/dashboard/account/password/", sent).status_code for _try in range(3)] == [200, 200, 429]


def test_what_is_over_is_not_listed(user):
    desk, telephone, tablet = (signs_in(user) for _device in range(3))
    telephone.post("/dashboard/logout/")
    Session.objects.filter(session_key=tablet.session.session_key).update(expire_date=timezone.now())
    assert len(shown(desk)) == 1
    user.set_password("set by somebody else")
    user.save()
    fresh = Client()
    fresh.post(LOGIN, {"login": user.email, "password": "set by somebody else"})
    assert len(shown(fresh)) == 1


def test_being_seen_is_written_once_a_minute(user):
    desk = signs_in(user)
    written = UserSession.objects.filter(pk=row_of(desk))
    written.update(last_seen_at=timezone.now() - timedelta(minutes=5))

    def writes() -> int:
        with CaptureQueriesContext(connection) as queries:
            desk.get("/dashboard/account/", REMOTE_ADDR="203.0.113.99")
        return len([query for query in queries if "usersessions" in query["sql"] and "INSERT" in query["sql"]])

    assert [writes() for _request in range(3)] == [1, 0, 0]
    assert written.get().ip == "203.0.113.99"
    seen_at = written.get().last_seen_at
    assert timezone.now() - seen_at < timedelta(seconds=10)
    # Another process asks once, and leaves it as it is.
    caches["process"].clear()
    assert writes() == 1
    assert written.get().last_seen_at == seen_at


def test_a_request_of_the_api_pays_for_none_of_it(client, user):
    with CaptureQueriesContext(connection) as queries:
        client.post("/functions/v1/default-integration", {}, content_type="application/json")
    assert [query["sql"] for query in queries if "session" in query["sql"]] == []


def test_a_session_from_before_there_was_this_list_is_listed_when_it_is_seen(user):
    desk = signs_in(user)
    UserSession.objects.all().delete()
    assert len(shown(desk)) == 1


def test_the_list_of_many_costs_as_much_as_of_few(user):
    desk = signs_in(user)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            desk.get(SESSIONS)
        return len(queries)

    desk.get(SESSIONS)
    one = cost()
    for _device in range(9):
        signs_in(user)
    assert cost() == one


def test_too_many_sessions_end_the_one_not_seen_for_longest(user, monkeypatch):
    monkeypatch.setattr(sessions, "MOST", 3)
    clients = [signs_in(user) for _device in range(4)]
    assert [is_in(client) for client in clients] == [False, True, True, True]


CHROMES = "(KHTML, like Gecko) Chrome/140.0.0.0"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (SAFARI, "Safari on iPhone"),
        (f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 {CHROMES} Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15", "Safari on macOS"),
        (f"Mozilla/5.0 (Windows NT 10.0) {CHROMES} Safari/537.36 Edg/140.0.0.0", "Edge on Windows"),
        (
            f"Mozilla/5.0 (Linux; Android 15) SamsungBrowser/27.0 {CHROMES} Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        ("curl/8.5.0", "Unknown browser"),
        ("", "Unknown browser"),
        ("<script>alert(1)</script>", "Unknown browser"),
    ],
)
def test_a_device_is_named_in_words(user_agent, words):
    assert device(user_agent) == words


def test_a_hostile_user_agent_harms_nothing(user):
    desk = signs_in(user, agent="\xff<b>\x01" + "A" * 5000)
    assert shown(desk) == [("Unknown browser", "203.0.113.5", True)]
