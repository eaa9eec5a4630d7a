import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from missions.periods import Period, today_in, window, window_before
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory, TeamFactory
from tests.missions.evidence import earn, record

DAY = timedelta(days=1)


@pytest.fixture
def month(acme):
    return window(Period.MONTH, today=today_in(acme, timezone.now()))


@pytest.fixture
def sales(in_acme, globex, month):
    """Maria of Red climbed over Joao of no team."""
    maria = CollaboratorFactory(name="Maria", email="maria@example.com", team=TeamFactory(name="Red"))
    joao = CollaboratorFactory(name="João\nRank", email="joao@example.com")
    MappingFactory(code="001", mission=MissionFactory(name="Calls"), points=5)
    record(maria, "001", day=month.start, count=2)
    earn(joao, 4, day=month.start)
    earn(maria, 1, day=month.start - DAY)
    earn(joao, 7, day=month.start - DAY)


def run(capsys, *arguments):
    call_command("leaderboard", "--tenant", "acme", *arguments)
    return capsys.readouterr().out


def test_the_board_of_the_month_is_a_table(sales, capsys):
    assert run(capsys) == (
        "Rank  Name       Email              Team  Points  Completions  Move\n"
        "1     Maria      maria@example.com  Red   10      2            +1\n"
        "2     João Rank  joao@example.com         4       0            -1\n"
    )


def test_json_is_a_list_of_objects(sales, capsys):
    assert json.loads(run(capsys, "--json")) == [
        {"rank": 1, "name": "Maria", "email": "maria@example.com", "team": "Red", "points": 10, "completions": 2},
        {"rank": 2, "name": "João\nRank", "email": "joao@example.com", "team": "", "points": 4, "completions": 0},
    ]


def points(said):
    return [(row["rank"], row["name"][:5], row["points"]) for row in json.loads(said)]


def test_periods_and_dates_choose_the_window(sales, month, capsys):
    first, last = window_before(month).start.isoformat(), (month.start - DAY).isoformat()
    assert points(run(capsys, "--json", "--period", "all")) == [(1, "João\n", 11), (1, "Maria", 11)]
    assert points(run(capsys, "--json", "--from", first, "--to", last)) == [(1, "João\n", 7), (2, "Maria", 1)]
    assert points(run(capsys, "--json", "--period", "custom", "--from", month.start.isoformat())) == [
        (1, "Maria", 10),
        (2, "João\n", 4),
    ]


def test_a_mission_and_a_team_narrow_the_board(sales, capsys):
    assert points(run(capsys, "--json", "--mission", "CALLS")) == [(1, "Maria", 10), (2, "João\n", 0)]
    assert points(run(capsys, "--json", "--team", "red")) == [(1, "Maria", 10)]


def test_teams_have_a_board_of_their_own(sales, capsys):
    assert json.loads(run(capsys, "--json", "--team")) == [{"rank": 1, "name": "Red", "points": 10, "completions": 2}]
    assert run(capsys, "--team") == "Rank  Name  Points  Completions  Move\n1     Red   10      2            =\n"


def test_an_empty_board_is_an_empty_list(in_acme, globex, capsys):
    assert json.loads(run(capsys, "--json")) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tenant", "nobody"], "There is no tenant “nobody”."),
        (["--tenant", "acme", "--mission", "Hanks"], "There is no mission “Hanks”."),
        (["--tenant", "acme", "--team", "Blue"], "There is no team “Blue”."),
        (["--tenant", "acme", "--period", "week", "--to", "2026-03-01"], "--from and --to belong to --period custom."),
        (["--tenant", "acme", "--from", "2026-03-02", "--to", "2026-03-01"], "The last day is before the first."),
        (
            ["--tenant", "acme", "--from", "yesterday"],
            "Error: argument --from: 'yesterday' is not a date like 2026-03-31",
        ),
    ],
)
def test_what_cannot_be_is_an_error(in_acme, globex, arguments, message):
    with pytest.raises(CommandError) as error:
        call_command("leaderboard", *arguments)
    assert str(error.value) == message
