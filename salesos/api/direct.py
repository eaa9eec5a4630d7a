"""The short way for API requests: past everything that only browsers need."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import translation

from salesos.api.errors import NotFound, answer_error


class ApiDirectMiddleware:
    """Hands a request under an API path to its view, behind the log and the security headers and before the rest.

    Sessions, cookies, languages and messages mean nothing to a CRM: left out, they cost nothing and can't matter.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(settings.LOGGED_PREFIXES):
            return self.get_response(request)
        request.get_host()  # refuses a host that ALLOWED_HOSTS does not name
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return answer_error(request, NotFound("Not found"))
        request.resolver_match = match
        # Nor may it be the language of whom this thread has served before.
        with translation.override(settings.LANGUAGE_CODE):
            answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
        if answer.status_code != HTTPStatus.NO_CONTENT:  # which may not tell the length of what it never has
            answer.headers.setdefault("Content-Length", str(len(answer.content)))
        return answer
