"""Who did it, as words that stay when a key is revoked or a user renamed."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ActorKind(models.TextChoices):
    API_KEY = "api_key", _("API key")
    USER = "user", _("User")
    SYSTEM = "system", _("System")


class Acted(models.Model):
    """Base of a row of history: when, and by whom (`leads.actors.Actor`)."""

    at = models.DateTimeField(_("at"))
    actor_kind = models.CharField(_("who"), max_length=7, choices=ActorKind.choices)
    actor_id = models.CharField(max_length=60, blank=True)
    """A key's id as its token shows it, or a user's."""
    actor_name = models.CharField(_("who"), max_length=255)

    class Meta:
        abstract = True
