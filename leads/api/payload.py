"""What a valid write is: fields, bounds, and the words for what is wrong (contract, leads-api.md).

Every fault of a body is told at once. A field that the endpoint doesn't know is one: a typo must not lose data; those
that are only answered are ignored, so that what was read can be written back.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from leads.conversion import Terms
from leads.models.lead import LONGEST_TAG, MOST_TAGS, LeadStatus
from leads.owners import owner_of_id
from leads.pipeline import stage_of_id
from salesos.api.errors import ValidationFailed
from salesos.api.parameters import day, public_id
from salesos.api.strict_json import is_finite
from salesos.emails import is_email
from salesos.errors import Refused

LONGEST_TEXT = 255
LONGEST_REASON = 500
LONGEST_FIELD_NAME = 255
MOST_VALUE = Decimal("999999999999.99")
GIVEN_STATUSES = [status.value for status in LeadStatus if status != LeadStatus.CONVERTED]

_uuid = public_id(description="").parse
_day = day(description="").parse

Reader = Callable[[Any], Any]
"""Reads one value; raises ValueError or `Refused` with what is wrong."""


def _required_text(value: Any) -> str:
    text = _optional_text(value)
    if not text:
        raise ValueError("Required")
    return text


def _optional_text(value: Any) -> str:
    return _text(value, LONGEST_TEXT)


def _text(value: Any, most: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("Must be a string")
    value = value.strip()
    if len(value) > most:
        raise ValueError(f"Must be at most {most} characters")
    return value


def _email(value: Any) -> str:
    email = _required_text(value)
    if not is_email(email):
        raise ValueError("Must be a valid email")
    return email


def _status(value: Any) -> str:
    if value == LeadStatus.CONVERTED.value:
        return LeadStatus.CONVERTED.value  # may be written back; who may say so is decided with the lead at hand
    if not isinstance(value, str) or value not in GIVEN_STATUSES:
        raise ValueError("Must be one of " + ", ".join(GIVEN_STATUSES))
    return value


def _first_status(value: Any) -> str:
    if value == LeadStatus.CONVERTED.value:
        raise ValueError("Must be one of " + ", ".join(GIVEN_STATUSES))
    return _status(value)


def _id(value: Any) -> uuid.UUID:
    if not isinstance(value, str):
        raise ValueError("Must be a UUID")
    try:
        read: uuid.UUID = _uuid(value)
    except ValueError:
        raise ValueError("Must be a UUID") from None
    return read


def _owner(value: Any) -> Any:
    return None if value is None else owner_of_id(_id(value))


def _stage(value: Any) -> Any:
    if value is None:
        raise ValueError("Must be the id of a stage")
    return stage_of_id(_id(value))


def _custom_fields(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("Must be an object")
    if any(not name or len(name) > LONGEST_FIELD_NAME for name in value):
        raise ValueError(f"Must have names of 1 to {LONGEST_FIELD_NAME} characters")
    if not is_finite(value):
        raise ValueError("Must hold finite numbers")
    return value


def _tags(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise ValueError("Must be an array of strings")
    tags = list(dict.fromkeys(stripped for tag in value if (stripped := tag.strip())))
    if len(tags) > MOST_TAGS:
        raise ValueError(f"Must be at most {MOST_TAGS} tags")
    if any(len(tag) > LONGEST_TAG for tag in tags):
        raise ValueError(f"Must be tags of at most {LONGEST_TAG} characters")
    return tags


def _value(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("Must be a number")
    try:
        number = Decimal(repr(value))
        cents = number.quantize(Decimal("0.01"))
    except (InvalidOperation, ValueError):  # of thousands of digits
        _refuse_value()
    if number != cents or not 0 <= number <= MOST_VALUE:
        _refuse_value()
    return cents


def _refuse_value() -> NoReturn:
    raise ValueError("Must be a number from 0 to 999999999999.99 with at most two decimals")


def _date(value: Any) -> date | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("Must be a date, e.g. 2026-06-30")
    try:
        read: date = _day(value)
    except ValueError:
        raise ValueError("Must be a date, e.g. 2026-06-30") from None
    return read


def _reason(value: Any) -> str:
    return _text(value, LONGEST_REASON)


LEAD: Mapping[str, Reader] = {
    "name": _required_text,
    "email": _email,
    "phone": _optional_text,
    "company": _optional_text,
    "position": _optional_text,
    "source": _optional_text,
    "status": _status,
    "owner_id": _owner,
    "custom_fields": _custom_fields,
    "tags": _tags,
}
LEAD_ANSWERED = frozenset({"id", "team_id", "created_at", "updated_at", "activity_history"})
CONVERSION: Mapping[str, Reader] = {
    "deal_name": _optional_text,
    "deal_value": lambda value: Decimal(0) if value is None else _value(value),
    "stage_id": lambda value: None if value is None else _stage(value),
    "expected_close_date": _date,
}
DEAL: Mapping[str, Reader] = {
    "name": _required_text,
    "value": _value,
    "stage_id": _stage,
    "owner_id": _owner,
    "expected_close_date": _date,
    "close_reason": _reason,
}
DEAL_ANSWERED = frozenset(
    {"id", "lead_id", "status", "pipeline_id", "team_id", "closed_at", "created_at", "updated_at", "stage_history"}
)
COLUMNS: Mapping[str, str] = {"owner_id": "owner", "stage_id": "stage"}
"""Fields that are named otherwise inside."""


def new_lead(body: object) -> dict[str, Any]:
    """The fields of a lead to be, for `NewLead`. Raises `ValidationFailed` with every fault."""
    readers = {**LEAD, "status": lambda value: LeadStatus.NEW.value if value is None else _first_status(value)}
    return _read(body, readers, ignored=LEAD_ANSWERED, required=("name", "email"))


def lead_changes(body: object) -> dict[str, Any]:
    """The fields that are to change, for `change_lead`. Raises `ValidationFailed` with every fault."""
    changes = _read(body, LEAD, ignored=LEAD_ANSWERED)
    if isinstance(body, dict) and body.get("custom_fields", ()) is None:
        changes["custom_fields"] = None
    return changes


def terms(body: object) -> Terms:
    """What a lead is converted to. Raises `ValidationFailed` with every fault."""
    sent = _read(body, CONVERSION)
    return Terms(
        name=sent.get("deal_name", ""),
        value=sent.get("deal_value", Decimal(0)),
        stage=sent.get("stage"),
        expected_close_date=sent.get("expected_close_date"),
    )


def deal_changes(body: object) -> dict[str, Any]:
    """The fields that are to change, for `change_deal`. Raises `ValidationFailed` with every fault."""
    return _read(body, DEAL, ignored=DEAL_ANSWERED)


def _read(
    body: object,
    readers: Mapping[str, Reader],
    *,
    ignored: frozenset[str] = frozenset(),
    required: tuple[str, ...] = (),
) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise _failed([{"field": "body", "message": "Required JSON object"}])
    faults = [{"field": needed, "message": "Required"} for needed in required if needed not in body]
    values: dict[str, Any] = {}
    name: str
    for name, value in body.items():
        if name in ignored:
            continue
        if name not in readers:
            faults.append({"field": name[:LONGEST_TEXT], "message": "Unknown field"})
            continue
        try:
            values[COLUMNS.get(name, name)] = readers[name](value)
        except (ValueError, Refused) as error:
            faults.append({"field": name, "message": str(error)})
    if faults:
        raise _failed(faults)
    return values


def _failed(faults: list[dict[str, str]]) -> ValidationFailed:
    return ValidationFailed("Invalid body", details=faults)
