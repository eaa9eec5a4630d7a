"""What hangs on a lead goes to another lead, and back; inside the caller's transaction, which has both leads locked.

`move` returns what `move_back` needs, as JSON.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from leads.models import Deal, Lead, LeadEvent, LeadMerge, LeadsApart
from salesos.tenancy import Tenanted

MOVED: tuple[tuple[type[Tenanted], str], ...] = ((LeadEvent, "lead"), (Deal, "lead"), (LeadMerge, "survivor"))
"""The relations whose rows simply name another lead. A test walks all relations to a lead, and finds new ones."""

PAIRED: tuple[tuple[type[Tenanted], str], ...] = ((LeadsApart, "one"), (LeadsApart, "other"))
"""Those between two leads, of which there is one a pair: they are written anew."""


def partners_of(*ids: int) -> set[int]:
    """The leads that those with `ids` are apart from: whoever writes such a pair locks both of it."""
    pairs = LeadsApart.objects.filter(Q(one__in=ids) | Q(other__in=ids)).values_list("one_id", "other_id")
    return {lead_id for pair in pairs for lead_id in pair}


def move(source: Lead, target: Lead, *, at: datetime) -> dict[str, Any]:
    """Give everything of `source` to `target`."""
    moved: dict[str, list[int]] = {}
    for model, field in MOVED:
        rows = model.objects.filter(**{field: source}).order_by("pk").select_for_update()
        moved[_key(model, field)] = ids = list(rows.values_list("pk", flat=True))
        _point(model, field, ids, target, at=at)
    return {"moved": moved, **_move_apart(source, target)}


def move_back(
    snapshot: Mapping[str, Any], target: Lead, source: Lead, *, locked: Collection[int], at: datetime
) -> None:
    """Give to `source`, which is there again, what came from it and is still there. `locked` are the leads that are,
    of those that it was apart from."""
    for model, field in MOVED:
        rows = model.objects.filter(**{field: target}, pk__in=moved_ids(snapshot, model, field))
        ids = list(rows.order_by("pk").select_for_update().values_list("pk", flat=True))
        _point(model, field, ids, source, at=at)
    LeadsApart.objects.filter(pk__in=snapshot["apart_made"]).delete()
    pairs = [_pair(source, said) for said in snapshot["apart"] if said["with"] in locked]
    LeadsApart.objects.bulk_create(pairs, ignore_conflicts=True)


def moved_ids(snapshot: Mapping[str, Any], model: type[Tenanted], field: str) -> list[int]:
    """The rows of a relation that `move` moved."""
    ids: list[int] = snapshot["moved"].get(_key(model, field), [])
    return ids


def _key(model: type[Tenanted], field: str) -> str:
    return f"{model._meta.model_name}.{field}"


def _point(model: type[Tenanted], field: str, ids: Sequence[int], lead: Lead, *, at: datetime) -> None:
    # A deal shows its lead: whoever read it before has an old version.
    touched = {"version": F("version") + 1, "updated_at": at} if model is Deal else {}
    if ids:
        model.objects.filter(pk__in=ids).update(**{field: lead}, **touched)


def _move_apart(source: Lead, target: Lead) -> dict[str, Any]:
    """Whoever is not the one is not the other either."""
    apart = [_said(pair, source) for pair in LeadsApart.objects.filter(Q(one=source) | Q(other=source)).order_by("pk")]
    known = set(LeadsApart.objects.filter(Q(one=target) | Q(other=target)).values_list("one_id", "other_id"))
    pairs = [_pair(target, said) for said in apart if said["with"] != target.pk]
    made = LeadsApart.objects.bulk_create([pair for pair in pairs if (pair.one_id, pair.other_id) not in known])
    return {"apart": apart, "apart_made": [pair.pk for pair in made]}


def _said(pair: LeadsApart, lead: Lead) -> dict[str, Any]:
    """From whom `lead` is apart, and who said so."""
    return {
        "with": pair.other_id if pair.one_id == lead.pk else pair.one_id,
        "at": pair.at.isoformat(),
        "actor_kind": pair.actor_kind,
        "actor_id": pair.actor_id,
        "actor_name": pair.actor_name,
    }


def _pair(lead: Lead, said: Mapping[str, Any]) -> LeadsApart:
    one_id, other_id = sorted((lead.pk, int(said["with"])))
    who = {name: said[name] for name in ("actor_kind", "actor_id", "actor_name")}
    return LeadsApart(one_id=one_id, other_id=other_id, at=datetime.fromisoformat(said["at"]), **who)
