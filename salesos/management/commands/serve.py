"""`manage.py serve`: everything that SalesOS needs on one machine, until Ctrl-C."""

import signal
import socket
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.http.request import validate_host
from django.utils.module_loading import import_string
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from salesos import server
from salesos.overseer import Overseer

LAST_SERVER_LEAVES = 2.5
"""Seconds in which the workers of a server that was killed notice, and let go of its port."""


class Server(BaseApplication):
    """Gunicorn with the settings of `salesos.server`, some of them replaced by `options`."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in {**vars(server), **self.options}.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def run(self) -> None:
        Overseer(self).run()

    def load(self) -> WSGIHandler:
        # Not before the static files are collected: the application looks for them once.
        return import_string(settings.WSGI_APPLICATION)


class Command(BaseCommand):
    help = "Bring the database up to date and serve SalesOS through the production server, until Ctrl-C."
    # `handle` runs them: first those that need no database.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="load the demo tenant, once, and print how to get in")
        parser.add_argument("--bind", default=settings.BIND, help="address to listen on (BIND; %(default)s)")
        parser.add_argument("--port", type=int, default=settings.PORT, help="port to listen on (PORT; %(default)s)")
        parser.add_argument(
            "--workers", type=int, default=settings.WEB_CONCURRENCY, help="processes (WEB_CONCURRENCY; %(default)s)"
        )

    def handle(self, *, demo: bool, bind: str, port: int, workers: int, **options: Any) -> None:
        refuse_taken_port(bind, port)
        self.check()
        self.check(tags=[Tags.database], databases=["default"])
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        url = f"http://{host_for_links(bind)}:{port}"
        if demo:
            call_command("load_demo", url=url, stdout=self.stdout)

        def announce(arbiter: Arbiter) -> None:
            # A terminal that is closed takes the server along; gunicorn would only load its settings anew.
            signal.signal(signal.SIGHUP, lambda *_: arbiter.signal(signal.SIGTERM, None))
            self.stdout.write(f"SalesOS is ready on {url} (Ctrl-C stops it).")
            self.stdout.flush()

        # What is unwritten when the workers are forked off would be written by each of them, too.
        self.stdout.flush()
        Server(bind=f"{bind}:{port}", workers=workers, loglevel="warning", when_ready=announce).run()


def host_for_links(bind: str) -> str:
    """A host that leads to a server on `bind` and that `ALLOWED_HOSTS` lets in, for what is printed."""
    # Every address of the machine, which is the address of none.
    host = "127.0.0.1" if bind in ("", "0.0.0.0", "[::]") else bind  # noqa: S104 - compared, not bound
    named = [name for name in settings.ALLOWED_HOSTS if name != "*"]
    return host if validate_host(host, settings.ALLOWED_HOSTS) or not named else named[0].lstrip(".")


def refuse_taken_port(bind: str, port: int) -> None:
    """Raise `CommandError` when nobody can listen there, before anything else is done."""
    deadline = time.monotonic() + LAST_SERVER_LEAVES
    while reason := _why_taken(bind, port):
        if time.monotonic() > deadline:
            raise CommandError(
                f"Can't listen on {bind}:{port}: {reason}. Another port: make run PORT=8001, or serve --port 8001."
            )
        time.sleep(0.1)


def _why_taken(bind: str, port: int) -> str | None:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind.strip("[]"), port))
        except (OSError, OverflowError) as error:
            return getattr(error, "strerror", None) or str(error)
    return None
