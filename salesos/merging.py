"""Two records of one person become one, and within a day two again.

Nothing moves. The merged record stays as an alias that points to the survivor (`Collaborator.merged_into`): activities,
adjustments and scores keep naming the record that they were recorded for, and whoever reads them counts an alias' rows
for its survivor. So an undo is exact, and evidence is never rewritten. An alias always points to a record that is none
itself: chains are flattened when they would arise.

The alias keeps its e-mail address and its external id. Both stay unique in the tenant, and a CRM that goes on sending
either still finds the person: what it sends counts for the survivor, and a sync of people updates the alias.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from salesos import audit
from salesos.errors import Refused
from salesos.models import Collaborator, CollaboratorMerge, User
from salesos.models.collaborator import CollaboratorQuerySet
from salesos.models.user import normal_email
from salesos.retrying import DEADLOCK, SERIALIZATION_FAILURE, retried

UNDOABLE_FOR = timedelta(hours=24)
TAKEN_OVER = ("phone", "document", "role", "team")
"""What a survivor takes over where it has nothing; the keys of `metadata`, too. Never the external id: see above."""


def receiving() -> CollaboratorQuerySet:
    """The records whose activities count: those of active people, their aliases included."""
    return Collaborator.objects.filter(Q(merged_into=None, is_active=True) | Q(merged_into__is_active=True))


def survivor_of(record: Collaborator) -> Collaborator:
    """The person whom a record of the current tenant stands for: itself, unless it was merged into another."""
    return record if record.merged_into_id is None else Collaborator.objects.get(pk=record.merged_into_id)


# Decide


def why_not_mergeable(survivor: Collaborator, merged: Collaborator) -> Refused | None:
    """Why `merged` can't be merged into `survivor`, None when it can."""
    if survivor.pk == merged.pk:
        return Refused("same_record", _("This is one record: choose another to merge it with."), field="merged")
    if merged.merged_into_id is not None:
        message = _("“%(name)s” is merged into another record already.") % {"name": merged.name}
        return Refused("merged_already", message, field="merged")
    if survivor.merged_into_id is not None:
        message = _("“%(name)s” is itself merged into another record.") % {"name": survivor.name}
        return Refused("survivor_merged", message, field="survivor")
    return None


def why_not_undoable(merge: CollaboratorMerge, survivor: Collaborator, *, at: datetime) -> Refused | None:
    """Why a merge can't be undone at the moment `at`, None when it can. `survivor` is the record as it is now."""
    if merge.undone_at is not None:
        return Refused("undone_already", _("This merge is undone already."))
    if at - merge.at > UNDOABLE_FOR:
        return Refused("too_late", _("A merge can be undone for 24 hours; this one is older."))
    if survivor.merged_into_id is not None:
        message = _("“%(name)s” was merged into another record since. Undo that merge first.")
        return Refused("merged_on", message % {"name": survivor.name})
    return None


def filling(survivor: Collaborator, merged: Collaborator) -> dict[str, Any]:
    """What `survivor` lacks and would take over from `merged`: field → value, the team by its id."""
    filled: dict[str, Any] = {
        _column(name): getattr(merged, _column(name))
        for name in TAKEN_OVER
        if not getattr(survivor, _column(name)) and getattr(merged, _column(name))
    }
    lacking = {key: value for key, value in merged.metadata.items() if key not in survivor.metadata}
    return filled | ({"metadata": lacking} if lacking else {})


# Do


@retried(SERIALIZATION_FAILURE, DEADLOCK)
@transaction.atomic
def merge_people(survivor: Collaborator, merged: Collaborator, *, by: User | None, at: datetime) -> CollaboratorMerge:
    """Let whatever names `merged`, or was merged into it before, count for `survivor` from now on. Raises `Refused`."""
    rows = _locked(survivor.pk, merged.pk)
    survivor, merged = _row(rows, survivor.pk), _row(rows, merged.pk)
    refused = why_not_mergeable(survivor, merged)
    if refused:
        raise refused
    aliases = [row.pk for row in rows.values() if row.merged_into_id == merged.pk]
    filled = filling(survivor, merged)
    _fill(survivor, filled)
    Collaborator.objects.filter(pk__in=[merged.pk, *aliases]).update(merged_into=survivor, updated_at=at)
    merge = CollaboratorMerge.objects.create(
        survivor=survivor, merged=merged, aliases=aliases, filled=filled, at=at, by=by
    )
    audit.record(
        "collaborator.merged",
        survivor,
        changes={"merged": ("", f"{merged.name} <{merged.email}>"), **_told(filled, taken=True)},
        by=by,
    )
    return merge


@retried(SERIALIZATION_FAILURE, DEADLOCK)
@transaction.atomic
def undo_merge(merge: CollaboratorMerge, *, by: User | None, at: datetime) -> None:
    """Make two records of it again, as they were: the pointers go back, and what was taken over is given back unless
    somebody changed it since. Raises `Refused` after 24 hours, and while the survivor itself is merged into another."""
    rows = _locked(merge.survivor_id, merge.merged_id)
    # Read again under the lock of its people, which every merge and undo of theirs takes first.
    merge = CollaboratorMerge.objects.get(pk=merge.pk)
    survivor, merged = _row(rows, merge.survivor_id), _row(rows, merge.merged_id)
    refused = why_not_undoable(merge, survivor, at=at)
    if refused:
        raise refused
    _empty(survivor, merge.filled)
    Collaborator.objects.filter(pk=merged.pk).update(merged_into=None, updated_at=at)
    Collaborator.objects.filter(pk__in=merge.aliases).update(merged_into=merged, updated_at=at)
    merge.undone_at = at
    merge.save(update_fields=["undone_at"])
    audit.record(
        "collaborator.unmerged",
        survivor,
        changes={"merged": (f"{merged.name} <{merged.email}>", ""), **_told(merge.filled, taken=False)},
        by=by,
    )


@transaction.atomic
def add_alias(survivor: Collaborator, *, email: str, by: User | None, at: datetime) -> Collaborator:
    """Another e-mail address of a person: a record with nothing but the address, merged from its first moment, so that
    what arrives for it counts for `survivor`. It can be undone as any merge. Raises `Refused`."""
    survivor = _row(_locked(survivor.pk), survivor.pk)
    email = normal_email(email)
    if survivor.merged_into_id is not None:
        message = _("“%(name)s” is itself merged into another record.") % {"name": survivor.name}
        raise Refused("survivor_merged", message, field="survivor")
    holder = Collaborator.objects.filter(email=email).first()
    if holder is not None:
        message = _("“%(name)s” has this e-mail address.") % {"name": holder.name}
        raise Refused("email_taken", message, field="email")
    alias = Collaborator.objects.create(name=survivor.name, email=email, merged_into=survivor)
    CollaboratorMerge.objects.create(survivor=survivor, merged=alias, at=at, by=by)
    audit.record("collaborator.alias_added", survivor, changes={"email": ("", email)}, by=by)
    return alias


def undoable_merges(survivor: Collaborator, *, at: datetime) -> list[CollaboratorMerge]:
    """The merges into `survivor` that can be undone now, newest first."""
    if survivor.merged_into_id is not None:
        return []
    recent = CollaboratorMerge.objects.filter(survivor=survivor, undone_at=None, at__gte=at - UNDOABLE_FOR)
    return list(recent.select_related("merged").order_by("-id"))


def _locked(*ids: int) -> dict[int, Collaborator]:
    """The records and all that was merged into them, by id, locked in the order of ids.

    Without the key: scores that name them go on being written meanwhile.
    """
    ours = Q(pk__in=ids) | Q(merged_into__in=ids)
    rows = {row.pk: row for row in Collaborator.objects.filter(ours).order_by("pk").select_for_update(no_key=True)}
    # What was merged into them while we waited for the locks was not in the first look.
    late = Collaborator.objects.filter(merged_into__in=ids).exclude(pk__in=rows)
    return rows | {row.pk: row for row in late.order_by("pk").select_for_update(no_key=True)}


def _row(rows: Mapping[int, Collaborator], pk: int) -> Collaborator:
    if pk not in rows:
        raise Refused("unknown_collaborator", _("There is no such collaborator."), field="collaborator")
    return rows[pk]


def _fill(survivor: Collaborator, filled: Mapping[str, Any]) -> None:
    for column, value in filled.items():
        setattr(survivor, column, {**survivor.metadata, **value} if column == "metadata" else value)
    if filled:
        survivor.save(update_fields=[*filled, "updated_at"])


def _empty(survivor: Collaborator, filled: Mapping[str, Any]) -> None:
    """Take back what was taken over, where it still stands as it came."""
    for column, value in filled.items():
        if column == "metadata":
            survivor.metadata = {
                key: kept for key, kept in survivor.metadata.items() if key not in value or kept != value[key]
            }
        elif getattr(survivor, column) == value:
            setattr(survivor, column, None if column == "team_id" else "")
    if filled:
        survivor.save(update_fields=[*filled, "updated_at"])


def _column(name: str) -> str:
    return "team_id" if name == "team" else name


def _told(filled: Mapping[str, Any], *, taken: bool) -> dict[str, tuple[Any, Any]]:
    return {name: ("", value) if taken else (value, "") for name, value in filled.items()}
