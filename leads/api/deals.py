"""`/v1/deals` and `/v1/stages`: follow what conversion made to the won deal, and find the ids that this needs."""

from collections.abc import Mapping

from django.db.models import Q
from django.http import HttpResponse
from rest_framework.request import Request

from leads.actors import Actor
from leads.api.answers import deal_json, stage_json, whole_deal
from leads.api.payload import deal_changes
from leads.deals import change_deal
from leads.models import Deal, Stage
from leads.models.pipeline import StageKind
from leads.pipeline import default_pipeline
from salesos.api.errors import NotFound
from salesos.api.etags import etag_of, refuse_stale
from salesos.api.listing import Listing
from salesos.api.parameters import choice, id_in_path, moment_from, moment_until, public_id
from salesos.api.views import ApiView
from salesos.request_log import entry_of
from salesos.scopes import Scope

DEALS = Listing(
    sorts=("name", "value", "expected_close_date", "created_at", "updated_at"),
    default_sort="-created_at",
    filters={
        "status": choice(*StageKind.values, description="Deals that are open, won or lost."),
        "stage_id": public_id(description="Deals in this stage."),
        "lead_id": public_id(description="Deals that this lead became."),
        "owner_id": public_id(description="Deals of this collaborator."),
        "team_id": public_id(description="Deals whose owner is in this team now."),
        "created_after": moment_from(
            description="Deals created at this moment or later; of a date, from its start in your tenant’s time zone."
        ),
        "created_before": moment_until(
            description="Deals created at this moment or earlier; of a date, to its end in your tenant’s time zone."
        ),
    },
)
STAGES = Listing()

RELATED = ("stage__pipeline", "lead", "owner__team", "owner__merged_into__team")


class DealsView(ApiView):
    scopes = {"GET": Scope.LEADS_READ}
    actions = {"GET": "list_deals"}

    def get(self, request: Request) -> HttpResponse:
        asked = DEALS.read(request)
        deals = Deal.objects.filter(_those(asked.filters))
        total = deals.count()
        rows = asked.rows_of(deals.select_related(*RELATED).order_by(*asked.order_by(tie_break="public_id")), total)
        entry_of(request._request).counts = {"total": total, "shown": len(rows)}
        return self.answer_list([deal_json(deal) for deal in rows], asked.meta(total))


def _those(filters: Mapping[str, object]) -> Q:
    conditions = {
        "status": lambda kind: Q(stage__kind=kind),
        "stage_id": lambda id: Q(stage__public_id=id),
        "lead_id": lambda id: Q(lead__public_id=id),
        "owner_id": lambda id: Q(owner__public_id=id, owner__merged_into=None) | Q(owner__merged_into__public_id=id),
        "team_id": lambda id: (
            Q(owner__team__public_id=id, owner__merged_into=None) | Q(owner__merged_into__team__public_id=id)
        ),
        "created_after": lambda at: Q(created_at__gte=at),
        "created_before": lambda at: Q(created_at__lt=at),
    }
    wanted = Q()
    for name, value in filters.items():
        wanted &= conditions[name](value)
    return wanted


class DealView(ApiView):
    scopes = {"GET": Scope.LEADS_READ, "PATCH": Scope.LEADS_WRITE}
    actions = {"GET": "get_deal", "PATCH": "update_deal"}

    def get(self, request: Request, id: str) -> HttpResponse:
        return self._answer(self._deal_of(id))

    def patch(self, request: Request, id: str) -> HttpResponse:
        at = entry_of(request._request).at
        changes, deal = deal_changes(self.json_body()), self._deal_of(id)

        def guard(version: int) -> None:
            refuse_stale(request._request, version)

        try:
            return self._answer(change_deal(deal, changes, by=Actor.of_key(self.key), at=at, guard=guard))
        except Deal.DoesNotExist:  # deleted since it was found
            raise NotFound("Not found") from None

    def _deal_of(self, id_text: str) -> Deal:
        deal = Deal.objects.select_related(*RELATED).filter(public_id=id_in_path(id_text)).first()
        if deal is None:
            raise NotFound("Not found")
        return deal

    def _answer(self, deal: Deal) -> HttpResponse:
        return self.answer_one(whole_deal(deal), headers={"ETag": etag_of(deal.version)})


class StagesView(ApiView):
    scopes = {"GET": Scope.LEADS_READ}
    actions = {"GET": "list_stages"}

    def get(self, request: Request) -> HttpResponse:
        asked = STAGES.read(request)
        default_pipeline()  # made when it is first asked for
        stages = Stage.objects.select_related("pipeline").order_by("-pipeline__is_default", "pipeline_id", "position")
        total = stages.count()
        return self.answer_list([stage_json(stage) for stage in asked.rows_of(stages, total)], asked.meta(total))
