"""How often somebody may fail to sign in: guessing passwords must lead nowhere, and not cost us a hash each.

Failures are counted by account and by all accounts together, always of one household, so that nobody is locked out by
what strangers try elsewhere. The password that is asked again counts like the first one.
"""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_ratelimit.core import get_usage

from salesos.client_address import household
from salesos.models.user import normal_email
from salesos.request_log import entry_of


def has_failed_too_often(request: HttpRequest, email: str) -> bool:
    """Whether an attempt to sign in as `email`, as it was typed, must wait."""
    return any(usage["count"] >= usage["limit"] for usage in _usages(request, email, increment=False))


def note_failure(request: HttpRequest, email: str) -> None:
    for _usage in _usages(request, email, increment=True):
        pass


def too_many_attempts(request: HttpRequest) -> HttpResponse:
    return render(request, "salesos/too_many_logins.html", status=429)


def _usages(request: HttpRequest, email: str, *, increment: bool) -> Iterator[dict[str, Any]]:
    home = household(entry_of(request).address or "")
    for group, rate, key in (
        ("login-account", settings.LOGIN_LIMIT, f"{home} {normal_email(email)}"),
        ("login-address", settings.LOGIN_LIMIT_OF_ADDRESS, home),
    ):
        yield get_usage(request, group=group, key=lambda group, request, key=key: key, rate=rate, increment=increment)
