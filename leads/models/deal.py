"""A deal: what a lead is converted to, and the stages it went through."""

from datetime import date
from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from leads.models.history import Acted
from leads.models.lead import Lead
from leads.models.pipeline import Stage
from salesos.constraints import SameTenant
from salesos.models.collaborator import Collaborator
from salesos.tenancy import Tenanted, TenantManager, TenantQuerySet, current_tenant


class DealQuerySet(TenantQuerySet["Deal"]):
    def named(self, search: str) -> "DealQuerySet":
        """Those whose name has words that begin with each word of `search` (migration 0008)."""
        found = RawSQL("leads_deal.search @@ leads_beginnings_query(%s, %s)", [current_tenant().pk, search])
        return self.filter(models.ExpressionWrapper(found, models.BooleanField()))


class Deal(Tenanted):
    """Something that may be sold. Open, won or lost as its stage is; `close_reason` says why it was won or lost.

    The table has one more column, `search`, which the database fills and indexes (migration 0008).
    """

    public_id = models.UUIDField(default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=255)
    value = models.DecimalField(
        _("value"), max_digits=14, decimal_places=2, default=0, validators=[MinValueValidator(0)]
    )
    stage = models.ForeignKey(
        Stage,
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="deals",
        verbose_name=_("stage"),
    )
    owner = models.ForeignKey(
        Collaborator,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="deals",
        verbose_name=_("owner"),
    )
    lead = models.ForeignKey(
        Lead,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        db_constraint=False,
        db_index=False,
        related_name="deals",
        verbose_name=_("lead"),
    )
    expected_close_date = models.DateField(_("expected close date"), null=True, blank=True)
    close_reason = models.CharField(_("reason"), max_length=500, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, editable=False)
    created_at = models.DateTimeField(_("created at"), editable=False)
    updated_at = models.DateTimeField(_("updated at"), editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects: ClassVar = TenantManager.from_queryset(DealQuerySet)()

    class Meta:
        ordering = ("-created_at", "-public_id")
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(fields=["tenant", "public_id"], name="deal_public_id_unique"),
            models.UniqueConstraint(fields=["tenant", "id"], name="deal_in_tenant"),
            models.CheckConstraint(condition=models.Q(value__gte=0), name="deal_value_not_negative"),
            models.CheckConstraint(condition=~models.Q(name=""), name="deal_has_name"),
            SameTenant(field="stage", name="deal_stage_same_tenant"),
            SameTenant(field="owner", name="deal_owner_same_tenant"),
            SameTenant(field="lead", name="deal_lead_same_tenant"),
        )
        indexes = (
            models.Index(fields=["tenant", "created_at", "public_id"], name="deal_by_age"),
            models.Index(fields=["tenant", "stage", "created_at", "public_id"], name="deal_by_stage"),
            models.Index(fields=["tenant", "owner", "created_at", "public_id"], name="deal_by_owner"),
            models.Index(fields=["tenant", "lead"], name="deal_by_lead"),
            # A column of the board: its cards in their order, and its figures without a look at the rows.
            models.Index(fields=["tenant", "stage", "expected_close_date", "public_id"], name="deal_by_expected_close"),
            models.Index(
                fields=["tenant", "stage", "closed_at", "public_id"], include=["value"], name="deal_by_closing"
            ),
        )
        verbose_name = _("deal")
        verbose_name_plural = _("deals")

    def __str__(self) -> str:
        return self.name

    def is_overdue(self, *, today: date) -> bool:
        """Whether it should have been won by now. Needs `stage`."""
        return self.stage.is_open and self.expected_close_date is not None and self.expected_close_date < today


class DealStageChange(Acted, Tenanted):
    """A step of a deal from one stage to another; the first one has no `from_stage`."""

    deal = models.ForeignKey(
        Deal, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="stage_changes"
    )
    from_stage = models.ForeignKey(
        Stage, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    to_stage = models.ForeignKey(Stage, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+")

    class Meta:
        ordering = ("-id",)
        default_manager_name = "objects"
        constraints = (
            SameTenant(field="deal", name="stage_change_deal_same_tenant"),
            SameTenant(field="from_stage", name="stage_change_from_same_tenant"),
            SameTenant(field="to_stage", name="stage_change_to_same_tenant"),
        )
        indexes = (models.Index(fields=["tenant", "deal", "id"], name="stage_change_by_deal"),)
        verbose_name = _("stage change")
        verbose_name_plural = _("stage changes")

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.from_stage_id} → {self.to_stage_id}"
