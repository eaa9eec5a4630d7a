"""People who may buy, the deals they become, and the pipeline in which deals move."""

from leads.models.counted_search import CountedSearch, CountedSearchEntry
from leads.models.deal import Deal, DealStageChange
from leads.models.lead import Lead, LeadEvent, LeadTally, LeadWord
from leads.models.merge import LeadMerge, LeadsApart
from leads.models.pipeline import Pipeline, Stage
from leads.models.saved_view import DefaultView, SavedView

__all__ = [
    "CountedSearch",
    "CountedSearchEntry",
    "Deal",
    "DealStageChange",
    "DefaultView",
    "Lead",
    "LeadEvent",
    "LeadMerge",
    "LeadTally",
    "LeadWord",
    "LeadsApart",
    "Pipeline",
    "SavedView",
    "Stage",
]
