"""Work that goes on behind a request, and what of it is done (`salesos.background`)."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from salesos.constraints import SameTenant
from salesos.tenancy import Tenanted


class JobState(models.TextChoices):
    PREPARED = "prepared", _("Not started")
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")


ENDED = frozenset({JobState.DONE, JobState.CANCELLED, JobState.FAILED})


class BackgroundJob(Tenanted):
    """One piece of work that somebody asked for: an import, a change of many rows.

    It is done in parts (`BackgroundPart`), each in a transaction of its own, so that its progress is what is committed,
    and whoever takes it up again goes on where it stopped.
    """

    public_id = models.UUIDField(default=uuid7, editable=False)
    kind = models.CharField(max_length=40)
    """What is to be done: a name that `salesos.background.work` knows."""
    state = models.CharField(max_length=9, choices=JobState.choices, default=JobState.PREPARED)
    input: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    file_name = models.CharField(max_length=255, blank=True)
    total = models.PositiveIntegerField(default=0)
    """How many rows there are to work through; 0 while that is not known."""
    by = models.ForeignKey("salesos.User", on_delete=models.SET_NULL, null=True, db_index=False, related_name="+")
    by_name = models.CharField(max_length=255, blank=True)
    address = models.GenericIPAddressField(null=True)
    as_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cancel_asked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(fields=["tenant", "public_id"], name="background_job_public_id_unique"),
            models.UniqueConstraint(fields=["tenant", "id"], name="background_job_in_tenant"),
            models.CheckConstraint(condition=models.Q(state__in=JobState.values), name="background_job_state_known"),
        )
        indexes = (models.Index(fields=["tenant", "kind", "id"], name="background_job_by_kind"),)
        verbose_name = _("background job")
        verbose_name_plural = _("background jobs")

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def is_under_way(self) -> bool:
        return self.state in (JobState.WAITING, JobState.RUNNING)


class BackgroundFile(Tenanted):
    """What a job works through, kept until it has ended."""

    job = models.ForeignKey(
        BackgroundJob, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="files"
    )
    content = models.BinaryField()

    class Meta:
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(fields=["tenant", "job"], name="background_file_unique"),
            SameTenant(field="job", name="background_file_job_same_tenant"),
        )

    def __str__(self) -> str:
        return str(self.job_id)


class BackgroundPart(Tenanted):
    """That a part of a job is done: written in the transaction that did it, once, whoever tries."""

    job = models.ForeignKey(
        BackgroundJob, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="parts"
    )
    number = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    """How many of the job's rows it was."""
    counts: "models.JSONField[dict[str, int], dict[str, int]]" = models.JSONField(default=dict)
    """Outcome → number of rows."""
    result: "models.JSONField[Any, Any]" = models.JSONField(default=list)
    """What is to be told of the rows afterwards, as the kind of job has it."""

    class Meta:
        ordering = ("job", "number")
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(fields=["tenant", "job", "number"], name="background_part_unique"),
            SameTenant(field="job", name="background_part_job_same_tenant"),
        )

    def __str__(self) -> str:
        return f"{self.job_id}: {self.number}"
