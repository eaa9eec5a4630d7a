"""What a field of a lead may hold, whoever sends it: the API, a form or a file.

Each function reads one value and returns it as it is kept. It raises ValueError with what is wrong, as words for
whoever sent it.
"""

from typing import Any

from django.utils.translation import gettext as _

from leads.models.lead import LONGEST_TAG, MOST_TAGS, LeadStatus
from salesos.api.strict_json import is_finite
from salesos.emails import is_email

LONGEST_TEXT = 255
LONGEST_FIELD_NAME = 255
GIVEN_STATUSES = [status.value for status in LeadStatus if status != LeadStatus.CONVERTED]


def required_text(value: Any) -> str:
    read = optional_text(value)
    if not read:
        raise ValueError(_("Required"))
    return read


def optional_text(value: Any) -> str:
    return text(value, LONGEST_TEXT)


def text(value: Any, most: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(_("Must be a string"))
    value = value.strip()
    if len(value) > most:
        raise ValueError(_("Must be at most %(most)d characters") % {"most": most})
    return value


def email(value: Any) -> str:
    address = required_text(value)
    if not is_email(address):
        raise ValueError(_("Must be a valid email"))
    return address


def status(value: Any) -> str:
    """One that a lead may be given, or `converted`: who may say so is decided with the lead at hand."""
    if value == LeadStatus.CONVERTED.value:
        return LeadStatus.CONVERTED.value
    return first_status(value)


def first_status(value: Any) -> str:
    """One that a lead may begin with."""
    if not isinstance(value, str) or value not in GIVEN_STATUSES:
        raise ValueError(_("Must be one of %(values)s") % {"values": ", ".join(GIVEN_STATUSES)})
    return value


def custom_fields(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(_("Must be an object"))
    if any(not name or len(name) > LONGEST_FIELD_NAME for name in value):
        raise ValueError(_("Must have names of 1 to %(most)d characters") % {"most": LONGEST_FIELD_NAME})
    if not is_finite(value):
        raise ValueError(_("Must hold finite numbers"))
    return value


def tags(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise ValueError(_("Must be an array of strings"))
    read = list(dict.fromkeys(stripped for tag in value if (stripped := tag.strip())))
    if len(read) > MOST_TAGS:
        raise ValueError(_("Must be at most %(most)d tags") % {"most": MOST_TAGS})
    if any(len(tag) > LONGEST_TAG for tag in read):
        raise ValueError(_("Must be tags of at most %(most)d characters") % {"most": LONGEST_TAG})
    return read
