"""The filters of the request log, as its address carries them. All of them combine; an empty one means any.

`key` (an API key's primary key), `status` (200, or 4 for all of 400 to 499), `error_code`, `action`, `address` (an
address or a network), `request_id`, `min_ms` and `max_ms` (duration), `from` and `to` (the tenant's clock, like
2026-11-20T14:00, or with an offset; `to` not included), `within` (hour, day, week or month before now, where neither
`from` nor `to` is given), and the page: `before` or `after` a request's id.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, cast
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from salesos.admin.widgets import LocalDateTimeInput
from salesos.api.error_reference import ERRORS
from salesos.client_address import Network, parse_network
from salesos.models import ApiKey
from salesos.request_counts import Filter
from salesos.request_search import Search

SPANS = {
    "hour": (_("Last hour"), timedelta(hours=1)),
    "day": (_("Last 24 hours"), timedelta(days=1)),
    "week": (_("Last 7 days"), timedelta(days=7)),
    "month": (_("Last 30 days"), timedelta(days=30)),
}
FIRST_YEAR, LAST_YEAR = 2000, 2200
MOST_MS = 86_400_000
CLASSES = ((2, _("2xx: done")), (4, _("4xx: refused")), (5, _("5xx: failed")))


class MomentField(forms.Field):
    """A moment of the tenant's clock, or one with an offset. An hour that the clock shows twice means both of them:
    the first where it begins a time, the second where it ends one."""

    widget = LocalDateTimeInput(attrs={"step": "1"})

    def __init__(self, *args: Any, ends: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ends = ends

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        moment = _moment(str(value))
        if moment is None:
            raise ValidationError(_("A date and a time, please, like 2026-11-20T14:00."))
        if not FIRST_YEAR <= moment.year < LAST_YEAR:
            years = {"first": FIRST_YEAR, "last": LAST_YEAR - 1}
            raise ValidationError(_("A year between %(first)d and %(last)d, please."), params=years)
        if timezone.is_naive(moment):
            moment = moment.replace(tzinfo=timezone.get_current_timezone(), fold=int(self.ends))
        return moment

    def prepare_value(self, value: Any) -> Any:
        """As the browser's own input takes it, which knows no offsets."""
        moment = _moment(value) if isinstance(value, str) else value
        if not isinstance(moment, datetime):
            return value
        if timezone.is_aware(moment) and FIRST_YEAR <= moment.year < LAST_YEAR:
            moment = timezone.localtime(moment).replace(tzinfo=None)
        return moment.replace(tzinfo=None, microsecond=0).isoformat(timespec="minutes" if not moment.second else "auto")


def _moment(text: str) -> datetime | None:
    try:
        # A plus sign that nobody encoded has become a space.
        return parse_datetime(re.sub(r" (\d\d:?\d\d)$", r"+\1", text.strip()))
    except (ValueError, OverflowError):
        return None


class NetworkField(forms.CharField):
    """An address or a network."""

    def clean(self, value: Any) -> Network | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return parse_network(text)
        except ValueError:
            message = _("“%(text)s” is not an IPv4 or IPv6 address or network.")
            raise ValidationError(message, params={"text": text}) from None


def _text(**attrs: str) -> forms.TextInput:
    return UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false", **attrs})


class LogForm(forms.Form):
    """The filters. `search()` is what a valid form looks for."""

    status = forms.TypedChoiceField(
        label=_("Status"), coerce=int, empty_value=None, required=False, widget=UnfoldAdminSelectWidget
    )
    key = forms.TypedChoiceField(
        label=_("API key"), coerce=int, empty_value=None, required=False, widget=UnfoldAdminSelectWidget
    )
    action = forms.CharField(label=_("Action"), max_length=40, required=False, widget=_text(list="known-actions"))
    error_code = forms.CharField(label=_("Error code"), max_length=40, required=False, widget=_text(list="known-codes"))
    address = NetworkField(
        label=_("Address or network"), max_length=60, required=False, widget=_text(placeholder="203.0.113.0/24")
    )
    request_id = forms.UUIDField(label=_("Request id"), required=False, widget=_text())
    min_ms = forms.FloatField(
        label=_("Took at least (ms)"), min_value=0, max_value=MOST_MS, required=False, widget=_text(inputmode="decimal")
    )
    max_ms = forms.FloatField(
        label=_("Took at most (ms)"), min_value=0, max_value=MOST_MS, required=False, widget=_text(inputmode="decimal")
    )

    def __init__(self, data: QueryDict, *, now: datetime) -> None:
        super().__init__(data)
        self.now = now
        # A keyword of Python's can't be the name of an attribute.
        self.fields["from"] = MomentField(label=_("From"), required=False)
        self.fields["to"] = MomentField(label=_("Until"), required=False, ends=True)
        keys = list(ApiKey.objects.values_list("pk", "name", "key_id"))
        self.keys: dict[int, str] = {pk: name for pk, name, _key_id in keys}
        named = [(pk, f"{name} ({key_id})") for pk, name, key_id in keys]
        cast(forms.ChoiceField, self.fields["key"]).choices = [("", _("Any")), *named]
        cast(forms.ChoiceField, self.fields["status"]).choices = list(_statuses(data.get("status", "")))

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        since, until = given.get("from"), given.get("to")
        if since and until and since >= until:
            self.add_error("to", _("The end must come after the beginning."))
        if _both(given, "min_ms", "max_ms") and given["min_ms"] > given["max_ms"]:
            self.add_error("max_ms", _("The most must not be less than the least."))
        return given

    @property
    def within(self) -> str:
        """The name of the quick choice of a time, if it counts."""
        within = self.data.get("within", "")
        return within if within in SPANS and not self.data.get("from") and not self.data.get("to") else ""

    def search(self) -> Search:
        given = self.cleaned_data
        since = self.now - SPANS[self.within][1] if self.within else given["from"]
        return Search(
            only=Filter(
                key=given["key"],
                action=given["action"] or None,
                status=given["status"],
                error_code=given["error_code"] or None,
            ),
            since=since,
            until=given["to"],
            request_id=given["request_id"],
            network=given["address"],
            least_ms=given["min_ms"],
            most_ms=given["max_ms"],
        )

    def filters(self) -> dict[str, str]:
        """What of the address narrows the search, as it was sent."""
        names = [*self.fields, *(["within"] if self.within else [])]
        return {name: self.data[name] for name in names if self.data.get(name, "").strip()}

    @property
    def more(self) -> list[forms.BoundField]:
        """The filters that are asked for less often."""
        return [self[name] for name in ("error_code", "action", "address", "request_id", "min_ms", "max_ms")]

    @property
    def first(self) -> list[forms.BoundField]:
        return [self[name] for name in ("from", "to", "status", "key")]

    @property
    def uses_more(self) -> bool:
        return any(self.data.get(field.name) for field in self.more)


def _both(given: dict[str, Any], *names: str) -> bool:
    return all(given.get(name) is not None for name in names)


def _statuses(asked: str) -> Iterator[tuple[Any, Any]]:
    yield "", _("Any")
    yield from CLASSES
    known = {200, 201, 204, *(case.status for case in ERRORS)}
    if asked.isascii() and asked.isdecimal() and len(asked) == 3 and asked[0] in "12345":
        known.add(int(asked))
    for status in sorted(known):
        yield status, f"{status} {HTTPStatus(status).phrase}" if status in set(HTTPStatus) else str(status)


def place(text: str) -> UUID | None:
    """A page's place in the log; what is none leads to the newest page."""
    try:
        return UUID(text)
    except ValueError:
        return None
