"""Collaborators and their teams."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display

from salesos.admin.base import TenantAdmin
from salesos.admin.references import is_referenced
from salesos.admin.site import site
from salesos.api.errors import ValidationFailed
from salesos.api.strict_json import is_finite, parse
from salesos.models import Collaborator, Team
from salesos.roles import EVERYONE, MANAGERS


class MetadataField(forms.JSONField):
    """A JSON object as the API takes it: what could not be stored or read again is refused with the place named."""

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return {}
        if not isinstance(value, str):
            return value
        try:
            read = parse(value.encode())
        except ValidationFailed as refused:
            [fault] = refused.details or ()
            message = _("This JSON can't be kept: %(reason)s.")
            raise ValidationError(message, params={"reason": fault["message"]}) from None
        if not isinstance(read, dict) or not is_finite(read):
            raise ValidationError(_("Expected a JSON object of texts, numbers, lists and objects, like {}."))
        return read

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return self.to_python(data)
        except ValidationError:
            return InvalidJSONInput(data)


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

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "metadata":
            kwargs["form_class"] = MetadataField
        return super().formfield_for_dbfield(db_field, request, **kwargs)

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
