"""The base of every API view. Safe by default: sealed, a scope for each method, inside its key's tenant.

The checks come in the contract's order: method, key, address, scope, limit; then the view reads the body.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from salesos.api import strict_json
from salesos.api.errors import Forbidden, MethodNotAllowed, RateLimited, Unauthorized, ValidationFailed, too_large
from salesos.api.rate_limit import Usage, count_request, current_usage
from salesos.client_address import is_within, parse_address
from salesos.keys import LONGEST_TOKEN, KeyEnded, TooManyGuesses, usable_key
from salesos.models import ApiKey
from salesos.request_log import entry_of
from salesos.scopes import Scope
from salesos.tenancy import tenant_context

SEALED = ("dispatch", "initial", "check_permissions", "get_permissions", "get_authenticators", "handle_exception")


class ApiView(APIView):
    """An endpoint. A subclass names the scope of each method it has, and writes the method; it can't open the fence.

    In a method `self.key` is the caller's key, and the tenant context is that of its tenant.
    """

    scopes: ClassVar[Mapping[str, Scope]] = {}
    actions: ClassVar[Mapping[str, str]] = {}
    """What the request log calls each method; a view whose body says what is done tells the log itself."""
    # DRF would describe the view to anybody who asks by OPTIONS.
    http_method_names = [name for name in APIView.http_method_names if name not in ("options", "head", "trace")]
    key: ApiKey
    usage: Usage | None = None
    _body: bytes | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        broken = [name for name in SEALED if name in vars(cls)]
        if broken:
            raise TypeError(f"{cls.__name__} must not override {', '.join(broken)}: API views are sealed.")
        methods = {name.upper() for name in cls.http_method_names if name in vars(cls)}
        if methods != set(cls.scopes):
            raise TypeError(f"{cls.__name__} must name a scope for exactly its methods, {sorted(methods)}.")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with ExitStack() as self._fence:
            response = super().dispatch(request, *args, **kwargs)
        # DRF's request names itself here: without the circle a body is freed when it is answered, not by the collector.
        self.request.parser_context = {}
        if self.usage is not None:
            response["X-RateLimit-Limit"] = str(self.usage.limit)
            response["X-RateLimit-Remaining"] = str(self.usage.remaining)
            response["X-RateLimit-Reset"] = str(self.usage.reset)
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        scope = self.scopes.get(request.method or "")
        if scope is None:
            raise MethodNotAllowed(self.allowed_methods)
        entry_of(request._request).action = self.actions.get(request.method or "", "")
        self.key = self._authenticated(request._request)
        entry_of(request._request).key = self.key
        self._fence.enter_context(tenant_context(self.key.tenant))
        try:
            self._check_address(request._request)
            self._check_scope(scope)
        except Forbidden:
            self.usage = current_usage(self.key)
            raise
        self.usage = count_request(self.key)
        if self.usage.is_exceeded:
            raise RateLimited(self.usage.retry_after)

    @property
    def allowed_methods(self) -> list[str]:
        return sorted(self.scopes)

    def json_body(self) -> object:
        """The request's body as strict JSON. Raises `PayloadTooLarge`, or `ValidationFailed` with the place named."""
        return strict_json.parse(self.raw_body())

    def raw_body(self) -> bytes:
        """The request's body as it was sent. Raises `PayloadTooLarge`, or `ValidationFailed` for one that is encoded or
        incomplete."""
        if self._body is not None:
            return self._body
        request = self.request._request
        if request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
            row = {"field": "body", "message": "Content-Encoding is not supported. Send plain JSON."}
            raise ValidationFailed("Invalid body", details=[row])
        self._body = _read(request)
        entry_of(request).bytes_in = len(self._body)
        return self._body

    def answer(self, data: Mapping[str, object], *, status: int = 200) -> HttpResponse:
        """`data` in the envelope of success, with the request's id and the time (UTC)."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        meta = {"request_id": str(entry_of(self.request._request).id), "timestamp": now}
        return JsonResponse({"data": data, "meta": meta}, status=status)

    def answer_list(self, rows: Sequence[Mapping[str, object]], meta: Mapping[str, int]) -> HttpResponse:
        """A page of a list. Its `meta` says where it stands in the whole list (`Asked.meta`), and nothing else: the
        request's id is in the headers."""
        return JsonResponse({"data": list(rows), "meta": meta})

    def answer_one(
        self, data: Mapping[str, object], *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        """`data` by itself, as the resources of `/v1/` are answered."""
        return JsonResponse({"data": data}, status=status, headers=headers)

    def created(
        self, data: Mapping[str, object], *, location: str, headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        """201, with the path where the new resource is found."""
        return self.answer_one(data, status=HTTPStatus.CREATED, headers={"Location": location, **(headers or {})})

    def no_content(self) -> HttpResponse:
        answer = HttpResponse(status=HTTPStatus.NO_CONTENT)
        del answer["Content-Type"]
        return answer

    def _authenticated(self, request: HttpRequest) -> ApiKey:
        entry = entry_of(request)
        scheme, _space, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or len(token) > LONGEST_TOKEN:
            raise Unauthorized
        try:
            key = usable_key(token, address=entry.address or "unknown", at=entry.at)
        except KeyEnded as ended:
            # In the log of its tenant, whose admin wonders why the CRM has stopped; the answer tells nothing.
            entry.key = ended.key
            raise Unauthorized from None
        except TooManyGuesses as guessing:
            raise RateLimited(guessing.retry_after) from None
        if key is None:
            raise Unauthorized
        return key

    def _check_scope(self, scope: Scope) -> None:
        if scope not in self.key.scopes:
            raise Forbidden(f"The API key lacks the scope {scope.value}")

    def _check_address(self, request: HttpRequest) -> None:
        if not self.key.allowlist:
            return
        address = entry_of(request).address
        if not is_within(parse_address(address) if address else None, self.key.allowlist):
            raise Forbidden("IP address not allowed")


def _read(request: HttpRequest) -> bytes:
    """The whole body, bounded. Also of a request without a length, whose end its server knows (chunked)."""
    try:
        if request.META.get("CONTENT_LENGTH") or not request.META.get("wsgi.input_terminated"):
            return request.body
        body: bytes = request.META["wsgi.input"].read(settings.MAX_BODY_BYTES + 1)
    except OSError:
        row = {"field": "body", "message": "The body did not arrive completely."}
        raise ValidationFailed("Invalid body", details=[row]) from None
    if len(body) > settings.MAX_BODY_BYTES:
        raise too_large()
    return body
