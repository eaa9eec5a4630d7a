"""The list of deals: filters, order, exact totals, and the same as CSV."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from leads.admin.cards import cards_of
from leads.admin.deal_fields import shown_count, shown_value
from leads.admin.deal_move import DealMove
from leads.admin.deals_form import DealsForm
from leads.board import SHOWN_WITH
from leads.deal_search import RELATED
from leads.models import Deal
from leads.owners import counted
from salesos.admin.acting import DashboardRequest
from salesos.admin.keyset import all_of
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.roles import EVERYONE
from salesos.spreadsheets import download

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Heading:
    """A column that the list can be sorted by."""

    title: str | StrPromise
    href: str
    direction: str
    is_number: bool = False


COLUMNS: tuple[tuple[str, StrPromise], ...] = (
    ("name", _("name")),
    ("value", _("value")),
    ("stage", _("stage")),
    ("", _("owner")),
    ("expected_close_date", _("expected close date")),
    ("closed_at", _("closed at")),
    ("created_at", _("created at")),
)
MOST_FIRST = ("value", "created_at", "closed_at")


class Deals(Screen):
    name = "deals"
    title = _("Deals")
    template_name = "leads/deals.html"
    may_view = EVERYONE

    def get(self, request: DashboardRequest) -> HttpResponse:
        form = DealsForm(request.GET)
        if not form.is_valid():
            return self.page(form=form)
        found = deals_of(form)
        total = found.aggregate(count=Count("pk"), value=Sum("value"))
        pages = max(-(-total["count"] // PER_PAGE), 1)
        number = min(form.page_number, pages)
        first = (number - 1) * PER_PAGE
        cards = cards_of(_rows(found.order_by(*form.order), first), today=timezone.localdate())
        return self.page(
            form=form,
            filters=form.filters(),
            headings=_headings(form),
            cards=cards,
            total=total["count"],
            shown_total=shown_count(total["count"]),
            value=shown_value(total["value"] or Decimal(0)),
            first=shown_count(first + 1),
            last=shown_count(first + len(cards)),
            previous=form.query(page=number - 1) if number > 1 else "",
            next=form.query(page=number + 1) if number < pages else "",
            export=reverse("admin:deals_export") + form.query(),
            may_post=DealMove.is_open_to(request, posting=True),
        )


class DealsExport(Screen):
    """The filtered deals as CSV, the newest first, read while they are sent."""

    name = "deals_export"
    title = _("Deals")
    may_view = EVERYONE

    def get(self, request: DashboardRequest) -> HttpResponseBase:
        form = DealsForm(request.GET, is_shown=False)
        if not form.is_valid():
            return HttpResponseRedirect(f"{reverse('admin:deals')}?{request.GET.urlencode()}")
        name = f"deals-{request.tenant.slug}-{timezone.localdate():%Y-%m-%d}.csv"
        return download(name, EXPORTED, _exported(deals_of(form)))


def deals_of(form: DealsForm) -> QuerySet[Deal]:
    return form.wanted().deals(today=timezone.localdate(), zone=timezone.get_current_timezone())


def _rows(deals: QuerySet[Deal], first: int) -> list[Deal]:
    """A page of them. Sorted by their ids alone: with all that they are shown with, it would take ten times as long."""
    ids = list(deals.values_list("pk", flat=True)[first : first + PER_PAGE])
    found = Deal.objects.select_related(*SHOWN_WITH, "stage").in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def _headings(form: DealsForm) -> list[Heading]:
    return [Heading(title, *_sorting(form, name), is_number=name == "value") for name, title in COLUMNS]


def _sorting(form: DealsForm, name: str) -> tuple[str, str]:
    """Where a click on the heading leads, and how the list is sorted by it now."""
    if not name:
        return "", ""
    if form.sort.removeprefix("-") != name:
        return form.query(sort=f"-{name}" if name in MOST_FIRST else name), ""
    is_descending = form.sort.startswith("-")
    return form.query(sort=name if is_descending else f"-{name}"), "descending" if is_descending else "ascending"


EXPORTED = (
    _("id"),
    _("name"),
    _("value"),
    _("status"),
    _("pipeline"),
    _("stage"),
    _("win probability (%)"),
    _("owner"),
    _("e-mail of the owner"),
    _("team"),
    _("lead"),
    _("expected close date"),
    _("reason"),
    _("closed at"),
    _("created at"),
)


def _exported(deals: QuerySet[Deal]) -> Iterator[tuple[Any, ...]]:
    for deal in all_of(deals.select_related(*RELATED)):
        owner = counted(deal.owner)
        yield (
            deal.public_id,
            deal.name,
            deal.value,
            deal.stage.get_kind_display(),
            deal.stage.pipeline.name,
            deal.stage.name,
            deal.stage.win_probability,
            owner.name if owner else "",
            owner.email if owner else "",
            owner.team.name if owner and owner.team else "",
            deal.lead.name if deal.lead else "",
            deal.expected_close_date or "",
            deal.close_reason,
            timezone.localtime(deal.closed_at).isoformat(timespec="seconds") if deal.closed_at else "",
            timezone.localtime(deal.created_at).isoformat(timespec="seconds"),
        )


site.add_screen("deals/", Deals)
site.add_screen("deals/export/", DealsExport)
