"""The sales floor: collaborators (salespeople) and their teams."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from salesos.constraints import SameTenant
from salesos.tenancy import Tenanted, TenantManager, TenantQuerySet


class Team(Tenanted):
    public_id = models.UUIDField(default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=100)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        ordering = ("name", "pk")
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(
                "tenant", Lower("name"), name="team_name_unique", violation_error_message=_("This team exists already.")
            ),
            models.UniqueConstraint(fields=["tenant", "public_id"], name="team_public_id_unique"),
            models.UniqueConstraint(fields=["tenant", "id"], name="team_in_tenant"),
        )
        verbose_name = _("team")
        verbose_name_plural = _("teams")

    def __str__(self) -> str:
        return self.name


class CollaboratorQuerySet(TenantQuerySet["Collaborator"]):
    def people(self) -> "CollaboratorQuerySet":
        """One record a person: without those that were merged into another."""
        return self.filter(merged_into=None)

    def active(self) -> "CollaboratorQuerySet":
        return self.people().filter(is_active=True)


class Collaborator(Tenanted):
    """A salesperson, known by e-mail within the tenant. `email` is kept trimmed and in lower case."""

    public_id = models.UUIDField(default=uuid7, editable=False)
    external_id = models.CharField(
        _("external id"), max_length=255, blank=True, null=True, help_text=_("The person's id in your CRM.")
    )
    name = models.CharField(_("name"), max_length=255)
    email = models.EmailField(_("e-mail"), max_length=254)
    phone = models.CharField(_("phone"), max_length=255, blank=True)
    document = models.CharField(
        _("document"), max_length=20, blank=True, help_text=_("An identity document, like a CPF.")
    )
    team = models.ForeignKey(
        Team,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="collaborators",
        verbose_name=_("team"),
    )
    role = models.CharField(_("role"), max_length=50, blank=True, help_text=_("Their role in your organisation."))
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Activities of an inactive person are kept as unmatched.")
    )
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        null=True,
        editable=False,
        db_constraint=False,
        db_index=False,
        related_name="aliases",
        verbose_name=_("merged into"),
    )
    """The record of the same person that counts. What names this one, its activities above all, stays as it is."""
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects: ClassVar = TenantManager.from_queryset(CollaboratorQuerySet)()

    class Meta:
        ordering = ("name", "pk")
        default_manager_name = "objects"
        constraints = (
            # Checked at the end of each statement, so that one statement may let people exchange addresses and ids.
            models.UniqueConstraint(
                fields=["tenant", "email"],
                name="collaborator_email_unique",
                deferrable=models.Deferrable.IMMEDIATE,
                violation_error_message=_("A collaborator with this e-mail exists already."),
            ),
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                name="collaborator_external_id_unique",
                deferrable=models.Deferrable.IMMEDIATE,
                violation_error_message=_("A collaborator with this external id exists already."),
            ),
            models.UniqueConstraint(fields=["tenant", "public_id"], name="collaborator_public_id_unique"),
            models.UniqueConstraint(fields=["tenant", "id"], name="collaborator_in_tenant"),
            SameTenant(field="team", name="collaborator_team_same_tenant"),
            SameTenant(field="merged_into", name="collaborator_merged_into_same_tenant"),
        )
        indexes = (
            models.Index(fields=["tenant", "team"], name="collaborator_by_team"),
            models.Index(
                fields=["tenant", "merged_into"],
                name="collaborator_aliases",
                condition=models.Q(merged_into__isnull=False),
            ),
        )
        verbose_name = _("collaborator")
        verbose_name_plural = _("collaborators")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.email = self.email.strip().lower()
        self.external_id = self.external_id or None


class CollaboratorMerge(Tenanted):
    """That two records are one person: `merged` and whatever was merged into it before now count for `survivor`.

    Nothing moves, so that an undo within the day is exact: the pointers go back, and the fields that the survivor
    lacked and took over are empty again. See `salesos.merging`.
    """

    survivor = models.ForeignKey(
        Collaborator, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    merged = models.ForeignKey(
        Collaborator, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    aliases = models.JSONField(default=list)
    """The ids of the records that had been merged into `merged` before."""
    filled = models.JSONField(default=dict)
    """Field → value, of what the survivor lacked and took over."""
    at = models.DateTimeField()
    by = models.ForeignKey("salesos.User", on_delete=models.SET_NULL, null=True, db_index=False, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        default_manager_name = "objects"
        constraints = (
            SameTenant(field="survivor", name="merge_survivor_same_tenant"),
            SameTenant(field="merged", name="merge_merged_same_tenant"),
        )
        indexes = (models.Index(fields=["tenant", "survivor", "at"], name="merge_by_survivor"),)

    def __str__(self) -> str:
        return f"{self.merged_id} into {self.survivor_id}"
