"""Answers to requests that no view answered: JSON in the envelope under an API path, a page elsewhere."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views import defaults

from salesos.api.errors import NotFound, ValidationFailed, answer_error, internal_error


def is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith(settings.API_PREFIXES)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return answer_error(request, ValidationFailed("Bad request"))
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return answer_error(request, NotFound("Not found"))
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if is_api(request):
        return answer_error(request, internal_error(request))
    return defaults.server_error(request)
