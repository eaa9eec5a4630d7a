"""Bar charts, drawn by the server as SVG: no script, no inline style, readable by a screen reader as the table it is.

A screen makes a `Chart` and includes `salesos/chart.html with chart=…` (or `salesos/sparkline.html`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import number_format
from django_stubs_ext import StrPromise

STEP, GAP = 10, 2
"""Width of a bar with its gap, and the gap, in the chart's own units: it is stretched to the width of its place."""

HEIGHT = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """One value of a chart. `part` is drawn within it in the warning colour, like the refused ones of all requests."""

    label: str
    value: int
    part: int = 0
    href: str = ""
    at: date | datetime | None = None
    """The moment that the bar begins, for a chart that is brushed."""


@dataclass(frozen=True, slots=True)
class DrawnBar:
    bar: Bar
    x: int
    y: float
    height: float
    part_y: float
    part_height: float

    @property
    def width(self) -> int:
        return STEP - GAP

    @property
    def hit_x(self) -> int:
        """Where the bar's place begins, gap included, so that a pointer meets no holes."""
        return self.x - GAP // 2

    @property
    def hit_width(self) -> int:
        return STEP

    @property
    def title(self) -> str:
        """Label and value, like “3 Nov: 1,204”; the part behind a slash."""
        value = number_format(self.bar.value, use_l10n=True, force_grouping=True)
        if not self.bar.part:
            return f"{self.bar.label}: {value}"
        return f"{self.bar.label}: {value} / {number_format(self.bar.part, use_l10n=True, force_grouping=True)}"


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars over an axis that begins at zero."""

    title: str | StrPromise
    bars: Sequence[Bar]
    value_title: str | StrPromise = ""
    part_title: str | StrPromise = ""

    @property
    def most(self) -> int:
        return max((bar.value for bar in self.bars), default=0)

    @property
    def is_empty(self) -> bool:
        return self.most == 0

    @property
    def width(self) -> int:
        return max(len(self.bars), 1) * STEP

    @property
    def height(self) -> int:
        return HEIGHT

    @property
    def drawn(self) -> list[DrawnBar]:
        return [self._drawn(number, bar) for number, bar in enumerate(self.bars)]

    @property
    def labels(self) -> list[str]:
        """The first, the middle and the last one, which stand below the axis."""
        if len(self.bars) < 3:
            return [bar.label for bar in self.bars]
        return [self.bars[0].label, self.bars[len(self.bars) // 2].label, self.bars[-1].label]

    def _drawn(self, number: int, bar: Bar) -> DrawnBar:
        height, part = self._height(bar.value), self._height(min(bar.part, bar.value))
        return DrawnBar(bar, number * STEP + GAP // 2, HEIGHT - height, height, HEIGHT - part, part)

    def _height(self, value: int) -> float:
        # What is there is seen, however small beside the tallest.
        return max(round(HEIGHT * value / self.most, 2), 1.5) if value else 0
