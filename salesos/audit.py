"""The audit trail: every change that somebody makes from the dashboard or the command line leaves one row.

An operation records what it did, in its own transaction: `record("mapping.changed", mapping, changes={"points": (5,
10)})`. Who did it, from where and whether as platform staff follows from the surrounding `acting()`, which the
dashboard opens around each request. What CRMs send is not here; the request log has it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import models

from salesos.models import AuditEntry, Tenant, User
from salesos.tenancy import current_tenant, tenant_context

HIDDEN = frozenset({"password", "phone", "document", "metadata", "secret_hash", "token_hash"})
"""Fields of which the trail says that they changed, not from what to what."""

VEIL = "•••"
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Actor:
    user: User
    address: str | None = None
    as_staff: bool = False
    """Acts in the tenant as platform staff, not as an admin by membership."""


_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Let what the block records be `actor`'s doing."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def current_actor() -> Actor | None:
    """Who acts in the surrounding `acting()`, if there is one."""
    return _actor.get()


def record(
    action: str,
    subject: models.Model | str,
    *,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
    by: User | None = None,
    of_platform: bool = False,
) -> AuditEntry:
    """Write that `action` (like `mapping.changed`) happened to `subject`, a row or words, in the current tenant.

    `changes` says field → (before, after). `by` names the user where no `acting()` surrounds the call. `of_platform`
    is for what belongs to no tenant.
    """
    entry = _entry(action, subject, changes, by, of_platform)
    entry.save(force_insert=True)
    return entry


def record_many(
    happenings: Iterable[tuple[str, models.Model | str, Mapping[str, tuple[Any, Any]]]], *, by: User | None = None
) -> None:
    """`record` for each (action, subject, changes), in one statement."""
    AuditEntry._base_manager.bulk_create([_entry(*happening, by, False) for happening in happenings])


def _entry(
    action: str,
    subject: models.Model | str,
    changes: Mapping[str, tuple[Any, Any]] | None,
    by: User | None,
    of_platform: bool,
) -> AuditEntry:
    actor = _actor.get() or (Actor(by) if by else None)
    is_row = isinstance(subject, models.Model)
    return AuditEntry(
        tenant=None if of_platform else current_tenant(),
        actor=actor.user if actor else None,
        actor_email=actor.user.email if actor else "",
        as_staff=actor.as_staff if actor else False,
        address=actor.address if actor else None,
        action=action,
        subject=str(subject)[:255],
        subject_model=subject._meta.label_lower if is_row else "",  # type: ignore[union-attr]  # is_row says so
        subject_id=str(subject.pk) if is_row else "",  # type: ignore[union-attr]
        changes={name: _told(name, *change) for name, change in (changes or {}).items()},
    )


def record_for(
    row: models.Model, action: str, *, changes: Mapping[str, tuple[Any, Any]] | None = None, by: User | None = None
) -> None:
    """`record` where the row belongs: in its tenant's trail, wherever the actor is; a tenant's own change in its trail
    and in the platform's; what has no tenant, like a user, in the platform's alone."""
    tenant = row if isinstance(row, Tenant) else getattr(row, "tenant", None)
    if tenant is not None:
        with tenant_context(tenant):
            record(action, row, changes=changes, by=by)
    if tenant is None or tenant is row:
        record(action, row, changes=changes, by=by, of_platform=True)


def changed(before: models.Model, after: models.Model, *fields: str) -> dict[str, tuple[Any, Any]]:
    """What differs between two states of a row, of `fields`; for `record(changes=…)`."""
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in fields}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _told(name: str, before: Any, after: Any) -> list[str]:
    if name in HIDDEN:
        return [VEIL if before else "", VEIL if after else ""]
    return [_text(before), _text(after)]


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple | set) else str(value)
    return text.replace("\0", "")[:LONGEST]
