"""Rows of a file as leads to be: each cell read by the rules of its field, what is wrong kept with the row."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO, Literal

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override
from pydantic_core import to_json

from leads import fields
from leads.changes import LARGEST_CUSTOM_FIELDS
from leads.importing.columns import Columns
from leads.importing.seen import Seen
from leads.models.lead import LeadStatus
from salesos.columns import folded
from salesos.spreadsheets import stream

CHUNK = 1000
"""Rows that are written in one transaction."""

Reader = Callable[[str], Any]

Outcome = Literal["error", "new", "changed", "same", "exists"]
"""`exists`: somebody has the e-mail already, and the import only creates."""


@dataclass(slots=True, eq=False)
class Row:
    """A row of the file. `values` holds what it says, only where it says something, for `leads.changes`; the owner's
    e-mail as it stands there until `leads.importing.writing` knows who that is."""

    line: int
    cells: Sequence[str]
    titles: Mapping[str, str]
    """Field → what the file calls its column."""
    values: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    outcome: Outcome = "error"
    changes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Of a lead that is there already, as its history keeps them: field → [before, after]."""

    def refuse(self, field: str, message: str) -> None:
        """The row is not written: `message` says what is wrong with `field`."""
        self.faults.append(f"{self.titles.get(field, field)}: {message}")
        self.outcome = "error"

    @property
    def email(self) -> str:
        """As the file has it, right or wrong."""
        return str(self.values.get("email", ""))

    @property
    def key(self) -> str:
        """What a lead is found by."""
        return self.email.lower()


def chunks(file: BinaryIO, columns: Columns) -> Iterator[list[Row]]:
    """The rows of a file in its order, `CHUNK` at a time, each checked by itself and against the lines before it.

    The same file makes the same chunks each time. Raises `Refused` for what can't be read.
    """
    source = stream(file)
    reader, seen = _RowReader(source.header, columns), Seen()
    rows = (reader.read(line, cells) for line, cells in source.rows)
    while chunk := list(islice(rows, CHUNK)):
        for row in chunk:
            if not row.faults:
                first = seen.first(row.key, row.line)
                if first != row.line:
                    row.faults.append(_("The same e-mail as in line %(line)d") % {"line": first})
        yield chunk


class _RowReader:
    def __init__(self, header: Sequence[str], columns: Columns) -> None:
        readers = _readers()
        self._width = len(header)
        self._titles = {name: header[number] for name, number in columns.fields.items()}
        self._fields = [(name, number, readers[name]) for name, number in columns.fields.items()]
        self._custom = tuple(columns.custom.items())

    def read(self, line: int, cells: Sequence[str]) -> Row:
        row, width = Row(line, cells, self._titles), len(cells)
        for name, number, reader in self._fields:
            text = cells[number] if number < width else ""
            if text:
                try:
                    row.values[name] = reader(text)
                except ValueError as error:
                    row.refuse(name, str(error))
                    if name in ("email", "name"):
                        row.values[name] = text
            elif name == "email":
                row.refuse(name, _("Required"))
        if self._custom:
            self._read_custom(row, cells)
        if width > self._width and any(cells[self._width :]):
            row.faults.append(_("More cells than the header"))
        return row

    def _read_custom(self, row: Row, cells: Sequence[str]) -> None:
        sent = {name: cells[number] for name, number in self._custom if number < len(cells) and cells[number]}
        if sent:
            row.values["custom_fields"] = sent
            if len(to_json(sent)) > LARGEST_CUSTOM_FIELDS:
                row.faults.append(_("Custom fields take at most 64 KiB as JSON."))


def _readers() -> Mapping[str, Reader]:
    statuses = _statuses()
    return {
        "email": fields.email,
        "name": fields.required_text,
        "phone": fields.optional_text,
        "company": fields.optional_text,
        "position": fields.optional_text,
        "source": fields.optional_text,
        "status": lambda text: fields.status(statuses.get(folded(text), text)),
        "owner": fields.email,
        "tags": lambda text: fields.tags(re.split("[;|]", text)),
    }


def _statuses() -> dict[str, str]:
    """What a status may be called: its code, and its name in every language."""
    names: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        with override(language):
            names |= {folded(str(status.label)): status.value for status in LeadStatus}
    return names | {folded(status.value): status.value for status in LeadStatus}
