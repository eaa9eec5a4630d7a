"""How columns and cards of the board are told: to its templates, and to its script after a move."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import ngettext

from leads.admin.deal_fields import shown_count, shown_value
from leads.board import Board, Column, Figures, order_of, sums_of
from leads.models import Deal, Stage
from leads.owners import counted
from salesos.models import Collaborator


@dataclass(frozen=True, slots=True)
class Card:
    deal: Deal
    order: str
    value: str
    owner: Collaborator | None
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class ShownColumn:
    stage: Stage
    cards: Sequence[Card]
    has_more: bool
    figures: dict[str, str]


def card_of(deal: Deal, *, today: date) -> Card:
    """Needs what `leads.deal_search.RELATED` names."""
    return Card(deal, order_of(deal), shown_value(deal.value), counted(deal.owner), deal.is_overdue(today=today))


def cards_of(deals: Iterable[Deal], *, today: date) -> list[Card]:
    return [card_of(deal, today=today) for deal in deals]


def shown_columns(columns: Iterable[Column], *, today: date) -> list[ShownColumn]:
    return [
        ShownColumn(
            column.stage,
            cards_of(column.deals, today=today),
            column.has_more,
            shown_figures(column.stage, column.figures),
        )
        for column in columns
    ]


def shown_figures(stage: Stage, figures: Figures) -> dict[str, str]:
    """A column's head, in words."""
    return {
        "count": shown_count(figures.count),
        "deals": ngettext("%s deal", "%s deals", figures.count) % shown_count(figures.count),
        "value": shown_value(figures.value),
        "weighted": shown_count(round(figures.weighted(stage))),
    }


def shown_sums(stages: Sequence[Stage], figures: dict[int, Figures]) -> dict[str, str]:
    """The line above the board."""
    sums = sums_of(stages, figures)
    return {
        "open": shown_value(sums.open.value),
        "open_count": shown_count(sums.open.count),
        "weighted": shown_count(round(sums.weighted)),
        "won": shown_value(sums.won.value),
        "won_count": shown_count(sums.won.count),
        "lost": shown_value(sums.lost.value),
        "lost_count": shown_count(sums.lost.count),
    }


def told_to_script(request: HttpRequest, board: Board, deal: Deal | None, *, query: str) -> dict[str, Any]:
    """Where the deal's card is now ("" where it has none), and all figures."""
    stages = board.stages()
    figures = board.figures(stages)
    is_shown = deal is not None and board.shows(deal)
    context = {"card": card_of(deal, today=board.today), "may_post": True, "query": query} if deal and is_shown else {}
    return {
        "stage": str(deal.stage.public_id) if deal and is_shown else "",
        "card": render_to_string("leads/board_card.html", context, request) if context else "",
        "columns": {str(stage.public_id): shown_figures(stage, figures[stage.pk]) for stage in stages},
        "sums": shown_sums(stages, figures),
    }
