"""Lists of leads that somebody looks at again: filters under a name."""

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from salesos.constraints import SameTenant
from salesos.tenancy import Tenanted, TenantManager, TenantQuerySet

if TYPE_CHECKING:
    from salesos.models import User


class SavedViewQuerySet(TenantQuerySet["SavedView"]):
    def visible_to(self, user: "User") -> "SavedViewQuerySet":
        """A user's own, and those that anybody shares with the tenant."""
        return self.filter(models.Q(user=user) | models.Q(is_shared=True))


class SavedView(Tenanted):
    """Filters of the list of leads under a name, for the one who saved them or, shared, for the whole tenant."""

    public_id = models.UUIDField(default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=60)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    """Who saved it. A shared one stays when its user goes."""
    is_shared = models.BooleanField(_("shared with everybody"), default=False)
    filters = models.JSONField(_("filters"), default=dict)
    """Name of a filter → its value as text, both as the API has them; `sort` and `per_page` besides."""
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects: ClassVar = TenantManager.from_queryset(SavedViewQuerySet)()

    class Meta:
        ordering = ("is_shared", Lower("name"), "pk")
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(
                "tenant",
                "user",
                Lower("name"),
                condition=models.Q(is_shared=False),
                name="saved_view_own_name_unique",
                violation_error_message=_("You have a view of this name already."),
            ),
            models.UniqueConstraint(
                "tenant",
                Lower("name"),
                condition=models.Q(is_shared=True),
                name="saved_view_shared_name_unique",
                violation_error_message=_("There is a shared view of this name already."),
            ),
            models.UniqueConstraint(fields=["tenant", "public_id"], name="saved_view_public_id_unique"),
            models.UniqueConstraint(fields=["tenant", "id"], name="saved_view_in_tenant"),
            models.CheckConstraint(condition=~models.Q(name=""), name="saved_view_has_name"),
        )
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")

    def __str__(self) -> str:
        return self.name


class DefaultView(Tenanted):
    """The view that a user's list of leads begins with."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="+")
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+")

    class Meta:
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(fields=["tenant", "user"], name="default_view_unique"),
            SameTenant(field="view", name="default_view_same_tenant"),
        )
        indexes = (models.Index(fields=["tenant", "view"], name="default_view_by_view"),)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.view_id}"
