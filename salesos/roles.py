"""What a person may do in a tenant. The dashboard's permissions are declared in these words."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    """A user's role in one tenant. Platform staff stand above: they act as admins of every tenant."""

    ADMIN = "admin", _("Admin")
    MANAGER = "manager", _("Manager")
    AUDITOR = "auditor", _("Auditor")


EVERYONE = frozenset(Role)
ADMINS = frozenset({Role.ADMIN})
MANAGERS = frozenset({Role.ADMIN, Role.MANAGER})
AUDITORS = frozenset({Role.ADMIN, Role.AUDITOR})
NOBODY: frozenset[Role] = frozenset()
