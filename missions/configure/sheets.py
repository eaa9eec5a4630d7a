"""A mapping as a CSV file: out of the dashboard, and read back."""

import csv
import io
from collections.abc import Iterable

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import StreamingHttpResponse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from missions import sources
from missions.changes import Line, Wish, mark_of_worth
from missions.mapping import CodeReceived
from salesos import spreadsheets
from salesos.errors import Refused

MOST_ROWS = 2000

COLUMNS: dict[str, StrPromise] = {
    "source": _("source"),
    "code": _("code"),
    "mission": _("mission"),
    "points": _("points"),
    "label": _("label"),
}
NEEDED = ("code", "mission", "points")


def export(source: str, received: Iterable[CodeReceived]) -> StreamingHttpResponse:
    """The mapping, and with empty cells to fill in what was received but is not mapped."""
    rows = [(source, code.code, *_cells(code)) for code in received]
    return spreadsheets.download(f"mapping-{source}.csv", list(COLUMNS.values()), rows)


def _cells(code: CodeReceived) -> tuple[object, object, object]:
    mapping = code.mapping
    return (mapping.mission.name, mapping.points, mapping.label) if mapping else ("", "", "")


def wishes_of(source: str, file: UploadedFile | bytes) -> tuple[list[Wish], dict[int, str]]:
    """What an uploaded file asks for, and by line what is wrong with those that can't even be asked. Raises `Refused`.

    A file without labels leaves labels as they are; an empty line of a mission lets the code stop counting.
    """
    sheet = spreadsheets.read(file, most_rows=MOST_ROWS)
    columns = _columns(sheet.header)
    wishes, errors = [], {}
    for number, cells in zip(sheet.lines, sheet.rows, strict=True):
        given = {name: " ".join(cells[column].split()) for name, column in columns.items()}
        code = given["code"]
        try:
            _refuse_other_source(source, given.get("source", ""))
            code = sources.source(source).code_in_full(code)
        except Refused as refused:
            errors[number] = str(refused)
        wishes.append(Wish(code, given["mission"], given["points"], given.get("label"), line=number))
    return wishes, errors


def _columns(header: list[str]) -> dict[str, int]:
    """Column by name, in whichever of our languages the header is."""
    found: dict[str, int] = {}
    for name, title in COLUMNS.items():
        titles = {name, *_in_every_language(title)}
        for number, cell in enumerate(header):
            if cell.casefold() in titles:
                found.setdefault(name, number)
    missing = [str(COLUMNS[name]) for name in NEEDED if name not in found]
    if missing:
        message = _("The file's first line must name its columns; these are missing: %(names)s.")
        raise Refused("bad_csv", message % {"names": ", ".join(missing)}, field="file")
    return found


def _in_every_language(title: StrPromise) -> list[str]:
    titles = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            titles.append(str(title).casefold())
    return titles


def _refuse_other_source(source: str, named: str) -> None:
    if named and named.casefold() not in (source, str(sources.source(source).label).casefold()):
        message = _("This line is about another source, “%(name)s”.")
        raise Refused("other_source", message % {"name": named[:40]}, field="source")


# Between the dry run and its confirmation the browser keeps the wishes, with the marks of what the dry run showed.


def packed(lines: Iterable[Line]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for line in lines:
        wish, label = line.wish, "" if line.wish.label is None else f"={line.wish.label}"
        writer.writerow([wish.line, wish.code, wish.mission, wish.points, label, mark_of_worth(line.before)])
    return buffer.getvalue()


def unpacked(text: str) -> list[Wish]:
    """The wishes that `packed` put into the page. Raises `Refused` for what it never wrote."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
        return [
            Wish(code, mission, points, label[1:] if label else None, shown, int(line[:9]))
            for line, code, mission, points, label, shown in rows[:MOST_ROWS]
        ]
    except (csv.Error, ValueError):
        raise Refused("bad_csv", _("This page has lost the file. Choose it once more."), field="file") from None
