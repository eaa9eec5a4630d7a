"""What texts there are in code and templates, and the catalogues in `salesos/locale` that translate them.

Extracted with Babel, so that nothing but Python is needed; Django turns its templates into something it can read.
"""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
LOCALES = {"pt-br": "pt_BR", "es": "es"}
PACKAGES = ("salesos", "missions", "leads", "integrations")
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def extracted() -> Catalog:
    """Every text of ours, and of unfold, which brings no translations, with the places where it stands."""
    catalog = _empty(None)
    for name, source in [*_ours(), *_of_unfold()]:
        file = io.BytesIO(source.encode())
        for line, message, _comments, context in extract("python", file, KEYWORDS, options={"encoding": "utf-8"}):
            if not (name.startswith("unfold/") and _is_django_s(message)):
                catalog.add(message, locations=[(name, line)], context=context)
    return catalog


def _empty(locale: str | None) -> Catalog:
    # A date of its own for each run would change the files although no text changed.
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    return Catalog(
        locale=locale,
        project="SalesOS",
        version="1",
        header_comment="# Texts of the dashboard. Kept up to date by `make messages`.",
        creation_date=long_ago,
        revision_date=long_ago,
        last_translator="",
        language_team="",
        msgid_bugs_address="",
        fuzzy=False,
    )


def _is_django_s(message: str | tuple[str, ...]) -> bool:
    """Whether Django brings a translation itself, in all our languages."""
    first = message if isinstance(message, str) else message[0]
    return all(any(first in texts for texts in _django_s(locale)) for locale in LOCALES.values())


@cache
def _django_s(locale: str) -> list[Catalog]:
    catalogs = []
    for part in ("conf", "contrib/admin", "contrib/auth"):
        path = Path(find_spec("django").origin).parent / part / "locale" / locale / "LC_MESSAGES" / "django.mo"
        with path.open("rb") as file:
            catalogs.append(read_mo(file))
    return catalogs


def _ours() -> Iterator[tuple[str, str]]:
    """(name, Python or what a template becomes as Python) of each file."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path.read_text()
    for path in sorted((ROOT / "templates").rglob("*.html")):
        yield path.relative_to(ROOT).as_posix(), _as_python(path.read_text())


def _of_unfold() -> Iterator[tuple[str, str]]:
    unfold = Path(find_spec("unfold").origin).parent
    for path in sorted([*unfold.rglob("*.py"), *unfold.rglob("*.html")]):
        if "contrib" in path.parts and "filters" not in path.parts:
            continue
        text = path.read_text()
        yield path.relative_to(unfold.parent).as_posix(), text if path.suffix == ".py" else _as_python(text)


def _as_python(template: str) -> str:
    # Without its indentation, which means nothing in a template and too much in Python.
    return "\n".join(line.strip() for line in templatize(template).splitlines())


def po_path(locale: str) -> Path:
    return ROOT / "salesos" / "locale" / locale / "LC_MESSAGES" / "django.po"


def catalogue(locale: str) -> Catalog:
    """The catalogue as it is kept."""
    path = po_path(locale)
    if not path.exists():
        return _empty(locale)
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def compiled(locale: str) -> Catalog:
    with po_path(locale).with_suffix(".mo").open("rb") as file:
        return read_mo(file)


def update(locale: str) -> Catalog:
    """Bring a catalogue up to date: new texts come in untranslated, gone ones leave; then compile it."""
    kept = catalogue(locale)
    fresh = _empty(locale)
    for message in extracted():
        if not message.id:
            continue
        known = kept.get(message.id, message.context)
        # Without line numbers, which would change the file with every commit.
        places = [(name, None) for name in sorted({name for name, _line in message.locations})]
        flags = ["python-format"] if "python-format" in message.flags else []
        fresh.add(message.id, known.string if known else None, places, flags, context=message.context)
    save(locale, fresh)
    return fresh


def save(locale: str, catalog: Catalog) -> None:
    path = po_path(locale)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=120, sort_output=True, omit_header=False)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalog)


def untranslated(catalog: Catalog) -> list[str]:
    """The texts that a catalogue leaves open, in part or as a whole."""
    return [
        str(message.id)
        for message in catalog
        if message.id and not all(message.string if isinstance(message.string, tuple) else (message.string,))
    ]
