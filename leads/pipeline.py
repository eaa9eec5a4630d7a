"""The default pipeline of a tenant, made when it is first asked for."""

import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from leads.models import Pipeline, Stage
from leads.models.pipeline import StageKind
from salesos.errors import Refused
from salesos.tenancy import current_tenant

DEFAULT_STAGES = (
    (_("New"), 10, StageKind.OPEN),
    (_("Qualified"), 30, StageKind.OPEN),
    (_("Proposal"), 60, StageKind.OPEN),
    (_("Negotiation"), 80, StageKind.OPEN),
    (_("Won"), 100, StageKind.WON),
    (_("Lost"), 0, StageKind.LOST),
)
"""Name, win probability, kind."""


def default_pipeline() -> Pipeline:
    """The current tenant's default pipeline; the first time it is made, in the tenant's language."""
    found = Pipeline.objects.filter(is_default=True).first()
    return found or _made()


@transaction.atomic
def _made() -> Pipeline:
    with override(current_tenant().language):
        # The database's unique index decides between two who are first; the other one waits for it, and finds this one.
        Pipeline.objects.bulk_create([Pipeline(name=str(_("Sales")), is_default=True)], ignore_conflicts=True)
        pipeline = Pipeline.objects.select_for_update().get(is_default=True)
    if not pipeline.stages.exists():
        put_default_stages(pipeline)
    return pipeline


def put_default_stages(pipeline: Pipeline) -> None:
    """The stages that a pipeline begins with, in the tenant's language."""
    with override(current_tenant().language):
        Stage.objects.bulk_create(
            Stage(pipeline=pipeline, name=str(name), position=position, win_probability=probability, kind=kind)
            for position, (name, probability, kind) in enumerate(DEFAULT_STAGES, 1)
        )


def first_stage() -> Stage:
    """Where a deal begins unless it is said otherwise: the first open stage of the default pipeline."""
    stages = Stage.objects.filter(pipeline=default_pipeline(), kind=StageKind.OPEN)
    stage = stages.select_related("pipeline").order_by("position").first()
    if stage is None:
        raise Refused("no_stage", _("The default pipeline has no open stage."), field="stage_id")
    return stage


def stage_of_id(public_id: uuid.UUID) -> Stage:
    """The stage with this public id. Raises `Refused` when the tenant has none."""
    stage = Stage.objects.select_related("pipeline").filter(public_id=public_id).first()
    if stage is None:
        raise Refused("unknown_stage", _("There is no stage with this id."), field="stage_id")
    return stage
