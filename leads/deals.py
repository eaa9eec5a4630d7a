"""What happens to deals: opened, changed, moved from stage to stage, won, lost, and taken back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from leads.actors import Actor
from leads.models import Deal, DealStageChange, Lead, Stage
from leads.models.pipeline import StageKind
from leads.reading import Guard, held_stage, locked_deal
from leads.telling import tell_of_deal
from salesos.errors import Refused
from salesos.models import Collaborator
from salesos.retrying import DEADLOCK, retried

CHANGEABLE = frozenset({"name", "value", "stage", "owner", "expected_close_date", "close_reason"})

_TOLD = {StageKind.OPEN: "deal.reopened", StageKind.WON: "deal.won", StageKind.LOST: "deal.lost"}


def open_deal(
    *,
    name: str,
    value: Decimal,
    stage: Stage,
    owner: Collaborator | None,
    lead: Lead | None,
    expected_close_date: date | None,
    by: Actor,
    at: datetime,
) -> Deal:
    """A new deal, inside the caller's transaction. One that begins in a stage of the end is won or lost at once.
    Raises `Refused` for a stage that is gone."""
    held_stage(stage)
    deal = Deal(
        name=name,
        value=value,
        stage=stage,
        owner=owner,
        lead=lead,
        expected_close_date=expected_close_date,
        closed_at=None if stage.kind == StageKind.OPEN else at,
        created_at=at,
        updated_at=at,
    )
    deal.save(force_insert=True)
    DealStageChange.objects.create(deal=deal, to_stage=stage, at=at, **by.columns)
    tell_of_deal("deal.created", deal, at=at)
    if stage.kind != StageKind.OPEN:
        tell_of_deal(_TOLD[StageKind(stage.kind)], deal, at=at)
    return deal


@dataclass(frozen=True, slots=True)
class _Before:
    stage: Stage
    owner_id: int | None


@retried(DEADLOCK)
@transaction.atomic
def change_deal(deal: Deal, changes: Mapping[str, Any], *, by: Actor, at: datetime, guard: Guard = None) -> Deal:
    """The deal with `changes` (of `CHANGEABLE`, well-formed) made. Moving to a stage of the end wins or loses it.

    A reason stays with a deal that is won or lost, and goes when it is reopened. Raises `Refused`.
    """
    unknown = set(changes) - CHANGEABLE
    if unknown:
        raise ValueError(f"Not changeable: {', '.join(sorted(unknown))}")
    deal = locked_deal(deal, guard)
    before = _Before(deal.stage, deal.owner_id)
    changed = {name for name, value in changes.items() if getattr(deal, name) != value}
    if "stage" in changed:
        held_stage(changes["stage"])
    for name in changed:
        setattr(deal, name, changes[name])
    if deal.stage.kind == StageKind.OPEN:
        if changes.get("close_reason"):
            raise Refused("deal_open", _("Only a deal that is won or lost has a reason."), field="close_reason")
        if deal.close_reason:
            deal.close_reason = ""
            changed.add("close_reason")
    if not changed:
        return deal
    at = at.replace(microsecond=0)
    if deal.stage.kind != before.stage.kind:
        deal.closed_at = None if deal.stage.kind == StageKind.OPEN else at
        changed.add("closed_at")
    deal.updated_at, deal.version = at, deal.version + 1
    deal.save(update_fields=[*changed, "updated_at", "version"])
    _note_and_tell(deal, before, by=by, at=at)
    return deal


def move_deal(deal: Deal, stage: Stage, *, by: Actor, at: datetime, reason: str = "", guard: Guard = None) -> Deal:
    """The deal in another stage, with the reason when that wins or loses it."""
    changes = {"stage": stage, **({"close_reason": reason} if reason else {})}
    return change_deal(deal, changes, by=by, at=at, guard=guard)


def _note_and_tell(deal: Deal, before: _Before, *, by: Actor, at: datetime) -> None:
    if deal.stage_id != before.stage.pk:
        DealStageChange.objects.create(deal=deal, from_stage=before.stage, to_stage=deal.stage, at=at, **by.columns)
    if deal.stage.kind != before.stage.kind:
        tell_of_deal(_TOLD[StageKind(deal.stage.kind)], deal, at=at)
    elif deal.owner_id != before.owner_id:
        tell_of_deal("deal.assigned", deal, at=at)
