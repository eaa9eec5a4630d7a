"""Issue, verify, rotate and revoke API keys (contract, “API keys”).

A token is `sk_live_` or `sk_test_`, 12 letters and digits that name the key, 36 that are secret (214 bits), and a
checksum of 6: 62 bytes in all, so that bcrypt sees every one. Of the secret only a bcrypt hash is stored.
"""

import re
import secrets
import string
import threading
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import bcrypt
from django.conf import settings
from django.core.cache import caches
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django_ratelimit import ALL

# The private names spell the key of a counter, which is read together with what else is asked of the cache.
from django_ratelimit.core import _get_window, _make_cache_key, _split_rate, get_usage

from salesos import audit
from salesos.client_address import household, written_network
from salesos.database import run_first
from salesos.errors import Refused
from salesos.models import ApiKey, Tenant, User
from salesos.models.api_key import DEFAULT_HOURLY_LIMIT
from salesos.scopes import Scope
from salesos.tenancy import tenant_context

ALPHABET = string.digits + string.ascii_letters
KEY_ID_LENGTH, SECRET_LENGTH, CHECKSUM_LENGTH = 12, 36, 6
LONGEST_TOKEN = 72
BCRYPT_COST = 12

TOKEN = re.compile(r"(sk_(?:live|test)_)([0-9A-Za-z]{12})[0-9A-Za-z]{36}([0-9A-Za-z]{6})")

EXPIRES_SOON = timedelta(days=14)
NEAR_ITS_LIMIT = 0.8
"""A key that has made this share of its hour's requests is told of."""

_RULES = ("name", "scopes", "allowlist", "hourly_limit", "expires_at")

REMEMBERED_SECONDS = 5 * 60
"""How long a verified secret is remembered. Only that it belongs to its key: whether the key is good is read anew."""

# One hash at a time in a process: many cold or wrong keys at once wait for each other, not everybody for them.
_hashing = threading.Semaphore(1)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key and its token, which is nowhere else and shown once."""

    key: ApiKey
    token: str

    def __repr__(self) -> str:
        return f"IssuedKey({self.key.key_id})"


class TooManyGuesses(Exception):
    """An address has tried too many wrong secrets; it may try again after `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class KeyEnded(Exception):
    """The token is `key`'s, which is revoked or expired, or whose tenant is not active."""

    def __init__(self, key: ApiKey) -> None:
        super().__init__()
        self.key = key


def issue_key(
    tenant: Tenant,
    *,
    name: str,
    scopes: Iterable[str],
    allowlist: Iterable[str] = (),
    hourly_limit: int = DEFAULT_HOURLY_LIMIT,
    expires_at: datetime | None = None,
    by: User | None = None,
    replaces: ApiKey | None = None,
) -> IssuedKey:
    """A new key of `tenant`; a sandbox's key is an `sk_test_` one. Raises `Refused` with the field at fault."""
    if expires_at is not None and expires_at <= timezone.now():
        raise Refused("expired", _("The expiry is in the past: such a key would never work."), field="expires_at")
    key_id = _random(KEY_ID_LENGTH)
    unsigned = f"{prefix_of(tenant)}{key_id}{_random(SECRET_LENGTH)}"
    token = unsigned + _checksum(unsigned)
    with tenant_context(tenant):
        key = ApiKey(
            tenant=tenant,
            key_id=key_id,
            secret_hash=bcrypt.hashpw(token.encode(), bcrypt.gensalt(BCRYPT_COST)).decode(),
            name=name.strip(),
            scopes=sorted({*scopes}),
            allowlist=[_network(text) for text in allowlist],
            hourly_limit=hourly_limit,
            expires_at=expires_at,
            created_by=by,
            replaces=replaces,
        )
        _clean(key)
        with transaction.atomic():
            key.save()
            audit.record("api_key.issued", key, changes={name: ("", getattr(key, name)) for name in _RULES}, by=by)
    return IssuedKey(key, token)


def revoke_key(key: ApiKey, *, by: User | None, at: datetime) -> ApiKey:
    """End a key now. The first revocation counts; a second one changes nothing."""
    with tenant_context(key.tenant), transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=at, revoked_by=by):
            audit.record("api_key.revoked", key, changes={"revoked_at": (None, at)}, by=by)
        key.refresh_from_db()
    return key


@transaction.atomic
def rotate_key(key: ApiKey, *, overlap: timedelta, by: User | None, at: datetime) -> IssuedKey:
    """A successor with the same scopes, allowlist, limit and expiry; both work for `overlap`, then the old one expires.

    Rotation never lengthens a life: the old key ends at the earlier of its own expiry and the overlap's end.
    """
    with tenant_context(key.tenant):
        key = ApiKey.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=key.pk)
        if not key.is_usable(at=at):
            raise Refused("key_ended", _("This key is revoked or expired; create a new one instead."))
        successor = ApiKey.objects.filter(replaces=key, revoked_at=None).first()
        if successor is not None:
            # Two successors of one key would both live, one of them unnoticed.
            message = _("This key is rotated already: its successor is %(key)s. Revoke that one first.")
            raise Refused("rotated_already", message % {"key": successor.key_id})
        issued = issue_key(
            key.tenant,
            name=key.name,
            scopes=key.scopes,
            allowlist=key.allowlist,
            hourly_limit=key.hourly_limit,
            expires_at=key.expires_at,
            by=by,
            replaces=key,
        )
        before, key.expires_at = key.expires_at, min(at + overlap, key.expires_at or at + overlap)
        key.save(update_fields=["expires_at"])
        changes = {"successor": ("", issued.key), "expires_at": (before, key.expires_at)}
        audit.record("api_key.rotated", key, changes=changes, by=by)
    return issued


def usable_key(token: str, *, address: str, at: datetime) -> ApiKey | None:
    """The key that `token` proves, with its tenant, or None when it proves none: unknown, mistyped, a wrong secret.

    Raises `KeyEnded` for a proven key that works no more: who holds its secret may be told of in its tenant's log,
    while whoever knows a key's public id alone can write nothing there.

    One statement. bcrypt runs only for a known key whose secret nobody here remembers; an `address` (of the caller)
    with too many wrong secrets gets `TooManyGuesses` instead.
    """
    parts = TOKEN.fullmatch(token)
    if parts is None or _checksum(token[:-CHECKSUM_LENGTH]) != parts[3]:
        return None
    key = _key_with_tenant(parts[2])
    if key is None or parts[1] != prefix_of(key.tenant) or not _is_secret_of(key, token, address):
        return None
    if not key.is_usable(at=at) or not key.tenant.is_active:
        raise KeyEnded(key)
    return key


def prefix_of(tenant: Tenant) -> str:
    return "sk_test_" if tenant.is_sandbox else "sk_live_"


_KEY_FIELDS = [field.attname for field in ApiKey._meta.concrete_fields]
_TENANT_FIELDS = [field.attname for field in Tenant._meta.concrete_fields]
_KEY_WITH_TENANT = (
    "SELECT "
    + ", ".join([f"key.{name}" for name in _KEY_FIELDS] + [f"tenant.{name}" for name in _TENANT_FIELDS])
    + """
    , tenant.is_active AND coalesce(home.is_active, true)
    FROM salesos_apikey AS key
    JOIN salesos_tenant AS tenant ON tenant.id = key.tenant_id
    LEFT JOIN salesos_tenant AS home ON home.id = tenant.sandbox_of_id
    WHERE key.key_id = %s
    """
)


def _key_with_tenant(key_id: str) -> ApiKey | None:
    # By hand, since every API request pays for it: the ORM takes four times as long over the same statement.
    rows = run_first(_KEY_WITH_TENANT, [key_id])
    if not rows:
        return None
    key = ApiKey.from_db("default", _KEY_FIELDS, rows[0][: len(_KEY_FIELDS)])
    key.tenant = Tenant.from_db("default", _TENANT_FIELDS, rows[0][len(_KEY_FIELDS) : -1])
    # A sandbox lives no longer than the tenant that it belongs to.
    key.tenant.is_active = rows[0][-1]
    return key


def _is_secret_of(key: ApiKey, token: str, address: str) -> bool:
    """Whether `token` is the key's; answered from memory where it was verified before, here or in another process."""
    # A keyed digest: what is remembered is of no use to whoever reads the cache.
    name = "api-key:" + salted_hmac("salesos.keys", token, algorithm="sha256").hexdigest()
    here = caches["process"]
    answer = here.get(name)
    if answer is not None:
        return bool(answer)
    guesses = _guess_counter(address)
    known = caches["default"].get_many([name, guesses.name])
    if known.get(name) == key.pk:
        here.set(name, True, REMEMBERED_SECONDS)
        return True
    if known.get(guesses.name, 0) >= guesses.most:
        raise TooManyGuesses(max(guesses.ends - int(time.time()), 1))
    with _hashing:
        answer = bcrypt.checkpw(token.encode(), key.secret_hash.encode())
    here.set(name, answer, REMEMBERED_SECONDS)
    if answer:
        caches["default"].set(name, key.pk, REMEMBERED_SECONDS)
    else:
        _count_guess(address)
    return answer


class _Counter(NamedTuple):
    """A counter of wrong secrets: its name in the cache, how many are let through, and when it ends (Unix seconds)."""

    name: str
    most: int
    ends: int


_GUESSES = "bad-api-key"


def _guess_counter(address: str) -> _Counter:
    who = household(address)
    most, period = _split_rate(settings.BAD_KEY_LIMIT)
    ends = _get_window(who, period)
    return _Counter(_make_cache_key(_GUESSES, ends, settings.BAD_KEY_LIMIT, who, ALL), most, ends)


def _count_guess(address: str) -> None:
    get_usage(
        None,
        group=_GUESSES,
        key=lambda group, request: household(address),
        rate=settings.BAD_KEY_LIMIT,
        increment=True,
    )


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _checksum(text: str) -> str:
    number, digits = zlib.crc32(text.encode()), []
    for _place in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def _network(text: str) -> str:
    try:
        return written_network(text)
    except ValueError:
        raise Refused(
            "bad_network",
            _("“%(text)s” is not an IPv4 or IPv6 address or network.") % {"text": text},
            field="allowlist",
        ) from None


def _clean(key: ApiKey) -> None:
    unknown = set(key.scopes) - set(Scope.values)
    if unknown:
        raise Refused("unknown_scope", _("There is no scope “%(scope)s”.") % {"scope": min(unknown)}, field="scopes")
    try:
        key.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Refused("invalid", messages[0], field=field) from None
