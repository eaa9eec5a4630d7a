"""Which deals are looked for: the one place that turns filters into conditions."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal

from django.db.models import Q, QuerySet

from leads.models import Deal, Stage
from leads.models.pipeline import StageKind
from leads.spans import Expected, begin_of, expected_span
from salesos.models import Collaborator, Team

RELATED = ("stage__pipeline", "lead", "owner__team", "owner__merged_into__team")
"""What a deal is shown with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """All of them combine; None and "" mean any. Days are of the tenant's clock, the last one included."""

    name: str = ""
    """Words that the words of the deal's name begin with, in any order, accents and case ignored."""
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
        deals = Deal.objects.filter(wanted)
        return deals.named(self.name) if self.name.strip() else deals

    def _of_the_end(self) -> list[Q]:
        return [
            *([Q(stage=self.stage)] if self.stage else []),
            # By the stages themselves, of which there are few: the index of deals begins with them.
            *([Q(stage__in=Stage.objects.filter(kind=self.kind).values("pk"))] if self.kind else []),
        ]

    def _of_people(self) -> list[Q]:
        # By the records themselves, so that the index of owners is used.
        people = Collaborator.objects.order_by()
        of_owner = Q(pk=self.owner.pk) | Q(merged_into=self.owner) if self.owner else Q()
        in_team = Q(team=self.team, merged_into=None) | Q(merged_into__team=self.team)
        return [
            *([Q(owner__in=people.filter(of_owner).values("pk"))] if self.owner else []),
            *([Q(owner=None)] if self.is_unowned else []),
            *([Q(owner__in=people.filter(in_team).values("pk"))] if self.team else []),
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

    @property
    def is_narrow(self) -> bool:
        """Whether an index other than that of the stages finds them."""
        return bool(self.name.strip() or self.owner or self.is_unowned or self.team)


def end_of(day: date, zone: tzinfo) -> datetime:
    """The moment at which the next day begins."""
    return begin_of(date.fromordinal(day.toordinal() + 1), zone)
