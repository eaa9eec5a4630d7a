"""`manage.py leaderboard`: print a tenant's leaderboard."""

import argparse
import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Value
from django.db.models.functions import Lower
from django.utils import timezone

from missions.leaderboards import Standing, TeamStanding, standings, team_standings
from missions.models import Mission
from missions.periods import Period, Window, today_in, window, window_before
from salesos.errors import Refused
from salesos.management.tenant_argument import add_tenant_argument, tenant_named
from salesos.models import Team, Tenant
from salesos.tenancy import tenant_context

PERSON_COLUMNS = ("rank", "name", "email", "team", "points", "completions")
TEAM_COLUMNS = ("rank", "name", "points", "completions")
EVERY_TEAM = object()
"""`--team` without a name."""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-03-31") from None


class Command(BaseCommand):
    help = "Print a tenant's leaderboard: its active people, or its teams, by points in a period."

    def add_arguments(self, parser: CommandParser) -> None:
        add_tenant_argument(parser)
        parser.add_argument(
            "--period", choices=Period.values, help="in the tenant's time zone (default: month, or custom with dates)"
        )
        parser.add_argument("--from", dest="first", metavar="DATE", type=_day, help="first day of a custom period")
        parser.add_argument("--to", dest="last", metavar="DATE", type=_day, help="last day of a custom period")
        parser.add_argument("--mission", metavar="NAME", help="only the points of this mission")
        parser.add_argument(
            "--team",
            metavar="NAME",
            nargs="?",
            const=EVERY_TEAM,
            help="rank the teams; with a name, the people of that team by what they earned in it",
        )
        parser.add_argument("--json", action="store_true", help="print a list of objects instead of a table")

    def handle(self, *, tenant: str, **options: Any) -> None:
        chosen = tenant_named(tenant)
        with tenant_context(chosen):
            rows, columns = self._board(chosen, **options)
        if options["json"]:
            self.stdout.write(json.dumps([{name: getattr(row, name) for name in columns} for row in rows], indent=2))
        else:
            self.stdout.write("\n".join(_table(rows, columns)))

    def _board(
        self, tenant: Tenant, *, mission: str | None, team: Any, **options: Any
    ) -> tuple[Sequence[Standing | TeamStanding], tuple[str, ...]]:
        days = _window(tenant, **options)
        chosen = _named(Mission, mission) if mission is not None else None
        if team is EVERY_TEAM:
            return team_standings(days, previous=window_before(days), mission=chosen), TEAM_COLUMNS
        members_of = _named(Team, team) if team is not None else None
        return standings(days, previous=window_before(days), mission=chosen, team=members_of), PERSON_COLUMNS


def _window(tenant: Tenant, *, period: str | None, first: date | None, last: date | None, **options: Any) -> Window:
    has_dates = first is not None or last is not None
    if has_dates and period not in (None, Period.CUSTOM):
        raise CommandError("--from and --to belong to --period custom.")
    chosen = Period(period) if period else Period.CUSTOM if has_dates else Period.MONTH
    try:
        return window(chosen, today=today_in(tenant, timezone.now()), first=first, last=last)
    except Refused as refused:
        raise CommandError(str(refused)) from None


def _named(model: Any, name: str) -> Any:
    """The mission or team of this name in the current tenant, in any case."""
    row = model.objects.annotate(folded=Lower("name")).filter(folded=Lower(Value(name.strip()))).first()
    if row is None:
        raise CommandError(f"There is no {model._meta.verbose_name} “{name}”.")
    return row


def _table(rows: Sequence[Standing | TeamStanding], columns: tuple[str, ...]) -> list[str]:
    """Aligned lines, a heading first; the last column is the movement against the period before."""
    cells = [[name.capitalize() for name in columns] + ["Move"]]
    # A name may hold anything; a line break in it must not look like another row.
    cells += [[" ".join(str(getattr(row, name)).split()) for name in columns] + [_moved(row.movement)] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def _moved(movement: int | None) -> str:
    return "" if movement is None else f"{movement:+d}" if movement else "="
