"""The forms of a deal: a new one, and what may change of one that is there."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from leads.admin.deal_fields import OwnerField, StageField, ValueField
from leads.admin.deal_move import LARGEST_VERSION, LONGEST_REASON
from leads.admin.deals_form import DayField
from leads.models import Deal


class _DealFields(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=255, widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}))
    value = ValueField(label=_("Value"), required=False)
    owner = OwnerField()
    expected_close_date = DayField(_("Expected close date"))


class NewDealForm(_DealFields):
    stage = StageField()

    field_order = ("name", "value", "stage", "owner", "expected_close_date")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(StageField, self.fields["stage"]).fill(only_open=True)
        cast(OwnerField, self.fields["owner"]).fill()


class DealForm(_DealFields):
    """What may change without a move. `version` is that of the deal when it was shown."""

    close_reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        required=False,
        help_text=_("Why it was won or lost."),
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
    )
    version = forms.IntegerField(min_value=0, max_value=LARGEST_VERSION, widget=forms.HiddenInput)

    def __init__(self, deal: Deal, data: Any = None) -> None:
        names = ("name", "value", "owner", "expected_close_date", "close_reason", "version")
        super().__init__(data, initial={name: getattr(deal, name) for name in names})
        if deal.stage.is_open:
            del self.fields["close_reason"]
        cast(OwnerField, self.fields["owner"]).fill(deal.owner)
