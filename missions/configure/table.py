"""The table of the Configure screen: its rows as they are, and as they were sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import number_format

from missions import sources
from missions.changes import Effect, Line, Wish, mark_of, mark_of_worth
from missions.mapping import CodeReceived, worth_of
from missions.sources import Source
from salesos.moments import shown_moment

MINE, THEIRS = "mine", "theirs"
FIELDS = ("m", "p", "l")
"""What the inputs of a row are called, before its code: mission, points, label. Short, there are 2,997 of them."""


@dataclass(slots=True)
class Row:
    """A code. `mission`, `points` and `label` are as typed, or else as saved."""

    code: str
    title: str
    mission: str = ""
    points: str = ""
    label: str = ""
    shown: str = ""
    """The mark of what is saved, as the page shows it."""
    received: int = 0
    last_received_at: datetime | None = None
    uncounted: int = 0
    is_mapped: bool = False
    is_changed: bool = False
    line: Line | None = None
    """What is wrong with it."""

    @property
    def is_waiting(self) -> bool:
        """Received, and counting for nothing."""
        return not self.is_mapped and self.last_received_at is not None

    # In words here, since a filter of the template's costs several times as much, and there are 999 rows.

    @property
    def received_in_words(self) -> str:
        return number_format(self.received, force_grouping=True) if self.received else ""

    @property
    def last_received_in_words(self) -> str:
        return shown_moment(self.last_received_at)

    @property
    def is_clash(self) -> bool:
        return self.line is not None and self.line.effect == Effect.CLASH


def rows_of(source: Source, received: Iterable[CodeReceived], more: Iterable[str] = ()) -> list[Row]:
    """A row for each code that was received or is mapped, and for `more` codes, in the order of the source."""
    known = {each.code: each for each in received}
    codes = {*known, *more}
    in_order = [code for code in source.labels if code in codes] if source.labels else sorted(codes)
    titles = source.titles_of(in_order)
    return [_row(code, title, known.get(code)) for code, title in zip(in_order, titles, strict=True)]


def _row(code: str, title: str, known: CodeReceived | None) -> Row:
    if known is None:
        return Row(code, title)
    row = Row(
        code,
        title,
        received=known.received,
        last_received_at=known.last_received_at,
        uncounted=known.uncounted,
    )
    if known.mapping:
        worth = worth_of(known.mapping)
        row.mission, row.points, row.label = worth.mission, str(worth.points), worth.label
        row.shown, row.is_mapped = mark_of_worth(worth), True
    return row


def read(source: str, sent: Mapping[str, str]) -> list[Wish]:
    """The wishes of the rows that were changed, those of which a clash was settled for the other side left out.

    What names no code of the source is passed over.
    """
    known, shown = sources.source(source), marks_in(sent.get("shown", ""))
    wishes = []
    for name in sent:
        code = name[1:]
        if name[:1] != FIELDS[0] or not known.code_pattern.fullmatch(code) or sent.get(f"k{code}") == THEIRS:
            continue
        mission, points, label = (" ".join(sent.get(f"{field}{code}", "").split()) for field in FIELDS)
        was = shown.get(code, "")
        if mark_of(mission, points, label) != was:
            # A clash that nobody has settled stays one: no row ever has this mark.
            is_open = f"k{code}" in sent and sent[f"k{code}"] != MINE
            wishes.append(Wish(code, mission, points, label, shown="?" if is_open else was))
    return sorted(wishes, key=lambda wish: wish.code)


def marks(rows: Iterable[Row]) -> str:
    """What the page shows, for its hidden field: the mark of each code that is mapped."""
    return " ".join(f"{row.code}:{row.shown}" for row in rows if row.shown)


def marks_in(text: str) -> dict[str, str]:
    return dict(pair.rsplit(":", 1) for pair in text.split() if ":" in pair)


def put(lines: Iterable[Line], rows: Iterable[Row], *, is_judged: bool) -> None:
    """Show in `rows` what was typed and, with `is_judged`, what is wrong with it.

    Whoever was told of a clash has seen what is saved; for others the row compares with what they saw before.
    """
    by_code = {line.wish.code: line for line in lines}
    for row in rows:
        line = by_code.get(row.code)
        if line is None:
            continue
        wish, row.is_changed = line.wish, True
        row.mission, row.points, row.label = wish.mission, wish.points, wish.label or ""
        if not is_judged:
            row.shown = wish.shown or ""
            continue
        row.line = line if line.effect in (Effect.CLASH, Effect.REFUSED) else None
        row.shown = mark_of_worth(line.before)
