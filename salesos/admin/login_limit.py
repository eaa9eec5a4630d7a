"""How often somebody may fail to sign in: guessing passwords must lead nowhere, and not cost us a hash each.

Failures are counted by account and by all accounts together, always of one household, so that nobody is locked out by
what strangers try elsewhere.
"""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage

from salesos.client_address import household
from salesos.models.user import normal_email
from salesos.request_log import entry_of


def has_failed_too_often(request: HttpRequest) -> bool:
    """Whether an attempt to sign in as whom the form names must wait."""
    return any(usage["count"] >= usage["limit"] for usage in _usages(request, increment=False))


def note_failure(request: HttpRequest) -> None:
    for _usage in _usages(request, increment=True):
        pass


def _usages(request: HttpRequest, *, increment: bool) -> Iterator[dict[str, Any]]:
    home = household(entry_of(request).address or "")
    account = normal_email(request.POST.get("username", ""))
    for group, rate, key in (
        ("login-account", settings.LOGIN_LIMIT, f"{home} {account}"),
        ("login-address", settings.LOGIN_LIMIT_OF_ADDRESS, home),
    ):
        yield get_usage(request, group=group, key=lambda group, request, key=key: key, rate=rate, increment=increment)
