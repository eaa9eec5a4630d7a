"""No screen falls back into English: what it shows in each language is compared with the texts that are translated."""

import re
from html.parser import HTMLParser

import pytest
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from leads.models import Pipeline, Stage
from salesos.tenancy import tenant_context
from tests.salesos.admin import routes
from tests.salesos.admin.conftest import acme_rows, furnish, globex_rows, people, staff  # noqa: F401  # fixtures
from tests.translations.catalogues import LOCALES, catalogue

SPOKEN = {"alt", "aria-label", "placeholder", "title"}
SILENT = {"script", "style", "pre", "code", "textarea"}
NO_PAGES = {"jsi18n", "autocomplete", "login", "logout", "switch"}


ICON = re.compile(r"<span[^>]*material-symbols[^>]*>.*?</span>", re.DOTALL)


class Texts(HTMLParser):
    """The texts of a page, as somebody sees or hears them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.silent = 0
        self.feed(ICON.sub("", html))

    def handle_starttag(self, tag, attrs):
        self.silent += tag in SILENT
        if "data-name" not in dict(attrs):  # an icon to pick, called by its name
            self.found |= {" ".join(value.split()) for name, value in attrs if name in SPOKEN and value}

    def handle_endtag(self, tag):
        self.silent -= tag in SILENT

    def handle_data(self, data):
        if not self.silent:
            self.found.add(" ".join(data.split()))


@pytest.mark.parametrize("language", LOCALES)
def test_no_screen_shows_english_where_there_is_a_translation(language, people, acme, globex, acme_rows):  # noqa: F811
    acme.language = language
    acme.save()
    with tenant_context(acme):  # their own words by now, which nobody translates
        Pipeline.objects.update(name="acme pipeline")
        Stage.objects.update(name=Concat(Value("acme stage "), Cast("pk", CharField())))
    english = texts_that_differ(LOCALES[language])
    found = {}
    for name in sorted(set(routes.names()) - NO_PAGES):
        row = routes.row_id(name, acme_rows, acme) if routes.takes_a_row(name) else None
        answer = people["staff"].get(routes.address(name, row, email="lost0@acme.example"), follow=True)
        assert answer.headers["Content-Language"] == language
        left = Texts(answer.getvalue().decode()).found & english
        if left:
            found[name] = sorted(left)
    assert found == {}


def texts_that_differ(locale: str) -> set[str]:
    messages = [message for message in catalogue(locale) if isinstance(message.id, str) and message.id]
    translations = {message.string for message in messages}
    return {
        " ".join(message.id.split())
        for message in messages
        if "%(" not in message.id and message.string and message.id not in translations
    }
