from datetime import UTC, datetime

import pytest
from django.utils import timezone, translation

from salesos.moments import shown_moment

AFTERNOON = datetime(2026, 11, 21, 17, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "to_the_minute", "to_the_second"),
    [
        ("en", "21 Nov 2026, 14:04", "21 Nov 2026, 14:04:05"),
        ("pt-br", "21/11/2026 14:04", "21/11/2026 14:04:05"),
        ("es", "21/11/2026 14:04", "21/11/2026 14:04:05"),
    ],
)
def test_a_moment_is_on_the_tenants_clock_and_as_the_language_has_it(language, to_the_minute, to_the_second):
    with translation.override(language), timezone.override("America/Sao_Paulo"):
        assert shown_moment(AFTERNOON) == to_the_minute
        assert shown_moment(AFTERNOON, seconds=True) == to_the_second


def test_no_moment_is_nothing():
    assert shown_moment(None) == ""
