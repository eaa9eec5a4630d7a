"""Change the stages of a pipeline, and pipelines. Each function is one transaction, and leaves a line in the trail.

What deals are by is never changed under them: a stage that has deals keeps its kind, and is not deleted. So
`closed_at`, points and history stay what they were, and whoever wants it otherwise moves the deals first, which tells
everybody.
A pipeline always has an open stage, a won one and a lost one.

Locks are taken in this order: the pipeline, then the one stage that whoever moves a deal holds (`held_stage`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leads.actors import Actor
from leads.deals import move_deal
from leads.models import Deal, DealStageChange, Pipeline, Stage
from leads.models.pipeline import StageKind
from leads.pipeline import put_default_stages
from salesos import audit
from salesos.errors import Clash, Refused
from salesos.retrying import DEADLOCK, retried

MOST_STAGES = 20
MOST_PIPELINES = 20
MOST_MOVED = 500
"""So many deals leave a stage in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a stage is to be: the name trimmed and in bounds, the probability 0 to 100."""

    name: str
    win_probability: int
    kind: StageKind


@transaction.atomic
def add_stage(pipeline: Pipeline, terms: Terms) -> Stage:
    """A new stage: behind the others of its kind, open ones first."""
    stages = _stages_of(_locked(pipeline))
    if len(stages) >= MOST_STAGES:
        raise Refused("too_many", _("A pipeline has at most %d stages.") % MOST_STAGES, field="name")
    _refuse_name(pipeline, terms.name)
    stage = Stage(
        pipeline=pipeline,
        name=terms.name,
        kind=terms.kind,
        win_probability=_probability(terms),
        position=len(stages) + 1,
    )
    stage.save(force_insert=True)
    audit.record("stage.created", stage, changes={"kind": ("", stage.kind), "pipeline": ("", pipeline)})
    kinds = list(StageKind)
    _put_in_order(sorted([*stages, stage], key=lambda each: kinds.index(StageKind(each.kind))))
    return stage


@transaction.atomic
def change_stage(stage: Stage, terms: Terms) -> Stage:
    """The stage with these terms. Raises `Clash` for another kind while deals are in it, or if it is the last one."""
    _locked(stage.pipeline)
    stage = _held_alone(stage)
    before = Stage(name=stage.name, kind=stage.kind, win_probability=stage.win_probability)
    if terms.kind != stage.kind:
        _refuse_last(stage)
        _refuse_deals(stage, _("Its kind can't change while there are deals in it: move them to another stage first."))
    if terms.name != stage.name:
        _refuse_name(stage.pipeline, terms.name, besides=stage)
    stage.name, stage.kind, stage.win_probability = terms.name, terms.kind, _probability(terms)
    changes = audit.changed(before, stage, "name", "kind", "win_probability")
    if changes:
        stage.save(update_fields=list(changes))
        audit.record("stage.changed", stage, changes=changes)
    return stage


@transaction.atomic
def shift_stage(stage: Stage, by: int) -> bool:
    """Let it change places with the stage before (-1) or behind (1) it; False where there is none."""
    stages = _stages_of(_locked(stage.pipeline))
    here = next((place for place, each in enumerate(stages) if each.pk == stage.pk), None)
    if here is None or not 0 <= here + by < len(stages):
        return False
    stages[here], stages[here + by] = stages[here + by], stages[here]
    _put_in_order(stages)
    audit.record("stage.shifted", stage, changes={"position": (here + 1, here + by + 1)})
    return True


@transaction.atomic
def delete_stage(stage: Stage) -> None:
    """Delete a stage without deals. Where the history of deals names it, it stays for that alone. Raises `Clash`."""
    pipeline = _locked(stage.pipeline)
    stage = _held_alone(stage)
    _refuse_last(stage)
    _refuse_deals(stage, _("It can't be deleted while there are deals in it: move them to another stage first."))
    audit.record("stage.deleted", stage, changes={"pipeline": (pipeline, "")})
    if DealStageChange.objects.filter(Q(from_stage=stage) | Q(to_stage=stage)).exists():
        stage.position = None
        stage.save(update_fields=["position"])
    else:
        stage.delete()
    _put_in_order(_stages_of(pipeline))


@retried(DEADLOCK)
@transaction.atomic
def empty_stage(stage: Stage, into: Stage, *, by: Actor, at: datetime) -> tuple[int, int]:
    """Move the deals of a stage into another one, the oldest `MOST_MOVED` of them: (how many, how many are left)."""
    if into.pk == stage.pk:
        raise Refused("same_stage", _("Choose another stage."), field="into")
    deals = Deal.objects.filter(stage=stage)
    # Locked in one order, so that two who do this at once wait instead of stopping each other.
    moving = list(deals.order_by("pk").select_for_update()[:MOST_MOVED])
    for deal in moving:
        move_deal(deal, into, by=by, at=at)
    if moving:
        audit.record("stage.emptied", stage, changes={"stage": (stage, into), "deals": ("", len(moving))})
    return len(moving), deals.count()


@transaction.atomic
def add_pipeline(name: str) -> Pipeline:
    """A new pipeline with the stages that every tenant begins with."""
    if Pipeline.objects.count() >= MOST_PIPELINES:
        raise Refused("too_many", _("There may be at most %d pipelines.") % MOST_PIPELINES, field="name")
    _refuse_pipeline_name(name)
    pipeline = Pipeline(name=name)
    pipeline.save(force_insert=True)
    put_default_stages(pipeline)
    audit.record("pipeline.created", pipeline)
    return pipeline


@transaction.atomic
def rename_pipeline(pipeline: Pipeline, name: str) -> Pipeline:
    pipeline = _locked(pipeline)
    if name == pipeline.name:
        return pipeline
    _refuse_pipeline_name(name, besides=pipeline)
    before, pipeline.name = pipeline.name, name
    pipeline.save(update_fields=["name"])
    audit.record("pipeline.changed", pipeline, changes={"name": (before, name)})
    return pipeline


@transaction.atomic
def make_default(pipeline: Pipeline) -> None:
    """Let new deals begin in this pipeline unless it is said otherwise."""
    before = Pipeline.objects.select_for_update().filter(is_default=True).first()
    if before is not None and before.pk == pipeline.pk:
        return
    Pipeline.objects.filter(is_default=True).update(is_default=False)
    Pipeline.objects.filter(pk=pipeline.pk).update(is_default=True)
    audit.record("pipeline.made_default", pipeline, changes={"pipeline": (before, pipeline)})


@transaction.atomic
def delete_pipeline(pipeline: Pipeline) -> None:
    """Delete a pipeline that no deal was ever in. Raises `Clash` for the default one, and for one with a history."""
    pipeline = _locked(pipeline)
    if pipeline.is_default:
        raise Clash("default_pipeline", _("This is the default pipeline: make another one the default first."))
    # Whoever is moving a deal into one of them comes first.
    list(Stage.objects.filter(pipeline=pipeline).order_by("pk").select_for_update())
    changes = DealStageChange.objects.filter(Q(from_stage__pipeline=pipeline) | Q(to_stage__pipeline=pipeline))
    if Deal.objects.filter(stage__pipeline=pipeline).exists() or changes.exists():
        raise Clash("pipeline_used", _("Deals are or were in this pipeline; it stays, so that their history does."))
    audit.record("pipeline.deleted", pipeline)
    pipeline.delete()


# What all of them need


def _locked(pipeline: Pipeline) -> Pipeline:
    """Raises `Refused` once it is gone."""
    # Not against new deals: their stages name it, and they go on meanwhile.
    found = Pipeline.objects.select_for_update(no_key=True).filter(pk=pipeline.pk).first()
    if found is None:
        raise Refused("unknown_pipeline", _("This pipeline is gone."))
    return found


def _held_alone(stage: Stage) -> Stage:
    """The stage, when everybody who was moving a deal into it is done, and nobody else begins."""
    found: Stage | None = (
        Stage.objects.select_related("pipeline").select_for_update(of=("self",)).filter(pk=stage.pk).first()
    )
    if found is None:
        raise Refused("unknown_stage", _("This stage is gone."))
    return found


def _stages_of(pipeline: Pipeline) -> list[Stage]:
    return list(Stage.objects.filter(pipeline=pipeline).order_by("position"))


def _put_in_order(stages: Sequence[Stage]) -> None:
    moved = []
    for position, stage in enumerate(stages, 1):
        if stage.position != position:
            stage.position = position
            moved.append(stage)
    Stage.objects.bulk_update(moved, ["position"])


def _refuse_last(stage: Stage) -> None:
    others = Stage.objects.filter(pipeline=stage.pipeline, kind=stage.kind).exclude(pk=stage.pk)
    if others.exists():
        return
    raise Clash(
        "last_stage",
        {
            StageKind.OPEN: _("It is the pipeline's only open stage, and deals need one to begin in."),
            StageKind.WON: _("It is the pipeline's only won stage, and deals need one to be won."),
            StageKind.LOST: _("It is the pipeline's only lost stage, and deals need one to be lost."),
        }[StageKind(stage.kind)],
        field="kind",
    )


def _refuse_deals(stage: Stage, message: str) -> None:
    count = Deal.objects.filter(stage=stage).count()
    if count:
        there = ngettext("There is %d deal in this stage.", "There are %d deals in this stage.", count) % count
        raise Clash("stage_used", f"{there} {message}", field="kind")


def _refuse_name(pipeline: Pipeline, name: str, *, besides: Stage | None = None) -> None:
    same = Stage.objects.filter(pipeline=pipeline).annotate(folded=Lower("name")).filter(folded=name.lower())
    if same.exclude(pk=besides.pk if besides else 0).exists():
        raise Clash("name_taken", _("The pipeline has a stage of this name already."), field="name")


def _refuse_pipeline_name(name: str, *, besides: Pipeline | None = None) -> None:
    same = Pipeline.objects.annotate(folded=Lower("name")).filter(folded=name.lower())
    if same.exclude(pk=besides.pk if besides else 0).exists():
        raise Clash("name_taken", _("A pipeline of this name exists already."), field="name")


def _probability(terms: Terms) -> int:
    """Won is certain, and so is lost."""
    return {StageKind.WON: 100, StageKind.LOST: 0}.get(terms.kind, terms.win_probability)
