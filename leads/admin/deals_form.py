"""What the list of deals is asked for, in an address; all of it combines, and an empty filter means any."""

from datetime import date
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F, OrderBy
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from leads.admin.deal_fields import NOBODY, OwnerField, StageField, TeamField, ValueField
from leads.deal_search import Wanted
from leads.models.pipeline import StageKind
from leads.spans import Expected
from salesos.admin.widgets import LocalDateInput

LONGEST_SEARCH = 255
FIRST_YEAR, LAST_YEAR = 2000, 2200
LAST_PAGE = 10**7
SORTS = ("name", "value", "stage", "expected_close_date", "closed_at", "created_at", "updated_at")
DEFAULT_SORT = "-created_at"


class DayField(forms.DateField):
    widget = LocalDateInput

    def __init__(self, label: Any) -> None:
        super().__init__(label=label, required=False, input_formats=["%Y-%m-%d"])

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value is not None and not FIRST_YEAR <= value.year < LAST_YEAR:
            years = {"first": FIRST_YEAR, "last": LAST_YEAR - 1}
            raise ValidationError(_("A year between %(first)d and %(last)d, please."), params=years)


class DealsForm(forms.Form):
    q = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_SEARCH,
        required=False,
        widget=UnfoldAdminTextInputWidget({"type": "search", "autocomplete": "off"}),
    )
    status = forms.ChoiceField(
        label=_("Status"),
        choices=[("", _("Any")), *StageKind.choices],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    stage = StageField(empty=_("Any"), required=False)
    owner = OwnerField(empty=_("Everybody"), with_nobody=True)
    team = TeamField()
    expected = forms.ChoiceField(
        label=_("Expected"),
        choices=[("", _("Any day")), *Expected.choices],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    expected_from = DayField(_("Expected from"))
    expected_to = DayField(_("Expected until"))
    created_from = DayField(_("Created from"))
    created_to = DayField(_("Created until"))
    least = ValueField(label=_("Value at least"), required=False)
    most = ValueField(label=_("Value at most"), required=False)

    def __init__(self, data: QueryDict, *, is_shown: bool = True) -> None:
        super().__init__(data)
        if is_shown:
            cast(StageField, self.fields["stage"]).fill()
            cast(OwnerField, self.fields["owner"]).fill()
            cast(TeamField, self.fields["team"]).fill()

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        for first, last in (("expected_from", "expected_to"), ("created_from", "created_to")):
            if given.get(first) and given.get(last) and given[first] > given[last]:
                self.add_error(last, _("The end must come after the beginning."))
        if given.get("least") is not None and given.get("most") is not None and given["least"] > given["most"]:
            self.add_error("most", _("The most must not be less than the least."))
        return given

    def wanted(self) -> Wanted:
        """What a valid form looks for."""
        given = self.cleaned_data
        owner, status, expected = given["owner"], given["status"], given["expected"]
        return Wanted(
            name=given["q"],
            stage=given["stage"],
            kind=StageKind(status) if status else None,
            owner=None if owner == NOBODY else owner,
            is_unowned=owner == NOBODY,
            team=given["team"],
            expected=Expected(expected) if expected else None,
            expected_from=given["expected_from"],
            expected_to=given["expected_to"],
            created_from=given["created_from"],
            created_to=given["created_to"],
            least=given["least"],
            most=given["most"],
        )

    @property
    def sort(self) -> str:
        """One of `SORTS`, with `-` where it descends."""
        asked = self.data.get("sort", "")
        return asked if asked.removeprefix("-") in SORTS and asked.count("-") < 2 else DEFAULT_SORT

    @property
    def order(self) -> list[OrderBy]:
        """Nothing comes last, whichever way; the id parts what is equal."""
        name = "stage__position" if self.sort.endswith("stage") else self.sort.removeprefix("-")
        # Where nothing is never empty, an index may serve both ways.
        last = True if name in ("expected_close_date", "closed_at") else None
        if self.sort.startswith("-"):
            return [F(name).desc(nulls_last=last), F("public_id").desc()]
        return [F(name).asc(nulls_last=last), F("public_id").asc()]

    @property
    def page_number(self) -> int:
        text = self.data.get("page", "")
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 1
        return min(max(number, 1), LAST_PAGE)

    def filters(self) -> dict[str, str]:
        """What of the address narrows the list, as it was sent."""
        return {name: self.data[name] for name in self.fields if self.data.get(name, "").strip()}

    def query(self, **others: Any) -> str:
        said = self.filters() | ({"sort": self.sort} if self.sort != DEFAULT_SORT else {}) | others
        return "?" + urlencode({name: value for name, value in said.items() if value})

    @property
    def first(self) -> list[forms.BoundField]:
        return [self[name] for name in ("q", "status", "stage", "owner")]

    @property
    def more(self) -> list[forms.BoundField]:
        """The filters that are asked for less often."""
        return [self[name] for name in self.fields if name not in ("q", "status", "stage", "owner")]

    @property
    def uses_more(self) -> bool:
        return any(field.errors or field.value() for field in self.more)
