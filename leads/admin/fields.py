"""Form fields of leads, by the rules of the API (`leads.api.payload`), with words for people."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from leads.fields import GIVEN_STATUSES, LONGEST_TEXT
from leads.models.lead import LONGEST_TAG, MOST_TAGS, LeadStatus

STATUSES = [(status, LeadStatus(status).label) for status in GIVEN_STATUSES]
"""What a lead may be set to by hand."""


def text_field(label: Any, *, required: bool = False, widget: type[forms.TextInput] | None = None, **attrs: Any) -> Any:
    made = (widget or UnfoldAdminTextInputWidget)(attrs={"autocomplete": "off", **attrs})
    return forms.CharField(label=label, max_length=LONGEST_TEXT, required=required, widget=made)


class TagsField(forms.CharField):
    """Tags as people write them, with commas between; cleaned, a tuple without duplicates."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
        super().__init__(required=False, max_length=MOST_TAGS * (LONGEST_TAG + 2), widget=widget, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        tags = tuple(dict.fromkeys(stripped for tag in text.split(",") if (stripped := tag.strip())))
        check_tags(tags)
        return tags


def check_tags(tags: Any) -> None:
    """Raises ValidationError for tags that a lead can't have."""
    if len(tags) > MOST_TAGS:
        raise ValidationError(_("A lead has at most %(most)d tags.") % {"most": MOST_TAGS})
    long = next((tag for tag in tags if len(tag) > LONGEST_TAG), None)
    if long is not None:
        message = _("“%(tag)s” is too long: a tag has at most %(most)d letters.")
        raise ValidationError(message, params={"tag": f"{long[:20]}…", "most": LONGEST_TAG})
