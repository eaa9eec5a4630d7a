"""What packages above the core know about people and teams: contributed by dotted names (`PEOPLE_FIGURES`)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from salesos.admin.acting import DashboardRequest
from salesos.admin.overview import Panel
from salesos.models import Collaborator


@dataclass(frozen=True, slots=True)
class PersonFigures:
    """A person's points of the tenant's month, and when their last activity occurred; aliases' are theirs."""

    points: int = 0
    last_activity_at: datetime | None = None


def of_people(ids: Sequence[int]) -> dict[int, PersonFigures]:
    """The figures of people by their id; who is missing has none. A constant number of statements."""
    return _contributed("people", ids) if ids else {}


def of_teams(ids: Sequence[int]) -> dict[int, int]:
    """The points that were earned in teams this month, by the team's id. A constant number of statements."""
    return _contributed("teams", ids) if ids else {}


def panels_of(request: DashboardRequest, person: Collaborator) -> list[Panel]:
    """What a person's page shows beside the form."""
    found: list[Panel] = []
    for dotted in settings.PEOPLE_FIGURES["panels"]:
        contribute: Callable[[DashboardRequest, Collaborator], Iterator[Panel]] = import_string(dotted)
        found.extend(contribute(request, person))
    return found


def _contributed(kind: str, ids: Sequence[int]) -> Any:
    contribute: Callable[[Sequence[int]], Any] = import_string(str(settings.PEOPLE_FIGURES[kind]))
    return contribute(ids)
