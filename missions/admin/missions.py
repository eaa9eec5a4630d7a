"""The missions themselves. What they are worth is set on the Configure screen."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminColorInputWidget

from missions.models import Mission
from salesos.admin.base import TenantAdmin
from salesos.admin.references import is_referenced
from salesos.admin.site import site
from salesos.roles import EVERYONE, MANAGERS


@admin.register(Mission, site=site)
class MissionAdmin(TenantAdmin):
    """A mission that is mapped or has awarded anything is retired, not deleted."""

    may_view, may_add, may_change, may_delete = EVERYONE, MANAGERS, MANAGERS, MANAGERS
    list_display = ("name", "shows_codes", "shows_target", "shows_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name", "description")
    actions = ("retire", "bring_back")
    fieldsets = (
        (None, {"fields": ("name", "description", ("icon", "colour"), "is_active")}),
        (_("Target"), {"fields": (("target", "target_period"),)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mission]:
        return super().get_queryset(request).annotate(code_count=Count("mappings"))

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "colour":
            kwargs["widget"] = UnfoldAdminColorInputWidget
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @display(description=_("codes"), ordering="code_count")
    def shows_codes(self, mission: Any) -> int:
        return mission.code_count

    @display(description=_("target"))
    def shows_target(self, mission: Mission) -> str:
        return mission.target_in_words or "–"

    @display(description=_("active"), boolean=True, ordering="is_active")
    def shows_active(self, mission: Mission) -> bool:
        return mission.is_active

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or not is_referenced(obj))

    @action(description=_("Retire: award nothing from now on"), permissions=["change"])
    def retire(self, request: HttpRequest, missions: QuerySet[Mission]) -> None:
        count = missions.filter(is_active=True).update(is_active=False)
        self.message_user(request, ngettext("%d mission retired.", "%d missions retired.", count) % count)

    @action(description=_("Bring back"), permissions=["change"])
    def bring_back(self, request: HttpRequest, missions: QuerySet[Mission]) -> None:
        count = missions.filter(is_active=False).update(is_active=True)
        self.message_user(request, ngettext("%d mission is back.", "%d missions are back.", count) % count)
