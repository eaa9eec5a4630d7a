"""The list of leads as a CSV file, in the list's order.

Columns are named as the API names fields, which the import knows; each custom field has a column of its own, as
spreadsheets and other CRMs want it. Those for which there is no room, or whose name another column has, are together
in a last one, as JSON.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from leads.admin.filters import LeadFilter
from leads.importing.columns import OTHER_FIELDS, TOLD
from leads.listing import LeadRow, custom_field_names
from leads.owners import counted
from leads.whole_list import LeadIds, each_lead, ids_of
from salesos import audit
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.models import Collaborator
from salesos.roles import EVERYONE
from salesos.spreadsheets import MOST_COLUMNS, defused, download

WRITTEN = ("name", "email", "phone", "company", "position", "source", "status", "owner_email", "tags")
"""What an import takes back."""
MOST_FIELDS = MOST_COLUMNS - len(WRITTEN) - len(TOLD) - 1


class ExportLeads(Screen):
    """Whoever may see leads may take them along; who did, and which, stands in the audit trail."""

    name = "leads_export"
    title = _("Export leads")
    may_view = EVERYONE

    def get(self, request: DashboardRequest) -> HttpResponseBase:
        form = LeadFilter(request.GET.dict())
        if not form.is_valid():
            return HttpResponseRedirect(f"{reverse('admin:leads')}?{request.GET.urlencode()}")
        ids, found = ids_of(form.wanted()), custom_field_names(form.wanted(), most=MOST_FIELDS + 1)
        asked = form.in_words()
        subject = ngettext("%d lead", "%d leads", len(ids)) % len(ids)
        audit.record("leads.exported", subject, changes={"filters": ("", asked)} if asked else {})
        name = f"leads-{request.tenant.slug}-{timezone.localdate():%Y-%m-%d}.csv"
        fields = _with_columns(found)
        others = [OTHER_FIELDS] if len(fields) < len(found) else []
        return download(
            name, [*WRITTEN, *TOLD, *map(defused, fields), *others], _rows(ids, fields, with_others=bool(others))
        )


def _with_columns(found: Sequence[str]) -> list[str]:
    """The custom fields that get a column: titles are told apart without case, and by no one if they are blank."""
    taken = {title.casefold() for title in (*WRITTEN, *TOLD, OTHER_FIELDS)}
    fields = []
    for name in found[:MOST_FIELDS]:
        title = name.strip().casefold()
        if name == name.strip() and title and title not in taken:
            taken.add(title)
            fields.append(name)
    return sorted(fields, key=str.casefold)


def _rows(ids: LeadIds, fields: Sequence[str], *, with_others: bool) -> Iterator[tuple[Any, ...]]:
    for row, owner in each_lead(ids):
        custom = dict(row.custom_fields)
        own = [_cell(custom.pop(name, "")) for name in fields]
        others = [json.dumps(custom, ensure_ascii=False) if custom else ""] if with_others else []
        yield (*_cells(row, counted(owner)), *own, *others)


def _cells(row: LeadRow, owner: Collaborator | None) -> tuple[Any, ...]:
    return (
        row.name,
        row.email,
        row.phone,
        row.company,
        row.position,
        row.source,
        row.status,
        owner.email if owner else "",
        "; ".join(row.tags),
        row.id,
        owner.name if owner else "",
        owner.team.name if owner and owner.team else "",
        timezone.localtime(row.created_at).isoformat(),
        timezone.localtime(row.updated_at).isoformat(),
    )


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


site.add_screen("leads/export/", ExportLeads)
