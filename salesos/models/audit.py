"""The trail of the dashboard itself: who changed what, when, and from where."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from salesos.models.tenant import Tenant
from salesos.models.user import User
from salesos.tenancy import TenantManager


class AuditEntry(models.Model):
    """One change by one person. Written by `salesos.audit.record`, never changed: the database refuses it.

    Without a tenant for what concerns the whole platform; such rows are for platform staff. `actor_email` stays when
    the user is renamed, and is empty for a change from the command line.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(_("at"), auto_now_add=True)
    actor = models.ForeignKey(
        User,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("who"),
    )
    actor_email = models.CharField(_("who"), max_length=254, blank=True)
    as_staff = models.BooleanField(_("as platform staff"), default=False)
    address = models.GenericIPAddressField(_("address"), null=True)
    action = models.CharField(_("action"), max_length=60)
    """A noun and what happened to it, like `mapping.changed`."""
    subject = models.CharField(_("what"), max_length=255)
    subject_model = models.CharField(max_length=60, blank=True)
    subject_id = models.CharField(max_length=60, blank=True)
    changes: "models.JSONField[Any, Any]" = models.JSONField(_("changes"), default=dict)
    """Field → [before, after], as text; of what is secret or personal only that it changed."""

    objects = TenantManager["AuditEntry"]()

    class Meta:
        ordering = ("-id",)
        default_manager_name = "objects"
        indexes = (
            models.Index(fields=["tenant", "id"], name="audit_by_tenant"),
            models.Index(fields=["tenant", "subject_model", "subject_id", "id"], name="audit_by_subject"),
        )
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
