"""Activities whose e-mail nobody active had: see whose they are, replay them to a person, discard them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from missions.models import Activity, UnmatchedActivity
from missions.recording import Receipt, Recorded, SentActivity, record_activities
from salesos import audit
from salesos.errors import Refused
from salesos.merging import receiving
from salesos.models import Collaborator, User
from salesos.models.user import normal_email
from salesos.retrying import DEADLOCK, SERIALIZATION_FAILURE, retried

CHUNK = 1000


@dataclass(frozen=True, slots=True)
class UnmatchedPerson:
    """What was kept for an e-mail address. `is_registered`: an active collaborator, or an alias of one, has it now; it
    can be replayed."""

    email: str
    activities: int
    first_occurred_at: datetime
    last_occurred_at: datetime
    codes: list[str]
    is_registered: bool


def waiting() -> QuerySet[UnmatchedActivity]:
    """What is kept and not recorded yet. A sync at the same moment may leave a kept row behind of what it recorded:
    replaying would drop it, and nobody waits for it."""
    recorded = Activity.objects.filter(source=OuterRef("source"), external_id=OuterRef("external_id"))
    return UnmatchedActivity.objects.filter(~Exists(recorded))


def unmatched_people(*, limit: int | None = None, containing: str = "") -> list[UnmatchedPerson]:
    """Everybody for whom activities of the current tenant wait, most activities first; of whose address only a part
    may be given. One statement."""
    kept = waiting().filter(email__contains=normal_email(containing)) if containing else waiting()
    rows = (
        kept.values("email")
        .annotate(
            count=Count("pk"),
            first=Min("occurred_at"),
            last=Max("occurred_at"),
            codes=ArrayAgg("code", distinct=True, order_by="code"),
            is_registered=Exists(receiving().filter(email=OuterRef("email"))),
        )
        .order_by("-count", "email")
    )
    return [
        UnmatchedPerson(row["email"], row["count"], row["first"], row["last"], row["codes"], row["is_registered"])
        for row in rows[:limit]
    ]


def replay(email: str, *, by: User | None = None, on_progress: Callable[[Recorded], None] | None = None) -> Recorded:
    """Record what was kept for `email`, as if it arrived now; its day stays the one when it happened. Raises `Refused`
    when neither an active collaborator nor an alias of one has the address.

    Chunks of a thousand are transactions of their own; `on_progress` is told the sum after each. What was recorded in
    the meantime (the CRM sent it again) is a duplicate, counts nothing and is no longer kept.
    """
    email = normal_email(email)
    if not receiving().filter(email=email).exists():
        raise Refused("no_collaborator", _("No active collaborator has this e-mail address."), field="email")
    return _replay(email, recorded_for=email, by=by, on_progress=on_progress)


def replay_as(
    email: str,
    collaborator: Collaborator,
    *,
    by: User | None = None,
    on_progress: Callable[[Recorded], None] | None = None,
) -> Recorded:
    """Record what was kept for `email` as activities of `collaborator`, who has another address. Raises `Refused` when
    the collaborator is inactive. What arrives for `email` later is kept again; to have that count, too, make the
    address an alias (`salesos.merging.add_alias`) and `replay`."""
    address = Collaborator.objects.active().filter(pk=collaborator.pk).values_list("email", flat=True).first()
    if address is None:
        raise Refused("no_collaborator", _("There is no such active collaborator."), field="collaborator")
    return _replay(normal_email(email), recorded_for=address, by=by, on_progress=on_progress)


@transaction.atomic
def discard(email: str, *, by: User | None = None) -> int:
    """Delete what was kept for `email` for good; return how many activities that were."""
    email = normal_email(email)
    count = UnmatchedActivity.objects.filter(email=email).delete()[0]
    if count:
        audit.record("unmatched.discarded", email, changes={"activities": (count, "")}, by=by)
    return count


def _replay(
    email: str, *, recorded_for: str, by: User | None, on_progress: Callable[[Recorded], None] | None
) -> Recorded:
    total = Recorded(0, 0, 0)
    for chunk in _chunks(email, recorded_for):
        done = _replay_chunk(chunk)
        total = Recorded(*(sum(pair) for pair in zip(total, done, strict=True)))
        if on_progress:
            on_progress(total)
    if any(total):
        # At the end: the chunks are transactions of their own, and a run that was broken off is taken up by the next.
        told = {"recorded": ("", total.processed), "for": ("", recorded_for)}
        audit.record("unmatched.replayed", email, changes=told, by=by)
    return total


class _Chunk(NamedTuple):
    source: str
    kept_ids: list[int]
    sent: list[SentActivity]


def _chunks(email: str, recorded_for: str) -> Iterator[_Chunk]:
    """What is kept for `email`, a source at a time, oldest first, as if sent for `recorded_for`.

    Not locked: recording writes an activity before it drops the kept row, and who locked them the other way round
    would stand in its way.
    """
    # As text: through Python's numbers, what the CRM sent would not come out as it went in.
    everything = UnmatchedActivity.objects.filter(email=email).annotate(text=Cast("data", TextField())).defer("data")
    for source in everything.order_by("source").values_list("source", flat=True).distinct():
        after = 0
        while rows := list(everything.filter(source=source, pk__gt=after).order_by("pk")[:CHUNK]):
            after = rows[-1].pk
            sent = [
                SentActivity(
                    code=row.code,
                    external_id=row.external_id,
                    email=recorded_for,
                    occurred_at=row.occurred_at,
                    data=row.text,
                    receipt=Receipt(row.received_at, row.request_id),
                )
                for row in rows
            ]
            yield _Chunk(source, [row.pk for row in rows], sent)


@retried(SERIALIZATION_FAILURE, DEADLOCK)
@transaction.atomic
def _replay_chunk(chunk: _Chunk) -> Recorded:
    done = record_activities(chunk.source, chunk.sent)
    if done.duplicates:
        recorded = Activity.objects.filter(source=chunk.source, external_id=OuterRef("external_id"))
        UnmatchedActivity.objects.filter(Exists(recorded), pk__in=chunk.kept_ids).delete()
    return done
