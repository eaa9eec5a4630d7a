"""Fields that the forms of deals share: who owns it, and what it is worth."""

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import get_format, number_format
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from leads.models import Stage
from leads.owners import counted, owner_of_id
from salesos.errors import Refused
from salesos.models import Collaborator, Team

MOST_CHOICES = 1000
"""So many people stand in a list to choose from. An address or a form may name anybody."""
NOBODY = "none"
NO_CHOICE = _("Select a valid choice. That choice is not one of the available choices.")


def shown_value(value: Decimal) -> str:
    """As the reader's language writes it; cents where there are any."""
    places = 0 if value == value.to_integral_value() else 2
    return str(number_format(value, decimal_pos=places, force_grouping=True))


def shown_count(number: int) -> str:
    return str(number_format(number, force_grouping=True))


class ValueField(forms.DecimalField):
    """What a deal is worth, as the reader's language writes numbers, thousands apart or not."""

    widget = UnfoldAdminTextInputWidget({"inputmode": "decimal", "autocomplete": "off"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=14, decimal_places=2, min_value=Decimal(0), **kwargs)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            apart, point = get_format("THOUSAND_SEPARATOR"), get_format("DECIMAL_SEPARATOR")
            value = "".join(value.split()).replace(apart, "").replace(point, ".")
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        return shown_value(value) if isinstance(value, Decimal) else value


class _ByPublicId(forms.ChoiceField):
    """A choice whose values are public ids; "" is None."""

    widget = UnfoldAdminSelectWidget

    def to_python(self, value: Any) -> Any:
        return value if value not in self.empty_values else None

    def clean(self, value: Any) -> Any:
        value = self.to_python(value)
        self.validate(value)
        return self.row(value) if value is not None else None

    def validate(self, value: Any) -> None:
        if self.required and value is None:
            raise ValidationError(self.error_messages["required"], code="required")

    def row(self, value: str) -> Any:
        raise NotImplementedError


def _public_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise ValidationError(NO_CHOICE, code="invalid_choice") from None


class OwnerField(_ByPublicId):
    """A collaborator. `fill()` gives it its choices; `owner`, who is chosen now, is among them in any case."""

    def __init__(self, *, empty: Any = None, with_nobody: bool = False, **kwargs: Any) -> None:
        super().__init__(required=False, label=_("Owner"), **kwargs)
        self.empty, self.with_nobody = empty or _("Nobody"), with_nobody

    def fill(self, owner: Collaborator | None = None) -> None:
        people = list(Collaborator.objects.active().order_by("name", "pk")[:MOST_CHOICES])
        owner = counted(owner)
        if owner is not None and owner not in people:
            people.insert(0, owner)
        nobody = [(NOBODY, _("Nobody"))] if self.with_nobody else []
        self.choices = [("", self.empty), *nobody, *((str(each.public_id), each.name) for each in people)]

    def row(self, value: str) -> Any:
        if self.with_nobody and value == NOBODY:
            return NOBODY
        try:
            return owner_of_id(_public_id(value))
        except Refused:
            raise ValidationError(NO_CHOICE, code="invalid_choice") from None

    def prepare_value(self, value: Any) -> Any:
        return str(value.public_id) if isinstance(value, Collaborator) else value


class TeamField(_ByPublicId):
    def __init__(self) -> None:
        super().__init__(required=False, label=_("Team"))

    def fill(self) -> None:
        teams = Team.objects.order_by("name", "pk")[:MOST_CHOICES]
        self.choices = [("", _("All teams")), *((str(each.public_id), each.name) for each in teams)]

    def row(self, value: str) -> Team:
        team = Team.objects.filter(public_id=_public_id(value)).first()
        if team is None:
            raise ValidationError(NO_CHOICE, code="invalid_choice")
        return team


class StageField(_ByPublicId):
    """A stage, those of each pipeline together where there are several."""

    def __init__(self, *, empty: Any = "", **kwargs: Any) -> None:
        super().__init__(label=_("Stage"), **kwargs)
        self.empty = empty

    def fill(self, *, only_open: bool = False) -> None:
        stages = Stage.objects.select_related("pipeline").order_by(
            "-pipeline__is_default", "pipeline__name", "pipeline_id", "position"
        )
        groups: dict[Any, list[tuple[str, str]]] = {}
        for stage in stages:
            if stage.is_open or not only_open:
                groups.setdefault(stage.pipeline, []).append((str(stage.public_id), stage.name))
        first = [("", self.empty)] if self.empty else []
        if len(groups) == 1:
            self.choices = [*first, *next(iter(groups.values()))]
        else:
            self.choices = [*first, *((pipeline.name, choices) for pipeline, choices in groups.items())]

    def row(self, value: str) -> Stage:
        stage = Stage.objects.select_related("pipeline").filter(public_id=_public_id(value)).first()
        if stage is None:
            raise ValidationError(NO_CHOICE, code="invalid_choice")
        return stage

    def prepare_value(self, value: Any) -> Any:
        return str(value.public_id) if isinstance(value, Stage) else value
