"""Leads, deals and stages as JSON Schema: bounds from what `payload` checks, so that the two cannot disagree."""

from collections.abc import Mapping
from typing import Any

from leads.api.answers import MOST_HISTORY
from leads.api.payload import LONGEST_REASON, MOST_VALUE
from leads.fields import GIVEN_STATUSES, LONGEST_TEXT
from leads.models.history import ActorKind
from leads.models.lead import LONGEST_TAG, MOST_TAGS, LeadStatus
from leads.models.pipeline import StageKind
from salesos.api.operations import ref
from salesos.emails import EMAIL_PATTERN

Shape = dict[str, Any]


def _text(description: str, most: int = LONGEST_TEXT, *, null: bool = True) -> Shape:
    return {"type": ["string", "null"] if null else "string", "maxLength": most, "description": description}


def _required(description: str) -> Shape:
    return {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "description": description}


def _id(description: str, *, null: bool = False) -> Shape:
    return {"type": ["string", "null"] if null else "string", "format": "uuid", "description": description}


def _moment(description: str, *, null: bool = False) -> Shape:
    return {"type": ["string", "null"] if null else "string", "format": "date-time", "description": description}


def _day(description: str) -> Shape:
    return {"type": ["string", "null"], "format": "date", "description": description}


def _choice(values: list[str], description: str, *, null: bool = False) -> Shape:
    if null:
        return {"type": ["string", "null"], "enum": [*values, None], "description": description}
    return {"type": "string", "enum": values, "description": description}


def _value(description: str, *, null: bool = False) -> Shape:
    return {
        "type": ["number", "null"] if null else "number",
        "minimum": 0,
        "maximum": float(MOST_VALUE),
        "description": description,
    }


def _answered(description: str, properties: Mapping[str, Shape]) -> Shape:
    return {"type": "object", "description": description, "required": [*properties], "properties": dict(properties)}


def _sent(description: str, properties: Mapping[str, Shape], required: tuple[str, ...] = ()) -> Shape:
    return {
        "type": "object",
        "description": description,
        "required": [*required],
        "properties": dict(properties),
        "additionalProperties": False,
    }


_NAME = "Full name. Trimmed, as all texts are."
_EMAIL = "E-mail address, unique among your leads without regard to case; kept as written."
_PHONE, _COMPANY, _POSITION = "Phone number, in any format.", "Company name.", "Job title."
_SOURCE = "How the lead was acquired, in words of your own like `website`."
_OWNER = "The collaborator who looks after it; `null` for nobody. `GET /v1/collaborators` lists them."
_TEAM = "The team that the owner is in now."
_TAGS = f"At most {MOST_TAGS} tags of at most {LONGEST_TAG} characters, each once."
_CLOSE_DATE = "When the deal is expected to be won."
_REASON = "Why the deal was won or lost."

_LEAD: Mapping[str, Shape] = {
    "id": _id("The lead’s id."),
    "name": _required(_NAME),
    "email": {**_required(_EMAIL), "format": "email"},
    "phone": _text(_PHONE),
    "company": _text(_COMPANY),
    "position": _text(_POSITION),
    "source": _text(_SOURCE),
    "status": _choice(LeadStatus.values, "Where it stands. Only conversion makes it `converted`."),
    "owner_id": _id(_OWNER, null=True),
    "team_id": _id(_TEAM, null=True),
    "custom_fields": {"type": "object", "description": "Values of fields of your own, by name."},
    "tags": {"type": "array", "items": {"type": "string", "maxLength": LONGEST_TAG}, "description": _TAGS},
    "created_at": _moment("When it was created."),
    "updated_at": _moment("When it was last changed."),
}
_NEW_LEAD: Mapping[str, Shape] = {
    "name": _required(_NAME),
    "email": {"type": "string", "maxLength": LONGEST_TEXT, "pattern": EMAIL_PATTERN, "description": _EMAIL},
    "phone": _text(_PHONE),
    "company": _text(_COMPANY),
    "position": _text(_POSITION),
    "source": _text(_SOURCE),
    "status": _choice(GIVEN_STATUSES, "Where it stands; `new` unless you say otherwise.", null=True),
    "owner_id": _id(_OWNER, null=True),
    "custom_fields": {
        "type": ["object", "null"],
        "description": "Values of fields of your own, by name: any JSON, at most 64 KiB in all.",
    },
    "tags": {
        "type": ["array", "null"],
        "maxItems": MOST_TAGS,
        "items": {"type": "string", "maxLength": LONGEST_TAG},
        "description": _TAGS,
    },
}
_LEAD_CHANGES: Mapping[str, Shape] = {
    **_NEW_LEAD,
    "status": _choice(GIVEN_STATUSES, "Where it stands. A converted lead can’t go back."),
    "custom_fields": {
        "type": ["object", "null"],
        "description": "What is sent is merged into what is there: a key with `null` is removed, one that is absent "
        "stays. `null` in the place of the object removes all.",
    },
}
_HISTORY_ENTRY: Mapping[str, Shape] = {
    "type": {"type": "string", "description": "What happened: `lead.created`, `lead.updated`, `lead.converted`, …"},
    "at": _moment("When."),
    "by": {**ref("Actor"), "description": "Who did it."},
    "changes": {
        "type": "object",
        "description": "What changed: by field, an object with the values `from` before and `to` after.",
    },
}
_ACTOR: Mapping[str, Shape] = {
    "type": _choice(ActorKind.values, "An API key, a user of the dashboard, or SalesOS itself."),
    "id": {"type": ["string", "null"], "description": "The id of the key or user."},
    "name": {"type": "string", "description": "Its name at that time."},
}
_DEAL: Mapping[str, Shape] = {
    "id": _id("The deal’s id."),
    "name": _required("What it is called."),
    "value": _value("What it is worth, to the cent."),
    "status": _choice(StageKind.values, "Whether it is open, won or lost: the kind of its stage."),
    "pipeline_id": _id("The pipeline that its stage is of."),
    "stage_id": _id("The stage that it is in."),
    "lead_id": _id("The lead that it was; `null` once that is deleted.", null=True),
    "owner_id": _id(_OWNER, null=True),
    "team_id": _id(_TEAM, null=True),
    "expected_close_date": _day(_CLOSE_DATE),
    "close_reason": _text(_REASON, LONGEST_REASON),
    "closed_at": _moment("When it was won or lost.", null=True),
    "created_at": _moment("When it was created."),
    "updated_at": _moment("When it was last changed."),
}
_DEAL_CHANGES: Mapping[str, Shape] = {
    "name": _required("What it is called."),
    "value": _value("What it is worth: at most two decimals."),
    "stage_id": _id("The stage to move it to, which may win, lose or reopen it. `GET /v1/stages` lists them."),
    "owner_id": _id(_OWNER, null=True),
    "expected_close_date": _day(_CLOSE_DATE),
    "close_reason": _text(f"{_REASON} Only of a deal that is won or lost; reopening clears it.", LONGEST_REASON),
}
_STAGE_STEP: Mapping[str, Shape] = {
    "at": _moment("When."),
    "by": {**ref("Actor"), "description": "Who moved it."},
    "from_stage_id": _id("The stage before; `null` where the deal begins.", null=True),
    "to_stage_id": _id("The stage after."),
}

SCHEMAS: Mapping[str, Shape] = {
    "Lead": _answered("A lead.", _LEAD),
    "WholeLead": _answered(
        "A lead with all that there is to it.",
        {
            **_LEAD,
            "activity_history": {
                "type": "array",
                "items": ref("HistoryEntry"),
                "description": f"What happened to it, newest first, at most {MOST_HISTORY} entries.",
            },
        },
    ),
    "NewLead": _sent("A lead to be.", _NEW_LEAD, ("name", "email")),
    "LeadChanges": _sent(
        "What is to change; fields that are absent stay. What a lead is answered with beside these is ignored, so that "
        "what was read can be written back.",
        _LEAD_CHANGES,
    ),
    "HistoryEntry": _answered("Something that happened to a lead.", _HISTORY_ENTRY),
    "Actor": _answered("Who did something.", _ACTOR),
    "Conversion": _sent(
        "What the deal is to be. May be left out altogether.",
        {
            "deal_name": _text("What it is called; the lead’s name unless you say otherwise."),
            "deal_value": _value("What it is worth: at most two decimals. 0 unless you say otherwise.", null=True),
            "stage_id": _id("The stage to begin in; the first open one of the default pipeline otherwise.", null=True),
            "expected_close_date": _day(_CLOSE_DATE),
        },
    ),
    "Converted": _answered(
        "The lead and the deal that it became.",
        {
            "lead": {**ref("Lead"), "description": "The lead, now `converted`."},
            "deal": {**ref("Deal"), "description": "The new deal."},
        },
    ),
    "Deal": _answered("A deal.", _DEAL),
    "WholeDeal": _answered(
        "A deal with the stages it went through.",
        {
            **_DEAL,
            "stage_history": {
                "type": "array",
                "items": ref("StageStep"),
                "description": f"Its stages, newest first, at most {MOST_HISTORY} steps.",
            },
        },
    ),
    "DealChanges": _sent(
        "What is to change; fields that are absent stay. What a deal is answered with beside these is ignored.",
        _DEAL_CHANGES,
    ),
    "StageStep": _answered("A step of a deal from one stage to another.", _STAGE_STEP),
    "Stage": _answered(
        "A step of a pipeline.",
        {
            "id": _id("The stage’s id."),
            "pipeline_id": _id("The pipeline it belongs to."),
            "name": {"type": "string", "description": "What it is called."},
            "position": {"type": "integer", "minimum": 0, "description": "Where it stands in its pipeline."},
            "kind": _choice(StageKind.values, "What a deal is that comes here: open, won or lost."),
            "win_probability": {
                "type": "integer",
                "minimum": 0,
                "maximum": 100,
                "description": "How likely a deal in it is won, in percent.",
            },
        },
    ),
}
