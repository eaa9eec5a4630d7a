"""Every way in which the API says no, and the one place that turns exceptions into answers."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from salesos.errors import Clash, Refused
from salesos.request_log import entry_of

logger = logging.getLogger("salesos.api")

RETRY_SOON = 5
"""Seconds after which a caller may try again when the database could not be reached."""

Details = Sequence[Mapping[str, object]]


class ApiError(Exception):
    """An answer other than success. `details` rows are {"index"?, "field", "message"}."""

    status = 500
    code = "INTERNAL_ERROR"

    def __init__(
        self,
        message: str,
        *,
        details: Details | None = None,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.retry_after = retry_after
        self.headers = headers or {}


class ValidationFailed(ApiError):
    status, code = 400, "VALIDATION_ERROR"


class Unauthorized(ApiError):
    status, code = 401, "UNAUTHORIZED"

    def __init__(self) -> None:
        super().__init__("Invalid or expired API key", headers={"WWW-Authenticate": "Bearer"})


class Forbidden(ApiError):
    status, code = 403, "FORBIDDEN"


class NotFound(ApiError):
    status, code = 404, "NOT_FOUND"


class MethodNotAllowed(ApiError):
    status, code = 405, "METHOD_NOT_ALLOWED"

    def __init__(self, allowed: Sequence[str]) -> None:
        listed = ", ".join(allowed)
        super().__init__(f"Method not allowed. Use {listed}.", headers={"Allow": listed})


class Conflict(ApiError):
    status, code = 409, "CONFLICT"


class PreconditionFailed(ApiError):
    status, code = 412, "PRECONDITION_FAILED"

    def __init__(self) -> None:
        super().__init__("It was changed since you read it. Read it again, and decide anew.")


class PayloadTooLarge(ApiError):
    status, code = 413, "PAYLOAD_TOO_LARGE"


class RateLimited(ApiError):
    status, code = 429, "RATE_LIMITED"

    def __init__(self, retry_after: int) -> None:
        super().__init__("Rate limit exceeded", retry_after=retry_after)


class Unavailable(ApiError):
    status, code = 503, "SERVICE_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("The database cannot be reached right now. Retry the same request.", retry_after=RETRY_SOON)


def answer_error(request: HttpRequest, error: ApiError) -> HttpResponse:
    """`error` in the API's envelope, noted in the request's log entry."""
    entry_of(request).error_code = error.code
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.details is not None:
        body["details"] = list(error.details)
    headers = dict(error.headers)
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, RateLimited):
        body["retry_after"] = error.retry_after
    answer = JsonResponse({"error": body}, status=error.status, headers=headers)
    answer.headers["Content-Length"] = str(len(answer.content))
    if request.method == "HEAD":
        answer.content = b""
    return answer


def answer_exception(exception: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """The answer to whatever a view raised (DRF's `EXCEPTION_HANDLER`). A bug is logged, its internals kept back."""
    request: HttpRequest = getattr(context["request"], "_request", context["request"])
    error = as_api_error(exception)
    if error is None:
        logger.exception("Request %s failed", entry_of(request).id, exc_info=exception)
        error = internal_error(request)
    return answer_error(request, error)


def as_api_error(exception: Exception) -> ApiError | None:
    """The error that an exception means to a caller; None for a bug."""
    match exception:
        case ApiError():
            return exception
        case Http404():
            return NotFound("Not found")
        case RequestDataTooBig():
            return too_large()
        case Clash():
            row = {"field": exception.field or "body", "message": str(exception)}
            other = {} if exception.other_id is None else {"id": str(exception.other_id)}
            return Conflict(str(exception), details=[row | other])
        case Refused():
            row = {"field": exception.field or "body", "message": str(exception)}
            return ValidationFailed(str(exception), details=[row])
        case OperationalError() | InterfaceError():
            return Unavailable()
    return None


def internal_error(request: HttpRequest) -> ApiError:
    return ApiError(f"Internal error. Retry later; if it persists, quote request {entry_of(request).id} to support.")


def too_large() -> ApiError:
    return PayloadTooLarge("The body is larger than 8 MiB. Send it in several requests.")


def key_used_otherwise() -> ApiError:
    message = "This Idempotency-Key was used for another request"
    return Conflict(message, details=[{"field": "Idempotency-Key", "message": message}])
