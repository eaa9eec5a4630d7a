"""What became of rows, in words and numbers."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from leads.fields import LONGEST_TEXT
from leads.importing.columns import FIELDS
from leads.importing.reading import Outcome, Row

OUTCOMES: dict[Outcome, StrPromise] = {
    "error": _("Error"),
    "new": _("New"),
    "changed": _("Changed"),
    "same": _("Same as now"),
    "exists": _("Exists already"),
}
REPORT = (_("line"), _("outcome"), _("e-mail"), _("name"), _("details"))

_TITLES = {**FIELDS, "owner_id": _("Owner"), "custom_fields": _("Custom fields")}
MOST_DETAILS = 2000
"""Characters that a report has of one row."""


def counted(rows: Iterable[Row]) -> dict[str, int]:
    """Outcome → how many; those that are none are left out."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.outcome] = counts.get(row.outcome, 0) + 1
    return counts


def details(row: Row) -> str:
    """What is wrong with a row, or what it changes."""
    told = row.faults or [*_changes(row.changes)]
    return "; ".join(told)[:MOST_DETAILS]


def told(row: Row) -> list[Any]:
    """What a report has of a row: line, outcome, e-mail, name and details; all cells of one with errors behind them."""
    name = str(row.values.get("name", ""))
    said = [row.line, row.outcome, row.email[:LONGEST_TEXT], name[:LONGEST_TEXT], details(row)]
    return [*said, list(row.cells)] if row.faults else said


def _changes(changes: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    for name, (before, after) in changes.items():
        yield f"{_TITLES[name]}: {_shown(before) or '–'} → {_shown(after) or '–'}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)
