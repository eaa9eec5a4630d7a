"""The activities as they came in: evidence, read-only for everybody."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F, Func, QuerySet, TextField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter, TextFilter
from unfold.decorators import display
from unfold.views import ChangeList

from missions.activity_search import SHOWN_WITH, Asked, Rows, found
from missions.activity_story import story_of
from missions.models import Activity
from missions.sources import SOURCES
from salesos.admin.acting import DashboardRequest
from salesos.admin.base import ReadOnlyAdmin
from salesos.admin.filters import ExactTextFilter
from salesos.admin.site import site
from salesos.admin.widgets import LocalDateTimeInput
from salesos.models import RequestLog
from salesos.moments import shown_moment
from salesos.roles import AUDITORS, EVERYONE
from salesos.spreadsheets import download

MINUTE = timedelta(minutes=1)
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


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


class MomentForm(forms.Form):
    """What unfold's text filters ask of a form, with the browser's own picker."""

    def __init__(self, name: str, label: StrPromise, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fields[name] = forms.CharField(label=label, required=False, widget=LocalDateTimeInput)


class MomentFilter(TextFilter):
    """A moment in the tenant's zone. What it means is said by `ActivityList`, which asks an index for it."""

    form_class = MomentForm

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        data = {self.parameter_name: self.value()}
        yield {"form": MomentForm(cast(str, self.parameter_name), cast(StrPromise, self.title), data=data)}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Activity]) -> QuerySet[Activity]:
        return queryset


class SinceFilter(MomentFilter):
    title = _("Occurred from")
    parameter_name = "since"


class UntilFilter(MomentFilter):
    title = _("Occurred until")
    parameter_name = "until"


class ActivityList(ChangeList):
    """Looks for what is asked in the ways that an index serves (`missions.activity_search`)."""

    queryset: Any

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        rows = super().get_queryset(request, exclude_parameters)
        asked = Asked(
            text=self.query,
            since=_moment(request.GET.get("since", "")),
            until=_end(_moment(request.GET.get("until", ""))),
            is_filtered=rows.query.where != self.root_queryset.query.where,
        )
        return found(rows, asked)

    @property
    def note(self) -> str:
        """What bounded the search, "" when nothing did."""
        return cast(Rows, self.queryset).note


def _moment(text: str) -> datetime | None:
    """A moment of a query string, None for what is none; no further off than activities can be."""
    try:
        moment = forms.DateTimeField(required=False).clean(text)
    except (ValidationError, OverflowError, ValueError):
        return None
    # From the year alone: at the ends of the calendar nothing can be added, nor moments of two zones be compared.
    return moment and (EARLIEST if moment.year < EARLIEST.year else LATEST if moment.year > LATEST.year else moment)


def _end(moment: datetime | None) -> datetime | None:
    """The minute that was named is part of the time."""
    return moment + MINUTE if moment else None


@admin.register(Activity, site=site)
class ActivityAdmin(ReadOnlyAdmin):
    may_view = EVERYONE
    list_display = (
        "shows_occurred",
        "code",
        "shows_person",
        "shows_mission",
        "points",
        "external_id",
        "shows_received",
    )
    list_display_links = ("shows_occurred",)
    list_filter = (SinceFilter, UntilFilter, CodeFilter, CountedFilter, ("mission", RelatedDropdownFilter))
    list_select_related = SHOWN_WITH
    # What is searched for is looked up in an index, never matched against every row; see ActivityList.
    search_fields = ("external_id", "collaborator__email")
    search_help_text = _("A person's name or e-mail, or a whole external id")
    list_before_template = "missions/activity_tools.html"
    change_form_template = "missions/activity.html"
    fieldsets = (
        (None, {"fields": (("shows_source", "code"), ("external_id", "shows_person"), ("shows_mission", "points"))}),
        (_("When and where"), {"fields": (("occurred_at", "received_at"), ("day", "team"), "request_id")}),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ActivityList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Activity], search_term: str
    ) -> tuple[QuerySet[Activity], bool]:
        return queryset, False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Activity | None:
        if not self._could_be_id(object_id):
            return None
        # By the database: through Python's numbers, what the CRM sent would not come out as it went in.
        pretty = Func(F("data"), function="jsonb_pretty", output_field=TextField())
        rows = Activity.objects.filter(pk=object_id).select_related(*SHOWN_WITH, "team").defer("data")
        return rows.annotate(pretty_data=pretty).first()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        activity = self.get_object(request, object_id) if object_id and self.has_view_permission(request) else None
        if activity is not None:
            extra_context = (extra_context or {}) | {
                "activity": activity,
                "story": story_of(activity),
                "is_logged": self._is_logged(cast(DashboardRequest, request), activity),
            }
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _is_logged(self, request: DashboardRequest, activity: Activity) -> bool:
        """Whether the user may read the request that brought it, and the log still has it."""
        if activity.request_id is None or request.role not in AUDITORS:
            return False
        return RequestLog.objects.filter(pk=activity.request_id).exists()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Activity]:
        return super().get_queryset(request).defer("data")

    @display(description=_("source"))
    def shows_source(self, activity: Activity) -> str:
        return str(SOURCES[activity.source].label) if activity.source in SOURCES else activity.source

    @display(description=_("occurred at"))
    def shows_occurred(self, activity: Activity) -> str:
        return shown_moment(activity.occurred_at)

    @display(description=_("received at"))
    def shows_received(self, activity: Activity) -> str:
        return shown_moment(activity.received_at)

    @display(description=_("person"))
    def shows_person(self, activity: Activity) -> SafeString:
        person = activity.collaborator.merged_into or activity.collaborator
        address = reverse("admin:salesos_collaborator_change", args=[person.pk])
        return format_html('<a class="link" href="{}">{}</a>', address, person.name)

    @display(description=_("counts for"))
    def shows_mission(self, activity: Activity) -> str:
        return str(activity.mission) if activity.is_completion else str(_("not mapped"))

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(self.export)
        return [path("export/", export, name="missions_activity_export"), *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """The activities that the list finds, all of them, as CSV."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            rows: Rows = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{reverse('admin:missions_activity_changelist')}?e=1")
        return download("activities.csv", EXPORTED, map(_cells, rows.each()))


EXPORTED = (
    _("occurred at"),
    _("code"),
    _("person"),
    _("e-mail"),
    _("external id"),
    _("counts for"),
    _("points"),
    _("received at"),
    _("request id"),
)


def _cells(activity: Activity) -> tuple[Any, ...]:
    person = activity.collaborator.merged_into or activity.collaborator
    return (
        _exactly(activity.occurred_at),
        activity.code,
        person.name,
        activity.collaborator.email,
        activity.external_id,
        activity.mission.name if activity.mission else "",
        activity.points,
        _exactly(activity.received_at),
        activity.request_id,
    )


def _exactly(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S")
