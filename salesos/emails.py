"""What an e-mail address is."""

import re

# The living standard of HTML defines a valid e-mail address by such a pattern; we ask for a domain with a dot, too.
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL_PATTERN = rf"^[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})+$"

_email = re.compile(EMAIL_PATTERN)


def is_email(text: str) -> bool:
    """Whether `text`, to the letter, is an e-mail address. ASCII only."""
    return text.isascii() and not text.endswith("\n") and _email.match(text) is not None
