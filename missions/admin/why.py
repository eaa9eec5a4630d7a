"""Why a person or a team has the points that the leaderboard shows: every activity and adjustment behind them."""

from typing import Any, ClassVar

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from missions import why
from missions.admin.board_form import Asked, BoardForm
from missions.admin.leaderboard import BoardScreen
from salesos.admin.acting import DashboardRequest
from salesos.admin.site import site
from salesos.models import Collaborator, Team


class Why(BoardScreen):
    title = _("Where the points come from")
    template_name = "missions/why.html"
    by_team: ClassVar[bool]

    def get(self, request: DashboardRequest, object_id: int) -> HttpResponse:
        subject = self.subject(object_id)
        form = BoardForm(request.GET)
        asked = form.asked(today=self.today())
        if asked is None:
            return self.page(form=form, subject=subject, by_team=self.by_team)
        number = self.number(subject, asked)
        parts = why.sums(number)
        try:
            page = why.page(number, after=request.GET.get("after", ""))
        except why.UnknownPlace:
            raise Http404 from None
        return self.page(
            form=form,
            asked=asked,
            subject=subject,
            by_team=self.by_team,
            parts=parts,
            points=sum(part.points for part in parts),
            completions=sum(part.completions for part in parts),
            lines=page.lines,
            is_continued="after" in request.GET,
            here=request.path + asked.query(),
            next_url=request.path + asked.query(after=page.next_place) if page.next_place else "",
            board_url=reverse("admin:leaderboard") + asked.query(by="teams" if self.by_team else ""),
        )

    def subject(self, object_id: int) -> Any:
        raise NotImplementedError

    def number(self, subject: Any, asked: Asked) -> why.Number:
        raise NotImplementedError


class WhyOfPerson(Why):
    name = "salesos_collaborator_why"
    by_team = False

    def subject(self, object_id: int) -> Collaborator:
        people = Collaborator.objects.select_related("merged_into")
        person = people.filter(pk=object_id).first()
        if person is None:
            raise Http404
        return person.merged_into or person

    def number(self, subject: Collaborator, asked: Asked) -> why.Number:
        return why.of_person(subject, asked.window, mission=asked.mission, team=asked.team)


class WhyOfTeam(Why):
    name = "salesos_team_why"
    by_team = True

    def subject(self, object_id: int) -> Team:
        team = Team.objects.filter(pk=object_id).first()
        if team is None:
            raise Http404
        return team

    def number(self, subject: Team, asked: Asked) -> why.Number:
        return why.of_team(subject, asked.window, mission=asked.mission)


site.add_screen("missions/leaderboard/person/<int:object_id>/", WhyOfPerson)
site.add_screen("missions/leaderboard/team/<int:object_id>/", WhyOfTeam)
