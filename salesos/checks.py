"""Settings that can't be meant so, as system checks: commands and the server refuse to start with them."""

from collections.abc import Sequence
from typing import Any, cast

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

from salesos.client_address import parse_network

SHORTEST_SECRET_KEY = 32
OLDEST_POSTGRES = 15
SHARED_CACHES = ("salesos.cache.", "django.core.cache.backends.redis.", "django_redis.")


@register(Tags.security)
def check_trusted_proxies(app_configs: Any, **options: Any) -> list[CheckMessage]:
    return [message for entry in settings.TRUSTED_PROXIES if entry != "unix" for message in _check_proxy(entry)]


def _check_proxy(entry: str) -> list[CheckMessage]:
    try:
        network = parse_network(entry)
    except ValueError:
        return [
            Error(
                f"TRUSTED_PROXIES has “{entry}”, which is no IPv4 or IPv6 address or network.",
                hint="List the addresses of your proxies, like 10.0.0.5,10.1.0.0/16, or unix for a Unix socket.",
                id="salesos.E001",
            )
        ]
    if network.prefixlen == 0:
        return [
            Error(
                f"TRUSTED_PROXIES has {entry}: every caller could choose the address that is believed of it.",
                hint="List only your proxies: IP allowlists and the request log rely on it.",
                id="salesos.E002",
            )
        ]
    return []


@register(Tags.caches)
def check_cache_is_shared(app_configs: Any, **options: Any) -> list[CheckMessage]:
    backend = str(settings.CACHES["default"]["BACKEND"])
    if backend.startswith(SHARED_CACHES):
        return []
    return [
        Error(
            f"The cache {backend} is not shared by all processes, or does not count in one step.",
            hint="Leave CACHE_URL empty to keep the cache in PostgreSQL, or name a Redis: redis://host:6379/0.",
            id="salesos.E003",
        )
    ]


@register(Tags.database)
def check_postgres_version(
    app_configs: Any, databases: Sequence[str] | None = None, **options: Any
) -> list[CheckMessage]:
    wrappers = [cast("DatabaseWrapper", connections[alias]) for alias in databases or ()]
    return [message for wrapper in wrappers for message in _check_version(wrapper.pg_version)]


def _check_version(version: int) -> list[CheckMessage]:
    """`version` as PostgreSQL counts: 180004 for 18.4."""
    if version // 10_000 >= OLDEST_POSTGRES:
        return []
    return [
        Error(
            f"PostgreSQL {version // 10_000} is too old for SalesOS.",
            hint=f"Use PostgreSQL {OLDEST_POSTGRES} or newer.",
            id="salesos.E004",
        )
    ]


@register(Tags.security)
def check_secret_key(app_configs: Any, **options: Any) -> list[CheckMessage]:
    if len(settings.SECRET_KEY) >= SHORTEST_SECRET_KEY:
        return []
    return [
        Error(
            f"SECRET_KEY has fewer than {SHORTEST_SECRET_KEY} characters: sessions could be forged.",
            hint="Make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
            id="salesos.E005",
        )
    ]


@register(Tags.security)
def check_debug_is_private(app_configs: Any, **options: Any) -> list[CheckMessage]:
    if not (settings.DEBUG and settings.HTTPS):
        return []
    return [
        Error(
            "DEBUG and HTTPS are both on: error pages would show code and settings to the public.",
            hint="Leave DEBUG off wherever others can reach the server.",
            id="salesos.E006",
        )
    ]


@register(Tags.security, deploy=True)
def check_allowed_hosts(app_configs: Any, **options: Any) -> list[CheckMessage]:
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Warning(
            "ALLOWED_HOSTS has *: anybody's host name is taken for ours, in links, too.",
            hint="List the host names under which SalesOS is reached.",
            id="salesos.W001",
        )
    ]


@register(Tags.security, deploy=True)
def check_email_is_sent(app_configs: Any, **options: Any) -> list[CheckMessage]:
    if settings.EMAIL_URL and not settings.EMAIL_URL.startswith("consolemail:"):
        return []
    return [
        Warning(
            "EMAIL_URL names no mail server: e-mails go to standard output, with links in them that set passwords.",
            hint="Name your mail server: smtp+tls://user:password@mail.example.com:587",
            id="salesos.W002",
        )
    ]
