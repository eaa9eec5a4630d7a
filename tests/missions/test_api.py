"""The leaderboard over the API: the figures of the dashboard, paged."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from missions.leaderboards import standings, team_standings
from missions.models import Mission
from missions.periods import Period, today_in, window, window_before
from salesos.models import Team
from salesos.scopes import Scope
from salesos.tenancy import tenant_context
from tests.door import details, door, refusal
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory, TeamFactory
from tests.missions.evidence import earn

PATH = "/v1/leaderboard"


@pytest.fixture
def at(acme):
    return door(acme, scopes=[Scope.LEADERBOARD_READ])


@pytest.fixture
def today(acme):
    return today_in(acme, timezone.now())


@pytest.fixture
def board(acme, globex, today):
    with tenant_context(acme):
        red, blue, calls = TeamFactory(name="Red"), TeamFactory(name="Blue"), MissionFactory(name="Calls")
        MappingFactory(code="001", mission=calls)
        ana, bia = CollaboratorFactory(name="Ana", team=red), CollaboratorFactory(name="Bia", team=blue)
        CollaboratorFactory(name="Cai")
        earn(ana, 5, mission=calls, day=today)
        earn(bia, 9, day=today)
        earn(ana, 20, day=today - timedelta(days=400))
    return {"red": red, "blue": blue, "calls": calls, "ana": ana, "bia": bia}


def get(at, query=""):
    answer = at.send(method="GET", path=PATH + query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_board_is_this_months_people(at, board):
    answer = get(at, "?per_page=2")
    assert answer["meta"] == {"total": 3, "page": 1, "per_page": 2, "total_pages": 2}
    assert answer["data"][0] == {
        "rank": 1,
        "previous_rank": None,
        "movement": None,
        "collaborator_id": str(board["bia"].public_id),
        "name": "Bia",
        "email": board["bia"].email,
        "team": "Blue",
        "points": 9,
        "completions": 0,
    }
    assert [(row["rank"], row["name"], row["team"]) for row in get(at, "?per_page=2&page=2")["data"]] == [
        (3, "Cai", None)
    ]
    assert get(at, "?page=3")["data"] == []


@pytest.mark.parametrize("period", [period for period in Period.values if period != "custom"])
def test_the_figures_are_those_of_the_dashboard(at, acme, board, today, period):
    with tenant_context(acme):
        days = window(Period(period), today=today)
        people, teams = standings(days, previous=window_before(days)), team_standings(days)
    assert [
        (row["rank"], row["name"], row["points"], row["movement"]) for row in get(at, f"?period={period}")["data"]
    ] == [(row.rank, row.name, row.points, row.movement) for row in people]
    assert [(row["rank"], row["name"], row["points"]) for row in get(at, f"?period={period}&by=teams")["data"]] == [
        (row.rank, row.name, row.points) for row in teams
    ]


def points(at, query):
    return {row["name"]: row["points"] for row in get(at, query)["data"]}


def test_the_board_of_days_of_a_team_and_of_a_mission(at, board, today):
    long_ago = today - timedelta(days=400)
    assert points(at, f"?period=custom&first={long_ago}&last={long_ago}") == {"Ana": 20, "Bia": 0, "Cai": 0}
    assert points(at, f"?period=custom&last={today}") == {"Ana": 25, "Bia": 9, "Cai": 0}
    assert points(at, "?period=custom") == points(at, "?period=all") == {"Ana": 25, "Bia": 9, "Cai": 0}
    assert points(at, f"?team_id={board['red'].public_id}") == {"Ana": 5}
    assert points(at, f"?mission_id={board['calls'].public_id}") == {"Ana": 5, "Bia": 0, "Cai": 0}
    assert points(at, f"?by=teams&mission_id={board['calls'].public_id}") == {"Red": 5, "Blue": 0}
    assert get(at, "?by=teams")["data"][0] == {
        "rank": 1,
        "previous_rank": None,
        "movement": None,
        "team_id": str(board["blue"].public_id),
        "name": "Blue",
        "people": 1,
        "points": 9,
        "completions": 0,
    }


def test_a_team_or_mission_that_nobody_or_another_tenant_has_has_an_empty_board(at, board, globex):
    with tenant_context(globex):
        strangers = {"team_id": Team.objects.get().public_id, "mission_id": Mission.objects.get().public_id}
    for name, stranger in strangers.items():
        empty = {"data": [], "meta": {"total": 0, "page": 1, "per_page": 25, "total_pages": 0}}
        assert get(at, f"?{name}={stranger}") == get(at, f"?{name}={uuid.uuid4()}") == empty


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("?period=year&by=all&sort=points", ["period", "by", "sort"]),
        ("?period=custom&first=2026-02-30", ["first"]),
        ("?first=2026-01-01&last=2026-01-31", ["first", "last"]),
        ("?period=custom&first=2026-01-02&last=2026-01-01", ["last"]),
        (f"?by=teams&team_id={uuid.UUID(int=1)}", ["team_id"]),
        ("?mission_id=7", ["mission_id"]),
    ],
)
def test_bad_parameters_are_named(at, globex, query, fields):
    assert [row["field"] for row in details(at.send(method="GET", path=PATH + query))] == fields


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_days_like_any_other(at, board, day):
    assert len(get(at, f"?period=custom&first={day}&last={day}")["data"]) == 3


def test_only_a_key_that_may_read_leaderboards_reads_them(acme, globex):
    answer = door(acme, scopes=[Scope.LEADS_READ, Scope.DEFAULT_SYNC]).send(method="GET", path=PATH)
    assert refusal(answer) == (403, "FORBIDDEN", "The API key lacks the scope leaderboard:read")
