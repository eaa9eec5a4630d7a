"""A pipeline as a board: a column for each stage, with its figures and the first of its deals.

Of open stages all deals count, of won and lost ones those of a period, so that they don't grow without bound. Cards
stand by the day on which they are expected, those that ended by the end, the latest first. Four statements, however
many deals and stages: an index holds each column in its order, and its figures (migration 0008).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, OrderBy, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from leads.deal_search import RELATED, Wanted
from leads.models import Deal, Pipeline, Stage
from leads.models.pipeline import StageKind
from leads.spans import Closed, begin_of, closed_span

MOST_CARDS = 50
SHOWN_WITH = ("owner__merged_into", "lead")
SHOWN = (
    "public_id", "name", "value", "stage_id", "expected_close_date", "close_reason", "closed_at", "version",
    "owner__name", "owner__merged_into__name", "lead__public_id", "lead__name", "lead__company",
)  # fmt: skip
"""What a card says, and nothing of what leads carry along."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a stage: all its deals, not only those whose cards are shown."""

    count: int = 0
    value: Decimal = Decimal(0)

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(self.count + other.count, self.value + other.value)

    def weighted(self, stage: Stage) -> Decimal:
        """What may be expected of it: the value by the stage's win probability."""
        return self.value * stage.win_probability / 100


@dataclass(frozen=True, slots=True)
class Column:
    stage: Stage
    figures: Figures
    deals: Sequence[Deal]

    @property
    def weighted(self) -> Decimal:
        return self.figures.weighted(self.stage)

    @property
    def has_more(self) -> bool:
        return self.figures.count > len(self.deals)


@dataclass(frozen=True, slots=True)
class Sums:
    """Of the whole board."""

    open: Figures
    weighted: Decimal
    won: Figures
    lost: Figures


@dataclass(frozen=True, slots=True)
class Board:
    """What a board shows: of which pipeline, which deals, and those that ended when."""

    pipeline: Pipeline
    wanted: Wanted
    closed: Closed
    today: date
    zone: tzinfo

    def stages(self) -> list[Stage]:
        return list(Stage.objects.filter(pipeline=self.pipeline).order_by("position"))

    def columns(self, stages: Sequence[Stage]) -> list[Column]:
        figures = self.figures(stages)
        deals = self._first_of(stages)
        return [Column(stage, figures[stage.pk], deals.get(stage.pk, ())) for stage in stages]

    def figures(self, stages: Sequence[Stage]) -> dict[int, Figures]:
        """By stage. One statement."""
        found = {stage.pk: Figures() for stage in stages}
        parts = [
            part.deals.values("stage_id").annotate(count=Count("*"), sum=Sum("value")) for part in self._parts(stages)
        ]
        for row in _all(parts):
            found[row["stage_id"]] = Figures(row["count"], row["sum"])
        return found

    def more_of(self, stage: Stage, behind: Deal) -> list[Deal]:
        """The next cards of a column behind the one of this deal, at most `MOST_CARDS` and one."""
        (part,) = self._parts([stage])
        rows = part.ordered.filter(_behind(behind, stage))
        return list(rows.select_related(*RELATED)[: MOST_CARDS + 1])

    def shows(self, deal: Deal) -> bool:
        """Whether the deal has a card here."""
        if deal.stage.pipeline_id != self.pipeline.pk:
            return False
        (part,) = self._parts([deal.stage])
        return part.deals.filter(pk=deal.pk).exists()

    def _first_of(self, stages: Sequence[Stage]) -> dict[int, list[Deal]]:
        """The first deals of each stage."""
        by_id = {stage.pk: stage for stage in stages}
        ids = self._first_ids(stages)
        rows = Deal.objects.select_related(*SHOWN_WITH).only(*SHOWN).in_bulk(ids)
        found: dict[int, list[Deal]] = {}
        for pk in ids:
            # Moved or gone between the two statements: it comes where it is now with the next look.
            deal = rows.get(pk)
            if deal is not None and deal.stage_id in by_id:
                deal.stage = by_id[deal.stage_id]
                found.setdefault(deal.stage_id, []).append(deal)
        return found

    def _first_ids(self, stages: Sequence[Stage]) -> list[int]:
        parts = self._parts(stages)
        if not self.wanted.is_narrow:
            return [row["pk"] for row in _all([part.ordered.values("pk")[:MOST_CARDS] for part in parts])]
        ranked = [
            part.deals.annotate(rank=Window(RowNumber(), partition_by="stage_id", order_by=part.order))
            .filter(rank__lte=MOST_CARDS)
            .values("pk", "rank")
            for part in parts
        ]
        return [row["pk"] for row in sorted(_all(ranked), key=lambda row: row["rank"])]

    def _parts(self, stages: Sequence[Stage]) -> list["_Part"]:
        """The deals of these stages: by each one's own index, or all at once where another one finds fewer."""
        if not self.wanted.is_narrow:
            return [self._part([stage], is_open=stage.is_open) for stage in stages]
        kinds = [([stage for stage in stages if stage.is_open == is_open], is_open) for is_open in (True, False)]
        return [self._part(those, is_open=is_open) for those, is_open in kinds if those]

    def _part(self, stages: Sequence[Stage], *, is_open: bool) -> "_Part":
        deals = self.wanted.deals(today=self.today, zone=self.zone).order_by()
        deals = deals.filter(stage=stages[0]) if len(stages) == 1 else deals.filter(stage__in=stages)
        return _Part(deals if is_open else deals.filter(self._ended()), _OF_OPEN if is_open else _OF_ENDED)

    def _ended(self) -> Q:
        first, end = closed_span(self.closed, today=self.today)
        condition = Q()
        condition &= Q(closed_at__gte=begin_of(first, self.zone)) if first else Q()
        condition &= Q(closed_at__lt=begin_of(end, self.zone)) if end else Q()
        return condition


_OF_OPEN = (F("expected_close_date").asc(nulls_last=True), F("public_id").asc())
_OF_ENDED = (F("closed_at").desc(nulls_first=True), F("public_id").desc())


@dataclass(frozen=True, slots=True)
class _Part:
    """Deals of stages that are ordered alike."""

    deals: QuerySet[Deal]
    order: tuple[OrderBy, ...]

    @property
    def ordered(self) -> QuerySet[Deal]:
        return self.deals.order_by(*self.order)


def sums_of(stages: Iterable[Stage], figures: dict[int, Figures]) -> Sums:
    by_kind = {kind: Figures() for kind in StageKind}
    weighted = Decimal(0)
    for stage in stages:
        by_kind[StageKind(stage.kind)] += figures[stage.pk]
        weighted += figures[stage.pk].weighted(stage) if stage.is_open else 0
    return Sums(by_kind[StageKind.OPEN], weighted, by_kind[StageKind.WON], by_kind[StageKind.LOST])


def order_of(deal: Deal) -> str:
    """Text that sorts the cards of a column as `Board` does."""
    if deal.stage.is_open:
        return f"{(deal.expected_close_date or date.max).isoformat()} {deal.public_id}"
    # The latest first: counted back from a moment that nothing reaches.
    closed_at = deal.closed_at or _NEVER
    back = int((_NEVER - closed_at).total_seconds())
    return f"{back:012d} {(1 << 128) - deal.public_id.int:039d}"


def _behind(deal: Deal, stage: Stage) -> Q:
    if not stage.is_open:
        same = Q(closed_at=deal.closed_at, public_id__lt=deal.public_id)
        return same if deal.closed_at is None else same | Q(closed_at__lt=deal.closed_at)
    same = Q(expected_close_date=deal.expected_close_date, public_id__gt=deal.public_id)
    if deal.expected_close_date is None:
        return same
    return same | Q(expected_close_date__gt=deal.expected_close_date) | Q(expected_close_date=None)


def _all(parts: Sequence[QuerySet[Deal, Any]]) -> Iterable[dict[str, Any]]:
    """The rows of all parts, in their order, by one statement."""
    if len(parts) < 2:
        return parts[0] if parts else ()
    return parts[0].union(*parts[1:], all=True)


_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
