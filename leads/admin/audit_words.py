"""What the audit trail calls the things that happen to leads and deals by hand of a user."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

WORDS: dict[str, StrPromise] = {
    "lead.merged": _("Two leads merged"),
    "lead.unmerged": _("Merge of two leads undone"),
    "lead.address_let_go": _("Address of a merged lead let go"),
    "lead.kept_apart": _("Leads kept apart"),
    "leads.edited": _("Leads edited in bulk"),
    "leads.exported": _("Leads exported"),
    "lead.deleted": _("Lead deleted"),
    "saved_view.created": _("View of leads shared"),
    "saved_view.changed": _("Shared view of leads changed"),
    "saved_view.deleted": _("Shared view of leads deleted"),
    "leads.imported": _("Leads imported"),
    "deal.changed": _("Deal changed"),
    "stage.created": _("Stage created"),
    "stage.changed": _("Stage changed"),
    "stage.shifted": _("Stage put elsewhere in the order"),
    "stage.emptied": _("Deals moved out of a stage"),
    "stage.deleted": _("Stage deleted"),
    "pipeline.created": _("Pipeline created"),
    "pipeline.changed": _("Pipeline renamed"),
    "pipeline.made_default": _("Pipeline made the default"),
    "pipeline.deleted": _("Pipeline deleted"),
}
