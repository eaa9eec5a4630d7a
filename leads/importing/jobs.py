"""Imports from the dashboard: a file is kept with a job that is not begun, looked at by jobs of another kind, and then
worked through behind the requests (`salesos.background`), as often as the worker is killed meanwhile.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from leads.actors import Actor
from leads.fields import LONGEST_FIELD_NAME
from leads.importing.columns import chosen, guess
from leads.importing.outcomes import OUTCOMES, counted, told
from leads.importing.reading import Row, chunks
from leads.importing.writing import examine, write
from salesos import audit, background
from salesos.database import run
from salesos.errors import Refused
from salesos.models import BackgroundJob, BackgroundPart
from salesos.models.background import JobState
from salesos.spreadsheets import stream

CHECK, IMPORT = "leads.import_check", "leads.import"
MOST_ROWS = 100_000
MOST_BYTES = 20 * 1024 * 1024
LOOKED_AT, SAMPLES, LONGEST_SAMPLE = 200, 3, 60
"""Rows in which values of each column are looked for, how many are shown, and how much of one."""


# Ask


def receive(file: UploadedFile) -> BackgroundJob:
    """Keep a file, to be looked at and then imported. Raises `Refused` for one that can't be read or is too large."""
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        too_large = _("The file is larger than %(most)d MB.") % {"most": MOST_BYTES // 1024 // 1024}
        raise Refused("too_large", too_large, field="file")
    source = stream(BytesIO(content))
    first = list(islice((cells for _line, cells in source.rows), LOOKED_AT))
    total = len(first) + sum(1 for _row in source.rows)
    if total > MOST_ROWS:
        too_many = _("The file has more than %(most)d rows. The command import_leads takes any number.")
        raise Refused("too_many_rows", too_many % {"most": MOST_ROWS}, field="file")
    if not total:
        raise Refused("no_rows", _("The file has a header and no rows."), field="file")
    return background.prepare(
        IMPORT,
        file=content,
        file_name=file.name or "",
        total=total,
        input={
            # Kept, and shown, of titles as long as a file may have them: no more than tells that they are too long.
            "header": [title[: LONGEST_FIELD_NAME + 1] for title in source.header],
            "samples": [_samples(first, number) for number in range(len(source.header))],
            "choices": guess(source.header),
            "updates": False,
        },
    )


def _samples(rows: Sequence[Sequence[str]], number: int) -> list[str]:
    values = dict.fromkeys(cells[number] for cells in rows if number < len(cells) and cells[number])
    return [value[:LONGEST_SAMPLE] for value in islice(values, SAMPLES)]


@transaction.atomic
def check(job: BackgroundJob, choices: Sequence[str], *, updates: bool) -> None:
    """Have it worked out what importing with these columns would do. Raises `Refused` for columns that won't do."""
    job = _not_begun(job)
    chosen(job.input["header"], choices, updates=updates)
    stop_checking(job)
    settings = {"choices": list(choices), "updates": updates, "language": get_language()}
    looking = background.prepare(
        CHECK, input={**settings, "import": job.pk, "header": job.input["header"]}, total=job.total
    )
    job.input = {**job.input, **settings, "check": looking.pk}
    job.save(update_fields=["input"])
    background.start(looking)


@transaction.atomic
def begin(job: BackgroundJob) -> None:
    """Import as it was last looked at. Raises `Refused` when that has not been done, or the import was begun before."""
    job = _not_begun(job)
    looking = check_of(job)
    if looking is None or looking.state != JobState.DONE:
        raise Refused("not_checked", _("Look at what the import would do first."))
    background.start(job)


@transaction.atomic
def discard(job: BackgroundJob) -> None:
    """Forget a file that was not imported."""
    job = _not_begun(job)
    stop_checking(job)
    BackgroundJob.objects.filter(pk__in=[job.pk, job.input.get("check") or job.pk]).delete()


def stop_checking(job: BackgroundJob) -> None:
    looking = check_of(job)
    if looking is not None and not looking.has_ended:
        background.ask_to_cancel(looking)


def check_of(job: BackgroundJob) -> BackgroundJob | None:
    """The last look at what the import would do."""
    found: BackgroundJob | None = BackgroundJob.objects.filter(kind=CHECK, pk=job.input.get("check") or 0).first()
    return found


def _not_begun(job: BackgroundJob) -> BackgroundJob:
    found = BackgroundJob.objects.select_for_update().filter(pk=job.pk, kind=IMPORT, state=JobState.PREPARED).first()
    if found is None:
        raise Refused("begun", _("This import was begun already."))
    return found


# Do


@dataclass(frozen=True, slots=True)
class _Settings:
    """What differs between two imports of the same file, as a job's input has it."""

    header: list[str]
    choices: list[str]
    updates: bool
    language: str

    @classmethod
    def of(cls, job: BackgroundJob) -> "_Settings":
        return cls(*(job.input[name] for name in ("header", "choices", "updates", "language")))

    def in_language(self) -> AbstractContextManager[None]:
        """Reports are in the language of whoever asked for them."""
        return override(self.language)

    def chunks(self, content: bytes) -> Iterator[list[Row]]:
        found = chunks(BytesIO(content), chosen(self.header, self.choices, updates=self.updates))
        while True:
            with self.in_language():
                rows = next(found, None)
            if rows is None:
                return
            yield rows


@background.work(CHECK)
class CheckImport(background.Work[list[Row]]):
    """Works through the file of the import that it is about."""

    at_once = 2

    def chunks(self, job: BackgroundJob) -> Iterator[list[Row]]:
        about = BackgroundJob.objects.filter(pk=job.input["import"]).first()
        return _Settings.of(job).chunks(background.file_of(about)) if about else iter(())

    def do(self, job: BackgroundJob, chunk: list[Row]) -> background.Part:
        settings = _Settings.of(job)
        with settings.in_language():
            examine(chunk, updates=settings.updates)
            return _part(chunk)


@background.work(IMPORT)
class ImportLeads(background.Work[list[Row]]):
    at_once = 2

    def chunks(self, job: BackgroundJob) -> Iterator[list[Row]]:
        return _Settings.of(job).chunks(background.file_of(job))

    def do(self, job: BackgroundJob, chunk: list[Row]) -> background.Part:
        settings = _Settings.of(job)
        by = Actor.of_user(job.by) if job.by else Actor.of_system("import")
        with settings.in_language():
            write(chunk, updates=settings.updates, by=by, at=timezone.now())
            return _part(chunk)

    def ended(self, job: BackgroundJob) -> None:
        counts = counts_of([job])[job.pk]
        if counts:
            audit.record(
                "leads.imported", job.file_name, changes={name: ("", counts.get(name, 0)) for name in OUTCOMES}
            )


def _part(rows: Sequence[Row]) -> background.Part:
    return background.Part(done=len(rows), counts=counted(rows), result=[told(row) for row in rows])


# Look at it


def counts_of(jobs: Sequence[BackgroundJob]) -> dict[int, dict[str, int]]:
    """By job: outcome → how many rows have it so far. One statement."""
    counts: dict[int, dict[str, int]] = {job.pk: {} for job in jobs}
    parts = BackgroundPart.objects.filter(job__in=counts).values_list("job_id", "counts")
    for job_id, of_part in parts:
        for outcome, count in of_part.items():
            counts[job_id][outcome] = counts[job_id].get(outcome, 0) + count
    return counts


def rows_told(job: BackgroundJob) -> Iterator[list[Any]]:
    """What became of each row, as `outcomes.told` says it, in the file's order; read a part at a time."""
    parts = BackgroundPart.objects.filter(job=job).order_by("number")
    part = parts.first()
    while part is not None:
        yield from part.result
        part = parts.filter(number__gt=part.number).first()


def first_told(job: BackgroundJob, most: int) -> list[list[Any]]:
    """The first rows of each outcome, in the order of `OUTCOMES`. One statement, which reads no further."""
    found = run(_FIRST, {"tenant": job.tenant_id, "job": job.pk, "outcomes": list(OUTCOMES), "most": most})
    return [json.loads(row) for (row,) in found]


_FIRST = """
SELECT told.row::text
FROM unnest(%(outcomes)s::text[]) WITH ORDINALITY AS outcome (name, place)
CROSS JOIN LATERAL (
    SELECT row, part.number, line.place
    FROM salesos_backgroundpart AS part, jsonb_array_elements(part.result) WITH ORDINALITY AS line (row, place)
    WHERE part.tenant_id = %(tenant)s AND part.job_id = %(job)s AND jsonb_exists(part.counts, outcome.name)
        AND row ->> 1 = outcome.name
    ORDER BY part.number, line.place
    LIMIT %(most)s
) AS told
ORDER BY outcome.place, told.number, told.place
"""
