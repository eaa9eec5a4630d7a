"""The evidence: what CRMs sent, matched to a collaborator or kept until it can be."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from missions.models.mission import Mission
from missions.sources import CODE_OF_ITS_SOURCE
from salesos.models.collaborator import Collaborator, Team
from salesos.tenancy import Tenanted, TenantManager, TenantQuerySet


class ActivityQuerySet(TenantQuerySet["Activity"]):
    def completions(self) -> "ActivityQuerySet":
        return self.filter(mission__isnull=False)

    def uncounted(self) -> "ActivityQuerySet":
        return self.filter(mission__isnull=True)


class Activity(Tenanted):
    """One thing a collaborator did, as the CRM told it. Immutable: a trigger in the database refuses changes.

    Once mapped it carries mission and points, which never change again: an activity with a mission is a completion.
    `day` is the day of `occurred_at` in the tenant's time zone when it was received; `team` the person's at that time.
    The database's primary key is (tenant_id, id), so that a tenant's rows can be paged by id and sharded.
    """

    # Without a constraint: the trigger that checks collaborator, team and mission (migration 0002) implies it.
    tenant = models.ForeignKey(
        "salesos.Tenant",
        on_delete=models.CASCADE,
        related_name="+",
        editable=False,
        db_index=False,
        db_constraint=False,
    )
    source = models.CharField(_("source"), max_length=20)
    code = models.CharField(_("code"), max_length=40)
    external_id = models.CharField(_("external id"), max_length=255)
    collaborator = models.ForeignKey(
        Collaborator,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="activities",
        verbose_name=_("collaborator"),
    )
    team = models.ForeignKey(
        Team,
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("team"),
    )
    mission = models.ForeignKey(
        Mission,
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("mission"),
    )
    points = models.PositiveIntegerField(_("points"), null=True)
    occurred_at = models.DateTimeField(_("occurred at"))
    day = models.DateField(_("day"))
    received_at = models.DateTimeField(_("received at"))
    request_id = models.UUIDField(_("request id"), null=True)
    data = models.JSONField(_("data"), default=dict)

    objects: ClassVar = TenantManager.from_queryset(ActivityQuerySet)()

    class Meta:
        ordering = ("-id",)
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(fields=["tenant", "source", "external_id"], name="activity_external_id_unique"),
            models.CheckConstraint(condition=CODE_OF_ITS_SOURCE, name="activity_code_of_its_source"),
            models.CheckConstraint(
                condition=models.Q(mission__isnull=True, points__isnull=True)
                | models.Q(mission__isnull=False, points__isnull=False),
                name="activity_mission_with_points",
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "collaborator", "occurred_at"], name="activity_by_collaborator"),
            models.Index(
                fields=["tenant", "source", "code", "id"],
                name="activity_uncounted",
                condition=models.Q(mission__isnull=True),
            ),
        )
        verbose_name = _("activity")
        verbose_name_plural = _("activities")

    def __str__(self) -> str:
        return f"{self.code} {self.external_id}"

    @property
    def is_completion(self) -> bool:
        return self.mission_id is not None


class UnmatchedActivity(Tenanted):
    """An activity whose e-mail nobody active has: kept whole, to be replayed or discarded. It takes no external id."""

    source = models.CharField(_("source"), max_length=20)
    code = models.CharField(_("code"), max_length=40)
    external_id = models.CharField(_("external id"), max_length=255)
    email = models.EmailField(_("e-mail"), max_length=254)
    occurred_at = models.DateTimeField(_("occurred at"))
    received_at = models.DateTimeField(_("received at"))
    request_id = models.UUIDField(_("request id"), null=True)
    data = models.JSONField(_("data"), default=dict)

    class Meta:
        ordering = ("email", "id")
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(fields=["tenant", "source", "external_id"], name="unmatched_external_id_unique"),
            models.CheckConstraint(condition=CODE_OF_ITS_SOURCE, name="unmatched_code_of_its_source"),
        )
        indexes = (models.Index(fields=["tenant", "email", "id"], name="unmatched_by_email"),)
        verbose_name = _("unmatched activity")
        verbose_name_plural = _("unmatched activities")

    def __str__(self) -> str:
        return f"{self.code} {self.external_id} ({self.email})"


class ReceivedCode(Tenanted):
    """How many activities of a code arrived on a day (the tenant's), kept by the transaction that records them.

    Configure reads it instead of counting activities.
    """

    source = models.CharField(max_length=20)
    code = models.CharField(max_length=40)
    day = models.DateField()
    received = models.PositiveIntegerField()
    last_received_at = models.DateTimeField()

    class Meta:
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(fields=["tenant", "source", "code", "day"], name="received_code_unique"),
        )

    def __str__(self) -> str:
        return f"{self.code} on {self.day}: {self.received}"
