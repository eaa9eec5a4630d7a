"""The audit trail's screens, read-only for everybody: a tenant's for its auditors and admins, the platform's for
staff."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from salesos import spreadsheets
from salesos.admin import audit_words
from salesos.admin.acting import DashboardRequest
from salesos.admin.keyset import all_of, page_of
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.admin.widgets import LocalDateInput
from salesos.models import AuditEntry, Membership
from salesos.roles import AUDITORS

MOST_SUGGESTIONS = 200
FIRST_DAY = date(1970, 1, 1)


class TrailFilter(forms.Form):
    """What to show of a trail. Everything is optional; days are the tenant's, both included."""

    person = forms.CharField(
        label=_("Person"),
        required=False,
        max_length=254,
        widget=UnfoldAdminTextInputWidget(attrs={"list": "people", "placeholder": _("E-mail or part of it")}),
    )
    action = forms.ChoiceField(label=_("Action"), required=False, widget=UnfoldAdminSelectWidget)
    subject = forms.CharField(
        label=_("Subject"),
        required=False,
        max_length=255,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": _("Name or part of it")}),
    )
    first = forms.DateField(label=_("From"), required=False, widget=LocalDateInput)
    last = forms.DateField(label=_("To"), required=False, widget=LocalDateInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = {action: str(words) for action, words in audit_words.every_action().items()}
        # What was recorded without words of its own can be asked for, too.
        asked = str(self.data.get("action", ""))[:60]
        known.setdefault(asked, asked)
        named = sorted(
            ((action, words) for action, words in known.items() if action), key=lambda pair: pair[1].casefold()
        )
        self.fields["action"].choices = [("", _now("All actions")), *named]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        first, last = given.get("first"), given.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day is before the first."))
        return given

    def narrow(self, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """`entries` by whatever of the filter is valid."""
        self.is_valid()
        given = self.cleaned_data
        if given.get("person"):
            entries = entries.filter(actor_email__icontains=given["person"])
        if given.get("action"):
            entries = entries.filter(action=given["action"])
        if given.get("subject"):
            entries = entries.filter(subject__icontains=given["subject"])
        if given.get("first"):
            entries = entries.filter(at__gte=_start_of(given["first"]))
        if given.get("last") and given["last"] < date.max - timedelta(days=1):
            entries = entries.filter(at__lt=_start_of(given["last"] + timedelta(days=1)))
        return entries


def _start_of(day: date) -> datetime:
    """Midnight on the present clock. Before the first trail there is nothing to tell apart."""
    return datetime.combine(max(day, FIRST_DAY), time.min, tzinfo=timezone.get_current_timezone()).astimezone(UTC)


class AuditTrail(Screen):
    """Who changed what in this tenant, when and from where. Nobody changes it, and the database refuses to."""

    name = "audit_trail"
    title = _("Audit trail")
    template_name = "salesos/audit_trail.html"
    may_view = AUDITORS
    is_exported = True

    def entries(self) -> QuerySet[AuditEntry]:
        return AuditEntry.objects.all()

    def suggestions(self) -> list[str]:
        """Whose address the filter completes."""
        home = self.request.acting.home
        return list(
            Membership.objects.filter(tenant=home)
            .order_by("user__email")
            .values_list("user__email", flat=True)[:MOST_SUGGESTIONS]
        )

    def get(self, request: DashboardRequest) -> HttpResponseBase:
        form = TrailFilter(request.GET)
        entries = form.narrow(self.entries())
        if self.is_exported and "export" in request.GET and form.is_valid():
            return self._exported(entries)
        shown = page_of(entries, request.GET)
        return self._page(request, form, shown)

    def _page(self, request: DashboardRequest, form: TrailFilter, shown: Any) -> HttpResponse:
        return self.page(
            form=form,
            page=shown,
            rows=audit_words.told(request, shown.rows),
            is_filtered=any(form.data.get(name) for name in form.fields),
            suggestions=self.suggestions(),
            shows_address=True,
            is_exported=self.is_exported,
            is_platform=self.for_platform,
        )

    def _exported(self, entries: QuerySet[AuditEntry]) -> HttpResponseBase:
        header = [_("At"), _("Who"), _("As platform staff"), _("Action"), _("Subject"), _("Changes"), _("Address")]
        day = timezone.localdate().isoformat()
        return spreadsheets.download(f"audit-trail-{day}.csv", header, _cells(entries))


def _cells(entries: QuerySet[AuditEntry]) -> Iterator[list[str]]:
    for entry in all_of(entries):
        row = audit_words.Told(entry)
        yield [
            timezone.localtime(entry.at).strftime("%Y-%m-%d %H:%M:%S"),
            row.who,
            _now("yes") if entry.as_staff else "",
            row.action,
            entry.subject,
            "; ".join(map(str, row.changes)),
            entry.address or "",
        ]


class PlatformTrail(AuditTrail):
    """What was changed above the tenants: tenants themselves, and users."""

    name = "platform_trail"
    title = _("Platform audit trail")
    for_platform = True
    is_exported = False

    def entries(self) -> QuerySet[AuditEntry]:
        entries = AuditEntry.objects.every_tenant(reason="what concerns the whole platform, for platform staff")
        return entries.filter(tenant=None)

    def suggestions(self) -> list[str]:
        return []


site.add_screen("settings/audit-trail/", AuditTrail)
site.add_screen("platform/audit-trail/", PlatformTrail)
