"""What a valid request of the Default integration is: shapes, bounds, and the words for what is wrong.

Contract, “sync_collaborators” and “sync_activities”. A malformed activity refuses the batch with every fault listed; a
malformed collaborator is an item of `errors` and never blocks the rest.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NotRequired
from zoneinfo import ZoneInfo

from pydantic import StringConstraints, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from missions.recording import Receipt, SentActivity
from salesos.api.errors import ValidationFailed
from salesos.api.strict_json import is_finite, json_text
from salesos.people import OPTIONAL_TEXTS, REQUIRED_TEXTS, Email, SentPerson

MOST_COLLABORATORS = 500
MOST_ACTIVITIES = 1000
FURTHEST_AHEAD = timedelta(hours=24)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC).timestamp()

CODE_PATTERN = "^(?:00[1-9]|0[1-9][0-9]|[1-9][0-9]{2})$"


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.upper())
    if len(text) > 10 and "T" not in text[:11].upper() and " " not in text[:11]:
        raise ValueError("no T between date and time")
    return moment


class ActivityItem(TypedDict):
    """The shape of one activity of a request; fields that are not named here are ignored."""

    activity_code: Annotated[str, StringConstraints(strict=True, pattern=CODE_PATTERN)]
    external_id: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=255)]
    collaborator_email: Email
    data: NotRequired[dict[str, Any] | None]
    occurred_at: NotRequired[Annotated[str, StringConstraints(strict=True)] | None]


_activities = TypeAdapter(list[ActivityItem])
_email = TypeAdapter(Email)

ACTIVITY_FAULTS = {
    "activity_code": 'Required 3-digit string (001-999), e.g. "001"',
    "external_id": "Required string of 1 to 255 characters",
    "collaborator_email": "Required valid email",
    "data": "Must be an object of finite numbers, texts, lists and objects",
    "occurred_at": "Must be an ISO 8601 date and time, e.g. 2026-03-17T09:15:00-03:00",
}


def items_of(body: object, array: str, most: int) -> list[Any]:
    """The array of a request. Raises `ValidationFailed` when it is missing, no array, or longer than `most`."""
    items = body.get(array) if isinstance(body, dict) else None
    if not isinstance(items, list) or len(items) > most:
        row = {"field": array, "message": f"Required array of at most {most} {array}"}
        raise ValidationFailed(f"Invalid {array} payload", details=[row])
    return items


def activities_of(
    body: object, *, zone: ZoneInfo, at: datetime, request_id: uuid.UUID
) -> tuple[list[SentActivity], list[str]]:
    """A request's activities, and an error for each one that is well-formed but can't be recorded.

    A moment without an offset is in `zone`, a date alone its midnight there, none at all `at`, when the request came.
    Raises `ValidationFailed` with all faults of all items.
    """
    items = items_of(body, "activities", MOST_ACTIVITIES)
    sent, errors = [], []
    receipt = Receipt(at, request_id)
    latest = (at + FURTHEST_AHEAD).timestamp()
    try:
        for item in _activities.validate_python(items):
            data, text = item.get("data"), item.get("occurred_at")
            moment = _moment(text) if text is not None else at
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=zone)
            second = moment.timestamp()
            if EARLIEST <= second <= latest:
                code, external_id, email = item["activity_code"], item["external_id"], item["collaborator_email"]
                sent.append(SentActivity(code, external_id, email, moment, json_text(data) if data else "{}", receipt))
            else:
                reason = "is more than 24 hours ahead" if second > latest else "is before 1970"
                errors.append(f"Activity {item['external_id']}: occurred_at {reason}")
                json_text(data)
    except ValueError:  # also a ValidationError: the shape of an item
        raise ValidationFailed("Invalid activities payload", details=_faults(items)) from None
    return sent, errors


def _faults(items: list[Any]) -> list[dict[str, object]]:
    """A row for each bad field of each bad item, in the order of the request, each once."""
    misshapen: set[tuple[int | str, ...]] = set()
    try:
        _activities.validate_python(items)
    except ValidationError as error:
        misshapen = {fault["loc"][:2] for fault in error.errors(include_url=False, include_input=False)}
    return [
        {"index": index, "field": field, "message": ACTIVITY_FAULTS.get(field, "Must be an object")}
        for index, item in enumerate(items)
        for field in (ACTIVITY_FAULTS if isinstance(item, dict) else ["activities"])
        if not isinstance(item, dict) or (index, field) in misshapen or _is_unreadable(field, item.get(field))
    ]


def _is_unreadable(field: str, value: object) -> bool:
    """Whether a field of the right shape still doesn't say what it should."""
    try:
        if field == "occurred_at" and isinstance(value, str):
            _moment(value)
        elif field == "data":
            json_text(value)
    except ValueError:
        return True
    return False


def people_of(body: object) -> list[SentPerson | str]:
    """A request's collaborators in order; in the place of a malformed one, the error that says what is wrong with it.

    Raises `ValidationFailed` when an item is not an object.
    """
    items = items_of(body, "collaborators", MOST_COLLABORATORS)
    strays = [
        {"index": index, "field": "collaborators", "message": "Must be an object"}
        for index, item in enumerate(items)
        if not isinstance(item, dict)
    ]
    if strays:
        raise ValidationFailed("Invalid collaborators payload", details=strays)
    return [_person(item) for item in items]


def refusal_of(item: dict[str, Any], reason: str) -> str:
    """The error line of a collaborator: `Collaborator emp-110 (invalid-email): Invalid email format`."""
    return f"Collaborator {_shown(item.get('external_id'))} ({_shown(item.get('email'))}): {reason}"


def _shown(value: object) -> str:
    return value.strip()[:255] or "?" if isinstance(value, str) else "?"


def _person(item: dict[str, Any]) -> SentPerson | str:
    reasons = [reason for reason in (*_text_faults(item), _email_fault(item), _metadata_fault(item)) if reason]
    if reasons:
        return refusal_of(item, "; ".join(reasons))
    optional = {
        name: item[name].strip() if isinstance(item[name], str) else item[name]
        for name in (*OPTIONAL_TEXTS, "metadata")
        if name in item
    }
    return SentPerson(
        item["external_id"].strip(), _email.validate_python(item["email"]), item["name"].strip(), optional
    )


def _text_faults(item: dict[str, Any]) -> Sequence[str]:
    faults = []
    for name, most in (REQUIRED_TEXTS | OPTIONAL_TEXTS).items():
        value = item.get(name)
        if name in REQUIRED_TEXTS and (value is None or (isinstance(value, str) and not value.strip())):
            faults.append(f"{name} is required")
        elif value is not None and not isinstance(value, str):
            faults.append(f"{name} must be a string")
        elif value is not None and len(value.strip()) > most:
            faults.append(f"{name} must be at most {most} characters")
    return faults


def _email_fault(item: dict[str, Any]) -> str:
    email = item.get("email")
    if email is None or email == "":
        return "email is required"
    try:
        _email.validate_python(email)
    except ValidationError:
        return "Invalid email format"
    return ""


def _metadata_fault(item: dict[str, Any]) -> str:
    metadata = item.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        return "metadata must be an object"
    if not is_finite(metadata):
        return "metadata must hold finite numbers"
    return ""
