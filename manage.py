#!/usr/bin/env python
"""Django's command line for SalesOS: `python manage.py help` lists the commands."""

import os
import signal
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesos.settings")
    # Ended by an exception instead of at once, so that the embedded PostgreSQL is stopped, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415 - after the settings are named

        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
