"""The screen Missions › Configure: which code of a CRM leads to which mission, and for how many points."""

from missions.configure import applying, importing, screens

__all__ = ["applying", "importing", "screens"]
