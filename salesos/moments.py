"""How a moment is written for people: on the tenant's clock, as the reader's language has it. Files get ISO."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format


def shown_moment(at: datetime | None, *, seconds: bool = False) -> str:
    """To the minute, or to the second; "" for None."""
    return date_format(timezone.localtime(at), _TO_THE_SECOND if seconds else "SHORT_DATETIME_FORMAT") if at else ""


# Ours, in `salesos/formats`: no language of Django's writes seconds.
_TO_THE_SECOND = "TO_THE_SECOND_FORMAT"
