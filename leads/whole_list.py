"""A whole list of leads, however long, in its order: for what goes through all of it, like an export or a bulk edit.

Which leads they are is decided at once and kept as their ids, 16 bytes a lead; the leads themselves are read in pieces
as they are needed. No transaction stays open meanwhile, however slow the reader is.
"""

import uuid
from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction

from leads.listing import LeadRow, Wanted, every_id
from leads.models import Lead

CHUNK = 500
ID_BYTES = 16
FETCHED = 10_000
"""Ids that come from the database in one piece."""


class LeadIds:
    """Public ids in their order, packed."""

    def __init__(self, packed: bytes | bytearray = b"") -> None:
        self.packed = packed

    def __len__(self) -> int:
        return len(self.packed) // ID_BYTES

    def piece(self, start: int, size: int) -> list[uuid.UUID]:
        """Those from place `start` on, at most `size`."""
        here = self.packed[start * ID_BYTES : (start + size) * ID_BYTES]
        return [uuid.UUID(bytes=bytes(here[at : at + ID_BYTES])) for at in range(0, len(here), ID_BYTES)]


@transaction.atomic
def ids_of(wanted: Wanted) -> LeadIds:
    """The ids of all leads that are `wanted` now, in its order; its page does not count."""
    packed = bytearray()
    sql, parameters = every_id(wanted)
    # A cursor of the server's: its answer is never whole in our memory.
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(FETCHED):
            packed += b"".join(public_id.bytes for (public_id,) in rows)
    return LeadIds(packed)


def each_lead(ids: LeadIds) -> Iterator[tuple[LeadRow, Any]]:
    """The leads with these ids as they are when their turn comes, with their owners; those that are gone are left
    out."""
    for start in range(0, len(ids), CHUNK):
        piece = ids.piece(start, CHUNK)
        leads = Lead.objects.filter(public_id__in=piece).select_related("owner__team", "owner__merged_into__team")
        found = {lead.public_id: lead for lead in leads}
        for public_id in piece:
            if public_id in found:
                yield LeadRow.of(found[public_id]), found[public_id].owner
