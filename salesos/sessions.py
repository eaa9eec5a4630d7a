"""When and where somebody signed in."""

import time
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

SIGNED_IN_AT = "signed_in_at"
"""In the session: when its user last proved who they are, in seconds since 1970."""


@receiver(user_logged_in, dispatch_uid="salesos.sessions")
def note_proof(sender: Any, request: HttpRequest, **more: Any) -> None:
    """The user of `request` has just proved who they are."""
    request.session[SIGNED_IN_AT] = int(time.time())


def seconds_since_proof(request: HttpRequest) -> float:
    """How long ago the user of `request` proved who they are; endless for a session that does not know."""
    proved_at = request.session.get(SIGNED_IN_AT)
    return time.time() - proved_at if isinstance(proved_at, int) else float("inf")
