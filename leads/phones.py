"""Whether two phone numbers are one, by their digits alone: nobody says of which country a number without it is."""

from collections.abc import Mapping
from typing import TypeVar

KEY = 8
"""Digits that must be the same."""
MOST = 15
"""No number of the world is longer."""

Whose = TypeVar("Whose")


def is_number(digits: str | None) -> bool:
    """Whether these may be somebody's: not too few or many, and not one digit again and again, as in 99999-9999."""
    return digits is not None and KEY <= len(digits) <= MOST and len(set(digits)) > 1


def is_same_number(one: str, other: str) -> bool:
    """Whether one of both is the end of the other, whatever country, area and trunk zero stand before it."""
    return any(a.endswith(b) or b.endswith(a) for a in _spellings(one) for b in _spellings(other))


def same_numbers(numbers: Mapping[Whose, str]) -> list[list[Whose]]:
    """Who has the same number. A short one belongs to each longer one that ends with it; these may differ."""
    longest: list[str] = []
    for digits in sorted(set(numbers.values()), key=lambda digits: (-len(digits), digits)):
        if not any(is_same_number(digits, other) for other in longest):
            longest.append(digits)
    return [[whose for whose, digits in numbers.items() if is_same_number(digits, number)] for number in longest]


def _spellings(digits: str) -> list[str]:
    """With and without the trunk zero that some write after the country: +49 0171…"""
    without = [
        digits[:place] + digits[place + 1 :]
        for place in (1, 2, 3)
        if len(digits) > KEY + place and digits[place] == "0"
    ]
    return [digits, *without]
