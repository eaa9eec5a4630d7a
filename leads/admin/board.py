"""The pipeline as a board: deals as cards, moved from stage to stage (`leads.admin.deal_move`)."""

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from leads.admin.board_form import BoardForm
from leads.admin.cards import ShownColumn, cards_of, shown_columns, shown_sums
from leads.admin.deal_move import DealMove, deal_of
from leads.admin.stages import Stages
from leads.board import MOST_CARDS
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.roles import EVERYONE


class PipelineBoard(Screen):
    """`stage` and `behind` ask for the cards of a column behind a deal's."""

    name = "pipeline"
    title = _("Pipeline")
    template_name = "leads/board.html"
    may_view = EVERYONE

    def get(self, request: DashboardRequest) -> HttpResponse:
        if "behind" in request.GET:
            return self._more(request)
        form = BoardForm(request.GET)
        context: dict[str, Any] = {
            "form": form,
            "query": form.query(),
            "fields": [form[name] for name in self._asked_for(form)],
        }
        if not form.is_valid():
            return self.page(**context)
        board = form.board()
        stages = board.stages()
        columns = board.columns(stages)
        return self.page(
            **context,
            board=board,
            columns=shown_columns(columns, today=board.today),
            sums=shown_sums(stages, {column.stage.pk: column.figures for column in columns}),
            is_empty=not any(column.figures.count for column in columns),
            may_post=DealMove.is_open_to(request, posting=True),
            may_change_stages=Stages.is_open_to(request),
            stages_url=f"{reverse('admin:stages')}?pipeline={board.pipeline.public_id}",
        )

    def _asked_for(self, form: BoardForm) -> list[str]:
        return [name for name in form.fields if name != "pipeline" or len(form.pipelines) > 1]

    def _more(self, request: DashboardRequest) -> HttpResponse:
        form = BoardForm(request.GET, is_shown=False)
        behind = deal_of(request.GET["behind"])
        if behind is None or not form.is_valid():
            raise Http404
        board = form.board()
        stage = next((each for each in board.stages() if str(each.public_id) == request.GET.get("stage")), None)
        if stage is None:
            raise Http404
        deals = board.more_of(stage, behind)
        column = ShownColumn(stage, cards_of(deals[:MOST_CARDS], today=board.today), len(deals) > MOST_CARDS, {})
        may_post = DealMove.is_open_to(request, posting=True)
        return self.page(template_name="leads/board_cards.html", column=column, query=form.query(), may_post=may_post)


site.add_screen("pipeline/", PipelineBoard)
