"""The dashboard's screens for missions; importing the package registers them."""

from missions import configure
from missions.admin import activities, adjustments, leaderboard, missions, unmatched, walls, why

__all__ = ["activities", "adjustments", "configure", "leaderboard", "missions", "unmatched", "walls", "why"]
