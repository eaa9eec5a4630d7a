"""How often somebody may fail to sign in: guessing passwords must lead nowhere, and not cost us a hash each.

Failures are counted by account and by all accounts together, always of one household, so that nobody is locked out by
what strangers try elsewhere. The password that is asked again counts like the first one.
"""

from hashlib import sha256
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_ratelimit.core import get_usage

from salesos.client_address import household
from salesos.models import User
from salesos.models.user import normal_email
from salesos.request_log import entry_of


def has_failed_too_often(request: HttpRequest, email: str) -> bool:
    """Whether an attempt to sign in as `email`, as it was typed, must wait."""
    return any(_is_over(request, *counter) for counter in _failures(request, email))


def note_failure(request: HttpRequest, email: str) -> None:
    for counter in _failures(request, email):
        _usage(request, *counter, increment=True)


def has_failed_codes_too_often(request: HttpRequest, user: User) -> bool:
    """Whether too many wrong codes were sent after the right password of `user`, from wherever."""
    return _is_over(request, *_codes_of(user))


def note_failed_code(request: HttpRequest, user: User) -> None:
    _usage(request, *_codes_of(user), increment=True)


def has_asked_too_often(request: HttpRequest, email: str) -> bool:
    """Count one more question for a forgotten password; whether it is one too many of this household."""
    home = _home(request)
    counters = (
        ("reset-account", settings.RESET_LIMIT, f"{home} {normal_email(email)}"),
        ("reset-address", settings.RESET_LIMIT_OF_ADDRESS, home),
    )
    usages = [_usage(request, *counter, increment=True) for counter in counters]
    return any(usage["should_limit"] for usage in usages)


def may_send_link(request: HttpRequest, email: str) -> bool:
    """Count one more link for `email`; whether it is not one too many in one mail box."""
    usage = _usage(request, "reset-mail", settings.RESET_LIMIT_OF_ACCOUNT, normal_email(email), increment=True)
    return not usage["should_limit"]


def too_many_attempts(request: HttpRequest) -> HttpResponse:
    return render(request, "salesos/too_many_logins.html", status=429)


def too_many_codes(request: HttpRequest) -> HttpResponse:
    return render(request, "mfa/too_many_codes.html", status=429)


def _failures(request: HttpRequest, email: str) -> tuple[tuple[str, str, str], ...]:
    home = _home(request)
    return (
        ("login-account", settings.LOGIN_LIMIT, f"{home} {normal_email(email)}"),
        ("login-address", settings.LOGIN_LIMIT_OF_ADDRESS, home),
    )


def _codes_of(user: User) -> tuple[str, str, str]:
    # By the present password, too: whoever changes it shuts those out who knew the old one, and begins to count anew.
    password = sha256(user.password.encode()).hexdigest()[:16]
    return "login-code", settings.CODE_LIMIT, f"{user.pk} {password}"


def _home(request: HttpRequest) -> str:
    return household(entry_of(request).address or "")


def _is_over(request: HttpRequest, group: str, rate: str, key: str) -> bool:
    usage = _usage(request, group, rate, key, increment=False)
    return bool(usage["count"] >= usage["limit"])


def _usage(request: HttpRequest, group: str, rate: str, key: str, *, increment: bool) -> dict[str, Any]:
    usage: dict[str, Any] = get_usage(
        request, group=group, key=lambda group, request: key, rate=rate, increment=increment
    )
    return usage
