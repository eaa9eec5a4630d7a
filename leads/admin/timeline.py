"""What happened to a lead and its deals, newest first, in words: the lead's history and the deals' steps together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db.models import Q
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrPromise

from leads.admin.owner_picker import uuid_in
from leads.admin.shown import owners_by_id
from leads.models import Deal, DealStageChange, Lead, LeadEvent
from leads.models.history import ActorKind
from leads.models.lead import LeadStatus
from salesos.admin.site import site
from salesos.moments import shown_moment

PAGE = 30

WORDS: dict[str, StrPromise] = {
    "lead.created": gettext_lazy("Created"),
    "lead.updated": gettext_lazy("Changed"),
    "lead.converted": gettext_lazy("Converted to a deal"),
}
ICONS = {"lead.created": "add_circle", "lead.updated": "edit", "lead.converted": "handshake"}

FIELDS: dict[str, StrPromise] = {
    "name": gettext_lazy("Name"),
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Phone"),
    "company": gettext_lazy("Company"),
    "position": gettext_lazy("Position"),
    "source": gettext_lazy("Source"),
    "status": gettext_lazy("Status"),
    "owner_id": gettext_lazy("Owner"),
    "tags": gettext_lazy("Tags"),
    "custom_fields": gettext_lazy("Custom fields"),
    "deal_id": gettext_lazy("Deal"),
}


class Place(NamedTuple):
    """Where something stands in the timeline: at one moment, what happened to the deal comes after the lead's part."""

    at: datetime
    rank: int
    id: int

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """The place that an address names; None for what is none."""
        at, _sep, rest = text.partition(" ")
        rank, _sep, number = rest.partition(" ")
        try:
            moment = parse_datetime(at)
            # PostgreSQL knows fewer offsets than Python.
            found = cls(moment.astimezone(UTC), int(rank), int(number)) if moment and moment.tzinfo else None
        except (ValueError, OverflowError):
            return None
        is_possible = found is not None and 1970 < found.at.year < 9999 and 0 <= found.id < 2**63
        return found if is_possible else None

    def written(self) -> str:
        return f"{self.at.isoformat()} {self.rank} {self.id}"


@dataclass(frozen=True, slots=True)
class Change:
    """`before` or `after` is "" where there was nothing. Of tags, `before` are those that went."""

    title: str
    before: str
    after: str
    href: str = ""
    """Of what `after` names."""


@dataclass(frozen=True, slots=True)
class Happening:
    at: str
    words: str
    icon: str
    who: str
    by_key: bool
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class Timeline:
    happenings: list[Happening]
    older: str
    """The query of the next page, "" on the last one."""
    is_newest: bool


def timeline_of(lead: Lead, deals: Sequence[Deal], before: str = "") -> Timeline:
    """A page of the timeline, from behind the place `before` on. At most three statements."""
    place = Place.read(before)
    events = list(_behind(LeadEvent.objects.filter(lead=lead), place, rank=0)[: PAGE + 1])
    steps: list[DealStageChange] = []
    if deals:
        moves = DealStageChange.objects.filter(deal__in=deals).select_related("from_stage", "to_stage", "deal")
        steps = list(_behind(moves, place, rank=1)[: PAGE + 1])
    both = [*((Place(row.at, 0, row.pk), row) for row in events), *((Place(row.at, 1, row.pk), row) for row in steps)]
    both.sort(key=lambda pair: pair[0], reverse=True)
    shown = both[:PAGE]
    names = _names(shown, deals)
    older = f"?{urlencode({'before': shown[-1][0].written()})}" if len(both) > PAGE else ""
    return Timeline([_told(row, names) for _place, row in shown], older, is_newest=place is None)


def _behind(rows: Any, place: Place | None, *, rank: int) -> Any:
    if place is not None:
        # At the same moment, those of a lower rank come later in the list.
        same = Q(at=place.at, pk__lt=place.id) if rank == place.rank else Q(at=place.at) if rank < place.rank else Q()
        rows = rows.filter(Q(at__lt=place.at) | same) if same else rows.filter(at__lt=place.at)
    return rows.order_by("-at", "-pk")


@dataclass(frozen=True, slots=True)
class _Names:
    owners: Mapping[Any, Any]
    deals: Mapping[str, Deal]


def _names(shown: Iterable[tuple[Place, Any]], deals: Sequence[Deal]) -> _Names:
    ids = {
        uuid_in(value)
        for _place, row in shown
        if isinstance(row, LeadEvent)
        for value in _pair(row.changes, "owner_id")
    }
    return _Names(owners_by_id(ids), {str(deal.public_id): deal for deal in deals})


def _pair(changes: Any, name: str) -> Sequence[Any]:
    pair = changes.get(name) if isinstance(changes, dict) else None
    return pair if isinstance(pair, list) and len(pair) == 2 else (None, None)


def _told(row: Any, names: _Names) -> Happening:
    is_key = row.actor_kind == ActorKind.API_KEY
    who, at = row.actor_name, shown_moment(row.at, seconds=True)
    if isinstance(row, DealStageChange):
        before = row.from_stage.name if row.from_stage else ""
        change = Change(row.deal.name, before, row.to_stage.name, href=deal_address(row.deal))
        words = _("Deal moved") if row.from_stage else _("Deal opened")
        return Happening(at, words, "swap_horiz", who, is_key, [change])
    changes = row.changes if isinstance(row.changes, dict) else {}
    told = [change for name in _in_order(changes) for change in _changes(name, *_pair(changes, name), names=names)]
    return Happening(at, words_of(row.kind), ICONS.get(row.kind, "history"), who, is_key, told)


def words_of(kind: str) -> str:
    """What happened, in words; a kind that nobody named is told as it is."""
    return str(WORDS.get(kind, kind))


def _in_order(changes: Mapping[str, Any]) -> list[str]:
    places = {name: place for place, name in enumerate(FIELDS)}
    return sorted(changes, key=lambda name: (places.get(name, len(places)), name))


def _changes(name: str, before: Any, after: Any, *, names: _Names) -> list[Change]:
    title = str(FIELDS.get(name, name.replace("_", " ")))
    if name == "custom_fields" and isinstance(before, dict) and isinstance(after, dict):
        keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        return [Change(key, _text(before.get(key)), _text(after.get(key))) for key in keys]
    if name == "tags" and isinstance(before, list) and isinstance(after, list):
        went, came = [tag for tag in before if tag not in after], [tag for tag in after if tag not in before]
        return [Change(title, ", ".join(map(str, went)), ", ".join(map(str, came)))]
    if name == "owner_id":
        return [Change(title, _owner(before, names), _owner(after, names))]
    if name == "deal_id":
        deal = names.deals.get(str(after))
        return [Change(title, "", deal.name if deal else _("deleted"), deal_address(deal) if deal else "")]
    if name == "status":
        return [Change(title, _status(before), _status(after))]
    return [Change(title, _text(before), _text(after))]


def _owner(public_id: Any, names: _Names) -> str:
    if not public_id:
        return ""
    person = names.owners.get(uuid_in(public_id))
    return person.name if person else str(public_id)


def _status(value: Any) -> str:
    return str(LeadStatus(value).label) if value in LeadStatus.values else _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value)


def deal_address(deal: Deal) -> str:
    """The deal's own screen, "" where there is none."""
    return reverse("admin:deal", args=[deal.public_id]) if "deal" in site.screens else ""
