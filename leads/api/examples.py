"""The examples of the reference of leads; tests hold them against the schema and the seed's own words."""

from typing import Any

from salesos.api.error_reference import EXAMPLE_UUID
from salesos.api.operations import Shown

OWNER = "660e8400-e29b-41d4-a716-446655440001"
TEAM = "770e8400-e29b-41d4-a716-446655440002"
DEAL_ID = "880e8400-e29b-41d4-a716-446655440003"
NEW, PROPOSAL, WON, PIPELINE = (f"990e8400-e29b-41d4-a716-44665544000{number}" for number in range(4, 8))
CONVERTED_AT = "2026-03-15T10:00:00Z"
WON_AT = "2026-04-02T17:20:00Z"

MARIA: dict[str, Any] = {
    "id": EXAMPLE_UUID,
    "name": "Maria Santos",
    "email": "maria@example.com",
    "phone": "+5511999999999",
    "company": "Tech Corp",
    "position": "CTO",
    "source": "website",
    "status": "qualified",
    "owner_id": OWNER,
    "team_id": TEAM,
    "custom_fields": {"company_size": "50-200", "industry": "Technology"},
    "tags": ["enterprise", "inbound"],
    "created_at": "2026-03-10T14:30:00Z",
    "updated_at": "2026-03-14T09:15:00Z",
}
CARLOS: dict[str, Any] = {
    "name": "Carlos Silva",
    "email": "carlos@example.com",
    "phone": "+5511988888888",
    "company": "StartupXYZ",
    "source": "website",
    "custom_fields": {"company_size": "1-10", "industry": "SaaS"},
    "tags": ["startup", "inbound"],
}
CREATED = {
    **MARIA,
    **CARLOS,
    "position": None,
    "status": "new",
    "owner_id": None,
    "team_id": None,
    "updated_at": MARIA["created_at"],
}
KEY = {"type": "api_key", "id": "AbC123xyz789", "name": "Website"}
HISTORY = [
    {
        "type": "lead.updated",
        "at": "2026-03-14T09:15:00Z",
        "by": KEY,
        "changes": {"status": {"from": "contacted", "to": "qualified"}},
    },
    {"type": "lead.created", "at": "2026-03-10T14:30:00Z", "by": KEY, "changes": {}},
]
DEAL: dict[str, Any] = {
    "id": DEAL_ID,
    "name": "Maria Santos",
    "value": 25000,
    "status": "open",
    "pipeline_id": PIPELINE,
    "stage_id": NEW,
    "lead_id": EXAMPLE_UUID,
    "owner_id": OWNER,
    "team_id": TEAM,
    "expected_close_date": "2026-06-30",
    "close_reason": None,
    "closed_at": None,
    "created_at": CONVERTED_AT,
    "updated_at": CONVERTED_AT,
}
FIRST_STEP = {"at": CONVERTED_AT, "by": KEY, "from_stage_id": None, "to_stage_id": NEW}
WON_DEAL = {
    **DEAL,
    "status": "won",
    "stage_id": WON,
    "close_reason": "Best support",
    "closed_at": WON_AT,
    "updated_at": WON_AT,
    "stage_history": [{"at": WON_AT, "by": KEY, "from_stage_id": NEW, "to_stage_id": WON}, FIRST_STEP],
}
STAGE = {"id": NEW, "pipeline_id": PIPELINE, "name": "New", "position": 1, "kind": "open", "win_probability": 10}
STAGES = [
    STAGE,
    {**STAGE, "id": PROPOSAL, "name": "Proposal", "position": 2, "win_probability": 60},
    {**STAGE, "id": WON, "name": "Won", "position": 3, "kind": "won", "win_probability": 100},
]


def _page(total: int, per_page: int = 25) -> dict[str, int]:
    return {"total": total, "page": 1, "per_page": per_page, "total_pages": -(-total // per_page)}


LIST_LEADS = {
    "qualified_leads": Shown(
        summary="The newest qualified leads",
        note="45 leads are qualified: five pages of ten.",
        parameters={"status": "qualified", "sort": "-created_at", "per_page": "10"},
        answer={"data": [MARIA], "meta": _page(45, 10)},
    ),
    "search": Shown(
        summary="Find somebody by beginnings of words",
        note="`mar sant`, `santos maria` and `SÁNT` find her, too.",
        parameters={"search": "maria @example.com"},
        answer={"data": [MARIA], "meta": _page(1)},
    ),
}
GET_LEAD = {
    "whole": Shown(
        summary="A lead with its history",
        note="The newest entry of the history comes first.",
        answer={"data": {**MARIA, "activity_history": HISTORY}},
    )
}
CREATE_LEAD = {
    "from_a_form": Shown(
        summary="A lead from a form",
        note="Nobody owns it yet; its status is `new`.",
        body=CARLOS,
        answer={"data": CREATED},
    )
}
UPDATE_LEAD = {
    "qualify": Shown(
        summary="Qualify a lead",
        note="Of the custom fields only the one that was sent has changed.",
        body={"status": "qualified", "custom_fields": {"company_size": "50-200"}},
        answer={"data": MARIA},
    )
}
DELETE_LEAD = {"gone": Shown(summary="Delete a lead", note="There is no body.")}
CONVERT_LEAD = {
    "to_a_deal": Shown(
        summary="Convert a lead to a deal",
        note="The deal has the lead’s name and owner, and begins in the first stage.",
        body={"deal_value": 25000, "expected_close_date": "2026-06-30"},
        answer={"data": {"lead": {**MARIA, "status": "converted", "updated_at": CONVERTED_AT}, "deal": DEAL}},
    )
}
LIST_DEALS = {
    "of_a_lead": Shown(
        summary="The deal that a lead became",
        note="The stages it went through are in the answer for a single deal.",
        parameters={"lead_id": EXAMPLE_UUID},
        answer={"data": [DEAL], "meta": _page(1)},
    )
}
GET_DEAL = {
    "open": Shown(
        summary="An open deal",
        note="It has been in one stage only.",
        answer={"data": {**DEAL, "stage_history": [FIRST_STEP]}},
    )
}
UPDATE_DEAL = {
    "win": Shown(
        summary="Win a deal",
        note="A deal is won by moving it to a stage of kind `won`.",
        body={"stage_id": WON, "close_reason": "Best support"},
        answer={"data": WON_DEAL},
    )
}
LIST_STAGES = {
    "default_pipeline": Shown(
        summary="The stages of a pipeline",
        note="Deals begin in the first one unless you say otherwise.",
        answer={"data": STAGES, "meta": _page(3)},
    )
}
