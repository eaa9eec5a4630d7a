"""Who works in the demo company, and what is worth points there."""

from dataclasses import dataclass
from typing import Any

NAME = "Imobiliária Horizonte"
SLUG = "demo"
TIME_ZONE = "America/Sao_Paulo"
LANGUAGE = "en"

TEAM_A, TEAM_B = "Sales Team A", "Sales Team B"


@dataclass(frozen=True, slots=True)
class Person:
    """A salesperson of the demo. `strength` is how much of an average person's work they do."""

    external_id: str
    name: str
    email: str
    team: str
    role: str
    strength: float

    def as_sent(self) -> dict[str, Any]:
        """An item of `sync_collaborators`."""
        return {
            "external_id": self.external_id,
            "name": self.name,
            "email": self.email,
            "team": self.team,
            "role": self.role,
            "metadata": {"crm_id": f"CRM-2{self.external_id[-3:]}"},
        }


PEOPLE = tuple(
    Person(f"emp-{number}", name, f"{mailbox}@yourcompany.com", team, role, strength)
    for number, (name, mailbox, team, role, strength) in enumerate(
        [
            ("Maria Santos", "maria", TEAM_A, "sales_rep", 1.35),
            ("Joao Silva", "joao", TEAM_A, "sales_rep", 1.10),
            ("Ana Oliveira", "ana", TEAM_B, "team_lead", 1.25),
            ("Camila Ferreira", "camila", TEAM_A, "team_lead", 1.05),
            ("Pedro Almeida", "pedro", TEAM_A, "sales_rep", 0.85),
            ("Lucas Pereira", "lucas", TEAM_A, "sales_rep", 0.95),
            ("Juliana Costa", "juliana", TEAM_A, "sales_rep", 1.20),
            ("Rafael Rodrigues", "rafael", TEAM_A, "sales_rep", 0.70),
            ("Bruno Carvalho", "bruno", TEAM_B, "sales_rep", 1.00),
            ("Fernanda Lima", "fernanda", TEAM_B, "sales_rep", 1.45),
            ("Gabriel Souza", "gabriel", TEAM_B, "sales_rep", 0.80),
            ("Larissa Gomes", "larissa", TEAM_B, "sales_rep", 1.15),
            ("Thiago Ribeiro", "thiago", TEAM_B, "sales_rep", 0.60),
            ("Beatriz Martins", "beatriz", TEAM_B, "sales_rep", 0.90),
            ("Marcelo Barbosa", "marcelo", TEAM_B, "sales_rep", 0.75),
        ],
        start=101,
    )
)

UNKNOWN_EMAILS = ("carlos.mendes@yourcompany.com", "joao.silva@yourcompany.com", "vendas@yourcompany.com")
"""Whom the CRM names and nobody has registered: a new colleague, an alias, a shared mailbox."""


@dataclass(frozen=True, slots=True)
class Kind:
    """An activity code of the demo's CRM. `daily` is how many an average person has on an average working day."""

    code: str
    label: str
    daily: float


@dataclass(frozen=True, slots=True)
class Rewarded(Kind):
    """A code that is mapped: its mission's name, look and points; the target is (completions, period) or nothing."""

    mission: str
    points: int
    icon: str
    colour: str
    description: str
    target: tuple[int, str] | None = None


REWARDED = (
    Rewarded(
        "001", "Phone call to prospect", 7.0, "Ligacoes Realizadas", 5, "call", "#2563eb",
        "Every call to a prospect, whether it was picked up or not.", (40, "week"),
    ),
    Rewarded(
        "002", "Meeting (in-person or video)", 1.6, "Reunioes Agendadas", 15, "event", "#7c3aed",
        "A meeting that is in the calendar of both sides.", (2, "day"),
    ),
    Rewarded(
        "003", "Proposal sent", 0.7, "Propostas Enviadas", 20, "description", "#d97706",
        "A written proposal with a price.",
    ),
    Rewarded(
        "004", "Contract signed", 0.12, "Contratos Fechados", 50, "handshake", "#059669",
        "Signed by the client and by us.", (3, "month"),
    ),
    Rewarded(
        "005", "Property visit with client", 0.9, "Visitas Realizadas", 25, "home_work", "#db2777",
        "On site, with the client.",
    ),
    Rewarded(
        "006", "Follow-up email sent", 4.0, "Follow-ups Enviados", 3, "forward_to_inbox", "#0891b2",
        "Within two days of the last contact.",
    ),
    Rewarded(
        "007", "Lead qualification completed", 1.3, "Leads Qualificados", 10, "filter_alt", "#4f46e5",
        "Budget, region and time are known.",
    ),
)  # fmt: skip

PIPELINE = (
    Rewarded(
        "lead.qualified", "Lead qualified in the pipeline", 0, "Leads Qualificados", 10, "filter_alt", "#4f46e5",
        "Budget, region and time are known.",
    ),
    Rewarded(
        "deal.won", "Deal won in the pipeline", 0, "Negocios Ganhos", 100, "emoji_events", "#ca8a04",
        "A deal of the pipeline that was won.", (2, "month"),
    ),
)  # fmt: skip
"""Codes of leads and deals: what the pipeline itself earns."""

UNMAPPED = (Kind("008", "Message to prospect", 0.8), Kind("020", "Keys handed over", 0.1))
"""What the CRM sends, too, and nobody has mapped yet."""
