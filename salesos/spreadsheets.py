"""CSV files in and out, as spreadsheets of many kinds and countries write and read them.

Out: streamed a row at a time, UTF-8 with a byte order mark so that Excel reads the accents, cells that a spreadsheet
would take for formulas defused. In: UTF-8 (with or without mark), UTF-16 or Windows-1252; separated by commas,
semicolons, tabs or bars.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from typing import Any, BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from salesos.errors import Refused
from salesos.models import Tenant
from salesos.tenancy import current_tenant, tenant_context

MOST_BYTES = 20 * 1024 * 1024
MOST_COLUMNS = 200
WIDEST = 16_384
"""Cells of a line, with the empty ones at its end: as many as a spreadsheet has."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
MARK = "\ufeff"
CHUNK = 500
"""Rows that leave in one piece."""
PIECE = 1 << 20
"""Bytes that are looked at in one go."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV file as it was read. `rows` are as long as `header`; `lines` says where in the file each begins."""

    header: list[str]
    rows: list[list[str]]
    lines: list[int]


def defused(cell: Any) -> str:
    """`cell` as text that no spreadsheet takes for a formula: an apostrophe goes before what begins like one.

    A plain number keeps its sign.
    """
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA) and not _is_number(text) else text


def undefused(cell: str) -> str:
    """What `defused` was given, where it put an apostrophe."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def download(name: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """`rows` as the file `name`, read while it is sent: in the tenant, the time zone and the language of now."""
    surroundings = _Surroundings(current_tenant(), timezone.get_current_timezone(), translation.get_language())
    answer = StreamingHttpResponse(_written(header, rows, surroundings), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What is current while a request is answered, and gone when its answer is sent."""

    tenant: Tenant
    zone: tzinfo
    language: str | None

    @contextmanager
    def restored(self) -> Iterator[None]:
        with tenant_context(self.tenant), timezone.override(self.zone), translation.override(self.language):
            yield


def _written(header: Sequence[Any], rows: Iterable[Sequence[Any]], surroundings: _Surroundings) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(MARK)
    with surroundings.restored():
        writer.writerow([str(title) for title in header])
    source = iter(rows)
    while True:
        # Closed between two pieces: the thread that sends them serves others, too.
        with surroundings.restored():
            count = sum(1 for row in _take(source) if writer.writerow([defused(cell) for cell in row]))
        yield buffer.getvalue().encode("utf-8", "replace")
        buffer.seek(0)
        buffer.truncate()
        if count < CHUNK:
            return


def _take(source: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    for _number in range(CHUNK):
        try:
            yield next(source)
        except StopIteration:
            return


def read(file: UploadedFile | bytes, *, most_rows: int) -> Sheet:
    """What an uploaded CSV file says. Blank lines are left out, short rows filled up with "".

    Raises `Refused` for a file too big, not text, empty, with more than `most_rows` rows or `MOST_COLUMNS` columns,
    two columns of one name, or a row longer than the header; the message names the line.
    """
    source = stream(io.BytesIO(_bytes_of(file)))
    rows: list[list[str]] = []
    lines: list[int] = []
    for line, cells in source.rows:
        if len(rows) == most_rows:
            raise _refused(_("The file has more than %(most)d rows."), most=most_rows)
        rows.append(_fitted(cells, len(source.header), line))
        lines.append(line)
    return Sheet(source.header, rows, lines)


@dataclass(frozen=True, slots=True)
class Stream:
    """A CSV file that is being read. `rows` has each row's line in the file and its cells, as many as there are; it
    raises `Refused` for what can't be read."""

    header: list[str]
    rows: Iterator[tuple[int, list[str]]]


def stream(file: BinaryIO) -> Stream:
    """A CSV file of any size, a row at a time; Blank lines are left out.

    Raises `Refused` for a file that is empty or not text, with more than `MOST_COLUMNS` columns or two of one name.
    """
    text = io.TextIOWrapper(cast(BinaryIO, _Borrowed(file)), encoding=_encoding_of(file), newline="")
    delimiter = _delimiter(next((line for line in text if line.strip()), ""))
    text.seek(0)
    rows = _rows(text, delimiter)
    for _line, cells in rows:
        return Stream(_checked_header(cells), rows)
    raise _refused(_("The file is empty."))


class _Borrowed(io.BufferedIOBase):
    """A file that whoever wraps it does not close."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read1(self, size: int = -1) -> bytes:  # what TextIOWrapper asks for
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _rows(text: io.TextIOWrapper, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader, begins = csv.reader(text, delimiter=delimiter, strict=False), 1
    try:
        for cells in reader:
            here, begins = begins, reader.line_num + 1
            if len(cells) > WIDEST:
                # Megabytes of separators would take as many seconds, and hundreds of times the memory.
                raise _refused(_("The file has more than %(most)d columns."), most=MOST_COLUMNS)
            cells = [undefused(cell.strip()) for cell in cells]
            if any(cells):
                yield here, cells
    except csv.Error as error:
        raise _refused(_("Line %(line)d can't be read: %(reason)s."), line=begins, reason=str(error)) from None


def _bytes_of(file: UploadedFile | bytes) -> bytes:
    content: bytes = file if isinstance(file, bytes) else file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise _refused(_("The file is larger than %(most)d MB."), most=MOST_BYTES // 1024 // 1024)
    return content


def _encoding_of(file: BinaryIO) -> str:
    """How all of `file` can be read, from whose beginning it then is."""
    file.seek(0)
    is_utf16 = file.read(2) in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ["utf-16"] if is_utf16 else ["utf-8-sig", "cp1252"]:
        file.seek(0)
        try:
            pieces = codecs.iterdecode(iter(partial(file.read, PIECE), b""), encoding)
            is_text = not any("\0" in piece for piece in pieces)
        except UnicodeDecodeError:
            continue
        if is_text:
            file.seek(0)
            return encoding
        break
    raise _refused(_("This is no text file. Save it as CSV (UTF-8)."))


def _delimiter(line: str) -> str:
    """The separator that the first line has most of, outside of quotes; a comma when it has none."""
    bare = "".join(line.split('"')[::2])
    return max(",;\t|", key=bare.count)


def _checked_header(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    if len(cells) > MOST_COLUMNS:
        raise _refused(_("The file has more than %(most)d columns."), most=MOST_COLUMNS)
    folded = [cell.casefold() for cell in cells]
    twice = next((cell for cell in cells if cell and folded.count(cell.casefold()) > 1), None)
    if twice is not None:
        raise _refused(_("The column “%(name)s” is there twice."), name=twice)
    return cells


def _fitted(cells: list[str], width: int, line: int) -> list[str]:
    if any(cells[width:]):
        raise _refused(_("Line %(line)d has more cells than the header."), line=line)
    return (cells + [""] * width)[:width]


def _is_number(text: str) -> bool:
    digits = text[1:].replace(".", "", 1).replace(",", "", 1)
    return text[0] in "+-" and digits.isascii() and digits.isdecimal()


def _refused(message: Any, **names: Any) -> Refused:
    return Refused("bad_csv", message % names if names else message, field="file")
