"""Points given or taken by hand: added with a reason, never changed or taken away."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from missions.adjustments import FIRST_DAY, adjust, refuse_day
from missions.models import Adjustment
from missions.models.mission import MOST_POINTS
from missions.periods import today_in
from salesos.admin.acting import DashboardRequest
from salesos.admin.base import InfinitePaginator, TenantAdmin, TenantForm
from salesos.admin.site import site
from salesos.admin.widgets import LocalDateInput
from salesos.errors import Refused
from salesos.models import Collaborator
from salesos.moments import shown_moment
from salesos.roles import EVERYONE, MANAGERS
from salesos.tenancy import current_tenant


class AdjustmentForm(TenantForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "day" not in self.fields:
            return
        today = today_in(current_tenant(), timezone.now())
        self.fields["day"].initial = today
        self.fields["day"].widget.attrs |= {"min": FIRST_DAY.isoformat(), "max": today.isoformat()}
        self.fields["points"].widget.attrs |= {"min": -MOST_POINTS, "max": MOST_POINTS, "step": 1}
        self.fields["points"].help_text = _("Signed: 50 gives fifty points, -20 takes twenty.")
        self.fields["reason"].help_text = _("Whoever looks at these points later reads it.")
        # An alias' survivor is who gets the points.
        people = cast("forms.ModelChoiceField[Collaborator]", self.fields["collaborator"])
        people.queryset = Collaborator.objects.people()
        for name in ("collaborator", "mission"):
            # Nobody makes a person or a mission on the way to an adjustment.
            for doing in ("add", "change", "delete", "view"):
                setattr(self.fields[name].widget, f"can_{doing}_related", False)

    def clean_points(self) -> int:
        points: int = self.cleaned_data["points"]
        if points == 0:
            raise forms.ValidationError(_("An adjustment needs points, more or fewer than zero."))
        return points

    def clean_day(self) -> Any:
        day = self.cleaned_data["day"]
        try:
            refuse_day(day, today=today_in(current_tenant(), timezone.now()))
        except Refused as refused:
            raise forms.ValidationError(str(refused)) from None
        return day


@admin.register(Adjustment, site=site)
class AdjustmentAdmin(TenantAdmin):
    """Nobody changes or deletes one: what was wrong is put right by another."""

    may_view, may_add = EVERYONE, MANAGERS
    form = AdjustmentForm
    paginator = InfinitePaginator
    ordering = ("-id",)
    sortable_by = ()
    actions = None
    list_display = ("shows_created", "shows_person", "shows_points", "day", "mission", "reason", "author", "kind")
    list_display_links = ("shows_created",)
    list_filter = (("kind", ChoicesDropdownFilter), ("mission", RelatedDropdownFilter))
    list_select_related = ("collaborator__merged_into", "mission", "author")
    search_fields = (
        "collaborator__name",
        "collaborator__email",
        "collaborator__merged_into__name",
        "collaborator__merged_into__email",
    )
    search_help_text = _("A person's name or e-mail, or a part of it.")
    autocomplete_fields = ("collaborator",)
    fieldsets = ((None, {"fields": ("collaborator", "points", "reason", "day", "mission")}),)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "day":
            kwargs["widget"] = LocalDateInput
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A link may name the person (`?collaborator=7`); who is none of the tenant's is left out."""
        given = request.GET.get("collaborator", "")
        is_id = given.isascii() and given.isdecimal() and len(given) < 19
        return {"collaborator": given} if is_id and Collaborator.objects.filter(pk=given).exists() else {}

    def get_fieldsets(self, request: HttpRequest, obj: Adjustment | None = None) -> Any:
        seen = ((_("Recorded"), {"fields": (("kind", "completions"), ("author", "created_at"), "team")}),)
        return self.fieldsets if obj is None else (*self.fieldsets, *seen)

    @display(description=_("recorded at"))
    def shows_created(self, adjustment: Adjustment) -> str:
        return shown_moment(adjustment.created_at)

    @display(description=_("collaborator"))
    def shows_person(self, adjustment: Adjustment) -> SafeString:
        person = adjustment.collaborator.merged_into or adjustment.collaborator
        href = reverse("admin:salesos_collaborator_change", args=[person.pk])
        return format_html('<a class="link" href="{}">{}</a>', href, person)

    @display(description=_("points"))
    def shows_points(self, adjustment: Adjustment) -> SafeString:
        sign, direction = ("+", "up") if adjustment.points > 0 else ("−", "down")
        points = number_format(abs(adjustment.points), force_grouping=True)
        return format_html('<span class="nowrap {}">{}{}</span>', direction, sign if adjustment.points else "", points)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The operation has left its line in the audit trail already."""

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
