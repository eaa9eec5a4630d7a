"""The activities as they came in: evidence, read-only for everybody."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from missions.models import Activity
from missions.sources import SOURCES
from salesos.admin.base import ReadOnlyAdmin
from salesos.admin.filters import ExactTextFilter
from salesos.admin.site import site
from salesos.models.user import normal_email
from salesos.roles import EVERYONE


class CodeFilter(ExactTextFilter):
    title = _("code")
    parameter_name = column = "code"


class CountedFilter(DropdownFilter):
    title = _("counted")
    parameter_name = "counted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, StrPromise]]:
        return [("yes", _("Counts for a mission")), ("no", _("Not mapped"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Activity]) -> QuerySet[Activity]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(mission__isnull=self.value() == "no")


@admin.register(Activity, site=site)
class ActivityAdmin(ReadOnlyAdmin):
    may_view = EVERYONE
    list_display = (
        "shows_occurred",
        "code",
        "collaborator",
        "shows_mission",
        "points",
        "external_id",
        "shows_received",
    )
    list_display_links = ("shows_occurred",)
    list_filter = (CodeFilter, CountedFilter, ("mission", RelatedDropdownFilter))
    list_select_related = ("collaborator", "mission")
    # What is searched for is looked up in an index, never matched against every row; see get_search_results.
    search_fields = ("external_id", "collaborator__email")
    search_help_text = _("An external id, or a collaborator's e-mail, as a whole.")
    fieldsets = (
        (None, {"fields": (("source", "code"), ("external_id", "collaborator"), ("shows_mission", "points"))}),
        (_("When and where"), {"fields": (("occurred_at", "received_at"), ("day", "team"), "request_id")}),
        (_("Data"), {"fields": ("shows_data",)}),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Activity], search_term: str
    ) -> tuple[QuerySet[Activity], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if "@" in term:
            return queryset.filter(collaborator__email=normal_email(term)), False
        return queryset.filter(source__in=list(SOURCES), external_id=term), False

    @display(description=_("occurred at"))
    def shows_occurred(self, activity: Activity) -> str:
        return timezone.localtime(activity.occurred_at).strftime("%Y-%m-%d %H:%M")

    @display(description=_("received at"))
    def shows_received(self, activity: Activity) -> str:
        return timezone.localtime(activity.received_at).strftime("%Y-%m-%d %H:%M")

    @display(description=_("counts for"))
    def shows_mission(self, activity: Activity) -> str:
        return str(activity.mission) if activity.is_completion else str(_("not mapped"))

    @display(description=_("data"))
    def shows_data(self, activity: Activity) -> SafeString:
        return format_html('<pre class="code">{}</pre>', json.dumps(activity.data, indent=2, ensure_ascii=False))
