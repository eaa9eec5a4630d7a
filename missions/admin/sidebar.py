"""Missions' section of the sidebar."""

from django.utils.translation import gettext_lazy as _

from missions.models import Activity, Adjustment, Mission
from salesos.admin.sidebar import Section, model_item, screen_item


def section() -> Section:
    return Section(
        _("Missions"),
        (
            screen_item("configure", "tune"),
            model_item(Mission, "flag"),
            model_item(Activity, "bolt"),
            screen_item("leaderboard", "leaderboard"),
            screen_item("walls", "tv"),
            screen_item("unmatched", "person_search"),
            model_item(Adjustment, "exposure"),
        ),
    )
