"""The answer to a request that the server could not read: the envelope, an id, a line in the process's log.

Such a request reaches no view and no middleware. It gets its row in the request log when its request line told that it
meant an API path; where the path is not known there is nothing that a row could be filed under, and the line must do.
"""

import logging
import string
from http import HTTPStatus
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import http_date
from gunicorn.http import errors

from salesos.api.errors import ApiError, PayloadTooLarge, ValidationFailed, answer_error, internal_error
from salesos.request_log import entry_of, write
from salesos.worker import Unreadable

logger = logging.getLogger("salesos.requests")


class TargetTooLong(PayloadTooLarge):
    status = HTTPStatus.REQUEST_URI_TOO_LONG


class HeadTooLarge(PayloadTooLarge):
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


# Nothing of the request is repeated: what is wrong with it may be that a key stands where it shouldn't.
REASONS: list[tuple[type[Exception], str]] = [
    (errors.InvalidRequestMethod, "The request's method is not one in capital letters, like POST."),
    (errors.InvalidHTTPVersion, "The HTTP version is not known."),
    (errors.InvalidRequestLine, "The request line is not METHOD, a percent-encoded path, and HTTP/1.1."),
    (errors.InvalidHeaderName, "A header's name has characters that it must not have."),
    (errors.ObsoleteFolding, "A header goes on over a second line."),
    (errors.InvalidSchemeHeaders, "X-Forwarded-Proto is given twice, and differently."),
    (errors.UnsupportedTransferCoding, "Transfer-Encoding is not supported; only chunked is."),
    (errors.ExpectationFailed, "Expect is not supported; only 100-continue is."),
]
ONCE = {"HOST": "Host", "CONTENT-TYPE": "Content-Type"}
LENGTH = {"CONTENT-LENGTH": "Content-Length", "TRANSFER-ENCODING": "Transfer-Encoding"}


def answer(error: Exception, peer: object) -> bytes:
    """The whole answer as it goes over the wire, logged. `peer` is the socket's address, empty for a Unix socket's."""
    request = _what_is_known(error, str(peer[0]) if isinstance(peer, tuple) and peer else "")
    refusal = _refusal(error.__cause__) if isinstance(error, Unreadable) else internal_error(request)
    response = answer_error(request, refusal)
    entry = entry_of(request)
    logger.warning("Request %s from %s was not readable: %s", entry.id, entry.address or "unknown", refusal.message)
    if request.path_info.startswith(settings.LOGGED_PREFIXES):
        write(entry, request, response.status_code)
    response["X-Request-ID"] = str(entry.id)
    response["Content-Length"] = str(len(response.content))
    response["Connection"] = "close"
    response["Date"] = http_date()
    head = f"HTTP/1.1 {response.status_code} {response.reason_phrase}\r\n".encode()
    return head + response.serialize_headers() + b"\r\n\r\n" + response.content


def _what_is_known(error: Exception, peer: str) -> HttpRequest:
    """A request of what could be read: perhaps method and path, perhaps headers."""
    request = HttpRequest()
    if isinstance(error, Unreadable):
        method, _, target = error.line.partition(b" ")
        # Without the query, which the log never keeps.
        path = target.partition(b" ")[0].partition(b"?")[0]
        request.path = request.path_info = quote(path, safe=string.punctuation)
        request.method = method.decode("ascii", "replace")
        request.META = {"HTTP_" + name.replace("-", "_"): value for name, value in error.headers}
    request.META["REMOTE_ADDR"] = peer
    return request


def _refusal(reason: BaseException | None) -> ApiError:
    if isinstance(reason, errors.LimitRequestLine):
        return TargetTooLong("The request line is longer than 4094 bytes.")
    if isinstance(reason, errors.LimitRequestHeaders):
        return HeadTooLarge("The headers are too large: at most 64, of 8 KiB each, and 64 KiB in all.")
    if isinstance(reason, errors.InvalidHeader) and reason.hdr in ONCE:
        return ValidationFailed(f"{ONCE[reason.hdr]} is given twice.")
    if isinstance(reason, errors.InvalidHeader) and reason.hdr in LENGTH:
        return ValidationFailed(f"{LENGTH[reason.hdr]} is given twice, or does not tell where the body ends.")
    for kind, message in REASONS:
        if isinstance(reason, kind):
            return ValidationFailed(message)
    return ValidationFailed("The request's headers are not those of HTTP/1.1.")
