"""The command palette (Ctrl+K or ⌘K): screens by name, people, teams and what packages above the core find.

It answers only what the user's role may see in the tenant of the request, asks the database each time, and keeps
nothing: unfold's own palette caches its answers by user, across tenants and roles.
"""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpResponse
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrPromise

from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.models import Collaborator, Team

LONGEST = 100
MOST_OF_A_KIND = 6
LEAST_LETTERS = 2
"""Of a name; a single letter is in all of them."""


@dataclass(frozen=True, slots=True)
class Found:
    title: str
    kind: str | StrPromise
    href: str
    icon: str
    detail: str = ""


class Search(Screen):
    """A piece of the page: what the palette found."""

    name = "search"
    title = gettext_lazy("Search")
    template_name = "salesos/palette_results.html"

    @classmethod
    def is_open_to(cls, request: DashboardRequest, *, posting: bool = False) -> bool:
        return not posting and (request.role is not None or request.user.is_superuser)

    def get(self, request: DashboardRequest) -> HttpResponse:
        text = request.GET.get("q", "").strip()[:LONGEST]
        answer = self.page(found=list(_found(request, text)), text=text)
        answer["Cache-Control"] = "no-store"
        return answer


def _found(request: DashboardRequest, text: str) -> Iterator[Found]:
    for dotted in settings.PALETTE:
        look: Callable[[DashboardRequest, str], Iterator[Found]] = import_string(dotted)
        yield from look(request, text)


def plain(text: str) -> str:
    """`text` without case and accents, as people type who are in a hurry."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def screens(request: DashboardRequest, text: str) -> Iterator[Found]:
    """The sidebar's items; all of them when nothing is asked for."""
    for section in site.get_sidebar_list(request):
        for item in section["items"]:
            if plain(text) in plain(str(item["title"])):
                yield Found(str(item["title"]), section["title"] or _("Screen"), str(item["link"]), item["icon"])


def people(request: DashboardRequest, text: str) -> Iterator[Found]:
    if len(text) < LEAST_LETTERS or request.tenant is None:
        return
    if may_see(request, Collaborator):
        named = Q(name__icontains=text) | Q(email__icontains=text) | Q(external_id=text)
        for person in Collaborator.objects.people().filter(named)[:MOST_OF_A_KIND]:
            yield Found(person.name, _("Person"), form_of(person), "person", person.email)
    if may_see(request, Team):
        for team in Team.objects.filter(name__icontains=text)[:MOST_OF_A_KIND]:
            yield Found(team.name, _("Team"), form_of(team), "groups")


def may_see(request: DashboardRequest, model: Any) -> bool:
    return bool(site.get_model_admin(model).has_view_permission(request))


def form_of(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


site.add_screen("search/", Search)
