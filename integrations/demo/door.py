"""Requests of the demo's CRM: through the product's own handler, middleware and endpoint, only without a network."""

import json
import warnings
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponseBase
from django.test import RequestFactory
from django.urls import reverse

USER_AGENT = "horizonte-crm/2.4"


class Door:
    """The endpoint, as a CRM with one API key sees it."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            # Static files may not be collected yet, and are of no interest here.
            warnings.simplefilter("ignore")
            self._handler = WSGIHandler()
        self._requests = RequestFactory()
        self._host = (settings.ALLOWED_HOSTS or ["localhost"])[0].lstrip(".").replace("*", "localhost")

    def send(self, body: dict[str, Any] | str, *, token: str, method: str = "POST") -> HttpResponseBase:
        """The answer to one request, whatever it is."""
        text = body if isinstance(body, str) else json.dumps(body)
        request = self._requests.generic(
            method,
            reverse("default-integration"),
            text,
            content_type="application/json",
            secure=settings.HTTPS,
            headers={"Authorization": f"Bearer {token}", "User-Agent": USER_AGENT, "Host": self._host},
        )
        return self._handler.get_response(request)

    def sync(self, action: str, items: list[dict[str, Any]], *, token: str) -> dict[str, Any]:
        """The `data` of a successful answer to `sync_<action>`. Raises `RuntimeError` for any other answer."""
        response = self.send({"action": f"sync_{action}", action: items}, token=token)
        content = getattr(response, "content", b"").decode()
        if response.status_code != 200:
            raise RuntimeError(f"The endpoint answered {response.status_code}: {content}")
        data: dict[str, Any] = json.loads(content)["data"]
        return data
