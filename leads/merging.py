"""Two leads of one person become one, and within a day two again.

What the merged lead had goes to the survivor: its deals and its history (`leads.moving`), the values that the survivor
lacks, its tags. The merged lead itself is gone, for the API and for lists, and earns nothing any more. A merge keeps
all of it for a day (`LeadMerge.snapshot`), so that an undo restores it under its own id.

**Its e-mail goes on leading to the survivor.** A form that posts the address again is told that a lead with it exists
already, and which: nothing brings the duplicate back. So it stays until the survivor is deleted, or until somebody lets
the address go (`let_go`).

**Its status.** Whoever has become a deal stays so: if either lead is converted, so is the survivor. Otherwise the
survivor's own counts, unless the other one's is chosen.

Whoever changes leads locks them in the order of their ids, then their deals. What a snapshot holds is forgotten after
a day (`forget_old_merges`), and with the survivor.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from leads import snapshots
from leads.actors import Actor
from leads.changes import TEXTS, as_written, refuse_large
from leads.conflicts import EmailTaken
from leads.history import note
from leads.models import Deal, Lead, LeadEvent, LeadMerge
from leads.models.lead import MOST_TAGS
from leads.moving import move, move_back, moved_ids, partners_of
from leads.telling import tell_of_merge
from salesos import audit
from salesos.errors import Clash, Refused
from salesos.retrying import ATTEMPTS, DEADLOCK, SERIALIZATION_FAILURE, UNIQUE_VIOLATION, retried

UNDOABLE_FOR = timedelta(hours=24)

CHOOSABLE = (*TEXTS, "status", "owner")
"""Fields of which the merged lead's value may be taken; keys of custom fields, too, as `custom_fields.<key>`."""


# Decide


def why_not_mergeable(survivor: Lead, merged: Lead) -> Refused | None:
    """Why `merged` can't become part of `survivor`, None when it can."""
    if survivor.pk == merged.pk:
        return Refused("same_lead", _("This is one lead: choose another to merge it with."), field="with")
    return None


def outcome(survivor: Lead, merged: Lead, taking: Collection[str] = ()) -> dict[str, Any]:
    """What changes in the survivor: field → its value after the merge. `taking` names what comes from the merged lead
    although the survivor has a value: of `CHOOSABLE`, or `custom_fields.<key>`.

    Raises `Refused` where both together are more than a lead may have.
    """
    after: dict[str, Any] = {}
    for name in (*TEXTS, "owner"):
        theirs = getattr(merged, name)
        if theirs and (name in taking or not getattr(survivor, name)):
            after[name] = theirs
    if merged.is_converted or ("status" in taking and not survivor.is_converted):
        after["status"] = merged.status
    after["tags"] = [*survivor.tags, *(tag for tag in merged.tags if tag not in survivor.tags)]
    after["custom_fields"] = {**survivor.custom_fields} | {
        key: value
        for key, value in merged.custom_fields.items()
        if key not in survivor.custom_fields or f"custom_fields.{key}" in taking
    }
    if len(after["tags"]) > MOST_TAGS:
        message = _("Together they have %(count)d tags, and a lead at most %(most)d. Remove some first.")
        raise Refused("too_many_tags", message % {"count": len(after["tags"]), "most": MOST_TAGS}, field="tags")
    refuse_large(after["custom_fields"])
    return {
        name: value
        for name, value in after.items()
        if not snapshots.is_same(snapshots.kept_as(name, getattr(survivor, name)), snapshots.kept_as(name, value))
    }


def why_not_undoable(merge: LeadMerge, survivor: Lead, *, at: datetime) -> Refused | None:
    """Why a merge can't be undone at the moment `at`, None when it can. `survivor` is the lead that counts now."""
    if merge.into_id != survivor.public_id:
        message = _("The lead was merged into “%(name)s” since. Undo that merge first.") % {"name": survivor.name}
        return Refused("merged_on", message)
    if merge.snapshot is None or at - merge.at > UNDOABLE_FOR:
        return Refused("too_late", _("A merge can be undone for 24 hours; this one is older."))
    return None


# Do


def merge_leads(
    survivor: Lead,
    merged: Lead,
    *,
    taking: Collection[str] = (),
    by: Actor,
    at: datetime,
    seen: tuple[int, int] | None = None,
) -> LeadMerge:
    """Make `merged` part of `survivor` (see the module, and `outcome` for `taking`).

    `seen` are the versions of both that the choice was made on; raises `Clash` when there are others by now, `Refused`,
    and `Lead.DoesNotExist` once one of both is gone.
    """
    for _attempt in range(ATTEMPTS):
        with suppress(_KeptApart):
            return _merge(survivor, merged, taking, by=by, at=at.replace(microsecond=0), seen=seen)
    raise Clash("busy", _("These leads are being written by others right now. Try again."))


class _KeptApart(Exception):
    """A lead that is not locked was kept apart from the merged one while the locks were waited for."""


@retried(SERIALIZATION_FAILURE, DEADLOCK)
@transaction.atomic
def _merge(
    survivor: Lead, merged: Lead, taking: Collection[str], *, by: Actor, at: datetime, seen: tuple[int, int] | None
) -> LeadMerge:
    rows = _locked(survivor.pk, merged.pk, *partners_of(merged.pk))
    survivor, merged = _row(rows, survivor.pk), _row(rows, merged.pk)
    # To lock them now would be out of order.
    if partners_of(merged.pk) - rows.keys():
        raise _KeptApart
    refused = why_not_mergeable(survivor, merged)
    if refused:
        raise refused
    if seen is not None and seen != (survivor.version, merged.version):
        raise Clash("leads_changed", _("One of the leads was changed since. Look again, then merge."))
    forget_old_merges(at)
    after = outcome(survivor, merged, taking)
    before = {name: getattr(survivor, name) for name in after}
    left_over = before.get("email", merged.email)
    snapshot = {
        "lead": snapshots.taken(merged),
        "taken": {
            name: [snapshots.kept_as(name, was), snapshots.kept_as(name, after[name])] for name, was in before.items()
        },
        **move(merged, survivor, at=at),
    }
    # Gone first: the survivor may take its address.
    Lead.objects.filter(pk=merged.pk).delete()
    _apply(survivor, after, at=at)
    changes = {"merged_id": [None, str(merged.public_id)], **as_written(before, after)}
    snapshot["event"] = note(survivor, "lead.merged", changes, by=by, at=at)
    merge = LeadMerge.objects.create(
        survivor=survivor,
        into_id=survivor.public_id,
        merged_id=merged.public_id,
        email=left_over,
        snapshot=snapshot,
        at=at,
        **by.columns,
    )
    tell_of_merge("lead.merged", merged, survivor, set(after), at=at)
    audit.record("lead.merged", survivor, changes={"merged": ("", merged.name)})
    return merge


@retried(SERIALIZATION_FAILURE, DEADLOCK, UNIQUE_VIOLATION)
@transaction.atomic
def undo_merge(merge: LeadMerge, *, by: Actor, at: datetime) -> Lead:
    """The merged lead as it was, with a version of its own: under its id and address, with its deals and history. What
    the survivor took over goes, unless somebody changed it since. Raises `Refused` (see `why_not_undoable`), also while
    another lead has the address."""
    survivor, merge, others = _locked_merge(merge)
    refused = why_not_undoable(merge, survivor, at=at)
    if refused:
        raise refused
    snapshot: Any = merge.snapshot
    at = at.replace(microsecond=0)
    lead = snapshots.restored(snapshot["lead"])
    lead.version, lead.updated_at = lead.version + 1, at
    back = snapshots.given_back(survivor, snapshot["taken"])
    if _is_deal_by_itself(survivor, snapshot) and back.pop("status", None) is not None:
        _hand_on_status(merge, snapshot["taken"]["status"])
    _refuse_taken_emails(lead, survivor, back)
    # The survivor's own address first, the merged lead may have had the one that it has now.
    _apply(survivor, back, at=at)
    lead.save(force_insert=True)
    move_back(snapshot, survivor, lead, locked=others, at=at)
    merge.delete()
    # What the history tells of the merged lead's own goes with that lead: it may be deleted one day.
    LeadEvent.objects.filter(pk=snapshot["event"]).update(changes={"merged_id": [None, str(lead.public_id)]})
    note(survivor, "lead.unmerged", {"merged_id": [str(lead.public_id), None]}, by=by, at=at)
    note(lead, "lead.restored", {"merged_into_id": [str(survivor.public_id), None]}, by=by, at=at)
    tell_of_merge("lead.restored", lead, survivor, {name.removesuffix("_id") for name in back}, at=at)
    audit.record("lead.unmerged", survivor, changes={"merged": (lead.name, "")})
    return lead


def undoable_merges(*, at: datetime, into: Lead | None = None) -> QuerySet[LeadMerge]:
    """The merges that can be undone now, newest first; those of one lead."""
    recent = LeadMerge.objects.filter(at__gte=at - UNDOABLE_FOR, snapshot__isnull=False)
    # Of a lead that was merged on, that merge is undone first.
    recent = recent.filter(into_id=F("survivor__public_id")).select_related("survivor").order_by("-id")
    return recent if into is None else recent.filter(survivor=into)


def forget_old_merges(at: datetime) -> int:
    """Empty the snapshots of the current tenant that no undo may use any more; how many there were. Every merge does
    it, too."""
    old = LeadMerge.objects.filter(at__lt=at - UNDOABLE_FOR, snapshot__isnull=False)
    return int(old.update(snapshot=None))


@retried(DEADLOCK)
@transaction.atomic
def let_go(merge: LeadMerge) -> None:
    """Let the address of a merged lead be free again. The merge can't be undone any more. Raises `Refused`."""
    survivor, merge, _others = _locked_merge(merge)
    audit.record("lead.address_let_go", survivor)
    merge.delete()


# Steps


def _locked(*ids: int) -> dict[int, Lead]:
    """The leads by id, locked in the order of ids."""
    rows = Lead.objects.select_related("owner__team", "owner__merged_into__team").filter(pk__in=ids)
    return {row.pk: row for row in rows.order_by("pk").select_for_update(of=("self",))}


def _row(rows: Mapping[int, Lead], pk: int) -> Lead:
    if pk not in rows:
        raise Lead.DoesNotExist
    return rows[pk]


def _locked_merge(merge: LeadMerge) -> tuple[Lead, LeadMerge, Collection[int]]:
    """The lead that counts, locked, the merge as it is then (every merge and undo of that lead takes its lock), and who
    is there and locked of those that the merged lead was apart from."""
    partners = [said["with"] for said in (merge.snapshot or {}).get("apart", ())]
    rows = _locked(merge.survivor_id, *partners)
    fresh = LeadMerge.objects.select_related("survivor").filter(pk=merge.pk).first()
    if fresh is None:
        raise Refused("unknown_merge", _("There is no such merge any more: it is undone, or the lead is deleted."))
    # Not among those locked when it was merged on while we waited; `why_not_undoable` says so.
    return rows.get(fresh.survivor_id, fresh.survivor), fresh, rows.keys()


def _apply(lead: Lead, values: Mapping[str, Any], *, at: datetime) -> None:
    for name, value in values.items():
        setattr(lead, name, value)
    lead.updated_at, lead.version = at, lead.version + 1
    lead.save(update_fields=[*(name.removesuffix("_id") for name in values), "updated_at", "version"])


def _is_deal_by_itself(survivor: Lead, snapshot: Mapping[str, Any]) -> bool:
    """Whether the survivor has a deal that did not come with the merged lead."""
    return Deal.objects.filter(lead=survivor).exclude(pk__in=moved_ids(snapshot, Deal, "lead")).exists()


def _hand_on_status(merge: LeadMerge, pair: Sequence[str]) -> None:
    """Let the status before this merge go back with the undo of another one, whose deals keep the lead converted."""
    others = LeadMerge.objects.filter(survivor=merge.survivor_id, into_id=merge.into_id, snapshot__isnull=False)
    for other in others.exclude(pk=merge.pk).order_by("-id"):
        kept: Any = other.snapshot
        if moved_ids(kept, Deal, "lead") and "status" not in kept["taken"]:
            kept["taken"]["status"] = list(pair)
            other.save(update_fields=["snapshot"])
            return


def _refuse_taken_emails(lead: Lead, survivor: Lead, back: Mapping[str, Any]) -> None:
    """Refuse to give out an address that another lead has by now."""
    own = str(back.get("email", survivor.email))
    if own.lower() == lead.email.lower():
        raise EmailTaken(survivor.public_id)
    wanted = [lead.email.lower(), *([own.lower()] if "email" in back else [])]
    others = Lead.objects.annotate(folded=Lower("email")).filter(folded__in=wanted).exclude(pk=survivor.pk)
    holder = others.first()
    if holder is not None:
        raise EmailTaken(holder.public_id)
