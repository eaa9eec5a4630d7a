"""What a board is asked for, in an address. Everything has a default, so that a bare address is the default pipeline.

`pipeline`, `owner` (or `none`) and `team` are public ids, `expected` and `closed` spans (`leads.spans`), `q` words of
a deal's name.
"""

from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from leads.admin.deal_fields import NO_CHOICE, NOBODY, OwnerField, TeamField
from leads.board import Board
from leads.deal_search import Wanted
from leads.models import Pipeline
from leads.pipeline import default_pipeline
from leads.spans import Closed, Expected
from salesos.tenancy import current_tenant

LONGEST_SEARCH = 255


def _at_once() -> dict[str, str]:
    return {"data-submit": ""}


class BoardForm(forms.Form):
    pipeline = forms.ChoiceField(label=_("Pipeline"), required=False, widget=UnfoldAdminSelectWidget(_at_once()))
    owner = OwnerField(empty=_("Everybody"), with_nobody=True, widget=UnfoldAdminSelectWidget(_at_once()))
    team = TeamField()
    expected = forms.ChoiceField(
        label=_("Expected"),
        choices=[("", _("Any day")), *Expected.choices],
        required=False,
        widget=UnfoldAdminSelectWidget(_at_once()),
    )
    closed = forms.ChoiceField(
        label=_("Won and lost"), choices=Closed.choices, required=False, widget=UnfoldAdminSelectWidget(_at_once())
    )
    q = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_SEARCH,
        required=False,
        widget=UnfoldAdminTextInputWidget({"type": "search", "autocomplete": "off"}),
    )

    def __init__(self, data: QueryDict, *, is_shown: bool = True) -> None:
        """`is_shown` is False where nobody is to choose anything."""
        default = default_pipeline()
        self.pipelines = {str(each.public_id): each for each in Pipeline.objects.all()}
        asked = data.get("pipeline") or str(default.public_id)
        # Of choices that have a default the address may be silent.
        super().__init__({**data.dict(), "pipeline": asked, "closed": data.get("closed") or Closed.MONTH.value})
        choices = [(public_id, each.name) for public_id, each in self.pipelines.items()]
        cast(forms.ChoiceField, self.fields["pipeline"]).choices = choices
        self.fields["team"].widget.attrs |= _at_once()
        if is_shown:
            cast(OwnerField, self.fields["owner"]).fill()
            cast(TeamField, self.fields["team"]).fill()

    def clean_pipeline(self) -> Pipeline:
        pipeline = self.pipelines.get(self.cleaned_data["pipeline"])
        if pipeline is None:
            raise ValidationError(NO_CHOICE)
        return pipeline

    def board(self) -> Board:
        """What a valid form asks for."""
        given = self.cleaned_data
        owner, expected = given["owner"], given["expected"]
        wanted = Wanted(
            name=given["q"],
            owner=None if owner == NOBODY else owner,
            is_unowned=owner == NOBODY,
            team=given["team"],
            expected=Expected(expected) if expected else None,
        )
        zone = current_tenant().zone
        return Board(given["pipeline"], wanted, Closed(given["closed"]), timezone.localdate(timezone=zone), zone)

    @property
    def is_filtered(self) -> bool:
        return any(self.data.get(name) for name in ("owner", "team", "expected", "q"))

    def query(self, **others: Any) -> str:
        """The address's query that asks for the same board, with `others` in the place of its own."""
        said = {name: self.data.get(name, "") for name in self.fields}
        if said["closed"] == Closed.MONTH.value:
            del said["closed"]
        if len(self.pipelines) < 2:
            del said["pipeline"]
        return "?" + urlencode({name: value for name, value in (said | others).items() if value})
