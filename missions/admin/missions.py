"""The missions themselves. What they are worth is set on the Configure screen."""

from datetime import date
from typing import Any

from django.contrib import admin
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminColorInputWidget, UnfoldAdminTextInputWidget

from missions.mapping import set_active
from missions.models import Mission, Score
from missions.periods import last_days, today_in
from salesos.admin.base import TenantAdmin
from salesos.admin.references import is_referenced
from salesos.admin.site import site
from salesos.roles import EVERYONE, MANAGERS

DAYS = 30
MOST_CODES = 8
"""Of a mission, in the list; its form shows all."""


# Of Material Symbols, the font that unfold ships: what a sales floor does. Any other name of it may be typed.
ICONS = (
    *("flag", "call", "phone_callback", "videocam", "groups", "handshake", "event", "mail", "send", "chat"),
    *("description", "request_quote", "draw", "home", "real_estate_agent", "key", "storefront", "person_add"),
    *("how_to_reg", "verified", "star", "trophy", "rocket_launch", "trending_up", "payments", "credit_card"),
    *("shopping_cart", "school", "support_agent", "campaign"),
)


@admin.register(Mission, site=site)
class MissionAdmin(TenantAdmin):
    """A mission that is mapped or has awarded anything is retired, not deleted."""

    may_view, may_add, may_change, may_delete = EVERYONE, MANAGERS, MANAGERS, MANAGERS
    list_display = ("shows_name", "shows_codes", "shows_target", "shows_completions", "shows_active")
    list_filter = ("is_active",)
    search_fields = ("name", "description")
    actions = ("retire", "bring_back")
    readonly_fields = ("shows_mappings", "shows_completions")
    icons = ICONS
    change_form_before_template = "missions/icons.html"
    fieldsets = (
        (None, {"fields": ("name", "description", "icon", "colour", "is_active")}),
        (_("Target"), {"fields": (("target", "target_period"),)}),
    )
    in_use = ((_("In use"), {"fields": ("shows_mappings", "shows_completions")}),)

    class Media:
        css = {"all": ["missions/missions.css"]}
        js = ["missions/mission_form.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mission]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                code_count=Count("mappings"),
                codes=ArrayAgg(
                    "mappings__code", filter=Q(mappings__isnull=False), order_by=["mappings__code"], default=[]
                ),
            )
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj is None else (*self.fieldsets, *self.in_use)

    def get_changelist_instance(self, request: Any) -> Any:
        """Its page of missions, each with its completions: read for all of them at once from the sums by day."""
        changes = super().get_changelist_instance(request)
        completions = _completions(request, [mission.pk for mission in changes.result_list])
        for mission in changes.result_list:
            mission.completions = completions.get(mission.pk, 0)
        return changes

    def get_object(self, request: Any, object_id: str, from_field: str | None = None) -> Any:
        mission: Any = super().get_object(request, object_id, from_field)
        if mission is not None:
            mission.completions = _completions(request, [mission.pk]).get(mission.pk, 0)
        return mission

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "colour":
            kwargs["widget"] = UnfoldAdminColorInputWidget
        if db_field.name == "icon":
            kwargs["widget"] = UnfoldAdminTextInputWidget(
                {"data-icon": "", "autocomplete": "off", "spellcheck": "false"}
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @display(description=_("name"), ordering="name")
    def shows_name(self, mission: Mission) -> SafeString:
        return format_html(
            '<span class="mission"><svg class="mission-colour" viewBox="0 0 10 10" aria-hidden="true">'
            '<circle cx="5" cy="5" r="5" fill="{}"/></svg>'
            '<span class="material-symbols-outlined" aria-hidden="true">{}</span> {}</span>',
            mission.colour,
            mission.icon,
            mission.name,
        )

    @display(description=_("codes"), ordering="code_count")
    def shows_codes(self, mission: Any) -> str:
        shown = ", ".join(mission.codes[:MOST_CODES])
        return f"{shown} …" if len(mission.codes) > MOST_CODES else shown or "–"

    @display(description=_("codes mapped to it"))
    def shows_mappings(self, mission: Any) -> SafeString | str:
        rows = [
            (f"{reverse('admin:configure')}?source={row.source}&q={row.code}", row.code, row.label, _points(row.points))
            for row in mission.mappings.order_by("source", "code")
        ]
        if not rows:
            return format_html('<a class="link" href="{}">{}</a>', reverse("admin:configure"), _("None: map one"))
        return format_html_join("", '<div><a class="link" href="{}">{}</a> {} · {}</div>', rows)

    @display(description=_("target"))
    def shows_target(self, mission: Mission) -> str:
        return mission.target_in_words or "–"

    @display(description=_("completions in 30 days"))
    def shows_completions(self, mission: Any) -> str:
        return number_format(mission.completions, force_grouping=True)

    @display(description=_("active"), boolean=True, ordering="is_active")
    def shows_active(self, mission: Mission) -> bool:
        return mission.is_active

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or not is_referenced(obj))

    @action(description=_("Retire: award nothing from now on"), permissions=["change"])
    def retire(self, request: HttpRequest, missions: QuerySet[Mission]) -> None:
        count = set_active(missions, is_active=False)
        self.message_user(request, ngettext("%d mission retired.", "%d missions retired.", count) % count)

    @action(description=_("Bring back"), permissions=["change"])
    def bring_back(self, request: HttpRequest, missions: QuerySet[Mission]) -> None:
        count = set_active(missions, is_active=True)
        self.message_user(request, ngettext("%d mission is back.", "%d missions are back.", count) % count)


def _points(points: int) -> str:
    return ngettext("%d point", "%d points", points) % points


def _completions(request: Any, mission_ids: list[int]) -> dict[int, int]:
    days = last_days(DAYS, today=today_in(request.tenant, timezone.now()))
    sums = Score.objects.filter(day__gte=days.start or date.min, mission__in=mission_ids)
    return dict(sums.order_by().values_list("mission_id").annotate(Sum("completions")))
