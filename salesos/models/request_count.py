"""Sums of the request log by hour, which charts and figures read instead of the log."""

from django.db import models

from salesos.models.api_key import ApiKey
from salesos.models.tenant import Tenant
from salesos.tenancy import Tenanted


class RequestCount(Tenanted):
    """How many requests of one kind a tenant's keys made in an hour. Filled by `salesos.request_counts`."""

    hour = models.DateTimeField()
    """Its start, a whole hour of UTC."""
    # As in the log: rows outlive what they name.
    api_key = models.ForeignKey(
        ApiKey, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    action = models.CharField(max_length=40)
    status = models.PositiveSmallIntegerField()
    error_code = models.CharField(max_length=40)
    requests = models.PositiveIntegerField()
    duration_ms = models.FloatField()
    """Of all of them together."""

    class Meta:
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "hour", "api_key", "action", "status", "error_code"],
                name="request_count_unique",
                nulls_distinct=False,
            ),
        )

    def __str__(self) -> str:
        return f"{self.requests} at {self.hour}"


class RequestsCounted(models.Model):
    """Up to which moment a tenant's log is summed. A row of its own: nothing else may write it back."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, primary_key=True, related_name="+")
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.tenant_id} until {self.until}"
