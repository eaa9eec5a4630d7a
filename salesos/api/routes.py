"""How an endpoint gets its address."""

from django.urls import URLPattern, path

from salesos.api.views import ApiView


def endpoint(address: str, view: type[ApiView], name: str) -> list[URLPattern]:
    """The routes of a view at `address` (`v1/leads/<str:id>`), with and without a slash at the end.

    Both spellings answer: a redirect would turn the POST of many clients into a GET. An id is taken as a text, and
    read by `parameters.id_in_path`, so that one that is malformed passes the same checks as any other.
    """
    return [path(address, view.as_view(), name=name), path(f"{address}/", view.as_view())]
