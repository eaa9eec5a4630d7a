"""Which deals are looked for: the one place that turns filters into conditions."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal

from django.db.models import F, Func, Q, QuerySet, TextField, Value

from leads.models import Deal, Stage
from leads.models.pipeline import StageKind
from leads.owners import records_of
from leads.spans import Expected, begin_of, expected_span
from salesos.models import Collaborator, Team

RELATED = ("stage__pipeline", "lead", "owner__team", "owner__merged_into__team")
"""What a deal is shown with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """All of them combine; None and "" mean any. Days are of the tenant's clock, the last one included."""

    name: str = ""
    """Each word of it is somewhere in the deal's name, accents and case ignored."""
    stage: Stage | None = None
    kind: StageKind | None = None
    owner: Collaborator | None = None
    is_unowned: bool = False
    team: Team | None = None
    """The team that the owner is in now."""
    expected: Expected | None = None
    expected_from: date | None = None
    expected_to: date | None = None
    created_from: date | None = None
    created_to: date | None = None
    least: Decimal | None = None
    most: Decimal | None = None

    def deals(self, *, today: date, zone: tzinfo) -> QuerySet[Deal]:
        conditions = [*self._of_the_end(), *self._of_people(), *self._of_days(today, zone), *self._of_value()]
        wanted = Q()
        for condition in conditions:
            wanted &= condition
        return self._named(Deal.objects.filter(wanted))

    def _of_the_end(self) -> list[Q]:
        return [
            *([Q(stage=self.stage)] if self.stage else []),
            # By the stages themselves, of which there are few: the index of deals begins with them.
            *([Q(stage__in=Stage.objects.filter(kind=self.kind).values("pk"))] if self.kind else []),
        ]

    def _of_people(self) -> list[Q]:
        team = self.team
        in_team = Q(owner__team=team, owner__merged_into=None) | Q(owner__merged_into__team=team)
        return [
            *([records_of(self.owner)] if self.owner else []),
            *([Q(owner=None)] if self.is_unowned else []),
            *([in_team] if team else []),
        ]

    def _of_days(self, today: date, zone: tzinfo) -> list[Q]:
        found = []
        if self.expected == Expected.NEVER:
            found.append(Q(expected_close_date=None))
        elif self.expected is not None:
            first, end = expected_span(self.expected, today=today)
            found += [Q(expected_close_date__gte=first)] if first else []
            found += [Q(expected_close_date__lt=end)] if end else []
        if self.expected == Expected.OVERDUE:
            found.append(Q(stage__kind=StageKind.OPEN))
        found += [Q(expected_close_date__gte=self.expected_from)] if self.expected_from else []
        found += [Q(expected_close_date__lte=self.expected_to)] if self.expected_to else []
        found += [Q(created_at__gte=begin_of(self.created_from, zone))] if self.created_from else []
        found += [Q(created_at__lt=end_of(self.created_to, zone))] if self.created_to else []
        return found

    def _of_value(self) -> list[Q]:
        return [
            *([Q(value__gte=self.least)] if self.least is not None else []),
            *([Q(value__lte=self.most)] if self.most is not None else []),
        ]

    def _named(self, deals: QuerySet[Deal]) -> QuerySet[Deal]:
        words = self.name.split()
        if not words:
            return deals
        deals = deals.alias(folded=_folded(F("name")))
        for word in words:
            deals = deals.filter(folded__contains=_folded(Value(word)))
        return deals


def end_of(day: date, zone: tzinfo) -> datetime:
    """The moment at which the next day begins."""
    return begin_of(date.fromordinal(day.toordinal() + 1), zone)


def _folded(text: F | Value) -> Func:
    return Func(text, function="leads_fold", output_field=TextField())
