"""Collaborators and their teams."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display

from salesos.admin.base import TenantAdmin
from salesos.admin.references import is_referenced
from salesos.admin.site import site
from salesos.models import Collaborator, Team
from salesos.roles import EVERYONE, MANAGERS


@admin.register(Collaborator, site=site)
class CollaboratorAdmin(TenantAdmin):
    """People are deactivated, not deleted: their points are evidence."""

    may_view, may_add, may_change = EVERYONE, MANAGERS, MANAGERS
    list_display = ("name", "email", "team", "role", "external_id", "shows_active")
    list_filter = (("team", RelatedDropdownFilter), "is_active")
    list_select_related = ("team",)
    search_fields = ("name", "email", "external_id")
    actions = ("activate", "deactivate")
    readonly_fields = ("created_at", "updated_at")
    fieldsets = (
        (None, {"fields": (("name", "email"), ("external_id", "is_active"), ("team", "role"))}),
        (_("Contact"), {"fields": (("phone", "document"),)}),
        (_("From the CRM"), {"fields": ("metadata", ("created_at", "updated_at"))}),
    )

    @display(description=_("active"), boolean=True, ordering="is_active")
    def shows_active(self, person: Collaborator) -> bool:
        return person.is_active

    @action(description=_("Activate"), permissions=["change"])
    def activate(self, request: HttpRequest, people: QuerySet[Collaborator]) -> None:
        count = people.filter(is_active=False).update(is_active=True)
        self.message_user(request, ngettext("%d person activated.", "%d people activated.", count) % count)

    @action(description=_("Deactivate: keep their points, count nothing new"), permissions=["change"])
    def deactivate(self, request: HttpRequest, people: QuerySet[Collaborator]) -> None:
        count = people.filter(is_active=True).update(is_active=False)
        self.message_user(request, ngettext("%d person deactivated.", "%d people deactivated.", count) % count)


@admin.register(Team, site=site)
class TeamAdmin(TenantAdmin):
    """A team that anything names can't be deleted: points stay with the team in which they were earned."""

    may_view, may_add, may_change, may_delete = EVERYONE, MANAGERS, MANAGERS, MANAGERS
    list_display = ("name", "people_count", "created_at")
    search_fields = ("name",)
    fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        return (
            super()
            .get_queryset(request)
            .annotate(active_count=Count("collaborators", filter=Q(collaborators__is_active=True)))
        )

    @display(description=_("active people"), ordering="active_count")
    def people_count(self, team: Any) -> int:
        return team.active_count

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or not is_referenced(obj))
