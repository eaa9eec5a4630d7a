"""The log that staff audit: one row for each API request, refused and failed ones included."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from salesos.models.api_key import ApiKey
from salesos.models.tenant import Tenant
from salesos.tenancy import current_tenant


class RequestLogManager(models.Manager["RequestLog"]):
    """Fenced like tenant data; a row whose key was not recognised belongs to no tenant and is for platform staff."""

    def get_queryset(self) -> models.QuerySet["RequestLog"]:
        return super().get_queryset().filter(tenant_id=current_tenant().pk)

    def every_tenant(self, *, reason: str) -> models.QuerySet["RequestLog"]:
        if not reason:
            raise ValueError("Say why this query crosses tenants.")
        return super().get_queryset()


class RequestLog(models.Model):
    """What was asked, by whom, from where, and how it ended. Never a secret, never a body.

    The primary key is the request id, a UUID v7: rows lie in time order, and a range of time is a range of ids.
    """

    id = models.UUIDField(_("request id"), primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(_("at"))
    # Without constraints: each would lock the row it names, the same one for all requests at the same moment.
    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, null=True, related_name="+", db_constraint=False, db_index=False
    )
    api_key = models.ForeignKey(
        ApiKey,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("API key"),
    )
    address = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(_("user agent"), max_length=255, blank=True)
    method = models.CharField(_("method"), max_length=16)
    path = models.CharField(_("path"), max_length=255)
    action = models.CharField(_("action"), max_length=40, blank=True)
    status = models.PositiveSmallIntegerField(_("status"))
    error_code = models.CharField(_("error code"), max_length=40, blank=True)
    duration_ms = models.FloatField(_("duration (ms)"))
    bytes_in = models.PositiveIntegerField(_("bytes in"))
    counts = models.JSONField(_("items"), null=True, help_text=_("How many items were processed, skipped and so on."))

    objects = RequestLogManager()

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["tenant", "id"], name="request_log_by_tenant"),)
        default_manager_name = "objects"
        verbose_name = _("request")
        verbose_name_plural = _("request log")

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "id",
        "at",
        "tenant_id",
        "api_key_id",
        "address",
        "user_agent",
        "method",
        "path",
        "action",
        "status",
        "error_code",
        "duration_ms",
        "bytes_in",
        "counts",
    )

    def __str__(self) -> str:
        return str(self.id)
