import re
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from salesos import mailing
from salesos.models import AuditEntry, User
from salesos.password_links import link_path
from salesos.roles import Role
from salesos.tenancy import tenant_context
from tests.factories import PASSWORD, MembershipFactory
from tests.queue import do_waiting
from tests.salesos.admin.conftest import signed_in

LOGIN = "/dashboard/account/login/"
FORGOTTEN = "/dashboard/account/password/forgotten/"
SENT = "/dashboard/account/password/forgotten/sent/"
NEW = "a fresh one altogether"
BOTH = {"password1": NEW, "password2": NEW}
OVER = b"This link can't be used"


@pytest.fixture
def user(acme, globex):
    return MembershipFactory(tenant=acme, role=Role.ADMIN, user__email="zoe@acme.example").user


@pytest.fixture
def asks(client):
    """Ask for a link; what came by e-mail."""

    def ask(email, **headers):
        mail.outbox.clear()
        answer = client.post(FORGOTTEN, {"email": email}, **headers)
        do_waiting()
        return answer, list(mail.outbox)

    return ask


def link_in(message) -> str:
    return re.search(r"http://testserver(/dashboard/account/password/link/\S+)", message.body)[1]


def follows(link) -> tuple[Client, str]:
    """A browser at the form that the link leads to, and the form's address."""
    client = Client()
    answer = client.get(link)
    assert answer.status_code == 302
    return client, answer.headers["Location"]


def days_later(monkeypatch, days: float) -> None:
    later = datetime.now() + timedelta(days=days)  # noqa: DTZ005 - as Django's tokens count
    monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda self: later)


def test_a_link_comes_by_e_mail_and_sets_a_password(asks, user, acme):
    desk = signed_in(user)
    answer, (message,) = asks(" Zoe@Acme.example ")
    assert (answer.status_code, answer.headers["Location"]) == (302, SENT)
    assert message.to == ["zoe@acme.example"]
    client, form = follows(link_in(message))
    assert b"zoe@acme.example" in client.get(form).content
    assert client.post(form, BOTH).headers["Location"] == LOGIN
    user.refresh_from_db()
    assert user.check_password(NEW)
    # Signed in by it is nobody, and nobody is any more by the old one.
    assert "_auth_user_id" not in client.session
    assert desk.get("/dashboard/").status_code == 302
    with tenant_context(acme):
        assert [entry.action for entry in AuditEntry.objects.all()] == ["user.password_reset"]


def test_the_answer_is_the_same_for_whoever_is_not_known(asks, user):
    User.objects.create_user("gone@acme.example", PASSWORD, is_active=False)
    answers = []
    for email, letters in ((user.email, 1), ("nobody@acme.example", 0), ("gone@acme.example", 0)):
        answer, messages = asks(email)
        answers.append((answer.status_code, answer.headers["Location"], answer.content))
        assert len(messages) == letters
    assert len(set(answers)) == 1


def test_asking_does_the_same_work_for_whoever_is_not_known(asks, user):
    counts = []
    for number, email in enumerate((user.email, "nobody@acme.example")):
        with CaptureQueriesContext(connection) as queries:
            asks(email, REMOTE_ADDR=f"203.0.113.{number}")
        counts.append((len(queries), [re.findall(r'FROM "(\w+)"', query["sql"] or "") for query in queries]))
    assert counts[0][0] == counts[1][0]
    assert [tables for tables in counts[0][1] if tables] == [tables for tables in counts[1][1] if tables] != []


def test_a_link_is_good_once(asks, user):
    _answer, (message,) = asks(user.email)
    link = link_in(message)
    client, form = follows(link)
    other, other_form = follows(link)
    client.post(form, BOTH)
    for used in (
        client.get(link),
        client.get(form),
        other.post(other_form, {"password1": "x" * 12, "password2": "x" * 12}),
    ):
        assert (used.status_code, OVER in used.content) == (200, True)
    user.refresh_from_db()
    assert user.check_password(NEW)


def test_of_two_links_the_older_is_over_once_one_was_used(asks, user):
    _answer, (first,) = asks(user.email)
    _answer, (second,) = asks(user.email)
    client, form = follows(link_in(first))
    client.post(form, BOTH)
    assert OVER in Client().get(link_in(second)).content


def test_signing_in_voids_a_link(asks, user):
    _answer, (message,) = asks(user.email)
    Client().post(LOGIN, {"login": user.email, "password": PASSWORD})
    assert OVER in Client().get(link_in(message)).content


@pytest.mark.parametrize(("hours", "is_good"), [(0.9, True), (1.1, False)])
def test_a_link_for_a_forgotten_password_lasts_an_hour(asks, user, monkeypatch, hours, is_good):
    _answer, (message,) = asks(user.email)
    days_later(monkeypatch, hours / 24)
    assert (OVER in Client().get(link_in(message)).content) is not is_good


@pytest.mark.parametrize(("days", "is_good"), [(6.9, True), (7.1, False)])
def test_an_invitation_lasts_a_week(acme, monkeypatch, days, is_good):
    invited = User.objects.create_user("new@acme.example")
    link = link_path(invited)
    days_later(monkeypatch, days)
    assert (OVER in Client().get(link).content) is not is_good


def test_a_link_of_somebody_who_may_not_sign_in_any_more_is_over(asks, user):
    _answer, (message,) = asks(user.email)
    client, form = follows(link_in(message))
    User.objects.update(is_active=False)
    assert OVER in Client().get(link_in(message)).content
    assert OVER in client.post(form, BOTH).content
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_the_token_is_in_no_address_that_a_referer_tells(asks, user):
    _answer, (message,) = asks(user.email)
    link = link_in(message)
    token = link.rstrip("/").rpartition("link/")[2].partition("-")[2]
    client, form = follows(link)
    page = client.get(form)
    assert token not in form
    assert token.encode() not in page.content
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in page.headers["Cache-Control"]


@pytest.mark.parametrize(
    "key", ["1-set-password", "0-x", "zzzzzzzzzzzzz-x", "1-abc-" + "f" * 32, "1-set", "1-------", "1-" + "a" * 200]
)
def test_a_made_up_link_is_over(client, user, key):
    for method in (client.get, client.post):
        answer = method(f"/dashboard/account/password/link/{key}/", BOTH)
        assert (answer.status_code, OVER in answer.content) == (200, True)


def test_a_link_is_for_its_own_user(asks, user, globex):
    other = MembershipFactory(tenant=globex, user__email="max@globex.example").user
    _answer, (message,) = asks(user.email)
    link = link_in(message)
    number, _dash, token = link.rstrip("/").rpartition("/")[2].partition("-")
    swapped = link.replace(f"{number}-{token}", f"{other.pk}-{token}")
    assert OVER in Client().get(swapped).content
    client, form = follows(link)
    assert OVER in client.post(form.replace(f"/{number}-", f"/{other.pk}-"), BOTH).content
    other.refresh_from_db()
    assert other.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "password1"),
        ({"password1": NEW}, "password2"),
        ({"password1": NEW, "password2": NEW + "!"}, "password2"),
        ({"password1": "password1234", "password2": "password1234"}, "password1"),
        ({"password1": "x" * 5000, "password2": "x" * 5000}, "password1"),
    ],
)
def test_a_password_that_does_not_do_is_told_and_the_link_stays_good(asks, user, sent, field):
    _answer, (message,) = asks(user.email)
    client, form = follows(link_in(message))
    assert client.post(form, sent).context["form"].errors[field]
    assert client.post(form, BOTH).status_code == 302


def test_asking_too_often_waits_and_others_need_not(asks, user, settings):
    settings.RESET_LIMIT = "2/h"
    assert [asks(user.email)[0].status_code for _try in range(3)] == [302, 302, 429]
    assert asks("max@acme.example")[0].status_code == 302
    assert asks(user.email, REMOTE_ADDR="203.0.113.9")[0].status_code == 302


def test_a_mail_box_is_not_flooded_and_nobody_learns_of_it(asks, user, settings):
    settings.RESET_LIMIT_OF_ACCOUNT = "2/h"
    letters = [len(asks(user.email, REMOTE_ADDR=f"203.0.113.{n}")[1]) for n in range(4)]
    assert letters == [1, 1, 0, 0]
    assert asks(user.email, REMOTE_ADDR="203.0.113.77")[0].headers["Location"] == SENT


@pytest.mark.parametrize("email", ["", "not an address", "x" * 500 + "@example.com", "a@b\ncc: x@y.z"])
def test_what_is_no_address_is_told(asks, user, email):
    answer, messages = asks(email)
    assert (answer.status_code, messages) == (200, [])
    assert answer.context["form"].errors["email"]


def test_the_letter_is_in_the_language_of_its_reader(asks, user, acme):
    acme.language = "es"
    acme.save()
    assert mailing.language_of(user) == "es"
    user.language = "pt-br"
    user.save()
    assert mailing.language_of(user) == "pt-br"


def test_a_mail_server_that_fails_fails_no_request(client, user, settings, caplog):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    assert client.post(FORGOTTEN, {"email": user.email}).headers["Location"] == SENT
    with pytest.raises(ConnectionRefusedError):
        do_waiting()
    assert "E-mail not sent (forgotten to zoe@acme.example)" in caplog.text
    assert "/link/" not in caplog.text


def test_no_link_lies_readable_in_the_queue(client, user):
    client.post(FORGOTTEN, {"email": user.email})
    (queued,) = ProcrastinateJob.objects.values_list("args", flat=True)
    assert (list(queued), user.email in str(queued)) == (["sealed"], False)


def test_what_was_sealed_with_another_key_is_not_sent(client, user, settings, caplog):
    client.post(FORGOTTEN, {"email": user.email})
    settings.SECRET_KEY = "another one, at least thirty-two letters long"
    do_waiting()
    assert (mail.outbox, "SECRET_KEY is another one" in caplog.text) == ([], True)


def test_another_host_is_in_no_link(client, user):
    assert client.post(FORGOTTEN, {"email": user.email}, HTTP_HOST="evil.example").status_code == 400
