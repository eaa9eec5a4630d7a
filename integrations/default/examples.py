"""The examples of the Default integration's reference; tests send them and compare the answers."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """A request (none where only the answer matters) and its answer; `note` explains the counts."""

    summary: str
    note: str
    answer: dict[str, Any]
    request: dict[str, Any] | None = None


def _answer(data: dict[str, Any], request_id: str, timestamp: str) -> dict[str, Any]:
    return {"data": data, "meta": {"request_id": request_id, "timestamp": timestamp}}


TEAM = {
    "action": "sync_collaborators",
    "collaborators": [
        {
            "external_id": "emp-101",
            "name": "Maria Santos",
            "email": "maria@yourcompany.com",
            "phone": "+5511999001001",
            "document": "12345678901",
            "team": "Equipe Vendas SP",
            "role": "vendedor",
            "metadata": {"crm_id": "CRM-2001", "hire_date": "2024-06-15"},
        },
        {
            "external_id": "emp-102",
            "name": "Joao Silva",
            "email": "joao@yourcompany.com",
            "phone": "+5511999002002",
            "team": "Equipe Vendas SP",
            "role": "vendedor",
        },
        {
            "external_id": "emp-103",
            "name": "Ana Oliveira",
            "email": "ana@yourcompany.com",
            "team": "Equipe Vendas RJ",
            "role": "gerente",
            "metadata": {"crm_id": "CRM-2003", "is_manager": True},
        },
    ],
}


def _activity(number: int, code: str, person: str, at: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "activity_code": code,
        "external_id": f"crm-20260317-{number:03d}",
        "collaborator_email": f"{person}@yourcompany.com",
        "data": data,
        "occurred_at": f"2026-03-17T{at}-03:00",
    }


DAY = {
    "action": "sync_activities",
    "activities": [
        _activity(
            1,
            "001",
            "maria",
            "09:15:00",
            {
                "client_name": "Acme Corp",
                "client_phone": "+5511988887777",
                "duration_minutes": 12,
                "outcome": "interested",
            },
        ),
        _activity(
            2, "001", "maria", "09:30:00", {"client_name": "Beta Inc", "duration_minutes": 8, "outcome": "no_answer"}
        ),
        _activity(
            3,
            "002",
            "joao",
            "10:00:00",
            {"client_name": "Gamma Ltd", "meeting_type": "video_call", "duration_minutes": 45},
        ),
        _activity(
            4, "003", "joao", "14:00:00", {"client_name": "Gamma Ltd", "proposal_value": 25000.0, "currency": "BRL"}
        ),
        _activity(
            5,
            "001",
            "ana",
            "15:30:00",
            {"client_name": "Delta SA", "duration_minutes": 20, "outcome": "scheduled_meeting"},
        ),
    ],
}

BAD_BATCH = {
    "action": "sync_activities",
    "activities": [
        {"activity_code": "abc", "external_id": "e1", "collaborator_email": "maria@co.com"},
        {"activity_code": "001", "external_id": "e2", "collaborator_email": "not-an-email"},
        {"activity_code": "001", "external_id": "e3", "collaborator_email": "joao@co.com"},
    ],
}
BAD_FIELDS = ((0, "activity_code"), (1, "collaborator_email"))
"""The bad fields of `BAD_BATCH`: (index, field)."""

QUICK_TEAM = {
    "action": "sync_collaborators",
    "collaborators": [
        {
            "external_id": external_id,
            "name": name,
            "email": f"{name.split()[0].lower()}@yourcompany.com",
            "team": team,
            "role": role,
        }
        for external_id, name, team, role in (
            ("emp-101", "Maria Santos", "Sales Team A", "sales_rep"),
            ("emp-102", "Joao Silva", "Sales Team A", "sales_rep"),
            ("emp-103", "Ana Oliveira", "Sales Team B", "team_lead"),
        )
    ],
}
QUICK_ACTIVITIES = {
    "action": "sync_activities",
    "activities": [
        {
            "activity_code": code,
            "external_id": f"crm-evt-1000{number}",
            "collaborator_email": f"{person}@yourcompany.com",
            "data": data,
            "occurred_at": f"2026-03-17T{at}Z",
        }
        for number, code, person, at, data in (
            (1, "001", "maria", "09:15:00", {"client": "Acme Corp", "duration_min": 12}),
            (2, "002", "joao", "10:30:00", {"client": "Beta Inc", "type": "video_call"}),
            (3, "001", "maria", "11:00:00", {"client": "Gamma Ltd"}),
        )
    ],
}

EXAMPLES = {
    "full_team": Example(
        "Sync a full team",
        "Maria and Joao were new and created. Ana existed, matched by her e-mail, and was updated.",
        _answer(
            {"created": 2, "existing": 1, "errors": [], "total": 3},
            "f47ac10b-58cc-4372-a567-0e02b2c3d479",
            "2026-03-17T14:30:00.000Z",
        ),
        TEAM,
    ),
    "partial_failure": Example(
        "Some collaborators are refused",
        "One of ten has a bad e-mail address. It fails alone; the others are recorded.",
        _answer(
            {
                "created": 8,
                "existing": 1,
                "errors": ["Collaborator emp-110 (invalid-email): Invalid email format"],
                "total": 10,
            },
            "b2c3d4e5-f678-4abc-9ef0-123456789abc",
            "2026-03-17T14:30:00.000Z",
        ),
    ),
    "days_activities": Example(
        "Send a day’s worth of activities",
        "All five were new and recorded.",
        _answer(
            {"processed": 5, "skipped": 0, "duplicates": 0, "errors": [], "total": 5},
            "c3d4e5f6-7890-abcd-ef01-234567890abc",
            "2026-03-17T16:00:00.000Z",
        ),
        DAY,
    ),
    "mixed_outcome": Example(
        "Some are skipped, some are duplicates",
        "Two had been sent before. One names an e-mail that no collaborator has: it is kept until there is one.",
        _answer(
            {"processed": 2, "skipped": 1, "duplicates": 2, "errors": [], "total": 5},
            "d4e5f607-1829-4abc-9def-0123456789ab",
            "2026-03-17T16:05:00.000Z",
        ),
    ),
}
