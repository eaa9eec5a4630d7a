"""Finding activities among millions: every search is served by an index, and bounded.

- an external id: the unique index (tenant, source, external id);
- a person, or a time: the index (tenant, collaborator, occurred at), one range of it for each record asked for, so many
  rows of each as the page can need. Without a person a time is at most `MOST_DAYS` long;
- everything else: the primary key from the newest row down. What only a look at each row can tell (code, mission,
  counted or not) is then looked for among the newest `MOST_LOOKED_AT` rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from missions.models import Activity
from missions.sources import SOURCES
from salesos.models import Collaborator
from salesos.moments import shown_moment

MOST_DAYS = 31
MOST_LOOKED_AT = 200_000
MOST_PEOPLE = 20
LOOKED_AT_FIRST = (timedelta(hours=6), timedelta(days=3))
CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched for. `text` is an external id as a whole, or a part of a person's name or e-mail address.
    `until` is not part of the time. `is_filtered`: the rows were narrowed by what no index knows."""

    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    is_filtered: bool = False

    @property
    def has_time(self) -> bool:
        return self.since is not None or self.until is not None


class Rows:
    """Activities in their order, to be sliced by a page or read to the end; `note` says what bounded the search."""

    def __init__(self, rows: QuerySet[Activity], note: str = "") -> None:
        self.rows = rows
        self.note = note

    def __getitem__(self, part: slice) -> list[Activity]:
        return list(self.rows[part])

    def each(self) -> Iterator[Activity]:
        """All of them, newest first, a chunk at a time by the id of the last one."""
        rows = self.rows.order_by("-id")
        chunk = list(rows[:CHUNK])
        while chunk:
            yield from chunk
            chunk = list(rows.filter(id__lt=chunk[-1].pk)[:CHUNK]) if len(chunk) == CHUNK else []


class RowsOfRecords(Rows):
    """The activities of some records, latest first, by the index (tenant, collaborator, occurred at)."""

    def __init__(self, rows: QuerySet[Activity], records: Sequence[int], asked: Asked, note: str = "") -> None:
        if asked.since is not None:
            rows = rows.filter(occurred_at__gte=asked.since)
        if asked.until is not None:
            rows = rows.filter(occurred_at__lt=asked.until)
        super().__init__(rows.order_by("-occurred_at", "-id"), note)
        self.records = records
        self.asked = asked

    def __getitem__(self, part: slice) -> list[Activity]:
        found = list(self.rows.model.objects.filter(pk__in=self._ids(part)).select_related(*SHOWN_WITH).defer("data"))
        return sorted(found, key=lambda row: (row.occurred_at, row.pk), reverse=True)

    def each(self) -> Iterator[Activity]:
        yield from self.rows.filter(collaborator__in=self.records).iterator(chunk_size=CHUNK)

    def _ids(self, part: slice) -> list[int]:
        """The page's ids. Of a long time the end comes first: where it fills the page, no more is read."""
        since, until = self.asked.since, self.asked.until
        for begin in [until - span for span in LOOKED_AT_FIRST] if until else []:
            if since is None or since < begin:
                ids = self._ids_since(begin, part)
                if len(ids) == part.stop - (part.start or 0):
                    return ids
        return self._ids_since(since, part)

    def _ids_since(self, since: datetime | None, part: slice) -> list[int]:
        start, stop = part.start or 0, part.stop
        rows = self.rows if since is None else self.rows.filter(occurred_at__gte=since)
        of_one = rows.extra(where=["missions_activity.collaborator_id = record.id"])
        of_one = of_one.select_related(None).values_list("id", "occurred_at")[:stop]
        sql, parameters = of_one.query.sql_with_params()
        # One range of the index for each record, however the table looks to the planner.
        statement = f"""
            SELECT hit.id FROM unnest(%s::bigint[]) AS record (id) CROSS JOIN LATERAL ({sql}) AS hit (id, occurred_at)
            ORDER BY hit.occurred_at DESC, hit.id DESC OFFSET %s LIMIT %s
        """
        with connection.cursor() as cursor:
            cursor.execute(statement, [list(self.records), *parameters, start, stop - start])
            return [row[0] for row in cursor.fetchall()]


SHOWN_WITH = ("collaborator__merged_into", "mission")


def found(rows: QuerySet[Activity], asked: Asked) -> Rows:
    """Those of `rows`, which may be filtered already, that were asked for."""
    text = asked.text.strip()
    if text:
        by_id = rows.filter(source__in=list(SOURCES), external_id=text)
        if by_id.exists():
            return Rows(by_id)
        people, note = _people_like(text)
        return RowsOfRecords(rows, people, asked, note)
    if asked.has_time:
        bounded, is_cut = _bounded(asked)
        everybody = list(Collaborator.objects.order_by("pk").values_list("pk", flat=True))
        return RowsOfRecords(rows, everybody, bounded, _time_told(bounded) if is_cut else "")
    if asked.is_filtered:
        return _among_the_newest(rows)
    return Rows(rows)


def _people_like(text: str) -> tuple[list[int], str]:
    """The records of the people whose name or e-mail address holds `text`, aliases included; what was left out."""
    said = Q(name__icontains=text) | Q(email__icontains=text)
    like = Collaborator.objects.filter(said).order_by("name", "pk").values_list("pk", "merged_into")[: MOST_PEOPLE + 1]
    people = list(dict.fromkeys(merged_into or pk for pk, merged_into in like))
    note = ""
    if len(people) > MOST_PEOPLE:
        people = people[:MOST_PEOPLE]
        note = _("Many people are called so: these are the activities of the first %(most)d.") % {"most": MOST_PEOPLE}
    records = Collaborator.objects.filter(Q(pk__in=people) | Q(merged_into__in=people))
    return list(records.values_list("pk", flat=True)), note


def _bounded(asked: Asked) -> tuple[Asked, bool]:
    """The time cut to `MOST_DAYS`: the last of them, or the first when only its begin was given; whether that left out
    anything that can have occurred."""
    longest = timedelta(days=MOST_DAYS)
    # Nothing occurs later than a day ahead.
    latest = timezone.now() + timedelta(days=2)
    since, until = asked.since, min(asked.until or latest, latest)
    if since is not None and until - since <= longest:
        return replace(asked, until=until), False
    if asked.until is None and since is not None:
        return replace(asked, until=since + longest), True
    return replace(asked, since=until - longest, until=until), True


def _time_told(asked: Asked) -> str:
    since, until = (shown_moment(moment) for moment in (asked.since, asked.until) if moment)
    message = _("Without a person at most %(days)d days are searched at a time: here from %(since)s to %(until)s.")
    return message % {"days": MOST_DAYS, "since": since, "until": until}


def _among_the_newest(rows: QuerySet[Activity]) -> Rows:
    ids: QuerySet[Any, int] = Activity.objects.order_by("-id").values_list("id", flat=True)
    oldest = next(iter(ids[MOST_LOOKED_AT : MOST_LOOKED_AT + 1]), None)
    if oldest is None:
        return Rows(rows)
    message = _("Looked for among the newest %(most)s activities. A person or a time finds older ones.")
    return Rows(rows.filter(id__gt=oldest), message % {"most": number_format(MOST_LOOKED_AT, force_grouping=True)})
