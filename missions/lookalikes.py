"""Whose address an unknown one may be: a typing error, another domain, the name written out."""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from salesos.models import Collaborator

MOST = 5
MOST_COMPARED = 5000
CLOSE = 0.85
"""How alike two addresses must be, of 1."""


@dataclass(frozen=True, slots=True)
class Lookalike:
    person: Collaborator
    why: StrPromise | str


def lookalikes(email: str) -> list[Lookalike]:
    """Active people whose address or name is near to `email`, the likeliest first, at most a few. One statement."""
    people = list(Collaborator.objects.active().select_related("team").order_by("pk")[:MOST_COMPARED])
    mailbox = email.partition("@")[0]
    found: dict[int, Lookalike] = {}
    for person, why in (
        *_same_mailbox(mailbox, people),
        *_same_name(mailbox, people),
        *_near(email, people),
    ):
        found.setdefault(person.pk, Lookalike(person, why))
    return list(found.values())[:MOST]


_Found = Iterable[tuple[Collaborator, StrPromise]]


def _same_mailbox(mailbox: str, people: list[Collaborator]) -> _Found:
    return [(each, _("same mailbox, other domain")) for each in people if each.email.partition("@")[0] == mailbox]


def _same_name(mailbox: str, people: list[Collaborator]) -> _Found:
    """`joao.silva@` for João Silva, `jsilva@` too."""
    letters = _letters(mailbox)
    if len(letters) < 4:
        return []
    return [(each, _("called so")) for each in people if letters in _spellings(each.name)]


def _near(email: str, people: list[Collaborator]) -> _Found:
    by_email = {each.email: each for each in people}
    near = difflib.get_close_matches(email, by_email, n=MOST, cutoff=CLOSE)
    return [(by_email[each], _("nearly the same address")) for each in near]


def _spellings(name: str) -> set[str]:
    words = [_letters(word) for word in name.split()]
    words = [word for word in words if word]
    if not words:
        return set()
    first, last = words[0], words[-1]
    return {"".join(words), first + last, first[0] + last, first + last[0], last + first}


def _letters(text: str) -> str:
    return re.sub("[^a-z]", "", unicodedata.normalize("NFKD", text.casefold()))
