"""What is worth points: missions, and the mappings that lead activity codes to them."""

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from missions.sources import CODE_OF_ITS_SOURCE, DEFAULT
from salesos.constraints import SameTenant
from salesos.tenancy import Tenanted, TenantManager, TenantQuerySet

MOST_POINTS = 1_000_000


class TargetPeriod(models.TextChoices):
    DAY = "day", _("a day")
    WEEK = "week", _("a week")
    MONTH = "month", _("a month")


class MissionQuerySet(TenantQuerySet["Mission"]):
    def active(self) -> "MissionQuerySet":
        return self.filter(is_active=True)


class Mission(Tenanted):
    """Something the sales floor is rewarded for. An inactive mission awards nothing; what it awarded stays."""

    public_id = models.UUIDField(default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True, max_length=2000)
    icon = models.CharField(
        _("icon"), max_length=40, default="flag", help_text=_("The name of a Material Symbol, like call.")
    )
    colour = models.CharField(
        _("colour"),
        max_length=7,
        default="#6366f1",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$", _("Expected #rrggbb."))],
    )
    is_active = models.BooleanField(_("active"), default=True)
    target = models.PositiveIntegerField(
        _("target"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Completions that a person should reach; empty for none."),
    )
    target_period = models.CharField(_("target period"), max_length=5, choices=TargetPeriod.choices, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects: ClassVar = TenantManager.from_queryset(MissionQuerySet)()

    class Meta:
        ordering = ("name", "pk")
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(
                "tenant",
                Lower("name"),
                name="mission_name_unique",
                violation_error_message=_("A mission of this name exists already."),
            ),
            models.UniqueConstraint(fields=["tenant", "id"], name="mission_in_tenant"),
            models.UniqueConstraint(fields=["tenant", "public_id"], name="mission_public_id_unique"),
            models.CheckConstraint(
                condition=models.Q(target__isnull=True, target_period="")
                | models.Q(target__isnull=False, target_period__in=TargetPeriod.values),
                name="mission_target_whole",
                violation_error_message=_("A target needs a number and a period, or neither."),
            ),
        )
        verbose_name = _("mission")
        verbose_name_plural = _("missions")

    def __str__(self) -> str:
        return self.name

    @property
    def target_in_words(self) -> str:
        """Like “20 a week”; "" without a target."""
        return f"{self.target} {self.get_target_period_display()}" if self.target else ""


class Mapping(Tenanted):
    """(source, code) → mission and points, from now on. A code leads to one mission; a mission may have many codes."""

    source = models.CharField(_("source"), max_length=20, default=DEFAULT)
    code = models.CharField(_("code"), max_length=40)
    label = models.CharField(
        _("label"), max_length=120, blank=True, help_text=_("Your own name for the code, like Phone call.")
    )
    mission = models.ForeignKey(
        Mission, on_delete=models.PROTECT, db_constraint=False, related_name="mappings", verbose_name=_("mission")
    )
    points = models.PositiveIntegerField(_("points"), validators=[MaxValueValidator(MOST_POINTS)])
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)
    updated_by = models.ForeignKey(
        "salesos.User",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("updated by"),
    )

    class Meta:
        ordering = ("source", "code")
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "source", "code"],
                name="mapping_code_unique",
                violation_error_message=_("This code is mapped already."),
            ),
            models.CheckConstraint(condition=CODE_OF_ITS_SOURCE, name="mapping_code_of_its_source"),
            models.CheckConstraint(condition=models.Q(points__lte=MOST_POINTS), name="mapping_points_in_range"),
            SameTenant(field="mission", name="mapping_mission_same_tenant"),
        )
        verbose_name = _("mapping")
        verbose_name_plural = _("mappings")

    def __str__(self) -> str:
        return f"{self.code} → {self.mission}"
