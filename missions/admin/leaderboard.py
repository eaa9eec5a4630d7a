"""The leaderboard screen: people or teams, any period, by mission."""

from datetime import date
from typing import Any, cast

from django import forms
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from missions.leaderboards import progress, standings, team_standings
from missions.models import Mission
from missions.periods import Period, today_in, window, window_before
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.admin.widgets import LocalDateInput
from salesos.errors import Refused
from salesos.roles import EVERYONE

MOST_ROWS = 500


class BoardForm(forms.Form):
    """What the board shows. Everything has a default, so that a bare address is this month's people."""

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
    first = forms.DateField(label=_("First day"), required=False, widget=LocalDateInput)
    last = forms.DateField(label=_("Last day"), required=False, widget=LocalDateInput)
    by = forms.ChoiceField(choices=[("people", ""), ("teams", "")], required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ModelChoiceField[Mission]", self.fields["mission"]).queryset = Mission.objects.all()

    @property
    def chosen_period(self) -> Period:
        return Period(self.cleaned_data.get("period") or Period.MONTH)

    @property
    def first_and_last(self) -> tuple[date | None, date | None]:
        return self.cleaned_data.get("first"), self.cleaned_data.get("last")


class Leaderboard(Screen):
    name = "leaderboard"
    title = _("Leaderboard")
    template_name = "missions/leaderboard.html"
    may_view = EVERYONE

    def get(self, request: DashboardRequest) -> HttpResponse:
        form = BoardForm({"period": Period.MONTH, "by": "people", **request.GET.dict()})
        form.is_valid()
        by_team = form.cleaned_data.get("by") == "teams"
        board, refusal = self._board(form, by_team)
        mission: Mission | None = form.cleaned_data.get("mission")
        # A target is a person's, never a team's.
        aim = mission if mission and mission.target and not by_team else None
        reached = progress(aim, today=self._today()) if aim else {}
        return self.page(
            form=form,
            by_team=by_team,
            rows=[(standing, reached.get(standing.collaborator_id) if aim else None) for standing in board],
            target=aim.target_in_words if aim else "",
            refusal=refusal,
            is_custom=form.chosen_period == Period.CUSTOM,
        )

    def _today(self) -> date:
        return today_in(self.request.tenant, timezone.now())

    def _board(self, form: BoardForm, by_team: bool) -> tuple[Any, str]:
        if form.errors:
            return [], ""
        first, last = form.first_and_last
        try:
            days = window(form.chosen_period, today=self._today(), first=first, last=last)
        except Refused as refused:
            return [], str(refused)
        rows = (team_standings if by_team else standings)(
            days, previous=window_before(days), mission=form.cleaned_data.get("mission"), limit=MOST_ROWS
        )
        return rows, ""


site.add_screen("missions/leaderboard/", Leaderboard)
