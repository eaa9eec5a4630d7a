from missions.api import LeaderboardView
from salesos.api.routes import endpoint

urlpatterns = endpoint("v1/leaderboard", LeaderboardView, "leaderboard")
