"""The product's own documentation of the Leads API, read for its examples."""

import json
import re
from pathlib import Path
from typing import Any

from tests.seed import Curl

TEXT = (Path(__file__).parent / "leads-api.txt").read_text(encoding="utf-8")
YOUR_TOKEN = "YOUR_TOKEN"

_CURL = re.compile(r"""curl -X (\w+) "([^"]+)" \\\n((?:-H "[^"\n]*"(?: \\\n)?)+)(?:-d '([^']*)')?""")
_HEADER = re.compile(r'-H "([^:]+): ([^"]*)"')
_ROW = re.compile(r"^(\w+) \| ([\w ]+) \| (?:(Yes|No) \| )?(.+) \|$", re.MULTILINE)


def section(first_words: str, *, until: str) -> str:
    """What the documentation says from one line on to another, both given to the letter."""
    begin = TEXT.index(f"\n{first_words}\n")
    return TEXT[begin : TEXT.index(f"\n{until}", begin + 1)]


def curl(text: str) -> Curl:
    """The one request that `text` shows."""
    ((method, url, headers, body),) = _CURL.findall(text)
    return Curl(method, url, dict(_HEADER.findall(headers)), body)


def answer(text: str) -> dict[str, Any]:
    """The JSON that stands below “Example Response”."""
    at = text.index("{", text.index("Example Response"))
    value, _end = json.JSONDecoder().raw_decode(text, at)
    return value


def rows(text: str) -> list[tuple[str, str, str, str]]:
    """(name, type, Yes or No, meaning) of a table of parameters or fields."""
    return _ROW.findall(text)


def endpoints() -> list[tuple[str, str]]:
    """(method, path) of the table at the beginning."""
    return re.findall(r"^(GET|POST|PATCH|DELETE) \| (/v1/\S+) \|", TEXT, re.MULTILINE)
