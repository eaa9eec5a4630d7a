"""A figure against the one of the period before: how much more or less, for the eye and for the ear."""

from dataclasses import dataclass
from typing import Literal

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django_stubs_ext import StrPromise

MOST_PER_CENT = 999
"""Beyond, the figure says more than the difference."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A value so far and the value before.

    `before_is_whole`: what was before is known for whole days only, while today still runs. Being behind means nothing
    then, and the share that is reached is told instead.
    """

    value: int
    before: int | None = None
    """None where there is nothing to compare with."""
    period: str | StrPromise = ""
    """What was before, in words that follow “than”, like “last Friday”."""
    before_is_whole: bool = False

    @property
    def kind(self) -> Literal["none", "new", "same", "up", "down", "share"]:
        if self.before is None or (self.before == 0 and self.value == 0):
            return "none"
        if self.before < 0 or self.value < 0:
            # Points that were taken by hand: a share of less than nothing means nothing.
            return "none"
        if self.before == 0:
            return "new"
        if self.value == self.before:
            return "same"
        if self.value > self.before:
            return "up"
        return "share" if self.before_is_whole else "down"

    @property
    def per_cent(self) -> int:
        """By how much it differs; the share for a share."""
        if not self.before:
            return 0
        share = 100 * self.value / self.before
        return round(share if self.kind == "share" else abs(share - 100))

    @property
    def text(self) -> str:
        """Short, for the eye."""
        per_cent = f"{number_format(self.per_cent)} %" if self.per_cent <= MOST_PER_CENT else f"> {MOST_PER_CENT} %"
        return {
            "none": "",
            "new": _("▲ from 0"),
            "same": "=",
            "up": f"▲ {per_cent}",
            "down": f"▼ {per_cent}",
            "share": _("%(per_cent)s of %(period)s") % {"per_cent": per_cent, "period": self.period},
        }[self.kind]

    @property
    def spoken(self) -> str:
        """The whole sentence, for the ear and for whoever points at it."""
        sentences = {
            "none": "",
            "new": _("None %(period)s"),
            "same": _("As many as %(period)s"),
            "up": _("%(per_cent)s %% more than %(period)s: %(before)s"),
            "down": _("%(per_cent)s %% fewer than %(period)s: %(before)s"),
            "share": _("So far %(per_cent)s %% of %(period)s, the whole day: %(before)s"),
        }
        return sentences[self.kind] % {
            "per_cent": number_format(self.per_cent, force_grouping=True),
            "period": self.period,
            "before": number_format(self.before or 0, force_grouping=True),
        }
