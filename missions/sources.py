"""Where activities come from, and which codes each source may use. A code is parsed here and nowhere else."""

import re
from dataclasses import dataclass

from django.db.models import CharField, F, Func, Q, Value
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from salesos.errors import Refused

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of system that sends activities: its name in the data, its words on the screen, the shape of its codes."""

    name: str
    label: StrPromise
    code_pattern: re.Pattern[str]
    code_hint: StrPromise
    code_width: int = 0
    """Spreadsheets drop the zeros that a code begins with; up to this width they are put back."""

    def code_in_full(self, text: str) -> str:
        """The code that a person or a spreadsheet means by `text`: `1` and `01` are `001`. Raises `Refused`."""
        text = text.strip()
        is_number = text.isascii() and text.isdecimal()
        return self.refuse_unknown(text.zfill(self.code_width) if is_number else text)

    def refuse_unknown(self, code: str) -> str:
        """`code` itself; raises `Refused` when this source has no such code."""
        if not self.code_pattern.fullmatch(code):
            raise Refused("unknown_code", self.code_hint, field="code")
        return code


SOURCES = {
    DEFAULT: Source(
        DEFAULT,
        _("Default"),
        re.compile(r"(?!000)[0-9]{3}"),
        _("A code of the Default integration has three digits, 001 to 999."),
        code_width=3,
    )
}

# The database's guard, evaluated for every row of a batch: a regular expression would take ten times as long.
_WITHOUT_DIGITS = Func(F("code"), Value("0123456789"), Value(""), function="translate", output_field=CharField())
CODE_OF_ITS_SOURCE = ~Q(source=DEFAULT) | (
    Q(Exact(Length("code"), 3)) & Q(Exact(_WITHOUT_DIGITS, Value(""))) & ~Q(code="000")
)


def source(name: str) -> Source:
    """The source called `name`; raises `Refused` when there is none."""
    try:
        return SOURCES[name]
    except KeyError:
        raise Refused("unknown_source", _("There is no source “%(name)s”.") % {"name": name}, field="source") from None


def every_code(name: str) -> list[str]:
    """The codes of the source called `name`, in order; none for a source without a fixed list."""
    return [f"{number:03d}" for number in range(1, 1000)] if name == DEFAULT else []
