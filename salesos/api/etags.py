"""A state of a resource as an `ETag`, and `If-Match`: a write that is refused when somebody else was faster."""

import re

from django.http import HttpRequest

from salesos.api.errors import PreconditionFailed, ValidationFailed

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


def etag_of(version: int) -> str:
    """The strong tag of a row's version, which every write to it raises."""
    return f'"v{version}"'


def refuse_stale(request: HttpRequest, version: int) -> None:
    """Raise `PreconditionFailed` when the request asks for another state than the present one (RFC 9110, 13.1.1).

    Without `If-Match` any state will do; so with `*`, since there is one. A weak tag matches nothing. Call it while the
    row is locked: what is compared must be what is changed. Raises `ValidationFailed` for what is no list of tags.
    """
    asked = request.META.get("HTTP_IF_MATCH")
    if asked is None or asked.strip() == "*":
        return
    if _TAG.sub("", asked).strip(" \t,") or not _TAG.search(asked):
        row = {"field": "If-Match", "message": 'Expected an ETag as it was answered, e.g. "v3", or *'}
        raise ValidationFailed("Invalid header", details=[row])
    if etag_of(version) not in _TAG.findall(asked):
        raise PreconditionFailed
