"""Points given or taken by hand: added with a reason, never changed or taken away."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from missions.adjustments import adjust
from missions.models import Adjustment
from missions.periods import today_in
from salesos.admin.acting import DashboardRequest
from salesos.admin.base import InfinitePaginator, TenantAdmin, TenantForm
from salesos.admin.site import site
from salesos.admin.widgets import LocalDateInput
from salesos.models import Collaborator
from salesos.roles import EVERYONE, MANAGERS
from salesos.tenancy import current_tenant


class AdjustmentForm(TenantForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "collaborator" in self.fields:
            # An alias' survivor is who gets the points.
            field = cast("forms.ModelChoiceField[Collaborator]", self.fields["collaborator"])
            field.queryset = Collaborator.objects.people()
        if "day" in self.fields:
            self.fields["day"].initial = today_in(current_tenant(), timezone.now())

    def clean_points(self) -> int:
        points: int = self.cleaned_data["points"]
        if points == 0:
            raise forms.ValidationError(_("An adjustment needs points, more or fewer than zero."))
        return points

    def clean_day(self) -> Any:
        day = self.cleaned_data["day"]
        if day > today_in(current_tenant(), timezone.now()):
            raise forms.ValidationError(_("This day has not come yet."))
        return day


@admin.register(Adjustment, site=site)
class AdjustmentAdmin(TenantAdmin):
    may_view, may_add = EVERYONE, MANAGERS
    form = AdjustmentForm
    paginator = InfinitePaginator
    ordering = ("-id",)
    sortable_by = ()
    actions = None
    list_display = ("created_at", "shows_person", "shows_points", "day", "mission", "reason", "author", "kind")
    list_filter = (("kind", ChoicesDropdownFilter), ("mission", RelatedDropdownFilter))
    list_select_related = ("collaborator__merged_into", "mission", "author")
    search_fields = (
        "collaborator__name",
        "collaborator__email",
        "collaborator__merged_into__name",
        "collaborator__merged_into__email",
    )
    autocomplete_fields = ("collaborator",)
    fieldsets = ((None, {"fields": ("collaborator", "mission", ("points", "day"), "reason")}),)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "day":
            kwargs["widget"] = LocalDateInput
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Adjustment | None = None) -> Any:
        seen = ((_("Recorded"), {"fields": (("kind", "completions"), ("author", "created_at"), "team")}),)
        return self.fieldsets if obj is None else (*self.fieldsets, *seen)

    @display(description=_("collaborator"))
    def shows_person(self, adjustment: Adjustment) -> str:
        return str(adjustment.collaborator.merged_into or adjustment.collaborator)

    @display(description=_("points"))
    def shows_points(self, adjustment: Adjustment) -> str:
        return f"{adjustment.points:+d}"

    def save_model(self, request: HttpRequest, obj: Adjustment, form: Any, change: bool) -> None:
        made = adjust(
            obj.collaborator,
            points=obj.points,
            reason=obj.reason,
            day=obj.day,
            mission=obj.mission,
            by=cast(DashboardRequest, request).user,
            at=timezone.now(),
        )
        obj.pk, obj._state.adding = made.pk, False
