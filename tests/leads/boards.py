"""Deals and stages for tests of the board, the list of deals and the settings of stages."""

from datetime import UTC, datetime
from decimal import Decimal

from django.db import transaction

from leads.actors import Actor
from leads.deals import open_deal
from leads.models import Deal, Stage
from leads.pipeline import default_pipeline
from salesos.models import Tenant
from salesos.tenancy import tenant_context

ME = Actor.of_system("a test")
DAY = datetime(2026, 11, 10, 12, tzinfo=UTC)


def stages_of(tenant: Tenant) -> dict[str, Stage]:
    """The stages of the tenant's default pipeline, by name."""
    with tenant_context(tenant):
        return {
            stage.name: stage
            for stage in Stage.objects.filter(pipeline=default_pipeline())
            .select_related("pipeline")
            .order_by("position")
        }


def deal_in(tenant: Tenant, stage: str = "New", *, at: datetime = DAY, **fields) -> Deal:
    """A deal in the stage of this name."""
    defaults = {"name": "Deal", "value": Decimal(100), "owner": None, "lead": None, "expected_close_date": None}
    stages = stages_of(tenant)
    with tenant_context(tenant), transaction.atomic():
        return open_deal(**defaults | fields, stage=stages[stage], by=ME, at=at)


def fresh(deal: Deal) -> Deal:
    with tenant_context(deal.tenant):
        return Deal.objects.select_related("stage").get(pk=deal.pk)
