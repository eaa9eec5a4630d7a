"""A deal's page, and a new deal that no lead became."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leads.actors import Actor
from leads.admin.cards import card_of
from leads.admin.deal_fields import shown_count
from leads.admin.deal_form import DealForm, NewDealForm
from leads.admin.deal_move import as_seen, deal_of
from leads.deals import change_deal, open_deal
from leads.models import Deal, DealStageChange, Stage
from leads.models.pipeline import StageKind
from leads.owners import counted
from leads.pipeline import first_stage
from salesos import audit
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.errors import Clash, Refused
from salesos.roles import EVERYONE, MANAGERS

MOST_HISTORY = 200


@dataclass(frozen=True, slots=True)
class Step:
    """A stay in a stage."""

    change: DealStageChange
    lasted: str
    is_now: bool


class DealPage(Screen):
    name = "deal"
    title = gettext_lazy("Deal")
    template_name = "leads/deal.html"
    may_view, may_post = EVERYONE, MANAGERS

    def get(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        deal = self._deal(id)
        return self._shown(deal, DealForm(deal))

    def post(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        deal = self._deal(id)
        form = DealForm(deal, request.POST)
        if not form.is_valid():
            return self._shown(deal, form)
        given = dict(form.cleaned_data)
        version, given["value"] = given.pop("version"), given["value"] or Decimal(0)
        if counted(deal.owner) == given["owner"]:
            # Shown as the record that counts; chosen anew by nobody.
            del given["owner"]
        try:
            self._change(deal, given, version)
        except Deal.DoesNotExist:
            raise Http404 from None
        except Clash:
            return self._stale(id, form)
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
            return self._shown(deal, form)
        return self.back("deal", id)

    @transaction.atomic
    def _change(self, deal: Deal, given: dict[str, Any], version: int) -> None:
        before = self._deal(deal.public_id)
        after = change_deal(deal, given, by=Actor.of_user(self.request.user), at=timezone.now(), guard=as_seen(version))
        # The history of a deal knows its stages alone.
        changes = audit.changed(before, after, *given)
        if changes:
            audit.record("deal.changed", after, changes=changes)
            messages.success(self.request, _("The deal is saved."))
        else:
            messages.info(self.request, _("Nothing was changed."))

    def _deal(self, id: uuid.UUID) -> Deal:
        deal = deal_of(id)
        if deal is None:
            raise Http404
        return deal

    def _stale(self, id: uuid.UUID, sent: DealForm) -> HttpResponse:
        """What was typed stays, what is there now stands beside it; saving again writes over it."""
        deal = self._deal(id)
        again = DealForm(deal, {**dict(sent.data.items()), "version": str(deal.version)})
        now = DealForm(deal)
        if again.is_valid():
            for name, field in again.fields.items():
                was = getattr(deal, name, None)
                was = counted(was) if name == "owner" else was
                if name != "version" and (again.cleaned_data[name] or None) != (was or None):
                    again.add_error(name, _("It is “%(now)s” now.") % {"now": _in_words(field, now[name].value(), was)})
        again.add_error(
            None,
            _("Somebody else changed this deal meanwhile. Nothing was saved yet: look again, and save to overwrite."),
        )
        return self._shown(deal, again, status=409)

    def _shown(self, deal: Deal, form: DealForm, *, status: int = 200) -> HttpResponse:
        now = timezone.now()
        stages = list(Stage.objects.filter(pipeline=deal.stage.pipeline).order_by("position"))
        ends: dict[str, Stage] = {}
        for stage in stages:
            ends.setdefault(stage.kind, stage)
        steps = _steps(deal, at=now)
        return self.page(
            status,
            title=deal.name,
            deal=deal,
            card=card_of(deal, today=timezone.localdate(now)),
            weighted=shown_count(round(deal.value * deal.stage.win_probability / 100)),
            form=form,
            stages=stages,
            won=ends.get(StageKind.WON),
            lost=ends.get(StageKind.LOST),
            reopened=_reopened(deal, steps, ends.get(StageKind.OPEN)),
            steps=steps,
            code=f"{deal.public_id}:deal.won",
        )


class NewDeal(Screen):
    """`stage` in the address says where it begins."""

    name = "deal_new"
    title = gettext_lazy("New deal")
    template_name = "leads/deal_new.html"
    may_view = may_post = MANAGERS

    def get(self, request: DashboardRequest) -> HttpResponse:
        asked = request.GET.get("stage", "")
        stage = Stage.objects.filter(public_id=asked).first() if _is_id(asked) else None
        return self.page(form=NewDealForm(initial={"stage": stage or first_stage()}))

    def post(self, request: DashboardRequest) -> HttpResponse:
        form = NewDealForm(request.POST)
        if not form.is_valid():
            return self.page(form=form)
        given = form.cleaned_data
        try:
            deal = self._open(given)
        except Refused as refused:
            form.add_error(None, str(refused))
            return self.page(form=form)
        messages.success(request, _("The deal “%(deal)s” is there now.") % {"deal": deal.name})
        return self.back("deal", deal.public_id)

    @transaction.atomic
    def _open(self, given: dict[str, Any]) -> Deal:
        return open_deal(
            name=given["name"],
            value=given["value"] or Decimal(0),
            stage=given["stage"],
            owner=given["owner"],
            lead=None,
            expected_close_date=given["expected_close_date"],
            by=Actor.of_user(self.request.user),
            at=timezone.now().replace(microsecond=0),
        )


def _steps(deal: Deal, *, at: datetime) -> list[Step]:
    """The stages that it went through, the present one first."""
    changes = DealStageChange.objects.filter(deal=deal).select_related("from_stage", "to_stage").order_by("-id")
    found: list[Step] = []
    until = at
    for change in changes[:MOST_HISTORY]:
        is_now = not found
        ended = is_now and not deal.stage.is_open
        found.append(Step(change, "" if ended else duration(until - change.at), is_now))
        until = change.at
    return found


def _reopened(deal: Deal, steps: Sequence[Step], first_open: Stage | None) -> Stage | None:
    """Where a deal goes on that is reopened: the open stage that it was in last, if that is still there."""
    if deal.stage.is_open:
        return None
    for step in steps:
        was = step.change.from_stage
        if was is not None and was.is_open and was.position is not None and was.pipeline_id == deal.stage.pipeline_id:
            return was
    return first_open


def duration(lasted: timedelta) -> str:
    """How long something lasted, in its largest unit."""
    minutes = max(int(lasted.total_seconds() // 60), 0)
    for size, words in (
        (24 * 60, lambda n: ngettext("%d day", "%d days", n)),
        (60, lambda n: ngettext("%d hour", "%d hours", n)),
    ):
        if minutes >= size:
            return str(words(minutes // size) % (minutes // size))
    return str(ngettext("%d minute", "%d minutes", minutes) % minutes)


def _in_words(field: Any, value: Any, row: Any) -> str:
    if row is None or row == "":
        return _("empty")
    if hasattr(row, "year"):
        return str(date_format(row, "SHORT_DATE_FORMAT"))
    return str(row) if hasattr(row, "public_id") else str(field.prepare_value(value))


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


site.add_screen("deals/new/", NewDeal)
site.add_screen("deals/<uuid:id>/", DealPage)
