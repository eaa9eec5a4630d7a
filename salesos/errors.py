"""`Refused`: the one exception that means “no, because”. Everything else that is raised is a bug and may crash."""

import uuid

from django_stubs_ext import StrPromise


class Refused(Exception):
    """A rule said no. The API renders it, the admin shows it, a bulk answer puts it in the row.

    `code` is stable and in snake_case (`lead_converted`); `message` is for people; `field` names the input at fault.
    """

    def __init__(self, code: str, message: "str | StrPromise", *, field: str | None = None) -> None:
        super().__init__(str(message))
        self.code = code
        self.message = message
        self.field = field

    def __str__(self) -> str:
        return str(self.message)


class Clash(Refused):
    """No, because of how things are now rather than of what was asked: something else has the name, or is done already.

    The API answers 409. `other_id` is the public id of what stands in the way, where the caller may know it.
    """

    def __init__(
        self,
        code: str,
        message: "str | StrPromise",
        *,
        field: str | None = None,
        other_id: uuid.UUID | None = None,
    ) -> None:
        super().__init__(code, message, field=field)
        self.other_id = other_id
