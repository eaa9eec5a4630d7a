"""The one table at the end, and its copy as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

COLUMNS = ("case", "ours", "limit", "ratio", "target", "ok")


@dataclass
class Row:
    """One line. `ok` is None where nothing is asked for; `note` stands below the table, `detail` in the JSON copy."""

    case: str
    ours: str
    limit: str = ""
    ratio: str = ""
    target: str = ""
    ok: bool | None = None
    note: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def cells(self) -> tuple[str, ...]:
        verdict = {True: "ok", False: "NOT", None: ""}[self.ok]
        return (self.case, self.ours, self.limit, self.ratio, self.target, verdict)


def rendered(rows: Sequence[Row]) -> str:
    lines = [COLUMNS, *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    text.insert(1, "  ".join("-" * width for width in widths))
    notes = [f"{row.case}: {row.note}" for row in rows if row.note]
    return "\n".join([*text, "", *notes]) if notes else "\n".join(text)


def keep(rows: Sequence[Row], path: Path, **about: Any) -> None:
    path.write_text(json.dumps({**about, "rows": [asdict(row) for row in rows]}, indent=1, default=str) + "\n")
