"""What the command palette finds of leads: by name, e-mail or company, a few of the newest."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from leads.listing import Wanted, page_of_leads
from salesos.admin.acting import DashboardRequest
from salesos.admin.palette import LEAST_LETTERS, Found
from salesos.admin.site import site

MOST_FOUND = 5


def leads(request: DashboardRequest, text: str) -> Iterator[Found]:
    if len(text) < LEAST_LETTERS or request.tenant is None or not site.screens["lead"].is_open_to(request):
        return
    for row in page_of_leads(Wanted(search=text, limit=MOST_FOUND)).rows:
        href = reverse("admin:lead", args=[row.id])
        yield Found(row.name, _("Lead"), href, "contact_page", row.company or row.email)
