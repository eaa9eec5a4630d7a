#!/usr/bin/env python
"""Django's command line for SalesOS: `python manage.py help` lists the commands."""

import os
import signal
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError
from psycopg.errors import UndefinedTable


def run(arguments: list[str]) -> None:
    """Run a command. What a person can mend ends with one line on standard error and status 1, not with a traceback.

    That includes what argparse refuses, for which it has 2: scripts are promised 0 or 1. `--traceback` shows it all.
    """
    try:
        _refuse_unreadable(arguments)
        execute_from_command_line(arguments)
    except (ImproperlyConfigured, OperationalError, ProgrammingError, UnicodeError) as error:
        reason = _mendable(error)
        if reason is None or "--traceback" in arguments:
            raise
        sys.exit(f"Error: {' '.join(reason.split())}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except SystemExit as end:
        sys.exit(1 if end.code == 2 else end.code)


def _refuse_unreadable(arguments: list[str]) -> None:
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise UnicodeError(f"The argument {os.fsencode(argument)!r} is not UTF-8.") from None


def _mendable(error: Exception) -> str | None:
    """What to say of an error that is about the installation; None for a bug."""
    if isinstance(error, OperationalError):
        return f"The database can't be used: {error}"
    if isinstance(error, ProgrammingError):
        is_empty = isinstance(error.__cause__, UndefinedTable)
        return "The database has not been prepared; run manage.py migrate first." if is_empty else None
    # Its kinds that name a codec are about data, and nobody's typing error.
    return None if isinstance(error, UnicodeEncodeError | UnicodeDecodeError) else str(error)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesos.settings")
    # Ended by an exception instead of at once, so that the embedded PostgreSQL is stopped, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    run(sys.argv)


if __name__ == "__main__":
    main()
