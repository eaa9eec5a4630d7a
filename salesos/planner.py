"""Telling the database's planner what is in a table, after much of it was written at once.

Until the server's own housekeeping comes by it would plan for the few rows that there were.
"""

from django.db import connection
from procrastinate.contrib.django import app

from salesos.database import run

MANY = 100
"""So many new rows may change which plan is good."""


def tell_planner(table: str) -> None:
    """Have `table` analysed once the caller's transaction is committed."""
    app.configure_task("analyse").defer(table=table)


def analyse(*, table: str) -> None:
    """What the worker does about it. `table` comes from code, never from a caller."""
    run(f"ANALYZE {connection.ops.quote_name(table)}")
