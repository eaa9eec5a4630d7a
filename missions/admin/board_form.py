"""What a leaderboard is asked for, in an address: period, mission, team, people or teams."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from missions.models import Mission
from missions.periods import Period, Window, window
from salesos.admin.widgets import LocalDateInput
from salesos.errors import Refused
from salesos.models import Team


@dataclass(frozen=True, slots=True)
class Asked:
    """A board as it was asked for, everything checked."""

    period: Period
    window: Window
    mission: Mission | None
    team: Team | None
    first: date | None
    last: date | None
    by_team: bool
    name: str

    def query(self, **others: Any) -> str:
        """The address's query that asks for it again, with `others` besides."""
        said = {
            "period": self.period,
            "mission": self.mission and self.mission.pk,
            "team": self.team and self.team.pk,
            "first": self.first,
            "last": self.last,
            "by": "teams" if self.by_team else "",
            "name": self.name,
        }
        return "?" + urlencode({name: value for name, value in (said | others).items() if value})


class BoardForm(forms.Form):
    """Everything has a default, so that a bare address is this month's people."""

    period = forms.ChoiceField(
        label=_("Period"), choices=Period.choices, required=False, widget=UnfoldAdminSelectWidget({"data-submit": ""})
    )
    mission: "forms.ModelChoiceField[Mission]" = forms.ModelChoiceField(
        label=_("Mission"),
        queryset=None,
        required=False,
        empty_label=_("All missions"),
        widget=UnfoldAdminSelectWidget({"data-submit": ""}),
    )
    team: "forms.ModelChoiceField[Team]" = forms.ModelChoiceField(
        label=_("Team"),
        queryset=None,
        required=False,
        empty_label=_("All teams"),
        widget=UnfoldAdminSelectWidget({"data-submit": ""}),
    )
    first = forms.DateField(label=_("First day"), required=False, widget=LocalDateInput)
    last = forms.DateField(label=_("Last day"), required=False, widget=LocalDateInput)
    name = forms.CharField(
        label=_("Find by name"),
        required=False,
        max_length=255,
        widget=UnfoldAdminTextInputWidget({"type": "search", "autocomplete": "off"}),
    )
    by = forms.ChoiceField(choices=[("people", ""), ("teams", "")], required=False, widget=forms.HiddenInput)

    def __init__(self, given: QueryDict) -> None:
        super().__init__({"period": Period.MONTH, **given.dict()})
        cast("forms.ModelChoiceField[Mission]", self.fields["mission"]).queryset = Mission.objects.all()
        cast("forms.ModelChoiceField[Team]", self.fields["team"]).queryset = Team.objects.all()
        self.is_valid()

    @property
    def by_team(self) -> bool:
        return self.cleaned_data.get("by") == "teams"

    @property
    def is_custom(self) -> bool:
        return self.cleaned_data.get("period") == Period.CUSTOM

    def asked(self, *, today: date) -> Asked | None:
        """The board that this asks for; None after an error, which stands in `errors` then."""
        given = self.cleaned_data
        if self.errors:
            return None
        period = Period(given["period"] or Period.MONTH)
        first, last = (given["first"], given["last"]) if period == Period.CUSTOM else (None, None)
        try:
            days = window(period, today=today, first=first, last=last)
        except Refused as refused:
            self.add_error(refused.field, str(refused))
            return None
        team = None if self.by_team else given["team"]
        return Asked(period, days, given["mission"], team, first, last, self.by_team, given["name"])
