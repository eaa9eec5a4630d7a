"""The list of leads. Its address is its state: filters, order, page, and the saved view that they began as."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise
from unfold.widgets import SELECT_CLASSES

from leads.admin.filters import ALL, KEPT, SIZES, SORT_TITLES, LeadFilter
from leads.admin.owner_picker import uuid_in
from leads.admin.shown import shown_leads
from leads.listing import Page, page_of_leads
from leads.models import SavedView
from leads.saved_views import default_view
from leads.sources import known_sources
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.roles import EVERYONE


@dataclass(frozen=True, slots=True)
class Tab:
    title: str
    href: str
    is_chosen: bool
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A heading that sorts. `direction` is how the list is sorted by it now: ascending, descending or ""."""

    title: str | StrPromise
    href: str
    direction: str


COLUMNS = {
    "name": _("Name"),
    "email": _("E-mail"),
    "company": _("Company"),
    "source": _("Source"),
    "status": _("Status"),
    "created_at": _("Created"),
    "updated_at": _("Changed"),
}
LATEST_FIRST = ("created_at", "updated_at")


class Leads(Screen):
    name = "leads"
    title = _("Leads")
    template_name = "leads/leads.html"
    may_view = EVERYONE

    def get(self, request: DashboardRequest) -> HttpResponse:
        if not request.GET:
            first = default_view(request.user)
            if first is not None:
                return HttpResponseRedirect(reverse("admin:leads") + address_of(first))
        form = LeadFilter(request.GET.dict())
        views = list(SavedView.objects.visible_to(request.user))
        chosen = view_of(views, request.GET.get("view", ""))
        found = page_of_leads(form.wanted()) if form.is_valid() else Page(0, [])
        chips = form.chips() if form.is_valid() else []
        return self.page(
            form=form,
            tabs=_tabs(views, chosen, form),
            chosen=chosen,
            is_changed=chosen is not None and form.is_valid() and form.kept != chosen.filters,
            may_save=form.is_valid() and site.screens["lead_views"].is_open_to(request, posting=True),
            may_edit=site.screens["lead_bulk"].is_open_to(request, posting=True),
            chips=chips,
            gone=[chip for chip in chips if chip.is_gone],
            sources=known_sources(),
            sorts=[(f"{sign}{name}", titles[bool(sign)]) for name, titles in SORT_TITLES.items() for sign in ("", "-")],
            sizes=SIZES,
            select_classes=" ".join(SELECT_CLASSES),
            **_paged(form, found),
        )


def view_of(views: list[SavedView], text: str) -> SavedView | None:
    """The view that an address names, of those that the user may see."""
    asked = uuid_in(text)
    return next((view for view in views if view.public_id == asked), None)


def address_of(view: SavedView) -> str:
    """A view's list, as the query of its address."""
    filters = {name: view.filters[name] for name in KEPT if name in view.filters}
    return "?" + urlencode({**filters, "view": view.public_id})


def _tabs(views: list[SavedView], chosen: SavedView | None, form: LeadFilter) -> list[Tab]:
    is_all = chosen is None and form.is_valid() and not form.narrowing
    yours = [Tab(view.name, address_of(view), view == chosen, view.is_shared) for view in views]
    return [Tab(str(_("All leads")), f"?view={ALL}", is_all), *yours]


def _paged(form: LeadFilter, found: Page) -> dict[str, Any]:
    """What the template shows of a page of the list."""
    pages = -(-found.total // form.per_page)
    first = (form.page - 1) * form.per_page + 1
    return {
        "total": found.total,
        "rows": shown_leads(found.rows),
        "first": first,
        "last": first + len(found.rows) - 1,
        "pages": pages,
        "before": form.query(page=form.page - 1) if 1 < form.page <= pages else "",
        "after": form.query(page=form.page + 1) if form.page < pages else "",
        "first_page": form.query() if form.page > 1 else "",
        "last_page": form.query(page=pages) if pages and form.page != pages else "",
        "columns": _columns(form),
        "export": form.query(view="") if form.is_valid() else "",
        "everything": not (form.is_valid() and form.narrowing),
    }


def _columns(form: LeadFilter) -> dict[str, Column]:
    return {name: _column(form, name, title) for name, title in COLUMNS.items()} if form.is_valid() else {}


def _column(form: LeadFilter, name: str, title: str | StrPromise) -> Column:
    direction = {name: "ascending", f"-{name}": "descending"}.get(form.sort, "")
    # What is not sorted by yet: times from the latest, words from A.
    begins = f"-{name}" if name in LATEST_FIRST else name
    turned = {"ascending": f"-{name}", "descending": name}.get(direction, begins)
    return Column(title, form.query(sort=turned), direction)


site.add_screen("leads/", Leads)
