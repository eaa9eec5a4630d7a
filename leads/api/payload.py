"""What a valid write is: fields, bounds, and the words for what is wrong (contract, leads-api.md).

Every fault of a body is told at once. A field that the endpoint doesn't know is one: a typo must not lose data; those
that are only answered are ignored, so that what was read can be written back.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from leads import fields
from leads.conversion import Terms
from leads.models.lead import LeadStatus
from leads.owners import owner_of_id
from leads.pipeline import stage_of_id
from salesos.api.errors import ValidationFailed
from salesos.api.parameters import day, public_id
from salesos.errors import Refused

LONGEST_REASON = 500
MOST_VALUE = Decimal("999999999999.99")

_uuid = public_id(description="").parse
_day = day(description="").parse

Reader = Callable[[Any], Any]
"""Reads one value; raises ValueError or `Refused` with what is wrong."""


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
    return fields.text(value, LONGEST_REASON)


LEAD: Mapping[str, Reader] = {
    "name": fields.required_text,
    "email": fields.email,
    "phone": fields.optional_text,
    "company": fields.optional_text,
    "position": fields.optional_text,
    "source": fields.optional_text,
    "status": fields.status,
    "owner_id": _owner,
    "custom_fields": fields.custom_fields,
    "tags": fields.tags,
}
LEAD_ANSWERED = frozenset({"id", "team_id", "created_at", "updated_at", "activity_history"})
CONVERSION: Mapping[str, Reader] = {
    "deal_name": fields.optional_text,
    "deal_value": lambda value: Decimal(0) if value is None else _value(value),
    "stage_id": lambda value: None if value is None else _stage(value),
    "expected_close_date": _date,
}
DEAL: Mapping[str, Reader] = {
    "name": fields.required_text,
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
    readers = {**LEAD, "status": lambda value: LeadStatus.NEW.value if value is None else fields.first_status(value)}
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
            faults.append({"field": name[: fields.LONGEST_TEXT], "message": "Unknown field"})
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
