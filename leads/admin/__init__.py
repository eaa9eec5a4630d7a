"""The dashboard's screens for leads and deals; importing the package registers them."""

from leads.admin import (
    bulk,
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
)

__all__ = [
    "bulk",
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
]
