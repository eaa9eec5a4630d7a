"""Wrong settings are told, by id, before they do harm."""

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from salesos.checks import _check_version


def ids(**options):
    return [message.id for message in run_checks(**options) if message.id.startswith("salesos.")]


def test_the_settings_of_a_new_installation_are_right():
    assert ids() == []


@pytest.mark.parametrize(
    ("proxies", "expected"),
    [
        ([], []),
        (["10.0.0.5", "10.1.0.0/16", "2001:db8::/32", "::ffff:10.0.0.0/104", "unix"], []),
        (["proxy.example"], ["salesos.E001"]),
        (["10.0.0.5:443", "10.0.0.0/33"], ["salesos.E001", "salesos.E001"]),
        (["0.0.0.0/0"], ["salesos.E002"]),
        (["10.0.0.5", "::/0", ""], ["salesos.E002", "salesos.E001"]),
        (["::ffff:0:0/96"], ["salesos.E002"]),
    ],
)
def test_proxies_are_addresses_or_networks_but_never_the_whole_world(settings, proxies, expected):
    settings.TRUSTED_PROXIES = proxies

    assert ids() == expected


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ("salesos.cache.PostgresCache", []),
        ("django.core.cache.backends.redis.RedisCache", []),
        ("django.core.cache.backends.locmem.LocMemCache", ["salesos.E003"]),
        ("django.core.cache.backends.dummy.DummyCache", ["salesos.E003"]),
        ("django.core.cache.backends.db.DatabaseCache", ["salesos.E003"]),
    ],
)
def test_the_cache_is_one_that_all_processes_count_in(settings, backend, expected):
    settings.CACHES = settings.CACHES | {"default": {"BACKEND": backend, "LOCATION": "redis://127.0.0.1:1"}}

    assert ids() == expected


@pytest.mark.parametrize(("version", "expected"), [(140012, ["salesos.E004"]), (150000, []), (180004, [])])
def test_an_old_postgres_is_refused(version, expected):
    assert [message.id for message in _check_version(version)] == expected


@pytest.mark.django_db
def test_the_database_that_we_bring_is_new_enough():
    assert ids(databases=["default"]) == []


def test_a_short_secret_is_refused(settings):
    settings.SECRET_KEY = "x" * 31

    assert ids() == ["salesos.E005"]


def test_debug_pages_are_never_public(settings):
    settings.DEBUG, settings.HTTPS = True, True

    assert ids() == ["salesos.E006"]


def test_any_host_name_is_a_warning_in_production(settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.EMAIL_URL = "smtp+tls://mail.example.com"

    assert ids() == []
    assert ids(include_deployment_checks=True) == ["salesos.W001"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [("", ["salesos.W002"]), ("consolemail://", ["salesos.W002"]), ("smtp+tls://mail.example.com", [])],
)
def test_production_without_a_mail_server_is_a_warning(settings, url, expected):
    settings.EMAIL_URL = url

    assert ids() == []
    assert ids(include_deployment_checks=True) == expected


def test_a_command_tells_how_to_mend_it(settings):
    settings.TRUSTED_PROXIES = ["proxy.example"]

    with pytest.raises(SystemCheckError, match=r"salesos\.E001.+proxy\.example(.|\n)+HINT: List the addresses"):
        call_command("check")
