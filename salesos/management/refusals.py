"""How a command says no: as an error of its own, without a traceback, with exit status 1."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from salesos.errors import Refused


@contextmanager
def refusals_as_errors() -> Iterator[None]:
    """Raise what the block refuses as `CommandError`; a field's own message (“cannot be blank”) gets its name."""
    try:
        yield
    except Refused as refused:
        names_its_field = refused.code == "invalid" and refused.field
        raise CommandError(f"{refused.field}: {refused}" if names_its_field else str(refused)) from None
