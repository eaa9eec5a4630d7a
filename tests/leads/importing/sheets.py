"""Files for tests of imports, and what importing them says."""

import csv
import io

from django.db import transaction
from django.utils import timezone

from leads.actors import Actor
from leads.importing.columns import chosen, guess
from leads.importing.outcomes import details
from leads.importing.reading import chunks
from leads.importing.writing import examine, write
from leads.models import Lead

HEADER = ("name", "email", "phone", "company", "position", "source", "status", "owner", "tags")


def sheet(*rows, header=HEADER) -> bytes:
    """A CSV file; a row is a mapping by header or a sequence of cells."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    for row in rows:
        writer.writerow([row.get(title, "") for title in header] if isinstance(row, dict) else row)
    return out.getvalue().encode()


def rows_of(content: bytes, *, updates=False, with_custom=False, columns=None):
    header = next(csv.reader(io.StringIO(content.decode("utf-8-sig", "replace"))))
    columns = columns or chosen(header, guess(header, with_custom=with_custom), updates=updates)
    return [row for chunk in chunks(io.BytesIO(content), columns) for row in chunk]


def imported(content: bytes, *, updates=False, with_custom=False, dry=False) -> list[tuple[str, str]]:
    """(outcome, details) of each row, in the tenant of now."""
    rows = rows_of(content, updates=updates, with_custom=with_custom)
    if dry:
        examine(rows, updates=updates)
    else:
        with transaction.atomic():
            write(rows, updates=updates, by=Actor.of_system("a test"), at=timezone.now())
    return [(row.outcome, details(row)) for row in rows]


def everything() -> list[dict]:
    """All that is kept of the tenant's leads, their history with them."""
    return [
        {
            **{name: getattr(lead, name) for name in HEADER if name != "owner"},
            "owner": lead.owner_id,
            "custom_fields": lead.custom_fields,
            "version": lead.version,
            "updated_at": lead.updated_at,
            "history": list(lead.history.values_list("kind", "changes")),
        }
        for lead in Lead.objects.order_by("email")
    ]
