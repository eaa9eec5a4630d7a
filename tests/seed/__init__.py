"""The product's own documentation of the Default integration, read for its examples: tests hold us to its words."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEXT = (Path(__file__).parent / "default-integration.txt").read_text(encoding="utf-8")
YOUR_KEY = "sk_live_YOUR_API_KEY"

_CURL = re.compile(r'curl (?:-s )?-X (\w+) (\S+) \\\n((?:  -H "[^"\n]*" \\\n)+)  -d \'([^\']*)\'')
_HEADER = re.compile(r'-H "([^:]+): ([^"]*)"')


@dataclass(frozen=True)
class Curl:
    """One request of the documentation: its method, address, headers and body to the letter."""

    method: str
    url: str
    headers: dict[str, str]
    body: str


def section(first_words: str, *, until: str) -> str:
    """What the documentation says from one line on to another, both given to the letter."""
    begin = TEXT.index(f"\n{first_words}\n")
    return TEXT[begin : TEXT.index(f"\n{until}\n", begin + 1)]


def curls(text: str) -> list[Curl]:
    return [
        Curl(method, url.strip('"'), dict(_HEADER.findall(headers)), body)
        for method, url, headers, body in _CURL.findall(text)
    ]


def answers(text: str) -> list[dict[str, Any]]:
    """The JSON answers shown in `text`; they begin at the start of a line, which requests do not."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while (at := text.find("\n{", at)) >= 0:
        value, at = decoder.raw_decode(text, at + 1)
        found.append(value)
    return found


def mappings(text: str) -> list[tuple[str, str, int]]:
    """(code, mission, points) of a mapping table, whose columns the text runs together."""
    rows = re.findall(r"^(\d{3}).*[a-z)]([A-Z].*?)(\d+) pts$", text, re.MULTILINE)
    return [(code, mission, int(points)) for code, mission, points in rows]
