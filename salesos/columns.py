"""Which column of a file holds what, guessed from what its header calls it."""

import re
import unicodedata
from collections.abc import Mapping, Sequence


def guessed(header: Sequence[str], spellings: Mapping[str, str]) -> dict[str, int]:
    """Field → the number of the column that seems to hold it; no column twice.

    `spellings` has for each field what people call it, as `folded` writes it, parted by spaces: the first counts most.
    """
    titles = [folded(title) for title in header]
    columns: dict[str, int] = {}
    for name, words in spellings.items():
        for word in words.split():
            if word in titles and titles.index(word) not in columns.values():
                columns[name] = titles.index(word)
                break
    return columns


def folded(title: str) -> str:
    """Without case, accents and signs."""
    plain = unicodedata.normalize("NFKD", title.casefold())
    return re.sub("[^a-z0-9]", "", plain)
