"""The API speaks English, whoever the thread that answers has served before."""

from django.utils.translation import get_language, override

from salesos import events


def test_a_request_is_answered_in_english_after_a_page_in_portuguese(at):
    heard = []
    end = events.subscribe(["lead.created"], lambda _told: heard.append(get_language()))
    try:
        with override("pt-br"):
            at.create()
    finally:
        end()

    assert heard == ["en"]
