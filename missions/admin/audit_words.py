"""What the audit trail calls the things that happen to missions."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

WORDS: dict[str, StrPromise] = {
    "mapping.created": _("Code mapped"),
    "mapping.changed": _("Mapping changed"),
    "mapping.removed": _("Mapping removed"),
    "mapping.applied": _("Mapping applied to earlier activities"),
    "mission.created": _("Mission created"),
    "mission.changed": _("Mission changed"),
    "mission.retired": _("Mission retired"),
    "mission.brought_back": _("Mission brought back"),
    "mission.deleted": _("Mission deleted"),
    "adjustment.posted": _("Points adjusted by hand"),
    "unmatched.replayed": _("Unmatched activities replayed"),
    "unmatched.discarded": _("Unmatched activities discarded"),
    "wall_link.created": _("Wall link created"),
    "wall_link.changed": _("Wall link changed"),
    "wall_link.revoked": _("Wall link revoked"),
}
