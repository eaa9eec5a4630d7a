"""The dashboard's screens for leads and deals; importing the package registers them."""

from leads.admin import (
    board,
    bulk,
    deal,
    deal_move,
    deals,
    duplicates,
    export,
    importing,
    lead,
    lead_form,
    lead_steps,
    leads,
    merge,
    owner_picker,
    saved_views,
    stages,
)

__all__ = [
    "board",
    "bulk",
    "deal",
    "deal_move",
    "deals",
    "duplicates",
    "export",
    "importing",
    "lead",
    "lead_form",
    "lead_steps",
    "leads",
    "merge",
    "owner_picker",
    "saved_views",
    "stages",
]
