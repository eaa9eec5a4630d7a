"""Evidence for tests, through the code that records it, and sums made of it in a way of their own."""

import itertools
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, date, datetime, time

from django.db import transaction

from missions.adjustments import adjust
from missions.models import Activity, Adjustment, Score
from missions.recording import Receipt, SentActivity, record_activities

A_DAY = date(2026, 3, 11)
"""A Wednesday."""
LONG_AFTER = datetime(2030, 1, 1, tzinfo=UTC)

_numbers = itertools.count(1)


def sent(email, code="001", *, day=A_DAY, external_id=None, data="{}", request_id=None):
    """An activity at noon UTC, which is the same day in every zone that tests use."""
    noon = datetime.combine(day, time(12), tzinfo=UTC)
    external_id = external_id or f"evt-{next(_numbers)}"
    return SentActivity(code, external_id, email, noon, data, Receipt(noon, request_id))


def record(person, code="001", *, day=A_DAY, count=1):
    """`count` activities of a person; completions when the code is mapped."""
    return record_activities("default", [sent(person.email, code, day=day) for _ in range(count)])


def earn(person, points, *, day=A_DAY, mission=None):
    """Points without a completion."""
    return adjust(person, points=points, reason="for the test", day=day, mission=mission, by=None, at=LONG_AFTER)


def scores():
    """(day, collaborator, team, mission) → (points, completions), as they are kept; zeros left out."""
    return {
        (row.day, row.collaborator_id, row.team_id, row.mission_id): (row.points, row.completions)
        for row in Score.objects.all()
        if row.points or row.completions
    }


def sums_of_evidence():
    """The same, added up from the evidence one row at a time."""
    points, completions = Counter(), Counter()
    for row in Activity.objects.completions():
        key = (row.day, row.collaborator_id, row.team_id, row.mission_id)
        points[key] += row.points
        completions[key] += 1
    for row in Adjustment.objects.all():
        key = (row.day, row.collaborator_id, row.team_id, row.mission_id)
        points[key] += row.points
        completions[key] += row.completions
    return {key: (points[key], completions[key]) for key in points if points[key] or completions[key]}


@contextmanager
def rolled_back():
    """A block whose writes are gone afterwards: one example of a property."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
