"""A row's history: the audit trail's entries of it, in place of Django's own log of the admin."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import QuerySet
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from salesos.admin import audit_words
from salesos.admin.acting import DashboardRequest
from salesos.admin.keyset import page_of
from salesos.models import AuditEntry, Membership
from salesos.roles import AUDITORS
from salesos.tenancy import Tenanted

if TYPE_CHECKING:
    from salesos.admin.base import RoleAdmin


def page(request: DashboardRequest, admin: "RoleAdmin", row: models.Model) -> HttpResponse:
    """What happened to `row`, newest first. From where is for those who may read the whole trail."""
    request.current_app = admin.admin_site.name
    shown = page_of(entries_of(row), request.GET)
    return TemplateResponse(
        request,
        "salesos/history.html",
        {
            **admin.admin_site.each_context(request),
            "opts": admin.opts,
            "original": row,
            "title": _("History of %(row)s") % {"row": row},
            "page": shown,
            "rows": audit_words.told(request, shown.rows),
            "shows_address": request.role in AUDITORS or request.user.is_superuser,
            "is_history": True,
        },
    )


def entries_of(row: models.Model) -> QuerySet[AuditEntry]:
    """The trail's entries about one row, by the index that is made for it."""
    if isinstance(row, Tenanted):
        entries = AuditEntry.objects.all()
    else:
        entries = AuditEntry.objects.every_tenant(
            reason="members are looked after from the sandbox, too, users and tenants from above"
        )
        entries = entries.filter(tenant=row.tenant_id if isinstance(row, Membership) else None)
    return entries.filter(subject_model=row._meta.label_lower, subject_id=str(row.pk))
