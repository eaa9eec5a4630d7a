"""Collaborators and their teams."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q, QuerySet
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.views import ChangeList

from salesos.admin import people_figures
from salesos.admin.acting import DashboardRequest
from salesos.admin.base import TenantAdmin
from salesos.admin.people_figures import PersonFigures
from salesos.admin.references import is_referenced
from salesos.admin.site import site
from salesos.api.errors import ValidationFailed
from salesos.api.strict_json import is_finite, parse
from salesos.merging import undoable_merges
from salesos.models import Collaborator, Team
from salesos.moments import shown_moment
from salesos.people import set_active
from salesos.roles import EVERYONE, MANAGERS
from salesos.spreadsheets import CHUNK, download

WHEN_INACTIVE = _(
    "Whoever is inactive leaves the leaderboard and keeps the points; their team keeps them, too. "
    "What arrives for them waits under Unmatched."
)


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


class PeopleList(ChangeList):
    """The page's people with their figures, asked for all at once."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = with_figures(self.result_list)


def with_figures(people: Any) -> list[Any]:
    people = list(people)
    figures = people_figures.of_people([person.pk for person in people])
    for person in people:
        person.figures = figures.get(person.pk, PersonFigures())
    return people


@admin.register(Collaborator, site=site)
class CollaboratorAdmin(TenantAdmin):
    """People are deactivated, not deleted: their points are evidence. A list or a choice has one record a person;
    one that was merged into another can be looked at."""

    may_view, may_add, may_change = EVERYONE, MANAGERS, MANAGERS
    list_display = ("name", "email", "team", "shows_points", "shows_last_activity", "external_id", "shows_active")
    list_filter = (("team", RelatedDropdownFilter), "is_active")
    list_select_related = ("team",)
    search_fields = ("name", "email", "external_id", "aliases__email")
    search_help_text = _("A name, an e-mail or an external id")
    actions = ("activate", "deactivate")
    list_before_template = "salesos/people_tools.html"
    change_form_template = "salesos/person.html"
    readonly_fields = ("created_at", "updated_at")
    fieldsets = (
        (None, {"fields": (("name", "email"), ("external_id", "is_active"), ("team", "role"))}),
        (_("Contact"), {"fields": (("phone", "document"),)}),
        (_("From the CRM"), {"fields": ("metadata", ("created_at", "updated_at"))}),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PeopleList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Collaborator]:
        return super().get_queryset(request).filter(merged_into=None)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Collaborator | None:
        if not self._could_be_id(object_id):
            return None
        return Collaborator.objects.select_related("merged_into").filter(pk=object_id).first()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.merged_into_id is None)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "metadata":
            kwargs["form_class"] = MetadataField
        if db_field.name == "is_active":
            kwargs["help_text"] = WHEN_INACTIVE
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @display(description=_("active"), boolean=True, ordering="is_active")
    def shows_active(self, person: Collaborator) -> bool:
        return person.is_active

    @display(description=_("points this month"))
    def shows_points(self, person: Any) -> str:
        return str(number_format(person.figures.points, force_grouping=True))

    @display(description=_("last activity"))
    def shows_last_activity(self, person: Any) -> str:
        return shown_moment(person.figures.last_activity_at) or "–"

    @action(description=_("Activate: count what arrives from now on"), permissions=["change"])
    def activate(self, request: HttpRequest, people: QuerySet[Collaborator]) -> None:
        count = set_active(people, active=True)
        self.message_user(request, ngettext("%d person activated.", "%d people activated.", count) % count)

    @action(description=_("Deactivate: keep their points, count nothing new"), permissions=["change"])
    def deactivate(self, request: HttpRequest, people: QuerySet[Collaborator]) -> None:
        count = set_active(people, active=False)
        done = ngettext("%d person deactivated.", "%d people deactivated.", count) % count
        self.message_user(request, f"{done} {WHEN_INACTIVE}" if count else done)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        person = self.get_object(request, object_id) if object_id and request.method == "GET" else None
        if person is not None and self.has_view_permission(request):
            extra_context = (extra_context or {}) | self._context_of(cast(DashboardRequest, request), person)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _context_of(self, request: DashboardRequest, person: Collaborator) -> dict[str, Any]:
        merges = {merge.merged_id: merge for merge in undoable_merges(person, at=timezone.now())}
        aliases = person.aliases.order_by("name", "pk")
        return {
            "person": person,
            "aliases": [(alias, merges.get(alias.pk)) for alias in aliases],
            "may_merge": self.has_change_permission(request, person),
            "panels": people_figures.panels_of(request, person),
        }

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(self.export)
        return [path("export/", export, name="salesos_collaborator_export"), *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """The people of the list as it is filtered, as CSV."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{reverse('admin:salesos_collaborator_changelist')}?e=1")
        return download("people.csv", EXPORTED, _exported(list(found.order_by("pk").values_list("pk", flat=True))))


EXPORTED = (
    _("name"),
    _("e-mail"),
    _("external id"),
    _("team"),
    _("role"),
    _("phone"),
    _("document"),
    _("active"),
    _("points this month"),
    _("last activity"),
)


def _exported(ids: list[int]) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(ids), CHUNK):
        people = Collaborator.objects.filter(pk__in=ids[start : start + CHUNK])
        for person in with_figures(people.select_related("team").order_by("name", "pk")):
            yield (
                person.name,
                person.email,
                person.external_id,
                person.team,
                person.role,
                person.phone,
                person.document,
                _("yes") if person.is_active else _("no"),
                person.figures.points,
                _to_the_minute(person.figures.last_activity_at),
            )


def _to_the_minute(moment: datetime | None) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M") if moment else ""


class TeamList(ChangeList):
    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        teams: list[Any] = list(self.result_list)
        points = people_figures.of_teams([team.pk for team in teams])
        for team in teams:
            team.points = points.get(team.pk, 0)
        self.result_list = teams


@admin.register(Team, site=site)
class TeamAdmin(TenantAdmin):
    """A team that anything names can't be deleted: points stay with the team in which they were earned."""

    may_view, may_add, may_change, may_delete = EVERYONE, MANAGERS, MANAGERS, MANAGERS
    list_display = ("name", "people_count", "shows_points", "created_at")
    search_fields = ("name",)
    fields = ("name",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TeamList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        members = Q(collaborators__is_active=True, collaborators__merged_into=None)
        return super().get_queryset(request).annotate(active_count=Count("collaborators", filter=members))

    @display(description=_("active people"), ordering="active_count")
    def people_count(self, team: Any) -> int:
        return team.active_count

    @display(description=_("points this month"))
    def shows_points(self, team: Any) -> str:
        return str(number_format(team.points, force_grouping=True))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or not is_referenced(obj))
