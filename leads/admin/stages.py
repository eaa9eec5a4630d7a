"""Settings of the pipelines: their stages in order, and the pipelines themselves."""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from leads import stages as operations
from leads.actors import Actor
from leads.admin.deal_fields import shown_count
from leads.models import Deal, Pipeline, Stage
from leads.models.pipeline import StageKind
from leads.pipeline import default_pipeline
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.roles import ADMINS

LONGEST_STAGE_NAME = 80
LONGEST_PIPELINE_NAME = 120


class StageForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=LONGEST_STAGE_NAME,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
    )
    win_probability = forms.IntegerField(
        label=gettext_lazy("Win probability (%)"),
        min_value=0,
        max_value=100,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=StageKind.choices, widget=UnfoldAdminSelectWidget)

    def terms(self) -> operations.Terms:
        given = self.cleaned_data
        return operations.Terms(
            name=given["name"], win_probability=given["win_probability"] or 0, kind=StageKind(given["kind"])
        )


class PipelineForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=LONGEST_PIPELINE_NAME,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
    )


class Stages(Screen):
    """One form a stage; `do` says what is wanted, `pipeline` in the address which pipeline it is about."""

    name = "stages"
    title = gettext_lazy("Stages of the pipeline")
    template_name = "leads/stages.html"
    may_view = may_post = ADMINS

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self._shown(self._pipeline())

    def post(self, request: DashboardRequest) -> HttpResponse:
        doing: dict[str, Callable[[Pipeline], HttpResponse]] = {
            "add": self._add,
            "save": self._save,
            "up": self._shift,
            "down": self._shift,
            "delete": self._delete,
            "empty": self._empty,
            "add_pipeline": self._add_pipeline,
            "rename_pipeline": self._rename_pipeline,
            "make_default": self._make_default,
            "delete_pipeline": self._delete_pipeline,
        }
        if request.POST.get("do") not in doing:
            raise Http404
        pipeline = self._pipeline()
        try:
            return doing[request.POST["do"]](pipeline)
        except Refused as refused:
            messages.error(request, str(refused))
            return self._here(pipeline)

    # Stages

    def _add(self, pipeline: Pipeline) -> HttpResponse:
        form = StageForm(self.request.POST, prefix="new")
        if not form.is_valid():
            return self._shown(pipeline, new=form)
        try:
            stage = operations.add_stage(pipeline, form.terms())
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
            return self._shown(pipeline, new=form)
        messages.success(self.request, _("The stage “%(stage)s” is there now.") % {"stage": stage.name})
        return self._here(pipeline, stage)

    def _save(self, pipeline: Pipeline) -> HttpResponse:
        stage = self._stage(pipeline)
        form = StageForm(self.request.POST, prefix=str(stage.public_id))
        if not form.is_valid():
            return self._shown(pipeline, changed={stage.pk: form})
        try:
            operations.change_stage(stage, form.terms())
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
            return self._shown(pipeline, changed={stage.pk: form})
        messages.success(self.request, _("The stage “%(stage)s” is saved.") % {"stage": form.cleaned_data["name"]})
        return self._here(pipeline, stage)

    def _shift(self, pipeline: Pipeline) -> HttpResponse:
        stage, doing = self._stage(pipeline), self.request.POST["do"]
        operations.shift_stage(stage, -1 if doing == "up" else 1)
        # Back on the same button: whoever moves a stage by keyboard goes on from there.
        return self._here(pipeline, stage, focus=doing)

    def _delete(self, pipeline: Pipeline) -> HttpResponse:
        stage = self._stage(pipeline)
        count = Deal.objects.filter(stage=stage).count()
        if count:
            return self._asking_where_to(pipeline, stage, count)
        operations.delete_stage(stage)
        messages.success(self.request, _("The stage “%(stage)s” is deleted.") % {"stage": stage.name})
        return self._here(pipeline)

    def _empty(self, pipeline: Pipeline) -> HttpResponse:
        stage = self._stage(pipeline)
        into = _by_public_id(Stage.objects.select_related("pipeline"), self.request.POST.get("into", ""))
        if into is None:
            raise Http404
        moved, left = operations.empty_stage(stage, into, by=Actor.of_user(self.request.user), at=timezone.now())
        done = ngettext("%(count)s deal moved to %(stage)s.", "%(count)s deals moved to %(stage)s.", moved)
        messages.success(self.request, done % {"count": shown_count(moved), "stage": into.name})
        if left:
            return self._asking_where_to(pipeline, stage, left, into=into)
        if "then_delete" in self.request.POST:
            return self._delete(pipeline)
        return self._here(pipeline, stage)

    def _asking_where_to(
        self, pipeline: Pipeline, stage: Stage, count: int, *, into: Stage | None = None
    ) -> HttpResponse:
        others = Stage.objects.filter(pipeline=pipeline).exclude(pk=stage.pk).order_by("position")
        return self.page(
            template_name="leads/stage_delete.html",
            pipeline=pipeline,
            stage=stage,
            count=count,
            shown_count=shown_count(count),
            most=operations.MOST_MOVED,
            others=others,
            into=into,
            back=self._address(pipeline),
        )

    # Pipelines

    def _add_pipeline(self, pipeline: Pipeline) -> HttpResponse:
        form = PipelineForm(self.request.POST, prefix="pipeline")
        if not form.is_valid():
            return self._shown(pipeline, new_pipeline=form)
        try:
            return self._here(operations.add_pipeline(form.cleaned_data["name"]))
        except Refused as refused:
            form.add_error(refused.field, str(refused))
            return self._shown(pipeline, new_pipeline=form)

    def _rename_pipeline(self, pipeline: Pipeline) -> HttpResponse:
        form = PipelineForm(self.request.POST, prefix="rename")
        if not form.is_valid():
            return self._shown(pipeline, rename=form)
        try:
            operations.rename_pipeline(pipeline, form.cleaned_data["name"])
        except Refused as refused:
            form.add_error("name" if refused.field else None, str(refused))
            return self._shown(pipeline, rename=form)
        return self._here(pipeline)

    def _make_default(self, pipeline: Pipeline) -> HttpResponse:
        operations.make_default(pipeline)
        messages.success(self.request, _("New deals begin in “%(name)s” from now on.") % {"name": pipeline.name})
        return self._here(pipeline)

    def _delete_pipeline(self, pipeline: Pipeline) -> HttpResponse:
        operations.delete_pipeline(pipeline)
        messages.success(self.request, _("The pipeline “%(name)s” is deleted.") % {"name": pipeline.name})
        return self.back()

    # What all of them need

    def _pipeline(self) -> Pipeline:
        asked = self.request.GET.get("pipeline", "")
        pipeline = _by_public_id(Pipeline.objects.all(), asked) if asked else default_pipeline()
        if pipeline is None:
            raise Http404
        return pipeline

    def _stage(self, pipeline: Pipeline) -> Stage:
        stages = Stage.objects.select_related("pipeline").filter(pipeline=pipeline)
        stage = _by_public_id(stages, self.request.POST.get("stage", ""))
        if stage is None:
            raise Http404
        return stage

    def _shown(
        self,
        pipeline: Pipeline,
        *,
        changed: dict[int, StageForm] | None = None,
        new: StageForm | None = None,
        rename: PipelineForm | None = None,
        new_pipeline: PipelineForm | None = None,
    ) -> HttpResponse:
        stages = list(Stage.objects.filter(pipeline=pipeline).annotate(deal_count=Count("deals")).order_by("position"))
        return self.page(
            pipeline=pipeline,
            pipelines=list(Pipeline.objects.all()),
            rows=[(stage, (changed or {}).get(stage.pk) or _form_of(stage)) for stage in stages],
            new=new or StageForm(prefix="new", initial={"kind": StageKind.OPEN, "win_probability": 50}),
            rename=rename or PipelineForm(prefix="rename", initial={"name": pipeline.name}),
            new_pipeline=new_pipeline or PipelineForm(prefix="pipeline"),
            focus_stage=self.request.GET.get("stage", ""),
            focus=self.request.GET.get("focus", ""),
            most=operations.MOST_STAGES,
        )

    def _address(self, pipeline: Pipeline) -> str:
        return f"{reverse('admin:stages')}?pipeline={pipeline.public_id}"

    def _here(self, pipeline: Pipeline, stage: Stage | None = None, *, focus: str = "") -> HttpResponse:
        # Where the address names a place, browsers give nothing the focus.
        place = f"&stage={stage.public_id}&focus={focus}" if stage and focus else ""
        place = f"#stage-{stage.public_id}" if stage and not focus else place
        return HttpResponseRedirect(self._address(pipeline) + place)


def _form_of(stage: Stage) -> StageForm:
    initial = {"name": stage.name, "win_probability": stage.win_probability, "kind": stage.kind}
    return StageForm(prefix=str(stage.public_id), initial=initial)


def _by_public_id(rows: Any, text: str) -> Any:
    try:
        return rows.filter(public_id=uuid.UUID(text)).first()
    except ValueError:
        return None


site.add_screen("pipeline/stages/", Stages)
