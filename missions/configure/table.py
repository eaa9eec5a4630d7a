"""The table of the Configure screen: its rows as they are, as they were sent, and what saving them changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from missions import sources
from missions.mapping import CodeReceived, remove_mapping, set_mapping
from missions.models import Mission
from salesos.errors import Refused
from salesos.models import User

MOST_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Choice:
    """What a row says: a label of one's own, a mission (its id as text, "" for none), points as typed."""

    label: str = ""
    mission: str = ""
    points: str = ""

    def __str__(self) -> str:
        return f"{self.mission}:{self.points}:{self.label}"


@dataclass(slots=True)
class Row:
    code: str
    title: str | StrPromise
    saved: Choice
    shown: str = ""
    """The saved choice when the page was made, as its hidden field brought it back."""
    received: int = 0
    last_received_at: datetime | None = None
    uncounted: int = 0
    given: Choice = field(default_factory=Choice)
    error: str | StrPromise = ""

    @property
    def is_changed(self) -> bool:
        return str(self.given) != self.shown


def rows_of(source: str, received: Iterable[CodeReceived], more: Iterable[str] = ()) -> list[Row]:
    """A row for each code that was received or is mapped, and for `more` codes, in order of the codes."""
    known = {each.code: each for each in received}
    return [_row(known.get(code) or CodeReceived(code, 0, None, 0, None)) for code in sorted({*known, *more})]


def _row(code: CodeReceived) -> Row:
    mapping = code.mapping
    saved = Choice(mapping.label, str(mapping.mission_id), str(mapping.points)) if mapping else Choice()
    return Row(
        code=code.code,
        title=_("Activity %(code)s") % {"code": code.code},
        saved=saved,
        shown=str(saved),
        received=code.received,
        last_received_at=code.last_received_at,
        uncounted=code.uncounted,
        given=saved,
    )


def read(rows: Iterable[Row], sent: Mapping[str, str]) -> None:
    """Put what was sent into the rows. A row that the page did not have stays as it is."""
    for row in rows:
        if f"was-{row.code}" not in sent:
            continue
        row.shown = sent[f"was-{row.code}"]
        row.given = Choice(*(sent.get(f"{name}-{row.code}", "").strip() for name in ("label", "mission", "points")))


def save(source: str, rows: Iterable[Row], *, missions: Iterable[Mission], by: User) -> int:
    """Save the changed rows, all or none, and return how many there were.

    Raises `Refused` when any could not be saved; each such row has its `error`.
    """
    by_id = {str(mission.pk): mission for mission in missions}
    changed = [row for row in rows if row.is_changed]
    with transaction.atomic():
        for row in changed:
            try:
                _save_row(source, row, by_id, by)
            except Refused as refused:
                row.error = refused.message
        if any(row.error for row in changed):
            raise Refused("rows_refused", _("Nothing was saved: look at the rows marked below."))
    return len(changed)


def _save_row(source: str, row: Row, missions: Mapping[str, Mission], by: User) -> None:
    if row.shown != str(row.saved):
        raise Refused("changed_meanwhile", _("Somebody else changed this row meanwhile. Load the page again."))
    if not row.given.mission:
        if row.given.points or row.given.label:
            raise Refused("no_mission", _("Choose a mission, too."), field="mission")
        remove_mapping(source, row.code, by=by)
        return
    if row.given.mission not in missions:
        raise Refused("unknown_mission", _("There is no such mission."), field="mission")
    mission = missions[row.given.mission]
    set_mapping(source, row.code, mission=mission, points=_points(row.given.points), by=by, label=row.given.label)


def _points(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        raise Refused("bad_points", _("Points are a whole number."), field="points")
    return int(text)


def every_code(source: str, block: int) -> list[str]:
    """The codes of the Default integration whose first digit is `block`; none for a source without a list of codes."""
    if source != sources.DEFAULT:
        return []
    return [f"{number:03d}" for number in range(block * 100, block * 100 + 100) if number]
