"""Strict JSON in: what is not JSON to the letter, or could not be stored, is refused with the place named.

`NaN` and `Infinity`, invalid UTF-8, lone surrogates, NUL characters, absurd nesting and endless integers are a 400,
never a 500 (contract, “Order of checks”).
"""

import json
import math
from collections.abc import Iterator

from pydantic_core import from_json

from salesos.api.errors import ValidationFailed

DEEPEST = 250
"""More than the 200 levels that the parser reads, so that all it read is walked; less than Python's own limit."""


def parse(body: bytes) -> object:
    """The value of a JSON text. Raises `ValidationFailed` ("Invalid JSON") whose details name the place."""
    try:
        value = from_json(body, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        raise _refusal(body, str(error)) from None
    if b"\\u0000" in body and (fault := _first_fault(value)):
        raise ValidationFailed("Invalid JSON", details=[fault])
    return value


def non_finite(value: object) -> str | None:
    """Where in `value` a number is too large to be one, as a path like `.price`; None when all are finite."""
    for path, leaf in _leaves(value, ""):
        if isinstance(leaf, float) and not math.isfinite(leaf):
            return path
    return None


def _refusal(body: bytes, reason: str) -> ValidationFailed:
    """The same text read again by a parser that tolerates more, to find the path to the fault where there is one."""
    try:
        lenient = json.loads(body)
    except (ValueError, RecursionError):
        lenient = None
    fault = _first_fault(lenient) or {"field": "body", "message": f"Not valid JSON: {reason}"}
    return ValidationFailed("Invalid JSON", details=[fault])


def _first_fault(value: object) -> dict[str, str] | None:
    for path, leaf in _leaves(value, ""):
        if isinstance(leaf, float) and not math.isfinite(leaf):
            return {"field": path or "body", "message": "Numbers must be finite"}
        if isinstance(leaf, str):
            if "\x00" in leaf:
                return {"field": path or "body", "message": "Text must not contain NUL characters (\\u0000)"}
            if any("\ud800" <= character <= "\udfff" for character in leaf):
                return {"field": path or "body", "message": "Text must not contain lone surrogates"}
    return None


def _leaves(value: object, path: str, depth: int = 0) -> Iterator[tuple[str, object]]:
    """Every scalar and every key below `value`, with the path that leads to it (`activities[3].data.note`)."""
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        for key, child in value.items():
            here = f"{path}.{_printable(key)}" if path else _printable(key)
            yield here, key
            yield from _leaves(child, here, depth + 1)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _leaves(child, f"{path}[{index}]", depth + 1)
    else:
        yield path, value


def _printable(key: str) -> str:
    return key.encode("ascii", "backslashreplace").decode().replace("\x00", "\\u0000")[:64]
