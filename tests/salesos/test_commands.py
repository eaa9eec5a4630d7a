"""The commands that operations scripts call: what they do, print, and how they say no."""

import io
import os
import re
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

import manage
from salesos.keys import TOKEN, KeyEnded, issue_key, usable_key
from salesos.models import ApiKey, Membership, RequestLog, Tenant, User
from salesos.roles import Role
from salesos.scopes import Scope
from salesos.tenancy import tenant_context
from tests.factories import PASSWORD, UserFactory

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments):
    """(standard output, standard error) of a command."""
    out, err = io.StringIO(), io.StringIO()
    call_command(*arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refusal(*arguments):
    """What a command says no with; it must have printed nothing else."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command(*arguments, stdout=out, stderr=err)
    assert (out.getvalue(), err.getvalue(), caught.value.returncode) == ("", "", 1)
    return str(caught.value)


@pytest.fixture
def typed(monkeypatch):
    """Put text on standard input, which is no terminal."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def keys_of(tenant):
    with tenant_context(tenant):
        return list(ApiKey.objects.all())


def is_usable(token):
    try:
        return usable_key(token, address="192.0.2.1", at=timezone.now()) is not None
    except KeyEnded:
        return False


@pytest.mark.parametrize(
    "command", ["create_tenant", "create_user", "create_api_key", "revoke_api_key", "prune_request_log"]
)
def test_every_command_explains_itself(command, capsys):
    with suppress(SystemExit):
        call_command(command, "--help")
    help_text = capsys.readouterr().out
    assert help_text.startswith("usage:")
    assert all(
        re.search(rf"{option}\b.*\S", help_text) for option in re.findall(r"^  (--\w+)", help_text, re.MULTILINE)
    )


# The command line


def said_by(capsys, *arguments):
    """(status, standard error) of a command line that ends early; it must have printed nothing else."""
    with pytest.raises(SystemExit) as end:
        manage.run(["manage.py", *arguments])
    out, err = capsys.readouterr()
    assert out == ""
    # Python prints a text that a program ends with, and its status is 1.
    return (1, f"{err}{end.value.code}\n") if isinstance(end.value.code, str) else (end.value.code, err)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["create_tenant"], "error: the following arguments are required: NAME"),
        (["create_tenant", "Acme", "--colour", "red"], "error: unrecognized arguments: --colour red"),
        (["leaderboard", "--tenant", "acme", "--period", "aeon"], "error: argument --period: invalid choice: 'aeon'"),
        (["prune_request_log", "--days", "0"], "error: argument --days: expected a whole number from 1 to 10000"),
    ],
)
def test_arguments_that_cannot_be_end_with_status_1_and_the_usage(capsys, arguments, reason):
    status, err = said_by(capsys, *arguments)
    assert (status, err.startswith(f"usage: manage.py {arguments[0]}")) == (1, True)
    assert reason in err


def test_arguments_that_are_not_utf8_are_refused_in_one_line(capsys):
    latin1 = os.fsdecode("São Paulo".encode("latin-1"))
    assert said_by(capsys, "create_tenant", latin1) == (1, "Error: The argument b'S\\xe3o Paulo' is not UTF-8.\n")


def in_a_process(*arguments, **environment):
    environment = {"PATH": os.environ["PATH"], "SECRET_KEY": "x" * 50, "PYTHONWARNINGS": "error", **environment}
    command = [sys.executable, "manage.py", *arguments]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def test_a_database_that_cannot_be_reached_is_said_in_one_line(tmp_path):
    url = f"postgres://ann:s3cret-word@/sales?host={tmp_path}"
    status, out, err = in_a_process("create_tenant", "Acme", DATABASE_URL=url)

    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("Error: The database can't be used: connection ")
    assert "s3cret-word" not in err


def test_a_database_address_that_is_none_is_said_in_one_line():
    status, out, err = in_a_process("create_tenant", "Acme", DATABASE_URL="s3cret-word")

    assert (status, out) == (1, "")
    assert err == (
        "Error: DATABASE_URL must name a PostgreSQL database, like postgres://user:password@host:5432/name "
        "(signs in the password percent-encoded).\n"
    )


def test_a_bug_keeps_its_traceback(monkeypatch):
    def fail(arguments):
        raise UnicodeEncodeError("ascii", "ã", 0, 1, "a bug")

    monkeypatch.setattr(manage, "execute_from_command_line", fail)
    with pytest.raises(UnicodeEncodeError):
        manage.run(["manage.py", "check"])


def test_the_traceback_is_there_for_those_who_ask(monkeypatch):
    def fail(arguments):
        raise ImproperlyConfigured("PORT must be a whole number.")

    monkeypatch.setattr(manage, "execute_from_command_line", fail)
    with pytest.raises(ImproperlyConfigured):
        manage.run(["manage.py", "check", "--traceback"])


# create_tenant


def test_a_tenant_is_created_with_its_sandbox(acme, globex):
    out, err = run("create_tenant", "Horizonte Sul", "--timezone", "America/Recife", "--language", "pt-br")

    assert (out, err) == ("Tenant horizonte-sul created, its sandbox is horizonte-sul-sandbox.\n", "")
    tenant = Tenant.objects.get(slug="horizonte-sul")
    assert (tenant.name, tenant.time_zone, tenant.language) == ("Horizonte Sul", "America/Recife", "pt-br")
    assert (tenant.sandbox.time_zone, tenant.sandbox.language) == ("America/Recife", "pt-br")


def test_a_tenant_may_name_its_slug(acme, globex):
    run("create_tenant", "Horizonte Sul", "--slug", "hs")
    assert set(Tenant.objects.values_list("slug", flat=True)) == {
        "acme", "acme-sandbox", "globex", "globex-sandbox", "hs", "hs-sandbox",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["Acme"], "slug: Tenant with this Slug already exists."),
        (["   "], "name: This field cannot be blank."),
        (["東京"], "slug: This field cannot be blank."),
        (["Umbrella", "--timezone", "Mars/Base"], "Unknown time zone “Mars/Base”"),
        (["Umbrella", "--language", "tlh"], "invalid choice: 'tlh'"),
    ],
)
def test_a_tenant_that_cannot_be_is_refused(acme, globex, arguments, reason):
    assert reason in refusal("create_tenant", *arguments)
    assert Tenant.objects.count() == 4


# create_user


def test_a_user_is_created_with_a_piped_password(acme, globex, typed):
    typed(f"{PASSWORD}\n")
    out, err = run("create_user", "Wile@Acme.example", "--tenant", "acme", "--role", "manager", "--password-stdin")

    assert (out, err) == ("User wile@acme.example created with the role manager in acme.\n", "")
    user = User.objects.get()
    assert user.check_password(PASSWORD)
    assert (user.role_in(acme), user.role_in(globex), user.is_platform_staff) == (Role.MANAGER, None, False)


def test_a_user_of_a_sandbox_is_one_of_its_tenant(acme, globex, typed):
    typed(PASSWORD)
    run("create_user", "wile@acme.example", "--tenant", "acme-sandbox", "--role", "admin", "--password-stdin")
    assert list(Membership.objects.values_list("tenant__slug", "role")) == [("acme", "admin")]


def test_somebody_who_is_a_user_already_only_gets_the_role(acme, globex):
    user = UserFactory(email="wile@acme.example")
    Membership.objects.create(user=user, tenant=globex, role=Role.AUDITOR)

    out, _err = run("create_user", "wile@acme.example", "--tenant", "acme", "--role", "admin")
    assert out == "User wile@acme.example has the role admin in acme.\n"
    run("create_user", "wile@acme.example", "--tenant", "acme", "--role", "manager")

    assert (user.role_in(acme), user.role_in(globex)) == (Role.MANAGER, Role.AUDITOR)
    assert User.objects.get().check_password(PASSWORD)


def test_a_second_password_for_a_user_is_refused(acme, globex, typed):
    UserFactory(email="wile@acme.example")
    typed("another horse battery\n")
    reason = refusal("create_user", "wile@acme.example", "--tenant", "acme", "--role", "admin", "--password-stdin")
    assert reason == "This e-mail has a user already; the password stays as it is."
    assert User.objects.get().check_password(PASSWORD)
    assert Membership.objects.count() == 0


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("answers", "expected"), [([PASSWORD, PASSWORD], 1), ([PASSWORD, "correct horse batterie"], 0)]
)
def test_on_a_terminal_the_password_is_asked_for_twice(acme, globex, monkeypatch, answers, expected):
    asked = iter(answers)
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(asked))
    arguments = ("create_user", "wile@acme.example", "--tenant", "acme", "--role", "admin")
    if expected:
        run(*arguments)
    else:
        assert refusal(*arguments) == "The passwords differ; nothing was changed."
    assert User.objects.count() == expected


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "This password is too short"),
        ("x7#q", "This password is too short"),
        ("password1234", "This password is too common."),
        ("wile@acme.example", "too similar to the"),
        ("correct\0horse battery", "The password must not contain NUL characters."),
        ("correct horse \udce9", "The password is not UTF-8."),
    ],
)
def test_a_weak_password_is_refused(acme, globex, typed, password, reason):
    typed(f"{password}\n")
    arguments = ("create_user", "wile@acme.example", "--tenant", "acme", "--role", "admin", "--password-stdin")
    said = refusal(*arguments)
    assert reason in said
    assert not password or password == "wile@acme.example" or password not in said
    assert User.objects.count() == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["wile@acme.example", "--tenant", "acme", "--role", "admin"], "No password: pipe it in with --password-stdin"),
        (["wile@acme.example", "--tenant", "umbrella", "--role", "admin"], "There is no tenant “umbrella”."),
        (["wile@acme.example", "--tenant", "acme", "--role", "king"], "invalid choice: 'king'"),
        (["wile", "--tenant", "acme", "--role", "admin", "--password-stdin"], "Enter a valid email address."),
    ],
)
def test_a_user_that_cannot_be_is_refused(acme, globex, typed, arguments, reason):
    typed(f"{PASSWORD}\n" if "--password-stdin" in arguments else "")
    assert reason in refusal("create_user", *arguments)
    assert (User.objects.count(), Membership.objects.count()) == (0, 0)


# create_api_key

NEW_KEY = ("create_api_key", "--tenant", "acme", "--name", "CRM", "--scope", "default:sync")


def test_the_key_alone_is_on_standard_output(acme, globex):
    out, err = run(*NEW_KEY)

    token = out.removesuffix("\n")
    assert out == f"{token}\n"
    assert is_usable(token)
    [key] = keys_of(acme)
    assert keys_of(globex) == []
    assert err == f"Key {key.key_id} created in acme.\n"
    assert (key.name, key.scopes, key.allowlist, key.hourly_limit, key.expires_at) == (
        "CRM",
        ["default:sync"],
        [],
        1000,
        None,
    )
    assert token.startswith("sk_live_")


def test_a_test_key_is_one_of_the_sandbox(acme, globex):
    out, err = run(*NEW_KEY, "--test")
    assert out.startswith("sk_test_")
    assert err.endswith(" created in acme-sandbox.\n")
    assert (len(keys_of(acme)), len(keys_of(acme.sandbox))) == (0, 1)


def test_a_key_takes_networks_a_limit_and_an_end(acme, globex):
    networks = ("--allow", "10.0.0.0/8", "2001:db8::/32", "--allow", "192.0.2.7")
    run(*NEW_KEY, *networks, "--rate", "50", "--expires", "2099-12-31T18:00")
    [key] = keys_of(acme)
    assert key.allowlist == ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"]
    assert key.hourly_limit == 50
    # Without an offset it is on the tenant's clock, three hours behind.
    assert key.expires_at == datetime(2099, 12, 31, 21, 0, tzinfo=UTC)


def test_an_end_with_an_offset_is_that_moment(acme, globex):
    run(*NEW_KEY, "--expires", "2099-12-31T18:00+02:00")
    [key] = keys_of(acme)
    assert key.expires_at == datetime(2099, 12, 31, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--expires", "2020-01-01"], "The expiry is in the past: such a key would never work."),
        (["--expires", "9999-12-31"], "expires_at: A key may expire at most 100 years ahead"),
        (["--expires", "9999-12-31T23:59-12:00"], "--expires is beyond the calendar."),
        (["--expires", "tomorrow"], "'tomorrow' is not a moment like 2026-12-31T18:00"),
        (["--allow", "10.0.0.0/99"], "“10.0.0.0/99” is not an IPv4 or IPv6 address or network."),
        (["--rate", "0"], "--rate: Ensure this value is greater than or equal to 1."),
        (["--scope", "default:everything"], "invalid choice: 'default:everything'"),
        (["--name", " "], "--name: This field cannot be blank."),
        (["--tenant", "umbrella"], "There is no tenant “umbrella”."),
    ],
)
def test_a_key_that_cannot_be_is_refused(acme, globex, arguments, reason):
    assert reason in refusal(*NEW_KEY, *arguments)
    assert keys_of(acme) == keys_of(globex) == []


@pytest.mark.parametrize("missing", ["--tenant", "--name", "--scope"])
def test_a_key_needs_a_tenant_a_name_and_a_scope(acme, globex, missing):
    at = NEW_KEY.index(missing)
    assert f"required: {missing}" in refusal(*NEW_KEY[:at], *NEW_KEY[at + 2 :])


# revoke_api_key


@pytest.fixture
def acmes(acme):
    return issue_key(acme, name="CRM", scopes=[Scope.DEFAULT_SYNC])


@pytest.fixture
def strangers(globex):
    return issue_key(globex, name="CRM", scopes=[Scope.DEFAULT_SYNC])


@pytest.mark.parametrize("named", ["{id}", "{token}", "sk_live_{id}", "sk_live_{id}…", " {id} "])
def test_a_revoked_key_is_refused_at_once(acmes, strangers, named):
    assert is_usable(acmes.token)
    out, _err = run("revoke_api_key", named.format(id=acmes.key.key_id, token=acmes.token))
    assert out == f"Key {acmes.key.key_id} (CRM) of acme is revoked.\n"
    assert not is_usable(acmes.token)
    assert is_usable(strangers.token)


def test_revoking_twice_keeps_the_first_moment(acmes, strangers):
    run("revoke_api_key", acmes.key.key_id)
    [first] = keys_of(acmes.key.tenant)
    out, _err = run("revoke_api_key", acmes.key.key_id)
    [second] = keys_of(acmes.key.tenant)
    assert out == f"Key {first.key_id} (CRM) of acme was revoked already, {first.revoked_at:%Y-%m-%d %H:%M} UTC.\n"
    assert first.revoked_at == second.revoked_at


def test_an_unknown_key_is_an_error_that_repeats_no_secret(acmes, strangers):
    assert refusal("revoke_api_key", "aaaaaaaaaaaa") == "There is no key “aaaaaaaaaaaa”."
    unknown = acmes.token.replace(acmes.key.key_id, "aaaaaaaaaaaa")
    assert TOKEN.fullmatch(unknown)
    assert refusal("revoke_api_key", unknown) == "There is no key “aaaaaaaaaaaa”."
    expected = "Expected the key's public id (12 letters and digits) or the whole key."
    assert refusal("revoke_api_key", acmes.token[:-1]) == expected
    assert is_usable(acmes.token)


# prune_request_log


def logged(tenant, *ages):
    """Requests so many days old, whose ids tell the time as those of real ones do."""
    rows = []
    for number, days in enumerate(ages):
        at = timezone.now() - timedelta(days=days)
        row_id = f"{int(at.timestamp() * 1000):012x}7000{number:04x}{tenant.pk:012x}"
        rows.append(
            RequestLog(id=row_id, at=at, tenant=tenant, method="POST", path="/", status=200, duration_ms=1, bytes_in=0)
        )
    with tenant_context(tenant):
        return RequestLog.objects.bulk_create(rows)


def kept_of(tenant):
    with tenant_context(tenant):
        return RequestLog.objects.count()


def test_old_requests_are_deleted_in_batches_and_young_ones_kept(acme, globex):
    logged(acme, 200, 100, 91, 89, 0)
    logged(globex, 95, 1)

    lines = run("prune_request_log", "--batch", "3")[0].splitlines()

    assert lines[:2] == ["3 deleted …", "4 deleted …"]
    assert re.fullmatch(r"Deleted 4 requests from before \d{4}-\d\d-\d\d \d\d:\d\d UTC\.", lines[2])
    assert lines[3:] == ["Deleted 0 answers that were kept for a repeat."]
    assert (kept_of(acme), kept_of(globex)) == (2, 1)


def test_days_say_how_long_requests_are_kept(acme, globex):
    logged(acme, 10, 5)
    logged(globex, 10)
    run("prune_request_log", "--days", "7")
    assert (kept_of(acme), kept_of(globex)) == (1, 0)
    assert run("prune_request_log", "--days", "7")[0].startswith("Deleted 0 requests from before ")


@pytest.mark.parametrize(
    "arguments", [["--days", "0"], ["--days", "-1"], ["--days", "1e3"], ["--batch", "0"], ["--days", "9" * 30]]
)
def test_pruning_refuses_what_is_no_number_of_days_or_rows(acme, globex, arguments):
    logged(acme, 100)
    assert f"expected a whole number from 1 to {'10000' if arguments[0] == '--days' else '1000000'}" in refusal(
        "prune_request_log", *arguments
    )
    assert kept_of(acme) == 1
