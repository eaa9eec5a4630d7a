"""How a command says no: as an error of its own, without a traceback, with exit status 1."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from salesos.errors import Refused


@contextmanager
def refusals_as_errors(**arguments: str) -> Iterator[None]:
    """Raise what the block refuses as `CommandError`; a field's own message (“cannot be blank”) gets its name.

    `arguments` tell what the command calls a field that it does not call by its name: `name="MISSION"`.
    """
    try:
        yield
    except Refused as refused:
        field = refused.field if refused.code == "invalid" else None
        raise CommandError(f"{arguments.get(field, field)}: {refused}" if field else str(refused)) from None
