"""Settings are read strictly: a typing error is an error, not another meaning."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from salesos.settings import email_settings, flag, whole_number

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [("1", True), ("true", True), (" YES ", True), ("On", True), ("0", False), ("False", False), ("no", False)],
)
def test_a_flag_is_said_in_several_ways(monkeypatch, text, meaning):
    monkeypatch.setenv("SALESOS_TEST", text)

    assert flag("SALESOS_TEST", default=not meaning) is meaning


@pytest.mark.parametrize("text", ["2", "ture", "enabled"])
def test_what_is_no_flag_is_refused(monkeypatch, text):
    monkeypatch.setenv("SALESOS_TEST", text)

    with pytest.raises(ImproperlyConfigured, match="SALESOS_TEST must be true or false"):
        flag("SALESOS_TEST", default=True)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "ten", "1 000"])
def test_what_is_no_number_is_refused(monkeypatch, text):
    monkeypatch.setenv("SALESOS_TEST", text)

    with pytest.raises(ImproperlyConfigured, match="SALESOS_TEST must be a whole number of at least 1"):
        whole_number("SALESOS_TEST", default=5)


@pytest.mark.parametrize("given", [{}, {"SALESOS_TEST": ""}])
def test_what_is_not_given_or_empty_has_its_default(monkeypatch, given):
    monkeypatch.delenv("SALESOS_TEST", raising=False)
    for name, text in given.items():
        monkeypatch.setenv(name, text)

    assert (flag("SALESOS_TEST", default=True), whole_number("SALESOS_TEST", default=5)) == (True, 5)


def settings_of(data_dir, names, **environment):
    """The values of the settings `names` in a process of its own."""
    read = f"import json; from salesos import settings as s; print(json.dumps([getattr(s, n) for n in {names!r}]))"
    environment = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": "postgres://nobody@localhost/nothing",
        **environment,
    }
    answer = subprocess.run([sys.executable, "-c", read], cwd=ROOT, env=environment, capture_output=True, check=True)
    return json.loads(answer.stdout)


def test_a_secret_is_made_once_and_kept_for_its_owner(tmp_path):
    (secret,) = settings_of(tmp_path, ["SECRET_KEY"])

    assert settings_of(tmp_path, ["SECRET_KEY"]) == [secret]
    assert len(secret) >= 50
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600
    assert settings_of(tmp_path, ["SECRET_KEY"], SECRET_KEY="given") == ["given"]


def test_https_switches_on_what_belongs_to_it(tmp_path):
    names = ["SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS", "DEBUG"]

    assert settings_of(tmp_path, names) == [False, False, False, 0, False]
    assert settings_of(tmp_path, names, HTTPS="yes") == [True, True, True, 31_536_000, False]


def test_a_server_listens_on_loopback_until_told_otherwise(tmp_path):
    names = ["BIND", "PORT", "WEB_CONCURRENCY"]

    assert settings_of(tmp_path, names) == ["127.0.0.1", 8000, 2]
    assert settings_of(tmp_path, names, BIND="10.0.0.7", PORT="80", WEB_CONCURRENCY="8") == ["10.0.0.7", 80, 8]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", ("console", None, None, None, None)),
        ("consolemail://", ("console", None, None, None, None)),
        ("smtp://mail.example.com", ("smtp", "mail.example.com", 25, None, None)),
        ("smtp+tls://zoe:a%40b@mail.example.com", ("smtp", "mail.example.com", 587, "zoe", "a@b")),
        ("smtp+ssl://zoe:x@mail.example.com:4650", ("smtp", "mail.example.com", 4650, "zoe", "x")),
    ],
)
def test_a_mail_server_is_named_in_one_line(url, expected):
    found = email_settings(url)
    backend, host, port, user, password = expected

    assert found["EMAIL_BACKEND"] == f"django.core.mail.backends.{backend}.EmailBackend"
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == (host, port)
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == (user, password)
    assert found.get("EMAIL_USE_TLS", False) is url.startswith("smtp+tls")
    assert found.get("EMAIL_USE_SSL", False) is url.startswith("smtp+ssl")


@pytest.mark.parametrize(
    "url", ["mail.example.com", "smpt://secret@mail.example.com", "smtp://", "smtp://secret@h:port"]
)
def test_what_is_no_mail_server_is_refused_without_telling_its_password(url):
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL") as refused:
        email_settings(url)

    assert "secret" not in str(refused.value)
