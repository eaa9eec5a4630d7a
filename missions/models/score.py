"""Sums of the evidence by day, and the corrections by hand that are evidence, too."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from missions.models.activity import Activity
from missions.models.mission import MOST_POINTS, Mission
from salesos.constraints import SameTenant
from salesos.models.collaborator import Collaborator, Team
from salesos.tenancy import Tenanted


class Score(Tenanted):
    """Points and completions of a person on a day (the tenant's), by the team of that time and the mission.

    Kept by the same transaction that inserts activities and adjustments, and recomputable from them
    (`missions.consistency`). Leaderboards read only this. `mission` is empty for adjustments that name none.
    """

    day = models.DateField()
    collaborator = models.ForeignKey(
        Collaborator, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    team = models.ForeignKey(
        Team, on_delete=models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    mission = models.ForeignKey(
        Mission, on_delete=models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    points = models.BigIntegerField()
    completions = models.IntegerField()

    class Meta:
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "day", "collaborator", "team", "mission"], name="score_unique", nulls_distinct=False
            ),
            SameTenant(field="collaborator", name="score_collaborator_same_tenant"),
            SameTenant(field="team", name="score_team_same_tenant"),
            SameTenant(field="mission", name="score_mission_same_tenant"),
        )

    def __str__(self) -> str:
        return f"{self.collaborator_id} on {self.day}: {self.points}"


class AdjustmentKind(models.TextChoices):
    MANUAL = "manual", _("By hand")
    COMPENSATION = "compensation", _("Compensation")


class Adjustment(Tenanted):
    """Points given or taken outside of completions: signed, with reason and author. The database keeps it append-only.

    `completions` is what it adds to the number of completions: -1 when it takes one back, 0 for a correction by hand.
    """

    collaborator = models.ForeignKey(
        Collaborator,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="adjustments",
        db_index=False,
        verbose_name=_("collaborator"),
    )
    team = models.ForeignKey(
        Team,
        on_delete=models.DO_NOTHING,
        null=True,
        editable=False,
        db_constraint=False,
        related_name="+",
        db_index=False,
        verbose_name=_("team"),
    )
    mission = models.ForeignKey(
        Mission,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="+",
        db_index=False,
        verbose_name=_("mission"),
    )
    activity = models.ForeignKey(
        Activity,
        on_delete=models.DO_NOTHING,
        null=True,
        editable=False,
        db_constraint=False,
        related_name="compensations",
        db_index=False,
        verbose_name=_("activity"),
    )
    """The completion that a compensation takes back, or gives to whoever has it now (`missions.pipeline`)."""
    kind = models.CharField(
        _("kind"), max_length=12, choices=AdjustmentKind.choices, default=AdjustmentKind.MANUAL, editable=False
    )
    points = models.IntegerField(
        _("points"), validators=[MinValueValidator(-MOST_POINTS), MaxValueValidator(MOST_POINTS)]
    )
    completions = models.SmallIntegerField(_("completions"), default=0, editable=False)
    day = models.DateField(_("day"), help_text=_("The day that the points belong to, in the tenant's time zone."))
    reason = models.CharField(_("reason"), max_length=500)
    author = models.ForeignKey(
        "salesos.User", on_delete=models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("author")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        default_manager_name = "objects"
        constraints = (
            models.CheckConstraint(condition=~models.Q(points=0, completions=0), name="adjustment_changes_something"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="adjustment_has_reason"),
            SameTenant(field="collaborator", name="adjustment_collaborator_same_tenant"),
            SameTenant(field="team", name="adjustment_team_same_tenant"),
            SameTenant(field="mission", name="adjustment_mission_same_tenant"),
            SameTenant(field="activity", name="adjustment_activity_same_tenant"),
        )
        indexes = (
            models.Index(fields=["tenant", "collaborator", "day"], name="adjustment_by_collaborator"),
            models.Index(
                fields=["tenant", "activity"],
                name="adjustment_by_activity",
                condition=models.Q(activity__isnull=False),
            ),
        )
        verbose_name = _("adjustment")
        verbose_name_plural = _("adjustments")

    def __str__(self) -> str:
        return f"{self.points:+d} ({self.reason})"
