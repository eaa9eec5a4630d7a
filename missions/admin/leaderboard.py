"""The leaderboard screen: people or teams, any period, by mission and team; as a page, as CSV, and on a wall."""

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from missions.admin.board_form import Asked, BoardForm
from missions.leaderboards import Progress, Standing, TeamStanding, progress, standings, team_standings
from missions.models import Mission
from missions.periods import today_in, window_before
from missions.walls.board import Wall
from missions.walls.views import wall_json, wall_page
from salesos import spreadsheets
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.roles import EVERYONE

PAGE = 100
MOST_ROWS = 10_000
"""Where the board ends, and says so: nobody turns a hundred pages."""

Place = tuple[Standing | TeamStanding, Progress | None]


class BoardScreen(Screen):
    """What shows a leaderboard, for everybody in the tenant."""

    may_view = EVERYONE

    def today(self) -> date:
        return today_in(self.request.tenant, timezone.now())

    def asked_or_404(self) -> Asked:
        asked = BoardForm(self.request.GET).asked(today=self.today())
        if asked is None:
            raise Http404
        return asked


class Leaderboard(BoardScreen):
    name = "leaderboard"
    title = _("Leaderboard")
    template_name = "missions/leaderboard.html"

    def get(self, request: DashboardRequest) -> HttpResponseBase:
        form = BoardForm(request.GET)
        asked = form.asked(today=self.today())
        if asked is None:
            return self.page(form=form, rows=[])
        aim = _aim(asked)
        board = _board(asked)
        places = _found_by_name(asked, board)
        reached = progress(aim, today=self.today()) if aim else {}
        rows = [
            (place, reached.get(place.collaborator_id) if isinstance(place, Standing) else None) for place in places
        ]
        if request.GET.get("as") == "csv":
            return spreadsheets.download(f"leaderboard-{self.today()}.csv", _header(asked, aim), _cells(asked, rows))
        shown: Page[Place] = Paginator(rows, PAGE).get_page(request.GET.get("page"))
        return self.page(
            form=form,
            asked=asked,
            by_team=asked.by_team,
            rows=list(shown),
            shown=shown,
            is_cut=len(board) == MOST_ROWS,
            most=MOST_ROWS,
            leader=max((place.points for place in places), default=0),
            is_scored=any(place.points or place.completions for place in places),
            target=aim.target_in_words if aim else "",
            why_query=asked.query(by="", name=""),
            **_links(asked, shown),
        )


def _links(asked: Asked, shown: "Page[Place]") -> dict[str, Any]:
    return {
        "people_url": asked.query(by="people"),
        "teams_url": asked.query(by="teams", team=""),
        "everybody_url": asked.query(name=""),
        "csv_url": asked.query(**{"as": "csv"}),
        "wall_url": reverse("admin:board_on_wall") + asked.query(name=""),
        "links_url": reverse("admin:walls") + asked.query(name="", first="", last=""),
        "previous_url": asked.query(page=shown.previous_page_number()) if shown.has_previous() else "",
        "next_url": asked.query(page=shown.next_page_number()) if shown.has_next() else "",
    }


class BoardOnWall(BoardScreen):
    """The same board as a wall, for whoever is signed in."""

    name = "board_on_wall"
    title = _("Leaderboard")

    def get(self, request: DashboardRequest) -> HttpResponse:
        asked = self.asked_or_404()
        return wall_page(
            request,
            _wall(asked),
            board_url=reverse("admin:board_on_wall_data") + asked.query(name=""),
            back_url=reverse("admin:leaderboard") + asked.query(),
        )


class BoardOnWallData(BoardScreen):
    """What that wall asks for."""

    name = "board_on_wall_data"
    title = _("Leaderboard")

    def get(self, request: DashboardRequest) -> HttpResponse:
        return wall_json(request, _wall(self.asked_or_404()))


def _wall(asked: Asked) -> Wall:
    title = str(_("Leaderboard"))
    return Wall(title, asked.period, asked.by_team, asked.team, asked.mission, asked.first, asked.last)


def _aim(asked: Asked) -> Mission | None:
    """The mission whose target is shown: a target is a person's, never a team's."""
    return asked.mission if asked.mission and asked.mission.target and not asked.by_team else None


def _board(asked: Asked) -> Sequence[Standing | TeamStanding]:
    before = window_before(asked.window)
    if asked.by_team:
        return team_standings(asked.window, previous=before, mission=asked.mission, limit=MOST_ROWS)
    return standings(asked.window, previous=before, mission=asked.mission, team=asked.team, limit=MOST_ROWS)


def _found_by_name(asked: Asked, places: Sequence[Standing | TeamStanding]) -> Sequence[Standing | TeamStanding]:
    """The places of who is called so, each with its rank among all."""
    sought = _plain(asked.name)
    return [place for place in places if sought in _plain(place.name)] if sought else places


def _plain(text: str) -> str:
    """Without case and accents: who looks for “joao” finds João."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).strip()


def _header(asked: Asked, aim: Mission | None) -> list[Any]:
    subject = [_("Team"), _("Active people")] if asked.by_team else [_("Person"), _("E-mail"), _("Team")]
    target = [_("Target: %(target)s") % {"target": aim.target_in_words}] if aim else []
    return [_("Rank"), *subject, _("Points"), _("Completions"), _("Rank in the period before"), *target]


def _cells(asked: Asked, rows: Sequence[Place]) -> Iterator[list[Any]]:
    for place, reached in rows:
        if isinstance(place, Standing):
            subject: list[Any] = [place.name, place.email, place.team]
        else:
            subject = [place.name, place.people]
        target = [reached.completions] if reached else []
        yield [place.rank, *subject, place.points, place.completions, place.previous_rank, *target]


site.add_screen("missions/leaderboard/", Leaderboard)
site.add_screen("missions/leaderboard/wall/", BoardOnWall)
site.add_screen("missions/leaderboard/wall/board", BoardOnWallData)
