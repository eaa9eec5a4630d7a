"""What packages tell each other without importing each other: publish and subscribe, inside one transaction.

An operation publishes what it did while its transaction is open; whoever subscribed runs at once, in the order of
subscription, in the same transaction and tenant: what they write is there when the operation is, or neither is.

    events.publish(Event("deal.won", subject_id=deal.public_id, owner_id=deal.owner_id, status=deal.status, at=at))

An event says what happened (its name) and how things are now (owner and status), so that a subscriber may act on the
state alone. The publisher holds the lock of the rows it tells of: two events of one subject never run side by side.
Subscribers are registered in `AppConfig.ready()`.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from salesos.tenancy import current_tenant


class NotInTransaction(RuntimeError):
    """Something was published outside a transaction: what its subscribers write could stay without it."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to `subject_id`, the public id of a lead, a deal or the like of the current tenant."""

    name: str
    """A noun and what happened to it, like `lead.qualified`; the noun says what the subject is."""
    subject_id: uuid.UUID = field(kw_only=True)
    at: datetime = field(kw_only=True)
    owner_id: int | None = field(default=None, kw_only=True)
    """The collaborator whom the subject belongs to now."""
    status: str = field(default="", kw_only=True)
    """How the subject stands now; "" for one that is gone, deleted or merged into another."""
    facts: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    """What else a subscriber may want to know."""

    @property
    def noun(self) -> str:
        return self.name.partition(".")[0]


Subscriber = Callable[[Sequence[Event]], None]

_subscribers: list[tuple[frozenset[str], Subscriber]] = []


def subscribe(names: Iterable[str], subscriber: Subscriber) -> Callable[[], None]:
    """Have `subscriber` called with the events of these names, all of a `publish` at once; `lead.*` stands for all that
    happens to leads. Returns what ends it."""
    entry = (frozenset(names), subscriber)
    _subscribers.append(entry)
    return lambda: _subscribers.remove(entry)


def publish(*events: Event) -> None:
    """Tell the subscribers what the current transaction has done, in the order given.

    Many at once cost hardly more than one: an import publishes a batch. What a subscriber raises reaches the caller,
    and the transaction can't be committed any more. Raises `NotInTransaction`, or `NoTenant`, when there is none.
    """
    current_tenant()
    if not connection.in_atomic_block:
        raise NotInTransaction("Publish inside the transaction of what happened.")
    for names, subscriber in tuple(_subscribers):
        told = [event for event in events if event.name in names or f"{event.noun}.*" in names]
        if not told:
            continue
        try:
            subscriber(told)
        except BaseException:
            transaction.set_rollback(True)
            raise
