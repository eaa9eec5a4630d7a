"""Strict JSON in: what is not JSON to the letter, or could not be stored, is refused with the place named.

`NaN` and `Infinity`, invalid UTF-8, lone surrogates, NUL characters, absurd nesting and endless integers are a 400,
never a 500 (contract, “Order of checks”). Python walks through a body only when it is known to be bad.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator

from pydantic_core import PydanticSerializationError, from_json, to_json

from salesos.api.errors import ValidationFailed

MOST_VALUES = 1_000_000
"""Values in a body, by its commas and brackets: a tiny one costs fifty times its bytes, here and in the database."""
MOST_WALKED = 200_000
"""So many values are looked at for the place of a fault; further on, in a body of millions, it stays unnamed."""

_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_SURROGATE = re.compile("[\ud800-\udfff]")
_HAS_NUL = "Text must not contain NUL characters (\\u0000)"
_TOO_MANY = f"More than {MOST_VALUES} values"

Step = str | int


def parse(body: bytes) -> object:
    """The value of a JSON text. Raises `ValidationFailed` ("Invalid JSON") whose details name the place."""
    # Those within texts count, too: nothing that anybody means has so many.
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MOST_VALUES:
        raise ValidationFailed("Invalid JSON", details=[{"field": "body", "message": _TOO_MANY}])
    try:
        value = from_json(body, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        raise _refusal(body, f"Not valid JSON: {error}") from None
    if b"\\u0000" in body and _ESCAPED_NUL.search(body):
        raise _refusal(body, _HAS_NUL)
    return value


def json_text(value: object) -> str:
    """A parsed value as JSON again. Raises ValueError for a number like 1e999, which is read as infinity."""
    try:
        text = to_json(value)
    except PydanticSerializationError as error:
        raise ValueError(str(error)) from None
    if b"Infinity" in text or b"NaN" in text:  # a number, or a word in a text: the strict parser knows
        from_json(text, allow_inf_nan=False)
    return text.decode()


def is_finite(value: object) -> bool:
    """Whether a parsed value has only numbers that JSON can write."""
    try:
        json_text(value)
    except ValueError:
        return False
    return True


def _refusal(body: bytes, reason: str) -> ValidationFailed:
    """The same text read again by a parser that tolerates more, to find the path to the fault where there is one."""
    try:
        fault = _first_fault(json.loads(body))
    except (ValueError, RecursionError):
        fault = None
    return ValidationFailed("Invalid JSON", details=[fault or {"field": "body", "message": reason}])


def _first_fault(value: object) -> dict[str, str] | None:
    # The levels that are open, not a recursion, and one path that moves along: bodies may be deep and of many values.
    path: list[Step] = [""]
    levels: list[Iterator[tuple[Step, object]]] = [iter([("", value)])]
    left = MOST_WALKED
    while levels:
        for path[-1], child in levels[-1]:
            left -= 1
            if left < 0:
                return None
            message = _fault_of(path[-1]) or _fault_of(child)
            if message:
                return {"field": _written(path[1:]), "message": message}
            if isinstance(child, dict | list):
                levels.append(iter(child.items() if isinstance(child, dict) else enumerate(child)))
                path.append("")
                break
        else:
            levels.pop()
            path.pop()
    return None


def _fault_of(leaf: object) -> str:
    if isinstance(leaf, float) and not math.isfinite(leaf):
        return "Numbers must be finite"
    if isinstance(leaf, str):
        if "\x00" in leaf:
            return _HAS_NUL
        if _SURROGATE.search(leaf):
            return "Text must not contain lone surrogates"
    return ""


def _written(path: Iterable[Step]) -> str:
    """`activities[3].data.note`; the body itself is `body`."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{_printable(step)}" for step in path]
    return "".join(steps).removeprefix(".") or "body"


def _printable(key: str) -> str:
    return key.encode("ascii", "backslashreplace").decode().replace("\x00", "\\u0000")[:64]
