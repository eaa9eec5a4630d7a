"""Every text is translated into every language, with the same places to fill in, and compiled."""

import re

import pytest
from django.conf import settings

from tests.translations.catalogues import LOCALES, PACKAGES, ROOT, catalogue, compiled, extracted, untranslated

PLACE = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}|</?[a-z]+")
MEND = "Run `make messages`, translate what it names, and commit the catalogues."

locales = pytest.mark.parametrize("locale", LOCALES.values())


def ids(catalog) -> set:
    return {(message.context, message.id) for message in catalog if message.id}


def strings(message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


def test_every_language_but_english_has_a_catalogue():
    assert set(LOCALES) == {code for code, _name in settings.LANGUAGES} - {"en"}


@locales
def test_the_catalogue_has_every_text_and_no_other(locale):
    assert ids(extracted()) == ids(catalogue(locale)), MEND


@locales
def test_every_text_is_translated(locale):
    assert untranslated(catalogue(locale)) == [], MEND


@locales
def test_no_translation_is_a_guess(locale):
    assert [message.id for message in catalogue(locale) if message.fuzzy and message.id] == []


@locales
def test_translations_fill_in_what_the_text_fills_in(locale):
    wrong = [
        (message.id, string)
        for message in catalogue(locale)
        if message.id
        for string in strings(message)
        if not places(string) <= all_places(message.id) or not needed(message.id) <= places(string) | {"%d"}
    ]
    assert wrong == []


def all_places(text) -> set[str]:
    return set().union(*(places(part) for part in (text if isinstance(text, tuple) else (text,))))


def needed(text) -> set[str]:
    # A singular may say “one” in the place of the number.
    return set.intersection(*(places(part) for part in (text if isinstance(text, tuple) else (text,))))


def places(text: str) -> set[str]:
    return set(PLACE.findall(text)) - {"%%"}


@locales
def test_white_space_around_a_text_stays(locale):
    def ends(text: str) -> tuple[bool, bool]:
        return text[:1].isspace(), text[-1:].isspace()

    wrong = [
        message.id
        for message in catalogue(locale)
        if isinstance(message.id, str) and message.id and ends(message.id) != ends(message.string)
    ]
    assert wrong == []


@locales
def test_the_compiled_catalogue_is_that_of_the_texts(locale):
    assert texts(compiled(locale)) == texts(catalogue(locale)), MEND


def texts(catalog) -> dict:
    """As lists, since what is read from the two kinds of file differs in lists and tuples."""
    return {(message.context, *pieces(message.id)): pieces(message.string) for message in catalog if message.id}


def pieces(text) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


TAG = re.compile(r"{%\s*(blocktranslate|blocktrans|comment)\b.*?{%\s*end\1\w*\s*%}|{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
CODE = re.compile(
    r'<(script|style|code|pre|svg)\b.*?</\1>|<span class="[^"]*material-symbols[^>]*>.*?</span>|<!--.*?-->', re.DOTALL
)
SPOKEN = re.compile(r'\s(?:placeholder|title|alt|aria-label|data-text[\w-]*)="([^"]*)"')
WORD = re.compile(r"[^\W\d_]{2,}")

NAMES = {"SalesOS", "Ctrl", "esc", "curl", "API", "CSV", "ms", "px", "sk_live_", "sk_test_", "POST", "GET"}
"""What is called so in every language."""

ENGLISH_ONLY = ("templates/api/",)
"""For programmers, as the API itself is."""


def test_no_text_stands_within_an_f_string_where_it_is_not_found():
    hidden = re.compile(r"""\bf(["']).*\{(?:_|gettext|ngettext|pgettext)\(.*\1""")
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert [str(path) for path in files if hidden.search(path.read_text())] == []


def test_no_template_speaks_without_being_translated():
    found = {}
    for path in (ROOT / "templates").rglob("*.html"):
        name = path.relative_to(ROOT).as_posix()
        bare = TAG.sub(" ", path.read_text())
        bare = CODE.sub(" ", bare)
        texts = [*SPOKEN.findall(bare), *re.sub(r"<[^>]*>", "\n", bare).splitlines()]
        words = {word for text in texts for word in WORD.findall(re.sub(r"&\w+;|[\w.+-]+@[\w.]+", " ", text))} - NAMES
        if words and not name.startswith(ENGLISH_ONLY):
            found[name] = sorted(words)
    assert found == {}
