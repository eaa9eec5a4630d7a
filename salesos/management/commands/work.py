"""`manage.py work`: do what is queued, until Ctrl-C."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from salesos.background.worker import work_until_stopped


class Command(BaseCommand):
    help = (
        "Do the work behind requests: imports, changes of many rows, e-mails. `serve` runs one of these by itself; "
        "beside another server run at least one, on any machine. Stopped, it leaves the rest to the next one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--parent", type=int, metavar="PID", help="stop when this process, which started it, ends")

    def handle(self, *, parent: int | None, **options: Any) -> None:
        work_until_stopped(parent)
