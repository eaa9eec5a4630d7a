"""By what duplicates are found: the statements on the keys that the database has in indexes (migration 0004)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from leads.models import Lead
from salesos.tenancy import current_tenant

MOST_IN_A_GROUP = 20
"""So many may be one person. More of them share something else: a switchboard's number, the name of a test."""
CANDIDATES = 20
"""Keys that are looked at in one go."""


class Reason(models.TextChoices):
    EMAIL = "email", _("Same e-mail address")
    PHONE = "phone", _("Same phone number")
    NAME = "name", _("Same name and company")


class Cursor(NamedTuple):
    """Where a page ended: the last key that was looked at. Keys come in the order of reasons."""

    reason: Reason
    key: str

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Of what `str` wrote; None for anything else."""
        name, _colon, key = text.partition(":")
        if name not in Reason.values or (name == Reason.NAME and not _is_hash(key)):
            return None
        return cls(Reason(name), key)

    def __str__(self) -> str:
        return f"{self.reason.value}:{self.key}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A key that `count` leads have."""

    at: Cursor
    count: int


# As the indexes have them, to the letter.
_PLAIN = "leads_plain_email(email)"
_PHONE = "right(leads_digits(phone), 8)"
_NAME = "hashtextextended(leads_fold(name) || E'\\x1f' || leads_fold(company), 0)"


def _is_hash(key: str) -> bool:
    digits = key.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and len(digits) <= 19 and -(2**63) <= int(key) < 2**63


def candidates_after(after: Cursor | None) -> list[Candidate]:
    """The next keys that several leads have, one more than are looked at in one go."""
    reasons = list(Reason)
    left = reasons[reasons.index(after.reason) :] if after else reasons
    parameters: dict[str, Any] = {
        "tenant": current_tenant().pk,
        "limit": CANDIDATES + 1,
        "after": after.key if after else "",
    }
    branches = [
        f"({_WALKS[reason].format(begin=_BEGIN[reason] if after and reason == after.reason else '')})"
        for reason in left
    ]
    # One after the other, and the later ones only as long as the earlier did not fill the page.
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({' UNION ALL '.join(branches)}) AS walks LIMIT %(limit)s", parameters)
        return [Candidate(Cursor(Reason(reason), key), count) for reason, key, count in cursor.fetchall()]


def ids_like(lead: Lead) -> list[tuple[Reason, int]]:
    """The leads that have a key of `lead`, too: at most `MOST_IN_A_GROUP` and one for each reason."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_ONE, {"tenant": current_tenant().pk, "id": lead.pk, "most": MOST_IN_A_GROUP + 1})
        return [(Reason(reason), other_id) for reason, other_id in cursor.fetchall()]


def members_of(candidates: Sequence[Candidate]) -> dict[Cursor, list[int]]:
    """The leads of each key, one more than may be a person."""
    if not candidates:
        return {}
    parameters: dict[str, Any] = {"tenant": current_tenant().pk, "most": MOST_IN_A_GROUP + 1}
    for reason in Reason:
        parameters[reason.value] = [candidate.at.key for candidate in candidates if candidate.at.reason == reason]
    members: dict[Cursor, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, parameters)
        for reason, key, lead_id in cursor.fetchall():
            members.setdefault(Cursor(Reason(reason), key), []).append(lead_id)
    return members


_BEGIN = {
    Reason.EMAIL: f"AND {_PLAIN} > %(after)s",
    Reason.PHONE: f"AND {_PHONE} > %(after)s",
    Reason.NAME: f"AND {_NAME} > %(after)s::bigint",
}

# Whoever has an address that leads to another is in the index; whose own address it is, is looked up.
_WALKS = {
    Reason.EMAIL: f"""
        SELECT 'email', altered.key, (altered.count + own.count)::int
        FROM (
            SELECT {_PLAIN} AS key, count(*) AS count FROM leads_lead
            WHERE tenant_id = %(tenant)s AND {_PLAIN} IS NOT NULL {{begin}}
            GROUP BY 1 ORDER BY 1
        ) AS altered
        CROSS JOIN LATERAL (
            SELECT count(*) AS count FROM leads_lead
            WHERE tenant_id = %(tenant)s AND lower(email) = altered.key
        ) AS own
        WHERE altered.count + own.count > 1
        ORDER BY altered.key LIMIT %(limit)s
    """,
    Reason.PHONE: f"""
        SELECT 'phone', key, count::int
        FROM (
            SELECT {_PHONE} AS key, count(*) AS count FROM leads_lead
            WHERE tenant_id = %(tenant)s AND phone <> '' {{begin}}
            GROUP BY 1 HAVING count(*) > 1
            OFFSET 0 -- what follows is asked of the few groups, not of each lead
        ) AS walked
        WHERE length(key) = 8 AND key <> repeat(left(key, 1), 8)
        ORDER BY key LIMIT %(limit)s
    """,
    Reason.NAME: f"""
        SELECT 'name', key::text, count::int
        FROM (
            SELECT {_NAME} AS key, count(*) AS count FROM leads_lead
            WHERE tenant_id = %(tenant)s AND company <> '' {{begin}}
            GROUP BY 1 HAVING count(*) > 1
        ) AS walked
        ORDER BY walked.key LIMIT %(limit)s
    """,
}

_MEMBERS = f"""
SELECT 'email', key, member.id FROM unnest(%(email)s::text[]) AS key CROSS JOIN LATERAL (
    SELECT id FROM leads_lead WHERE tenant_id = %(tenant)s AND {_PLAIN} = key
    UNION ALL SELECT id FROM leads_lead WHERE tenant_id = %(tenant)s AND lower(email) = key
    LIMIT %(most)s
) AS member
UNION ALL
SELECT 'phone', key, member.id FROM unnest(%(phone)s::text[]) AS key CROSS JOIN LATERAL (
    SELECT id FROM leads_lead WHERE tenant_id = %(tenant)s AND phone <> '' AND {_PHONE} = key
    LIMIT %(most)s
) AS member
UNION ALL
SELECT 'name', key, member.id FROM unnest(%(name)s::text[]) AS key CROSS JOIN LATERAL (
    SELECT id FROM leads_lead WHERE tenant_id = %(tenant)s AND company <> '' AND {_NAME} = key::bigint
    LIMIT %(most)s
) AS member
"""

_OF_ONE = f"""
WITH mine AS MATERIALIZED (
    SELECT id, coalesce({_PLAIN}, lower(email)) AS plain, {_PHONE} AS phone,
        CASE WHEN company <> '' THEN {_NAME} END AS named
    FROM leads_lead WHERE tenant_id = %(tenant)s AND id = %(id)s
)
SELECT 'email', other.id FROM mine CROSS JOIN LATERAL (
    SELECT id FROM leads_lead WHERE tenant_id = %(tenant)s AND {_PLAIN} = mine.plain AND id <> mine.id
    UNION ALL
    SELECT id FROM leads_lead WHERE tenant_id = %(tenant)s AND lower(email) = mine.plain AND id <> mine.id
    LIMIT %(most)s
) AS other
UNION ALL
SELECT 'phone', other.id FROM mine CROSS JOIN LATERAL (
    SELECT id FROM leads_lead
    WHERE tenant_id = %(tenant)s AND phone <> '' AND {_PHONE} = mine.phone AND id <> mine.id
    LIMIT %(most)s
) AS other
UNION ALL
SELECT 'name', other.id FROM mine CROSS JOIN LATERAL (
    SELECT id FROM leads_lead
    WHERE tenant_id = %(tenant)s AND company <> '' AND {_NAME} = mine.named AND id <> mine.id
    LIMIT %(most)s
) AS other
"""
