"""Leads, deals and stages as OpenAPI."""

import uuid
from http import HTTPStatus
from typing import Any

from leads.api import examples, guide
from leads.api.deals import DEALS, STAGES
from leads.api.leads import LEADS
from leads.api.shapes import SCHEMAS
from leads.conflicts import EmailTaken
from leads.conversion import why_not_convertible
from leads.fields import GIVEN_STATUSES
from leads.models import Lead
from leads.models.lead import LeadStatus
from salesos.api.error_reference import BAD_REQUEST, EXAMPLE_UUID
from salesos.api.errors import ApiError, Conflict, ValidationFailed
from salesos.api.openapi import Reference
from salesos.api.operations import (
    IDEMPOTENCY_KEY,
    IF_MATCH,
    data_of,
    id_parameter,
    list_operation,
    operation,
    ref,
)
from salesos.scopes import Scope

TAG = "Leads"
BAD = BAD_REQUEST.status


def reference(server: str) -> Reference:
    return Reference(
        tag=TAG,
        title=TAG,
        description=guide.DESCRIPTION,
        paths={
            "/v1/leads": {"get": _list_leads(), "post": _create_lead()},
            "/v1/leads/{id}": {"get": _get_lead(), "patch": _update_lead(), "delete": _delete_lead()},
            "/v1/leads/{id}/convert": {"post": _convert_lead()},
            "/v1/deals": {"get": _list_deals()},
            "/v1/deals/{id}": {"get": _get_deal(), "patch": _update_deal()},
            "/v1/stages": {"get": _list_stages()},
        },
        schemas=SCHEMAS,
        sections=guide.sections(),
        limits=guide.LIMITS,
    )


def _refused(field: str, message: str) -> ValidationFailed:
    return ValidationFailed("Invalid body", details=[{"field": field, "message": message}])


def _conflict(message: str) -> Conflict:
    return Conflict(message, details=[{"field": "status", "message": message}])


def _email_taken() -> tuple[str, ApiError]:
    taken = EmailTaken(uuid.UUID(EXAMPLE_UUID))
    row = {"field": "email", "message": str(taken), "id": EXAMPLE_UUID}
    return "Another lead has the e-mail", Conflict(str(taken), details=[row])


def _list_leads() -> dict[str, Any]:
    unknown = [{"field": "stage", "message": "Unknown parameter"}]
    return list_operation(
        "listLeads",
        "List leads",
        "The leads of the tenant, a page at a time, the newest first unless you say otherwise. Filters combine.",
        tag=TAG,
        scope=Scope.LEADS_READ,
        listing=LEADS,
        rows={"A page of leads.": ref("Lead")},
        shown=examples.LIST_LEADS,
        errors={BAD: [("An unknown parameter", ValidationFailed("Invalid parameters", details=unknown))]},
    )


def _get_lead() -> dict[str, Any]:
    return operation(
        "getLead",
        "Get a lead",
        "A lead with all its fields, custom fields, tags and activity history.",
        tag=TAG,
        scope=Scope.LEADS_READ,
        parameters=[id_parameter("lead")],
        answer="The lead.",
        answer_headers=["ETag"],
        schema=data_of(ref("WholeLead"), "The lead."),
        shown=examples.GET_LEAD,
    )


def _create_lead() -> dict[str, Any]:
    return operation(
        "createLead",
        "Create a lead",
        "Only `name` and `email` are needed. When a lead of yours has the e-mail already, in any case, the answer is "
        "409 with the `id` of that lead: update it with PATCH instead.",
        tag=TAG,
        scope=Scope.LEADS_WRITE,
        parameters=[IDEMPOTENCY_KEY],
        body=ref("NewLead"),
        status=HTTPStatus.CREATED,
        answer="The new lead.",
        answer_headers=["Location", "ETag", "Idempotent-Replayed"],
        schema=data_of(ref("Lead"), "The new lead."),
        shown=examples.CREATE_LEAD,
        errors={
            BAD: [("An unknown field", _refused("e_mail", "Unknown field"))],
            HTTPStatus.CONFLICT: [_email_taken()],
        },
    )


def _update_lead() -> dict[str, Any]:
    back = "This lead is a deal; its status can't change any more."
    return operation(
        "updateLead",
        "Update a lead",
        "Send only the fields that are to change. What changes nothing leaves no trace in the history.",
        tag=TAG,
        scope=Scope.LEADS_WRITE,
        parameters=[id_parameter("lead"), IF_MATCH],
        body=ref("LeadChanges"),
        answer="The lead as it is now.",
        answer_headers=["ETag"],
        schema=data_of(ref("Lead"), "The lead as it is now."),
        shown=examples.UPDATE_LEAD,
        errors={
            BAD: [("An unknown status", _refused("status", "Must be one of " + ", ".join(GIVEN_STATUSES)))],
            HTTPStatus.CONFLICT: [_email_taken(), ("The lead is converted", _conflict(back))],
            HTTPStatus.PRECONDITION_FAILED: [],
        },
    )


def _delete_lead() -> dict[str, Any]:
    return operation(
        "deleteLead",
        "Delete a lead",
        "For good: the lead and its history go, its deals stay without it. To keep the data, change its status to "
        "`unqualified` instead.",
        tag=TAG,
        scope=Scope.LEADS_WRITE,
        parameters=[id_parameter("lead"), IF_MATCH],
        status=HTTPStatus.NO_CONTENT,
        answer="The lead is deleted.",
        schema=None,
        shown=examples.DELETE_LEAD,
        errors={HTTPStatus.PRECONDITION_FAILED: []},
    )


def _convert_lead() -> dict[str, Any]:
    reasons = {status: why_not_convertible(Lead(status=status)) or "" for status in LeadStatus}
    made = operation(
        "convertLead",
        "Convert a lead to a deal",
        "The lead becomes `converted`, for good, and its owner’s new deal enters the pipeline. Two conversions at the "
        "same moment make one deal.",
        tag=TAG,
        scope=Scope.LEADS_WRITE,
        parameters=[id_parameter("lead"), IDEMPOTENCY_KEY, IF_MATCH],
        body=ref("Conversion"),
        answer="The lead and its deal.",
        answer_headers=["ETag", "Idempotent-Replayed"],
        schema=data_of(ref("Converted"), "The lead and its deal."),
        shown=examples.CONVERT_LEAD,
        errors={
            BAD: [("An unknown stage", _refused("stage_id", "There is no stage with this id."))],
            HTTPStatus.CONFLICT: [
                ("The lead is converted already", _conflict(reasons[LeadStatus.CONVERTED])),
                ("The lead is unqualified", _conflict(reasons[LeadStatus.UNQUALIFIED])),
            ],
            HTTPStatus.PRECONDITION_FAILED: [],
        },
    )
    made["requestBody"]["required"] = False
    return made


def _list_deals() -> dict[str, Any]:
    return list_operation(
        "listDeals",
        "List deals",
        "The deals of the tenant, a page at a time, the newest first unless you say otherwise. Filters combine.",
        tag=TAG,
        scope=Scope.LEADS_READ,
        listing=DEALS,
        rows={"A page of deals.": ref("Deal")},
        shown=examples.LIST_DEALS,
    )


def _get_deal() -> dict[str, Any]:
    return operation(
        "getDeal",
        "Get a deal",
        "A deal with the stages it went through.",
        tag=TAG,
        scope=Scope.LEADS_READ,
        parameters=[id_parameter("deal")],
        answer="The deal.",
        answer_headers=["ETag"],
        schema=data_of(ref("WholeDeal"), "The deal."),
        shown=examples.GET_DEAL,
    )


def _update_deal() -> dict[str, Any]:
    return operation(
        "updateDeal",
        "Update a deal",
        "Send only the fields that are to change. A deal is won, lost or reopened by moving it to a stage that is of "
        "that kind.",
        tag=TAG,
        scope=Scope.LEADS_WRITE,
        parameters=[id_parameter("deal"), IF_MATCH],
        body=ref("DealChanges"),
        answer="The deal as it is now.",
        answer_headers=["ETag"],
        schema=data_of(ref("WholeDeal"), "The deal as it is now."),
        shown=examples.UPDATE_DEAL,
        errors={
            BAD: [
                ("A reason for an open deal", _refused("close_reason", "Only a deal that is won or lost has a reason."))
            ],
            HTTPStatus.PRECONDITION_FAILED: [],
        },
    )


def _list_stages() -> dict[str, Any]:
    return list_operation(
        "listStages",
        "List stages",
        "The stages of your pipelines in their order, those of the default pipeline first.",
        tag=TAG,
        scope=Scope.LEADS_READ,
        listing=STAGES,
        rows={"A page of stages.": ref("Stage")},
        shown=examples.LIST_STAGES,
    )
