"""How a leaderboard shows who somebody is: their initials on a colour of their own."""

from django import template

register = template.Library()

COLOURS = 8
"""As many as board.css has."""


@register.filter
def initials(name: str) -> str:
    """The first letters of the first and the last word of a name."""
    words = [word for word in name.split() if word[0].isalnum()] or name.split()
    return "".join(word[0] for word in (words if len(words) < 3 else [words[0], words[-1]])).upper()


@register.filter
def colour(number: int) -> int:
    """Which of the colours an id has: always the same."""
    return number % COLOURS
