"""`/v1/leads`: list, read, create, change, delete and convert leads (contract, leads-api.md)."""

from collections.abc import Callable

from django.http import HttpResponse
from rest_framework.request import Request

from leads.actors import Actor
from leads.api.answers import deal_json, lead_json, whole_lead
from leads.api.payload import lead_changes, new_lead, terms
from leads.changes import NewLead, change_lead, create_lead, delete_lead
from leads.conversion import convert_lead
from leads.listing import SORTS, LeadRow, Wanted, page_of_leads
from leads.models import Lead
from leads.models.lead import LeadStatus
from leads.reading import find_lead
from salesos.api.errors import NotFound
from salesos.api.etags import etag_of, refuse_stale
from salesos.api.idempotency import idempotent
from salesos.api.listing import Listing
from salesos.api.parameters import choice, id_in_path, moment_from, moment_until, public_id, text
from salesos.api.views import ApiView
from salesos.request_log import entry_of
from salesos.scopes import Scope

LEADS = Listing(
    sorts=tuple(SORTS),
    default_sort="-created_at",
    filters={
        "status": choice(*LeadStatus.values, description="Leads of this status."),
        "source": text(description="Leads that were acquired like this, to the letter."),
        "owner_id": public_id(description="Leads of this collaborator."),
        "team_id": public_id(description="Leads whose owner is in this team now."),
        "created_after": moment_from(
            description="Leads created at this moment or later; of a date, from its start in your tenant’s time zone."
        ),
        "created_before": moment_until(
            description="Leads created at this moment or earlier; of a date, to its end in your tenant’s time zone."
        ),
        "search": text(
            description="Leads whose name, e-mail or company have words that begin with each of these, in any order, "
            "accents and case ignored. `@acme.com` finds the addresses of a domain."
        ),
    },
)


class _LeadView(ApiView):
    @property
    def actor(self) -> Actor:
        return Actor.of_key(self.key)

    @property
    def guard(self) -> Callable[[int], None]:
        """What `If-Match` asks of the version that is about to be changed."""
        return lambda version: refuse_stale(self.request._request, version)

    def lead_of(self, id_text: str) -> Lead:
        """The lead that the path names. Raises `NotFound`."""
        lead = find_lead(id_in_path(id_text))
        if lead is None:
            raise NotFound("Not found")
        return lead


class LeadsView(_LeadView):
    scopes = {"GET": Scope.LEADS_READ, "POST": Scope.LEADS_WRITE}
    actions = {"GET": "list_leads", "POST": "create_lead"}

    def get(self, request: Request) -> HttpResponse:
        asked = LEADS.read(request)
        filters = {_WANTED.get(name, name): value for name, value in asked.filters.items()}
        total, rows = page_of_leads(
            Wanted(
                sort=asked.sort,
                is_descending=asked.is_descending,
                offset=asked.offset,
                limit=asked.per_page,
                **filters,
            )
        )
        entry_of(request._request).counts = {"total": total, "shown": len(rows)}
        return self.answer_list([lead_json(row) for row in rows], asked.meta(total))

    @idempotent
    def post(self, request: Request) -> HttpResponse:
        at = entry_of(request._request).at
        lead = create_lead(NewLead(**new_lead(self.json_body())), by=self.actor, at=at)
        return self.created(
            lead_json(LeadRow.of(lead)),
            location=f"/v1/leads/{lead.public_id}",
            headers={"ETag": etag_of(lead.version)},
        )


_WANTED = {"created_after": "created_from", "created_before": "created_until"}


class LeadView(_LeadView):
    scopes = {"GET": Scope.LEADS_READ, "PATCH": Scope.LEADS_WRITE, "DELETE": Scope.LEADS_WRITE}
    actions = {"GET": "get_lead", "PATCH": "update_lead", "DELETE": "delete_lead"}

    def get(self, request: Request, id: str) -> HttpResponse:
        lead = self.lead_of(id)
        return self.answer_one(whole_lead(lead), headers={"ETag": etag_of(lead.version)})

    def patch(self, request: Request, id: str) -> HttpResponse:
        changes, lead = lead_changes(self.json_body()), self.lead_of(id)
        try:
            lead = change_lead(lead, changes, by=self.actor, at=entry_of(request._request).at, guard=self.guard)
        except Lead.DoesNotExist:  # deleted since it was found
            raise NotFound("Not found") from None
        return self.answer_one(lead_json(LeadRow.of(lead)), headers={"ETag": etag_of(lead.version)})

    def delete(self, request: Request, id: str) -> HttpResponse:
        try:
            delete_lead(self.lead_of(id), at=entry_of(request._request).at, guard=self.guard)
        except Lead.DoesNotExist:
            raise NotFound("Not found") from None
        return self.no_content()


class ConvertLeadView(_LeadView):
    scopes = {"POST": Scope.LEADS_WRITE}
    actions = {"POST": "convert_lead"}

    @idempotent
    def post(self, request: Request, id: str) -> HttpResponse:
        body = self.json_body() if self.raw_body().strip() else {}  # every field has a default
        lead, at = self.lead_of(id), entry_of(request._request).at
        try:
            lead, deal = convert_lead(lead, terms(body), by=self.actor, at=at, guard=self.guard)
        except Lead.DoesNotExist:
            raise NotFound("Not found") from None
        return self.answer_one(
            {"lead": lead_json(LeadRow.of(lead)), "deal": deal_json(deal)}, headers={"ETag": etag_of(lead.version)}
        )
