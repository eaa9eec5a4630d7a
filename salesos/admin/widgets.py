"""Inputs that unfold does not have."""

from typing import Any

from django import forms
from unfold.widgets import DATETIME_CLASSES


class LocalDateTimeInput(forms.DateTimeInput):
    """The browser's own picker of date and time; the moment is in the tenant's time zone."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(
            {"class": " ".join([*DATETIME_CLASSES, "max-w-2xl"]), **(attrs or {})}, format="%Y-%m-%dT%H:%M"
        )


class LocalDateInput(forms.DateInput):
    """The browser's own picker of a day."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": " ".join([*DATETIME_CLASSES, "max-w-2xl"]), **(attrs or {})}, format="%Y-%m-%d")
