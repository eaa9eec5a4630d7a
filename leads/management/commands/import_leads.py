"""`manage.py import_leads`: leads from a CSV file of any size."""

import csv
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from leads.actors import Actor
from leads.importing.columns import FIELDS, Columns, chosen, guess
from leads.importing.outcomes import OUTCOMES, counted
from leads.importing.reading import Row, chunks
from leads.importing.side_by_side import SideBySide
from leads.importing.writing import examine, write
from salesos import audit
from salesos.errors import Refused
from salesos.management.progress import Progress
from salesos.management.refusals import refusals_as_errors
from salesos.management.tenant_argument import add_tenant_argument, tenant_named
from salesos.retrying import DEADLOCK, FOREIGN_KEY_VIOLATION, SERIALIZATION_FAILURE, retried
from salesos.spreadsheets import defused, stream
from salesos.tenancy import tenant_context

INTERRUPTED = 130

Tell = Callable[[Sequence[Row]], None]


class Command(BaseCommand):
    help = (
        "Import leads from a CSV file, whose first line names the columns; English, Portuguese and Spanish names are "
        "understood. A lead whose e-mail is there already stays as it is; with --update it is changed, and an empty "
        "cell changes nothing. Rows with errors are left out and told. Written in chunks: what was imported stays when "
        "the command is stopped, and running it again goes on harmlessly. Ends with status 1 when any row had an error."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="CSV: UTF-8, UTF-16 or Windows-1252; , ; tab or |")
        add_tenant_argument(parser)
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and write nothing")
        parser.add_argument("--update", action="store_true", help="change the leads that are there already, by e-mail")
        parser.add_argument(
            "--column",
            metavar="FIELD=HEADER",
            action="append",
            default=[],
            help=f"which column holds a field, where its header does not say so: {', '.join(FIELDS)}",
        )
        parser.add_argument(
            "--custom-fields",
            action="store_true",
            help="keep every other column as a custom field (default: leave out)",
        )
        parser.add_argument(
            "--report",
            metavar="CSV",
            type=Path,
            help="write the rows with errors here, with line and reason, to be mended and imported (default: stderr)",
        )

    def handle(self, *, file: Path, tenant: str, **options: Any) -> None:
        home = tenant_named(tenant)
        with _opened(file) as source, tenant_context(home), refusals_as_errors():
            header = stream(source).header
            columns = _columns(header, **options)
            with _faults_told(options["report"], header, self.stderr) as tell, _opened(file) as source:
                counts = self._import(source, file.stat().st_size, columns, tell, **options)
        self.stdout.write(_summary(counts, **options))
        if counts["error"]:
            sys.exit(1)

    def _import(
        self, source: BinaryIO, size: int, columns: Columns, tell: Tell, *, dry_run: bool, update: bool, **options: Any
    ) -> Counter[str]:
        counts, line = Counter[str](), 1
        work = SideBySide(partial(examine if dry_run else _write, updates=update))

        def take(rows: Sequence[Row]) -> None:
            nonlocal line
            line = rows[-1].line
            counts.update(counted(rows))
            if any(row.faults for row in rows):
                progress.clear()
                tell(rows)

        with Progress(self.stderr, total=size) as progress, work:
            try:
                for rows in work.done(chunks(source, columns)):
                    take(rows)
                    progress.show(source.tell(), f"{counts.total():,} rows, {counts['error']:,} with errors")
            except (KeyboardInterrupt, Refused) as error:
                for rows in work.stop():
                    take(rows)
                progress.clear()
                self._note(counts, dry_run)
                done = f"Stopped after line {line}: {_summary(counts, dry_run=dry_run)}"
                if isinstance(error, Refused):
                    raise CommandError(f"{error} {done}") from None
                self.stderr.write(f"{done} Run the command again to go on.")
                sys.exit(INTERRUPTED)
        self._note(counts, dry_run)
        return counts

    def _note(self, counts: Counter[str], dry_run: bool) -> None:
        if not dry_run:
            audit.record("leads.imported", "import_leads", changes={name: ("", counts[name]) for name in OUTCOMES})


@retried(SERIALIZATION_FAILURE, DEADLOCK, FOREIGN_KEY_VIOLATION)
@transaction.atomic
def _write(rows: Sequence[Row], *, updates: bool) -> None:
    write(rows, updates=updates, by=Actor.of_system("import_leads"), at=timezone.now())


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None


def _columns(header: list[str], *, column: list[str], custom_fields: bool, update: bool, **options: Any) -> Columns:
    choices = guess(header, with_custom=custom_fields)
    for argument in column:
        field, _sign, title = argument.partition("=")
        if field not in FIELDS:
            raise CommandError(f"--column {argument}: expected FIELD=HEADER, FIELD one of {', '.join(FIELDS)}.")
        if title not in header:
            raise CommandError(f"--column {argument}: the file has no column “{title}”.")
        choices = ["" if choice == field else choice for choice in choices]
        choices[header.index(title)] = field
    return chosen(header, choices, updates=update)


@contextmanager
def _faults_told(report: Path | None, header: list[str], stderr: Any) -> Iterator[Tell]:
    """What tells the rows with errors: to a file that can be imported again, or one line each."""

    def to_stderr(rows: Sequence[Row]) -> None:
        for row in rows:
            if row.faults:
                stderr.write(f"line {row.line}: {'; '.join(row.faults)}")

    if report is None:
        yield to_stderr
        return
    try:
        file: TextIO = report.open("w", encoding="utf-8-sig", newline="")
    except OSError as error:
        raise CommandError(f"{report}: {error.strerror}") from None
    with file:
        writer = csv.writer(file)
        writer.writerow(["line", "reason", *map(defused, header)])

        def to_file(rows: Sequence[Row]) -> None:
            writer.writerows(
                [row.line, defused("; ".join(row.faults)), *map(defused, row.cells)] for row in rows if row.faults
            )

        yield to_file


def _summary(counts: Counter[str], *, dry_run: bool, **options: Any) -> str:
    told = ", ".join(f"{counts[name]:,} {title.lower()}" for name, title in _WORDS.items() if counts[name])
    return f"{counts.total():,} rows{' (dry run, nothing written)' if dry_run else ''}: {told or 'none'}."


_WORDS = {"new": "new", "changed": "changed", "same": "unchanged", "exists": "there already", "error": "with errors"}
