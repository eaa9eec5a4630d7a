"""`manage.py map_activity`: let an activity code lead to a mission."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from missions.mapping import mission_named, set_mapping
from missions.sources import DEFAULT
from salesos.management.refusals import refusals_as_errors
from salesos.management.tenant_argument import add_tenant_argument, tenant_named
from salesos.tenancy import tenant_context


class Command(BaseCommand):
    help = (
        "Map an activity code to a mission and its points, from now on. A mission of that name is made when there is "
        "none; a code that is mapped already is mapped anew. Points that were earned stay as they are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_tenant_argument(parser)
        parser.add_argument("code", metavar="CODE", help="the code as the CRM sends it, like 001")
        parser.add_argument("mission", metavar="MISSION", help="the mission's name; upper and lower case are the same")
        parser.add_argument("points", metavar="POINTS", type=int, help="points for each activity, 0 or more")
        parser.add_argument("--source", default=DEFAULT, help="where the activities come from (default: %(default)s)")

    def handle(self, *, tenant: str, code: str, mission: str, points: int, source: str, **options: Any) -> None:
        with tenant_context(tenant_named(tenant)), refusals_as_errors(name="MISSION"), transaction.atomic():
            mapping = set_mapping(source, code, mission=mission_named(mission), points=points)
        self.stdout.write(f"{source} {code} → {mapping.mission.name}, {points} points")
