"""The Content-Security-Policy of every page: what a browser loads or runs comes from here, nothing of it is inline."""

from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        # Data URLs are the arrows of selects in the styles of unfold and select2.
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}


class ContentSecurityMiddleware(CSPMiddleware):
    """`POLICY` for every page; in the dashboard scripts may also compile expressions."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts: PolicyParts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(settings.DASHBOARD_PREFIX) and not parts.update:
            # Unfold's Alpine compiles the expressions in its templates with new Function().
            parts.update = {"script-src": [UNSAFE_EVAL]}
        return parts
