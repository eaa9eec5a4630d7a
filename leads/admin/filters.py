"""The filters of the list of leads: those of the API by the same names, so that an address of one serves the other.

What is valid becomes `Wanted` for `leads.listing`, text for a saved view, and chips for the screen.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from leads.admin.owner_picker import OwnerPicker, uuid_in
from leads.listing import SORTS, Wanted
from leads.models.lead import LeadStatus
from leads.owners import counted
from salesos.admin.widgets import LocalDateInput
from salesos.api.parameters import moment_from, moment_until
from salesos.models import Collaborator, Team
from salesos.moments import shown_moment

ALL = "all"
"""In the place of a saved view's id: all leads, also for whoever has a default view."""

DEFAULT_SORT = "-created_at"
SIZES = (25, 50, 100)
FURTHEST_PAGE = 10**12

NARROWING = ("search", "status", "source", "owner_id", "team_id", "created_after", "created_before")
KEPT = (*NARROWING, "sort", "per_page")
"""What a saved view remembers."""

SORT_TITLES = {
    "created_at": (gettext_lazy("Created, oldest first"), gettext_lazy("Created, newest first")),
    "updated_at": (gettext_lazy("Changed, longest ago first"), gettext_lazy("Changed, latest first")),
    "name": (gettext_lazy("Name, A to Z"), gettext_lazy("Name, Z to A")),
    "email": (gettext_lazy("E-mail, A to Z"), gettext_lazy("E-mail, Z to A")),
    "company": (gettext_lazy("Company, A to Z"), gettext_lazy("Company, Z to A")),
    "source": (gettext_lazy("Source, A to Z"), gettext_lazy("Source, Z to A")),
    "status": (gettext_lazy("Status, A to Z"), gettext_lazy("Status, Z to A")),
}


class MomentField(forms.CharField):
    """A day of the tenant's clock, or a moment as the API takes it; cleaned, the text is as it was sent."""

    widget = LocalDateInput

    def __init__(self, *, reads: Callable[..., Any], **kwargs: Any) -> None:
        super().__init__(required=False, max_length=40, **kwargs)
        self.parse = reads(description="").parse

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        # The browser's own input of a day would show nothing of a moment.
        if not _is_day(str(form.data.get(field_name, ""))):
            self.widget.input_type = "text"
        return super().get_bound_field(form, field_name)

    def validate(self, value: str) -> None:
        super().validate(value)
        if value:
            try:
                self.parse(value)
            except ValueError:
                raise ValidationError(_("A day, please, like 2026-03-10, or a day and a time.")) from None


class Names:
    """The teams there are, and the owners that filters ask for: two statements, for however many filters."""

    def __init__(self, *filters: Mapping[str, Any]) -> None:
        self.teams = {team.public_id: team for team in Team.objects.all()}
        asked = {owner_id for each in filters if (owner_id := uuid_in(each.get("owner_id")))}
        found = Collaborator.objects.select_related("merged_into").filter(public_id__in=asked)
        self.owners: dict[uuid.UUID | None, Collaborator | None] = {one.public_id: counted(one) for one in found}


class LeadFilter(forms.Form):
    """The filters as an address has them. Sorting and paging never fail: what they can't read is the usual."""

    search = forms.CharField(
        label=gettext_lazy("Name, e-mail or company"),
        max_length=255,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "type": "search"}),
    )
    status = forms.ChoiceField(
        label=gettext_lazy("Status"),
        choices=[("", gettext_lazy("Any")), *LeadStatus.choices],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=255,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "list": "known-sources"}),
    )
    owner_id = forms.UUIDField(label=gettext_lazy("Owner"), required=False, widget=OwnerPicker)
    team_id = forms.UUIDField(label=gettext_lazy("Owner's team"), required=False, widget=UnfoldAdminSelectWidget)
    created_after = MomentField(label=gettext_lazy("Created from"), reads=moment_from)
    created_before = MomentField(label=gettext_lazy("Created until"), reads=moment_until)

    def __init__(self, data: Mapping[str, Any], names: "Names | None" = None) -> None:
        super().__init__(data)
        self.names = names or Names(data)
        teams = [(public_id, team.name) for public_id, team in self.names.teams.items()]
        self.fields["team_id"].widget.choices = [("", _("Any")), *teams]

    @property
    def owner(self) -> Collaborator | None:
        """The person that is asked for, by the record that counts."""
        return self.names.owners.get(self.cleaned_data.get("owner_id"))

    @property
    def more(self) -> list[forms.BoundField]:
        return [self[name] for name in NARROWING if name != "search"]

    @property
    def uses_more(self) -> bool:
        return any(self.data.get(field.name) for field in self.more)

    @cached_property
    def sort(self) -> str:
        asked = str(self.data.get("sort", ""))
        return asked if asked.removeprefix("-") in SORTS else DEFAULT_SORT

    @cached_property
    def per_page(self) -> int:
        asked = str(self.data.get("per_page", ""))
        return next((size for size in SIZES if str(size) == asked), SIZES[0])

    @cached_property
    def page(self) -> int:
        asked = str(self.data.get("page", ""))
        is_number = asked.isascii() and asked.isdecimal() and len(asked) <= 18
        return min(max(int(asked), 1), FURTHEST_PAGE) if is_number else 1

    @property
    def narrowing(self) -> dict[str, str]:
        """Filter → what it is asked for, as text, of those that are in use and valid."""
        return {name: str(self.cleaned_data[name]) for name in NARROWING if self.cleaned_data.get(name)}

    @property
    def kept(self) -> dict[str, str]:
        """What a saved view of this list remembers."""
        sort = {"sort": self.sort} if self.sort != DEFAULT_SORT else {}
        size = {"per_page": str(self.per_page)} if self.per_page != SIZES[0] else {}
        return {**self.narrowing, **sort, **size}

    def query(self, **changes: str | int) -> str:
        """The address of this list with `changes`; "" leaves a name out. The first page unless `page` is among them."""
        kept = {**self.kept, **({"view": self.data["view"]} if self.data.get("view") else {}), **changes}
        # An address without any query is that of the user's default view.
        return "?" + urlencode({name: value for name, value in kept.items() if value != ""} or {"view": ALL})

    def wanted(self) -> Wanted:
        given = self.cleaned_data
        return Wanted(
            status=given["status"],
            source=given["source"],
            owner_id=self.owner.public_id if self.owner else given["owner_id"],
            team_id=given["team_id"],
            created_from=self._moment("created_after"),
            created_until=self._moment("created_before"),
            search=given["search"],
            sort=self.sort.removeprefix("-"),
            is_descending=self.sort.startswith("-"),
            offset=(self.page - 1) * self.per_page,
            limit=self.per_page,
        )

    def _moment(self, name: str) -> datetime | None:
        text, field = self.cleaned_data[name], self.fields[name]
        return field.parse(text) if text else None  # type: ignore[attr-defined]  # a MomentField

    def chips(self) -> list["Chip"]:
        """The filters in use, for people: each can be taken away."""
        return [
            Chip(
                str(_("Search") if name == "search" else self.fields[name].label),
                *self._shown(name, text),
                without=self.query(**{name: ""}),
            )
            for name, text in self.narrowing.items()
        ]

    def in_words(self) -> str:
        """The filters in use, on one line."""
        return "; ".join(f"{chip.title}: {chip.value}" for chip in self.chips())

    def _shown(self, name: str, text: str) -> tuple[str, bool]:
        """What a filter is asked for, and whether that is not there any more."""
        if name == "status":
            return str(LeadStatus(text).label), False
        if name == "owner_id":
            return (self.owner.name, False) if self.owner else (_("not there any more"), True)
        if name == "team_id":
            team = self.names.teams.get(uuid.UUID(text))
            return (team.name, False) if team else (_("not there any more"), True)
        if name in ("created_after", "created_before"):
            return shown_day_or_moment(text, self._moment(name)), False
        return text, False


@dataclass(frozen=True, slots=True)
class Chip:
    title: str
    value: str
    is_gone: bool
    """What it names was deleted."""
    without: str
    """The address of the list without this filter."""


def shown_day_or_moment(text: str, moment: datetime | None) -> str:
    if _is_day(text):
        return date_format(date.fromisoformat(text), "SHORT_DATE_FORMAT")
    try:
        return shown_moment(moment)
    except OverflowError:
        # At an end of the calendar the tenant's clock reaches beyond it.
        return text


def _is_day(text: str) -> bool:
    if not text:
        return True
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-03-10")
