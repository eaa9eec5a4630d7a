"""What may stand in the query string of a GET: each parameter with how it is read and how OpenAPI describes it.

A view declares its parameters once; what is refused and what the reference says come from the same declaration.
"""

import re
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl

from django.http import HttpRequest

from salesos.api.errors import NotFound, ValidationFailed
from salesos.tenancy import current_tenant

MOST_PARAMETERS = 50
LONGEST_TEXT = 255
MOST_DIGITS = 18
"""Enough for any number that a database counts to."""

FIRST_MOMENT, LAST_MOMENT = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"(?P<when>[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    # Where a client forgot to encode it, a plus arrives as a space.
    r"(?P<offset>Z|[ +-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """How a parameter is read. `parse` raises ValueError with what was expected, as words for the caller."""

    parse: Callable[[str], Any]
    schema: Mapping[str, Any]
    description: str = field(default="", kw_only=True)

    def openapi(self, name: str) -> dict[str, Any]:
        return {"name": name, "in": "query", "description": self.description, "schema": dict(self.schema)}


def read(request: HttpRequest, parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """The parameters that a request has, read. Raises `ValidationFailed` that names every one that is unknown, given
    twice, or not as it should be, in the order of the request."""
    values: dict[str, Any] = {}
    seen: set[str] = set()
    faults = []
    for name, text in _pairs(request):
        fault = ""
        if name not in parameters:
            fault = "Unknown parameter"
        elif name in seen:
            fault = "Given more than once"
        else:
            try:
                values[name] = parameters[name].parse(text)
            except ValueError as error:
                fault = str(error)
        seen.add(name)
        row = {"field": _printable(name), "message": fault}
        if fault and row not in faults:
            faults.append(row)
    if faults:
        raise ValidationFailed("Invalid parameters", details=faults)
    return values


def _pairs(request: HttpRequest) -> list[tuple[str, str]]:
    """Read here rather than by Django, which would put a sign in the place of bytes that are not UTF-8."""
    # A client that sends letters as they are, not percent-encoded, is understood.
    text = "".join(
        chr(byte) if byte < 128 else f"%{byte:02X}" for byte in request.META.get("QUERY_STRING", "").encode("latin-1")
    )
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except UnicodeDecodeError:
        message = "Must be UTF-8, percent-encoded"
    except ValueError:
        message = f"At most {MOST_PARAMETERS} parameters"
    raise ValidationFailed("Invalid parameters", details=[{"field": "query", "message": message}])


def _printable(name: str) -> str:
    return "".join(sign if sign.isprintable() else "�" for sign in name)[:64] or "query"


def id_in_path(text: str) -> uuid.UUID:
    """The id in a path; one that is malformed is the same 404 as one that nobody has."""
    if not _UUID.fullmatch(text):
        raise NotFound("Not found")
    return uuid.UUID(text)


# What parameters may be


def number(*, least: int, most: int | None = None, default: int | None = None, description: str) -> Parameter:
    bounds = f"{least} to {most}" if most is not None else f"at least {least}"
    expected = f"Expected a whole number, {bounds}"
    schema = {"type": "integer", "minimum": least}
    schema |= {"maximum": most} if most is not None else {}
    schema |= {"default": default} if default is not None else {}

    def parse(text: str) -> int:
        if not re.fullmatch(rf"[0-9]{{1,{MOST_DIGITS}}}", text):
            raise ValueError(expected)
        value = int(text)
        if value < least or (most is not None and value > most):
            raise ValueError(expected)
        return value

    return Parameter(parse, schema, description=description)


def choice(*values: str, default: str | None = None, description: str) -> Parameter:
    schema: dict[str, Any] = {"type": "string", "enum": list(values)}
    schema |= {"default": default} if default is not None else {}

    def parse(text: str) -> str:
        if text not in values:
            raise ValueError("Expected one of " + ", ".join(values))
        return text

    return Parameter(parse, schema, description=description)


def yes_no(*, description: str) -> Parameter:
    def parse(text: str) -> bool:
        if text not in ("true", "false"):
            raise ValueError("Expected true or false")
        return text == "true"

    return Parameter(parse, {"type": "boolean"}, description=description)


def public_id(*, description: str) -> Parameter:
    """An id as the API shows it. One that nobody of the tenant has is well-formed: it finds nothing."""

    def parse(text: str) -> uuid.UUID:
        if not _UUID.fullmatch(text):
            raise ValueError("Expected a UUID")
        return uuid.UUID(text)

    return Parameter(parse, {"type": "string", "format": "uuid"}, description=description)


def text(*, most: int = LONGEST_TEXT, description: str) -> Parameter:
    """Any text, trimmed; "" for one that is empty, which is the same as none."""

    def parse(text: str) -> str:
        text = text.strip()
        if len(text) > most:
            raise ValueError(f"At most {most} characters")
        if any(unicodedata.category(sign) == "Cc" for sign in text):
            raise ValueError("Text must not contain control characters")
        return text

    return Parameter(parse, {"type": "string", "maxLength": most}, description=description)


def day(*, description: str) -> Parameter:
    return Parameter(_day, {"type": "string", "format": "date"}, description=description)


def moment_from(*, description: str) -> Parameter:
    """The first moment that counts: of a date its midnight in the tenant's zone."""
    return _moment(lambda date, zone: datetime.combine(date, time.min, zone), timedelta(0), description)


def moment_until(*, description: str) -> Parameter:
    """The first moment that no longer counts, so that what the caller named is included to its end: the whole day."""
    return _moment(_end_of_day, timedelta(microseconds=1), description)


def _moment(of_day: Callable[[date, Any], datetime], later: timedelta, description: str) -> Parameter:
    def parse(text: str) -> datetime:
        zone = current_tenant().zone
        is_day = _DATE.fullmatch(text) is not None
        moment = of_day(_day(text), zone) if is_day else _clock(text, zone)
        try:
            return moment.astimezone(UTC) + (timedelta(0) if is_day else later)
        except OverflowError:
            # At an end of the calendar the offset reaches beyond it.
            return FIRST_MOMENT if moment.year == 1 else LAST_MOMENT

    schema = {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}
    return Parameter(parse, schema, description=description)


def _day(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError("Expected a date, e.g. 2026-03-10") from None


def _end_of_day(day: date, zone: Any) -> datetime:
    # The midnight after, rather than 24 hours later: the day may have 23 or 25.
    if day == date.max:
        return datetime.max.replace(tzinfo=zone)
    return datetime.combine(day + timedelta(days=1), time.min, zone)


def _clock(text: str, zone: Any) -> datetime:
    found = _MOMENT.fullmatch(text)
    try:
        if found:
            offset = (found["offset"] or "").replace(" ", "+")
            moment = datetime.fromisoformat(found["when"] + offset.upper())
            return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    except ValueError:
        pass
    raise ValueError("Expected a date or a date and time, e.g. 2026-03-10 or 2026-03-10T14:30:00Z") from None
