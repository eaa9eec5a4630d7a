"""The way a deal goes: stages in their order, of which the last ones win or lose it."""

from typing import ClassVar

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from salesos.constraints import SameTenant
from salesos.tenancy import Tenanted, TenantManager


class Pipeline(Tenanted):
    """A tenant's stages. There is one default pipeline, made when it is first asked for (`leads.pipeline`)."""

    public_id = models.UUIDField(default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=120)
    is_default = models.BooleanField(_("default"), default=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        ordering = ("-is_default", "name", "pk")
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(
                "tenant",
                Lower("name"),
                name="pipeline_name_unique",
                violation_error_message=_("A pipeline of this name exists already."),
            ),
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(is_default=True), name="pipeline_default_unique"
            ),
            models.UniqueConstraint(fields=["tenant", "public_id"], name="pipeline_public_id_unique"),
            models.UniqueConstraint(fields=["tenant", "id"], name="pipeline_in_tenant"),
        )
        verbose_name = _("pipeline")
        verbose_name_plural = _("pipelines")

    def __str__(self) -> str:
        return self.name


class StageKind(models.TextChoices):
    OPEN = "open", _("Open")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


class StageManager(TenantManager["Stage"]):
    """The stages that deals can be in; those that are gone are reached from the history of deals alone."""

    def get_queryset(self) -> models.QuerySet["Stage"]:
        return super().get_queryset().exclude(position=None)


class Stage(Tenanted):
    """A step of a pipeline. What a deal's stage is of decides whether the deal is open, won or lost.

    One without a position is gone: no deal is in it, and only the history of deals still names it.
    """

    public_id = models.UUIDField(default=uuid7, editable=False)
    pipeline = models.ForeignKey(
        Pipeline,
        on_delete=models.CASCADE,
        db_constraint=False,
        db_index=False,
        related_name="stages",
        verbose_name=_("pipeline"),
    )
    name = models.CharField(_("name"), max_length=80)
    position = models.PositiveSmallIntegerField(_("position"), null=True)
    win_probability = models.PositiveSmallIntegerField(
        _("win probability (%)"), default=0, validators=[MaxValueValidator(100)]
    )
    kind = models.CharField(_("kind"), max_length=4, choices=StageKind.choices, default=StageKind.OPEN)

    objects: ClassVar = StageManager()

    class Meta:
        ordering = ("pipeline", "position", "pk")
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(
                "tenant",
                "pipeline",
                Lower("name"),
                name="stage_name_unique",
                condition=models.Q(position__isnull=False),
                violation_error_message=_("The pipeline has a stage of this name already."),
            ),
            # Checked at the end of a transaction, in which stages may change places.
            models.UniqueConstraint(
                fields=["tenant", "pipeline", "position"],
                name="stage_position_unique",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(fields=["tenant", "public_id"], name="stage_public_id_unique"),
            models.UniqueConstraint(fields=["tenant", "id"], name="stage_in_tenant"),
            models.CheckConstraint(condition=models.Q(kind__in=StageKind.values), name="stage_kind_known"),
            models.CheckConstraint(condition=models.Q(win_probability__lte=100), name="stage_win_probability_in_range"),
            SameTenant(field="pipeline", name="stage_pipeline_same_tenant"),
        )
        verbose_name = _("stage")
        verbose_name_plural = _("stages")

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.kind == StageKind.OPEN
