"""Where activities come from, and which codes each source may use. A code is parsed here and nowhere else."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import CharField, F, Func, Q, Value
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from salesos.errors import Refused

DEFAULT = "default"
LEADS = "leads"


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of system that sends activities: its name in the data, its words on the screen, the shape of its codes."""

    name: str
    label: StrPromise
    code_pattern: re.Pattern[str]
    code_hint: StrPromise
    labels: Mapping[str, StrPromise] = field(default_factory=dict)
    """Code → what it means, for a source whose codes are ours."""
    code_width: int = 0
    """Spreadsheets drop the zeros that a code begins with; up to this width they are put back."""

    @property
    def every_code(self) -> list[str]:
        """Its codes in order, those of a fixed list in that one's."""
        return list(self.labels) or [f"{number:03d}" for number in range(1, 1000)]

    def title_of(self, code: str) -> str:
        """What a code is called on the screen."""
        return self.titles_of([code])[0]

    def titles_of(self, codes: Iterable[str]) -> list[str]:
        title = gettext("Activity %(code)s")
        return [str(self.labels[code]) if code in self.labels else title % {"code": code} for code in codes]

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


_LEADS_LABELS: Mapping[str, StrPromise] = {
    "lead.created": _("Lead created"),
    "lead.contacted": _("Lead contacted"),
    "lead.qualified": _("Lead qualified"),
    "lead.converted": _("Lead converted"),
    "deal.won": _("Deal won"),
}

SOURCES = {
    DEFAULT: Source(
        DEFAULT,
        _("Default"),
        re.compile(r"(?!000)[0-9]{3}"),
        _("A code of the Default integration has three digits, 001 to 999."),
        code_width=3,
    ),
    LEADS: Source(
        LEADS,
        _("Leads"),
        re.compile("|".join(map(re.escape, _LEADS_LABELS))),
        _("A code of leads is one of the list."),
        labels=_LEADS_LABELS,
    ),
}

# The database's guard, evaluated for every row of a batch: a regular expression would take ten times as long.
_WITHOUT_DIGITS = Func(F("code"), Value("0123456789"), Value(""), function="translate", output_field=CharField())
CODE_OF_ITS_SOURCE = (
    ~Q(source=DEFAULT) | (Q(Exact(Length("code"), 3)) & Q(Exact(_WITHOUT_DIGITS, Value(""))) & ~Q(code="000"))
) & (~Q(source=LEADS) | Q(code__in=tuple(_LEADS_LABELS)))


def source(name: str) -> Source:
    """The source called `name`; raises `Refused` when there is none."""
    try:
        return SOURCES[name]
    except KeyError:
        raise Refused("unknown_source", _("There is no source “%(name)s”.") % {"name": name}, field="source") from None
