"""Links by which a user sets a password: for one that was forgotten, and for the first one of somebody invited.

The token in a link is signed over the user's password, e-mail and last sign-in: it is over once any of them changes.
"""

from datetime import timedelta

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction
from django.urls import reverse
from django.utils.http import base36_to_int, int_to_base36

from salesos.models import User

FORGOTTEN_LASTS = timedelta(hours=1)
INVITATION_LASTS = timedelta(days=7)
"""For somebody who has no password yet; settings.PASSWORD_RESET_TIMEOUT is the same."""


class PasswordLinks(PasswordResetTokenGenerator):
    key_salt = "salesos.password_links"

    def check_token(self, user: User | None, token: str | None) -> bool:
        if not user or not super().check_token(user, token):
            return False
        lasts = FORGOTTEN_LASTS if user.has_usable_password() else INVITATION_LASTS
        made_at = base36_to_int((token or "").partition("-")[0])
        return self._num_seconds(self._now()) - made_at <= lasts.total_seconds()


_links = PasswordLinks()


def link_path(user: User) -> str:
    """The path of a fresh link for `user`; older ones stay good until they end or one is used."""
    args = {"uidb36": int_to_base36(user.pk or 0), "key": _links.make_token(user)}
    return reverse("account_reset_password_from_key", kwargs=args)


def user_of_link(number: str, token: str) -> User | None:
    """Whose link this is; None for one that is wrong, used or over, or of somebody who may not sign in."""
    try:
        user = User.objects.filter(pk=base36_to_int(number), is_active=True).first()
    except ValueError:
        return None
    return user if _links.check_token(user, token) else None


@transaction.atomic
def set_password_by_link(user: User, token: str, password: str) -> bool:
    """Set it, unless the link was used meanwhile."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    if not locked.is_active or not _links.check_token(locked, token):
        return False
    locked.set_password(password)
    locked.save(update_fields=["password"])
    return True
