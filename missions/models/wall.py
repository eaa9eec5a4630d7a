"""Links to a leaderboard on a wall: whoever has one sees the board, without signing in, until it is revoked."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from missions.models.mission import Mission
from salesos.constraints import SameTenant
from salesos.models.collaborator import Team
from salesos.tenancy import Tenanted


class WallLink(Tenanted):
    """What a wall shows. Of the secret in its address only the SHA-256 is kept: 256 random bits need no slow hash."""

    name = models.CharField(_("name"), max_length=120, help_text=_("Where the screen hangs, like “Sales floor”."))
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    period = models.CharField(_("period"), max_length=10, default="week")
    by_team = models.BooleanField(_("teams instead of people"), default=False)
    team = models.ForeignKey(
        Team,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("team"),
    )
    mission = models.ForeignKey(
        Mission,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("mission"),
    )
    created_by = models.ForeignKey(
        "salesos.User",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        db_index=False,
        related_name="+",
        verbose_name=_("created by"),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, editable=False)
    last_seen_at = models.DateTimeField(_("last shown at"), null=True, editable=False)

    class Meta:
        ordering = ("name", "pk")
        default_manager_name = "objects"
        constraints = (
            SameTenant(field="team", name="wall_link_team_same_tenant"),
            SameTenant(field="mission", name="wall_link_mission_same_tenant"),
        )
        indexes = (models.Index(fields=["tenant", "created_at"], name="wall_link_by_age"),)
        verbose_name = _("wall link")
        verbose_name_plural = _("wall links")

    def __str__(self) -> str:
        return self.name
