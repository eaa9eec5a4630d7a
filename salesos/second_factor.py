"""The second factor: a code of an authenticator app (TOTP, RFC 6238), or one of ten recovery codes, each good once.

The rows are allauth's `Authenticator`s. Their secrets are encrypted with a key made of `SECRET_KEY`, so that a copy of
the database alone opens nobody's account; with another key nobody's codes are right any more.
"""

import re

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.db import transaction
from django.utils.crypto import constant_time_compare

from salesos.models import User
from salesos.sealing import InvalidToken, seal, unseal

PURPOSE = "salesos.second_factor"
APP, RECOVERY = Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES


def is_on(user: User) -> bool:
    """Whether `user` has an authenticator app. One statement."""
    return Authenticator.objects.filter(user=user, type=APP).exists()


def without(users: list[int]) -> int:
    """How many of the users with these ids have none."""
    return len(set(users)) - Authenticator.objects.filter(user_id__in=users, type=APP).count()


@transaction.atomic
def accepts(user: User, code: str) -> bool:
    """Whether `code` is right for `user` now, of the app or a recovery code. It is used up by asking."""
    # Locked, so that of two that send the same code at the same moment one is let in.
    locked = Authenticator.objects.select_for_update().filter(user=user).order_by("pk")
    rows = {row.type: row for row in locked}
    if APP not in rows:
        return False
    code = plain(code)
    try:
        return _accepted_by_app(rows[APP], code) or (
            RECOVERY in rows and RecoveryCodes(rows[RECOVERY]).validate_code(code)
        )
    except InvalidToken:
        # Kept under a SECRET_KEY that is gone: platform staff or an admin take the second factor away.
        return False


def step_of(secret: str, code: str) -> int | None:
    """The time step in which the app with this secret shows `code`, of those that are near enough to now."""
    steps = [step for step in yield_hotp_counters_from_time() if _is(code, format_hotp_value(hotp_value(secret, step)))]
    return steps[-1] if steps else None


@transaction.atomic
def switch_on(user: User, secret: str, code: str) -> bool:
    """Keep the app with `secret`, and recovery codes, if `code` is of it; False if not, or if there is one."""
    User.objects.select_for_update().get(pk=user.pk)
    step = step_of(secret, plain(code))
    if step is None or is_on(user):
        return False
    # The code that showed that the app works is used up by it.
    Authenticator.objects.create(user=user, type=APP, data={"secret": encrypt(secret), "last_step": step})
    _make_recovery_codes(user)
    return True


@transaction.atomic
def switch_off(user: User) -> bool:
    """Forget the app and the recovery codes; False when there were none."""
    User.objects.select_for_update().get(pk=user.pk)
    count, _models = Authenticator.objects.filter(user=user).delete()
    return count > 0


@transaction.atomic
def renew_recovery_codes(user: User) -> bool:
    """Ten new codes in the place of those there are; False for somebody without an app."""
    User.objects.select_for_update().get(pk=user.pk)
    if not is_on(user):
        return False
    _make_recovery_codes(user)
    return True


def codes_to_show(user: User) -> list[str]:
    """The recovery codes, the first time they are asked for after they were made; then none."""
    row = Authenticator.objects.filter(user=user, type=RECOVERY).first()
    if row is None or row.data.get("shown"):
        return []
    # Claimed with the same condition, so that of two that ask at once one is shown them.
    unseen = Authenticator.objects.filter(pk=row.pk, data=row.data)
    if not unseen.update(data={**row.data, "shown": True}):
        return []
    return _unused(row)


def unused_codes_count(user: User) -> int:
    row = Authenticator.objects.filter(user=user, type=RECOVERY).first()
    return len(_unused(row)) if row is not None else 0


def plain(code: str) -> str:
    """A code as it was typed, without what people put between its digits."""
    return re.sub(r"[\s.-]", "", code)


def encrypt(text: str) -> str:
    return seal(text, purpose=PURPOSE)


def decrypt(text: str) -> str:
    """Raises `InvalidToken` for what was encrypted with none of our keys."""
    return unseal(text, purpose=PURPOSE)


def _is(code: str, expected: str) -> bool:
    return constant_time_compare(code, expected)


def _accepted_by_app(row: Authenticator, code: str) -> bool:
    step = step_of(decrypt(row.data["secret"]), code)
    # A code that was seen over a shoulder is good for nothing, nor is any older one.
    if step is None or step <= row.data.get("last_step", 0):
        return False
    row.data["last_step"] = step
    row.save(update_fields=["data"])
    return True


def _make_recovery_codes(user: User) -> None:
    Authenticator.objects.filter(user=user, type=RECOVERY).delete()
    RecoveryCodes.activate(user)


def _unused(row: Authenticator) -> list[str]:
    try:
        return RecoveryCodes(row).get_unused_codes()
    except InvalidToken:
        return []
