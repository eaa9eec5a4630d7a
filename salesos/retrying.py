"""Run an operation again when two of them got into each other's way, as PostgreSQL expects its callers to do."""

import functools
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, connection

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

SERIALIZATION_FAILURE, DEADLOCK = "40001", "40P01"
UNIQUE_VIOLATION, FOREIGN_KEY_VIOLATION = "23505", "23503"
ATTEMPTS = 5


def retried(*states: str) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Retry the decorated operation, which opens its own transaction, on errors with these SQLSTATEs.

    Inside a surrounding transaction nothing is retried: there the whole of it would have to run again.
    """

    def decorate(operation: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @functools.wraps(operation)
        def attempt(*args: Parameters.args, **options: Parameters.kwargs) -> Result:
            for left in reversed(range(ATTEMPTS)):
                try:
                    return operation(*args, **options)
                except DatabaseError as error:
                    if not left or connection.in_atomic_block or sqlstate(error) not in states:
                        raise
                    time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 - spreads two rivals, guards nothing
            raise AssertionError("unreachable")

        return attempt

    return decorate


def sqlstate(error: DatabaseError) -> str | None:
    """PostgreSQL's five-letter code of an error that Django wrapped."""
    return getattr(error.__cause__, "sqlstate", None)
