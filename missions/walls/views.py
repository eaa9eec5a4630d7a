"""The wall's page and what it asks for: no sign-in, only the link. Also drawn inside the dashboard for who is in."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.http import parse_etags
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from missions.models import WallLink
from missions.walls.board import Wall, board, pulse
from missions.walls.links import find_link
from salesos.tenancy import current_tenant, tenant_context

CONTENT_SECURITY_POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


# Nothing is posted here; a refusal of the check of forms would write the path, and its token with it, into the log.
@csrf_exempt
@require_safe
def wall(request: HttpRequest, token: str) -> HttpResponse:
    """`GET /wall/<token>/`: the page. A link that ended and one that never was get the same answer."""
    link = find_link(token)
    if link is None:
        return private(render(request, "missions/wall_gone.html", status=404))
    with _inside(link):
        # Beside the page, so that its source doesn't repeat the token.
        return wall_page(request, Wall.of_link(link), board_url="board")


@csrf_exempt
@require_safe
def wall_board(request: HttpRequest, token: str) -> HttpResponseBase:
    """`GET /wall/<token>/board`: what the page shows, as JSON; 304 with the ETag of what it shows already.

    At most three statements, two for a 304.
    """
    link = find_link(token)
    if link is None:
        # Said in our own words, so that the page can tell it from the 404 of a proxy that has lost its way.
        return private(JsonResponse({"gone": True}, status=404))
    with _inside(link):
        return wall_json(request, Wall.of_link(link))


def wall_page(request: HttpRequest, shown: Wall, *, board_url: str, back_url: str = "") -> HttpResponse:
    """The page around a board, in the current tenant and language. It asks `board_url` for the rest by itself."""
    context = {"wall": shown, "tenant": current_tenant(), "board_url": board_url, "back_url": back_url}
    answer = private(render(request, "missions/wall.html", {**context, "version": page_version()}))
    answer["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return answer


def wall_json(request: HttpRequest, shown: Wall) -> HttpResponse:
    """What the page shows, in the current tenant and language, unless it has it."""
    at, page = timezone.now(), page_version()
    beat = pulse(shown, at=at, page=page)
    known = [etag.removeprefix("W/") for etag in parse_etags(request.headers.get("If-None-Match", ""))]
    has_it = beat.etag in known
    answer = HttpResponse(status=304) if has_it else JsonResponse(board(shown, beat, at=at, page=page))
    answer["ETag"] = beat.etag
    return private(answer)


def private(answer: Any) -> Any:
    """`answer`, for no cache, no search engine and no other site's log."""
    answer["Cache-Control"] = "no-store"
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    answer["Content-Language"] = translation.get_language()
    return answer


def page_version() -> str:
    """What changes when the page itself does: by a new version of ours, another language or another clock."""
    return hashlib.sha256(f"{_drawn(translation.get_language())} {current_tenant().time_zone}".encode()).hexdigest()[
        :16
    ]


@lru_cache(maxsize=8)
def _drawn(language: str) -> str:
    return hashlib.sha256(render_to_string("missions/wall.html").encode()).hexdigest()


@contextmanager
def _inside(link: WallLink) -> Iterator[None]:
    """In the link's tenant, on its clock and in its language."""
    tenant = link.tenant
    with tenant_context(tenant), timezone.override(tenant.zone), translation.override(tenant.language):
        yield
