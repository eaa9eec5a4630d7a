"""Gamification's data: missions and mappings (rules), activities and adjustments (evidence), scores (sums)."""

from missions.models.activity import Activity, ReceivedCode, UnmatchedActivity
from missions.models.mission import Mapping, Mission
from missions.models.score import Adjustment, Score
from missions.models.wall import WallLink

__all__ = ["Activity", "Adjustment", "Mapping", "Mission", "ReceivedCode", "Score", "UnmatchedActivity", "WallLink"]
