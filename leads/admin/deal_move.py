"""Moving a deal to another stage: for the board's script an answer in JSON, for everybody else a form.

What is moved is what was seen: where somebody else changed the deal meanwhile, nothing happens, and that is told.
"""

import uuid
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from leads.actors import Actor
from leads.admin.board_form import BoardForm
from leads.admin.cards import told_to_script
from leads.admin.deal_fields import StageField, shown_value
from leads.deal_search import RELATED
from leads.deals import move_deal
from leads.models import Deal
from leads.models.pipeline import StageKind
from leads.reading import Guard
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.errors import Clash, Refused
from salesos.roles import MANAGERS

LONGEST_REASON = 500
LARGEST_VERSION = 2**31 - 1


def deal_of(public_id: uuid.UUID | str) -> Deal | None:
    """The tenant's deal with this public id, with what it is shown with."""
    try:
        public_id = uuid.UUID(str(public_id))
    except ValueError:
        return None
    return Deal.objects.select_related(*RELATED).filter(public_id=public_id).first()


def as_seen(version: int) -> Guard:
    """A guard that refuses a deal of any other version. Raises `Clash`."""

    def guard(now: int) -> None:
        if now != version:
            raise Clash("deal_changed", _("Somebody else changed this deal meanwhile."))

    return guard


class MoveForm(forms.Form):
    stage = StageField(widget=UnfoldAdminSelectWidget)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        required=False,
        help_text=gettext_lazy("Why it was won or lost. You may leave it empty."),
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
    )
    version = forms.IntegerField(min_value=0, max_value=LARGEST_VERSION, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(StageField, self.fields["stage"]).fill()


class DealMove(Screen):
    """The address's query is the board's, to which the answer belongs; with `from=deal` it leads back to the deal."""

    name = "deal_move"
    title = gettext_lazy("Move deal")
    template_name = "leads/deal_move.html"
    may_view = may_post = MANAGERS

    def get(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        deal = self._deal(id)
        return self._asking(deal, MoveForm(initial={"stage": deal.stage, "version": deal.version}))

    def post(self, request: DashboardRequest, id: uuid.UUID) -> HttpResponse:
        deal, form = self._deal(id), MoveForm(request.POST)
        if not form.is_valid():
            problems = [str(error) for errors in form.errors.values() for error in errors]
            return self._no(deal, form, " ".join(problems))
        stage, reason = form.cleaned_data["stage"], form.cleaned_data["reason"]
        try:
            deal = move_deal(
                deal,
                stage,
                by=Actor.of_user(request.user),
                at=timezone.now(),
                reason=reason if not stage.is_open else "",
                guard=as_seen(form.cleaned_data["version"]),
            )
        except Deal.DoesNotExist:
            raise Http404 from None
        except Clash:
            return self._stale(id, form)
        except Refused as refused:
            return self._no(deal, form, str(refused))
        return self._done(deal)

    def _deal(self, id: uuid.UUID) -> Deal:
        deal = deal_of(id)
        if deal is None:
            raise Http404
        return deal

    def _done(self, deal: Deal) -> HttpResponse:
        told = moved_in_words(deal)
        if self._is_script:
            return self._answer(deal, told=told, kind=deal.stage.kind)
        messages.success(self.request, told)
        return self._back(deal)

    def _stale(self, id: uuid.UUID, form: MoveForm) -> HttpResponse:
        deal = self._deal(id)
        told = _("Somebody else changed “%(deal)s” meanwhile: it is in %(stage)s. Nothing was moved.") % {
            "deal": deal.name,
            "stage": deal.stage.name,
        }
        return self._no(deal, MoveForm(initial={"stage": deal.stage, "version": deal.version}), told, status=409)

    def _no(self, deal: Deal, form: MoveForm, told: str, *, status: int = 400) -> HttpResponse:
        if self._is_script:
            return self._answer(deal, status=status, told=told, kind="")
        return self._asking(deal, form, told="" if form.errors else told)

    def _asking(self, deal: Deal, form: MoveForm, *, told: str = "") -> HttpResponse:
        return self.page(deal=deal, form=form, told=told, value=shown_value(deal.value), back=self._back(deal).url)

    @property
    def _is_script(self) -> bool:
        return "application/json" in self.request.headers.get("Accept", "")

    def _answer(self, deal: Deal, *, status: int = 200, **told: Any) -> JsonResponse:
        form = BoardForm(self.request.GET, is_shown=False)
        if not form.is_valid():
            raise Http404
        # As it is shown on a board: with the people and the lead, which the operation didn't need.
        shown = told_to_script(self.request, form.board(), deal_of(deal.public_id), query=form.query())
        return JsonResponse({**told, **shown}, status=status)

    def _back(self, deal: Deal) -> HttpResponseRedirect:
        if self.request.GET.get("from") == "deal":
            return self.back("deal", deal.public_id)
        answer = self.back("pipeline")
        form = BoardForm(self.request.GET, is_shown=False)
        answer["Location"] = reverse("admin:pipeline") + form.query()
        return answer


def moved_in_words(deal: Deal) -> str:
    facts = {"deal": deal.name, "stage": deal.stage.name, "value": shown_value(deal.value)}
    return {
        StageKind.OPEN: _("“%(deal)s” is in %(stage)s now."),
        StageKind.WON: _("Won: “%(deal)s”, %(value)s."),
        StageKind.LOST: _("“%(deal)s” is lost."),
    }[StageKind(deal.stage.kind)] % facts


site.add_screen("pipeline/<uuid:id>/move/", DealMove)
