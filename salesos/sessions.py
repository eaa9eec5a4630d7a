"""Who is signed in where: each user's sessions, to look at and to end, and how fresh a sign-in is.

Django keeps the sessions; beside each stands a row of allauth's `UserSession` that says from where and when. A session
whose row was lost gets a new one when it is next seen.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from salesos.database import run
from salesos.devices import device
from salesos.models import User
from salesos.request_log import entry_of

SIGNED_IN_AT = "signed_in_at"
"""In the session: when its user last proved who they are, in seconds since 1970."""

SEEN_EVERY = timedelta(minutes=1)
"""That a session was seen is noted at most so often."""

MOST = 50
"""How many sessions a user may have; a further sign-in ends the one that was not seen for longest."""

NOWHERE = "::"
"""For the address of a caller that has none: the column must have one."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One session as its user sees it."""

    id: int
    device: str
    address: str
    """Where it was last seen; empty when that is not known."""
    began_at: datetime
    seen_at: datetime
    is_this_one: bool


@receiver(user_logged_in, dispatch_uid="salesos.sessions.note_proof")
def note_proof(sender: Any, request: HttpRequest, **more: Any) -> None:
    """The user of `request` has just proved who they are."""
    request.session[SIGNED_IN_AT] = int(time.time())


def seconds_since_proof(request: HttpRequest) -> float:
    """How long ago the user of `request` proved who they are; endless for a session that does not know."""
    proved_at = request.session.get(SIGNED_IN_AT)
    return time.time() - proved_at if isinstance(proved_at, int) else float("inf")


def begin(request: HttpRequest, user: User) -> None:
    """Note where the session that was just made for `user` is, and end the oldest of too many."""
    if request.session.session_key is None:
        request.session.save()
    _write(request, user)
    surplus = UserSession.objects.filter(user=user).order_by("-last_seen_at", "-pk")[MOST:]
    if surplus:
        _end(surplus)


def rename(old_key: str | None, new_key: str | None) -> None:
    """A session got a new key, and is the same."""
    UserSession.objects.filter(session_key=old_key or "").update(session_key=new_key or "")


def note_seen(request: HttpRequest) -> None:
    """That the session of a signed-in `request` is in use: one statement a minute and process, else none."""
    key = getattr(request.session, "session_key", None)
    if key is None or not caches["process"].add(f"seen:{key}", True, SEEN_EVERY.total_seconds()):
        return
    _write(request, request.user)


def sessions_of(user: User, request: HttpRequest) -> list[SignedIn]:
    """Those that would be let in, the one of `request` first, then the last seen. Two statements."""
    rows = list(UserSession.objects.filter(user=user).order_by("-last_seen_at", "-pk")[: MOST * 2])
    alive = _alive(user, [row.session_key for row in rows])
    found = [_shown(row, request.session.session_key) for row in rows if row.session_key in alive]
    return sorted(found, key=lambda session: not session.is_this_one)


def end_one(user: User, row_id: int) -> SignedIn | None:
    """End the session with this id, if it is one of `user`'s; the next request with it is nobody's."""
    row = UserSession.objects.filter(user=user, pk=row_id).first()
    if row is None:
        return None
    _end([row])
    return _shown(row, None)


def end_others(user: User, *, but: str | None = None) -> int:
    """End every session of `user` but the one with this key; how many that were."""
    rows = list(UserSession.objects.filter(user=user).exclude(session_key=but or ""))
    count = len(_alive(user, [row.session_key for row in rows]))
    _end(rows)
    return count


@receiver(user_logged_out, dispatch_uid="salesos.sessions.forget")
def forget(sender: Any, request: HttpRequest, **more: Any) -> None:
    if key := request.session.session_key:
        UserSession.objects.filter(session_key=key).delete()


@transaction.atomic
def _end(rows: Iterable[UserSession]) -> None:
    keys = [row.session_key for row in rows]
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()


def _alive(user: User, keys: list[str]) -> set[str]:
    """Those of the session keys that still let `user` in: not ended, not over, from before no change of password."""
    stored = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    accepted = user.get_session_auth_hash()
    return {session.session_key for session in stored if session.get_decoded().get(HASH_SESSION_KEY) == accepted}


def _shown(row: UserSession, present_key: str | None) -> SignedIn:
    address = "" if row.ip == NOWHERE else row.ip
    is_this_one = row.session_key == present_key
    return SignedIn(row.pk, device(row.user_agent), address, row.created_at, row.last_seen_at, is_this_one)


def _write(request: HttpRequest, user: Any) -> None:
    run(
        _SEEN,
        {
            "key": request.session.session_key,
            "user": user.pk,
            "at": timezone.now(),
            "every": SEEN_EVERY,
            "address": entry_of(request).address or NOWHERE,
            "agent": request.META.get("HTTP_USER_AGENT", "").replace("\0", "")[:200],
        },
    )


_SEEN = """
INSERT INTO usersessions_usersession AS known (session_key, user_id, created_at, last_seen_at, ip, user_agent, data)
VALUES (%(key)s, %(user)s, %(at)s, %(at)s, %(address)s, %(agent)s, '{}')
ON CONFLICT (session_key) DO UPDATE
SET last_seen_at = excluded.last_seen_at, ip = excluded.ip, user_agent = excluded.user_agent
WHERE known.last_seen_at <= excluded.last_seen_at - %(every)s
"""
