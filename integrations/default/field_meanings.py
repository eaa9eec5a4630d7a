"""What each field of the Default integration means, in the words of its reference."""

from typing import Any

EMAIL_RULE = "Trimmed, compared without case. ASCII letters, digits and signs, `@`, and a domain with at least one dot."

COLLABORATOR_FIELDS: dict[str, dict[str, Any]] = {
    "external_id": {"description": "The person’s id in your system. Trimmed.", "examples": ["emp-101"]},
    "name": {"description": "Full name. Trimmed.", "examples": ["Maria Santos"]},
    "email": {
        "description": f"Matches the person, and later the activities. {EMAIL_RULE}",
        "examples": ["maria@yourcompany.com"],
    },
    "phone": {"description": "Phone number, in any format.", "examples": ["+5511999001001"]},
    "document": {"description": "Identity document, e.g. the CPF.", "examples": ["12345678901"]},
    "team": {
        "description": "Name of the team, compared without case; a team that is new is created.",
        "examples": ["Equipe Vendas SP"],
    },
    "role": {"description": "Role in your organization.", "examples": ["vendedor"]},
    "metadata": {
        "description": "Any further data. Replaced as a whole when sent.",
        "examples": [{"crm_id": "CRM-2001", "hire_date": "2024-06-15"}],
    },
}

ACTIVITY_FIELDS: dict[str, dict[str, Any]] = {
    "activity_code": {
        "description": "The kind of activity: a string of exactly three ASCII digits, `001` to `999`.",
        "examples": ["001"],
    },
    "external_id": {
        "description": "The activity’s id in your system, by which duplicates are known. Case matters; not trimmed.",
        "examples": ["crm-20260317-001"],
    },
    "collaborator_email": {
        "description": f"E-mail of the salesperson who did it. {EMAIL_RULE}",
        "examples": ["maria@yourcompany.com"],
    },
    "data": {
        "description": "Any further context, kept with the activity.",
        "examples": [{"client_name": "Acme Corp", "duration_minutes": 12}],
    },
    "occurred_at": {
        "description": (
            "When it happened, in ISO 8601. Without an offset it is in your tenant’s time zone; a date alone is its "
            "midnight there; absent or `null` is now."
        ),
        "examples": ["2026-03-17T09:15:00-03:00"],
    },
}

COLLABORATORS_OUTCOME: dict[str, str] = {
    "created": "Collaborators that are new.",
    "existing": "Collaborators that existed, and were updated.",
    "errors": "One text for each item that failed: `Collaborator <external_id> (<email>): <reason>`.",
    "total": "Items in the request: always `created` + `existing` + the length of `errors`.",
}
ACTIVITIES_OUTCOME: dict[str, str] = {
    "processed": "Activities recorded by this request.",
    "skipped": "Activities whose e-mail no active collaborator has. They are kept until somebody does.",
    "duplicates": "Activities whose `external_id` was recorded before, or stands earlier in this request.",
    "errors": "One text for each well-formed item that cannot be recorded: `Activity <external_id>: <reason>`.",
    "total": "Items in the request: always `processed` + `skipped` + `duplicates` + the length of `errors`.",
}
