"""`manage.py load_demo`: the demo tenant, loaded once, and how to get in."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.urls import reverse
from django.utils import timezone

from integrations.demo import company, loading
from integrations.demo.company import PEOPLE
from integrations.demo.loading import ADMIN, DAYS, STAFF, USERS, Ready
from salesos.management.refusals import refusals_as_errors
from salesos.management.whole_number import whole_number


class Command(BaseCommand):
    help = (
        f"Load the demo tenant “{company.NAME}” unless it is there: a team, missions, 90 days of activities sent "
        "through the API, a pipeline of leads and deals. Prints how to sign in, and a curl command that works. "
        "Password and API key are kept in DATA_DIR/demo.json."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url",
            default=f"http://127.0.0.1:{settings.PORT}",
            help="where SalesOS is reached, for what is printed (default: %(default)s)",
        )
        parser.add_argument(
            "--days",
            metavar="N",
            type=whole_number(least=2, most=365),
            default=DAYS,
            help="days of activities to load (default: %(default)s)",
        )

    def handle(self, *, url: str, days: int, **options: Any) -> None:
        with refusals_as_errors():
            ready = loading.load(at=timezone.now(), report=self._report, days=days)
        for note in ready.notes:
            self.stdout.write(note)
        self.stdout.write(way_in(ready, url.rstrip("/")))

    def _report(self, progress: str) -> None:
        self.stdout.write(f"Loading the demo: {progress}")
        self.stdout.flush()


def way_in(ready: Ready, url: str) -> str:
    """What a person needs to look around, and a command for a shell that sends one activity."""
    others = ", ".join([email for email, _name, _role in USERS if email != ADMIN] + [f"{STAFF} (all tenants)"])
    return f"""
Demo: {company.NAME}
  Dashboard  {url}{reverse("admin:index")}
  Login      {ADMIN}
  Password   {ready.password or "the one that you have set"}
  Also       {others}, same password

Send an activity, and see the leaderboard move:

{curl(ready.api_key, url)}
"""


def curl(api_key: str, url: str) -> str:
    """A command to paste into a shell; each time it sends a new activity."""
    # The single quotes end around the time, which the shell fills in.
    activity = (
        """{"activity_code": "001", "external_id": "try-'"$(date +%s)"'", """
        f""""collaborator_email": "{PEOPLE[0].email}", "data": {{"client": "Acme Corp", "duration_min": 12}}}}"""
    )
    return f"""curl -X POST {url}{reverse("default-integration")} \\
  -H "Authorization: Bearer {api_key}" \\
  -H "Content-Type: application/json" \\
  -d '{{"action": "sync_activities", "activities": [{activity}]}}'"""
