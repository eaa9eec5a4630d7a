"""Prose of the API reference: written once as small blocks, rendered as Markdown (the schema) and HTML (the page).

Running text may hold `code` and **strong**, as in Markdown.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe


@dataclass(frozen=True, slots=True)
class Bullets:
    kind: ClassVar = "bullets"
    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Steps:
    """What is done, or checked, in this order."""

    kind: ClassVar = "steps"
    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    kind: ClassVar = "table"
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Code:
    """A block to copy. `title` says what it is: “Response (200)”."""

    kind: ClassVar = "code"
    text: str
    language: str = "json"
    title: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A paragraph that must not be missed."""

    kind: ClassVar = "note"
    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section."""

    kind: ClassVar = "heading"
    text: str


Block = str | Bullets | Steps | Table | Code | Note | Heading


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of the reference; `slug` is its place on the page (`#slug`)."""

    slug: str
    title: str
    blocks: Sequence[Block]


def markdown(section: Section) -> str:
    """A section as CommonMark with tables, below a second-level heading."""
    return "\n\n".join([f"## {section.title}", *map(_markdown, section.blocks)])


def _markdown(block: Block) -> str:
    match block:
        case Bullets(items):
            return "\n".join(f"- {item}" for item in items)
        case Steps(items):
            return "\n".join(f"{number}. {item}" for number, item in enumerate(items, 1))
        case Table(head, rows):
            lines = [head, ["---"] * len(head), *rows]
            return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
        case Code(text, language, title):
            fenced = f"```{language}\n{text}\n```"
            return f"{title}:\n\n{fenced}" if title else fenced
        case Note(text):
            return f"> {text}"
        case Heading(text):
            return f"### {text}"
        case str(text):
            return text


_STRONG = re.compile(r"\*\*(.+?)\*\*")


def inline_html(text: str) -> SafeString:
    """Running text as HTML: escaped, then the two marks that prose may use. Nothing inside `code` is a mark."""
    parts = [
        f"<code>{part}</code>" if index % 2 else _STRONG.sub(r"<strong>\1</strong>", part)
        for index, part in enumerate(escape(text).split("`"))
    ]
    return mark_safe("".join(parts))


_TOKEN = re.compile(
    r"""(?P<comment>^\s*\#.*$)
      | (?P<key>"(?:[^"\\\n]|\\.)*"(?=\s*:))
      | (?P<text>"(?:[^"\\\n]|\\.)*")
      | (?P<number>(?<![\w.:/-])-?\d+(?:\.\d+)?(?![\w.-]))
      | (?P<word>\b(?:true|false|null)\b)""",
    re.VERBOSE | re.MULTILINE,
)


def code_html(text: str) -> SafeString:
    """A block of code as HTML, its keys, texts, numbers and comments marked by class."""
    pieces: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        pieces.append(escape(text[end : token.start()]))
        pieces.append(f'<span class="{token.lastgroup}">{escape(token[0])}</span>')
        end = token.end()
    return mark_safe("".join([*pieces, escape(text[end:])]))


def json_text(value: object, *, indent: int = 0) -> str:
    """JSON as a person would write it: objects and arrays that are short and flat stay on one line."""
    if not isinstance(value, (dict, list)) or not value:
        return json.dumps(value, ensure_ascii=False)
    inside = " " * (indent + 2)
    children = value.values() if isinstance(value, dict) else value
    if indent and not any(child for child in children if isinstance(child, (dict, list))):
        line = json.dumps(value, ensure_ascii=False)
        if len(line) + indent < 100:
            return "{ " + line[1:-1] + " }" if isinstance(value, dict) else line
    if isinstance(value, dict):
        lines = [f"{inside}{json.dumps(name)}: {json_text(child, indent=indent + 2)}" for name, child in value.items()]
        return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"
    lines = [inside + json_text(child, indent=indent + 2) for child in value]
    return "[\n" + ",\n".join(lines) + "\n" + " " * indent + "]"


def curl(url: str, body: object = None, *, method: str = "POST") -> Code:
    """A request, ready to paste into a shell."""
    lines = [f'curl -X {method} "{url}"' if "?" in url else f"curl -X {method} {url}"]
    lines.append('  -H "Authorization: Bearer sk_live_YOUR_API_KEY"')
    if body is not None:
        # In single quotes a shell reads everything as it stands, but for the quote itself.
        text = json_text(body).replace("'", "'\\''").replace("\n", "\n  ")
        lines += ['  -H "Content-Type: application/json"', f"  -d '{text}'"]
    return Code(" \\\n".join(lines), language="shell")
