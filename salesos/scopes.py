"""What an API key may do: every scope there is. An API view names its own; a key without scopes may do nothing."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Scope(TextChoices):
    DEFAULT_SYNC = "default:sync", _("Send collaborators and activities through the Default integration")
    LEADS_READ = "leads:read", _("Read leads, deals, stages, collaborators and teams")
    LEADS_WRITE = "leads:write", _("Create, change, convert and delete leads and deals")
    LEADERBOARD_READ = "leaderboard:read", _("Read leaderboards")
