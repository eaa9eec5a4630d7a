"""Leads that became one, and leads that look like one but are not."""

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from leads.models.history import Acted
from leads.models.lead import Lead
from salesos.constraints import SameTenant
from salesos.tenancy import Tenanted


class LeadMerge(Acted, Tenanted):
    """A lead that was merged into `survivor` (`leads.merging`). Gone once the merge is undone, or the survivor deleted.

    `email`, the address that the merge left over, goes on leading to the survivor. What an undo needs stands in
    `snapshot`, for a day: then it is emptied.
    """

    survivor = models.ForeignKey(
        Lead, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="merges"
    )
    """The lead that counts: the one that was chosen, or what that one was merged into since."""
    into_id = models.UUIDField()
    """The public id of the lead that was chosen."""
    merged_id = models.UUIDField()
    """The public id of the lead that is no more."""
    email = models.EmailField(max_length=255)
    snapshot = models.JSONField(null=True)

    class Meta:
        ordering = ("-id",)
        default_manager_name = "objects"
        constraints = (SameTenant(field="survivor", name="lead_merge_survivor_same_tenant"),)
        indexes = (
            models.Index(fields=["tenant", "survivor"], name="lead_merge_by_survivor"),
            models.Index("tenant", Lower("email"), name="lead_merge_by_email"),
            models.Index(
                fields=["tenant", "at"], condition=models.Q(snapshot__isnull=False), name="lead_merge_kept_by_age"
            ),
        )
        verbose_name = _("merge of leads")
        verbose_name_plural = _("merges of leads")

    def __str__(self) -> str:
        return f"{self.merged_id} → {self.into_id}"


class LeadsApart(Acted, Tenanted):
    """Two leads that somebody said are not the same. `one` is the one with the lower id."""

    one = models.ForeignKey(Lead, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    other = models.ForeignKey(Lead, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+")

    class Meta:
        ordering = ("-id",)
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(fields=["tenant", "one", "other"], name="leads_apart_once"),
            models.CheckConstraint(condition=models.Q(one__lt=models.F("other")), name="leads_apart_in_order"),
            SameTenant(field="one", name="leads_apart_one_same_tenant"),
            SameTenant(field="other", name="leads_apart_other_same_tenant"),
        )
        indexes = (models.Index(fields=["tenant", "other"], name="leads_apart_by_other"),)
        verbose_name = _("leads that are not the same")
        verbose_name_plural = _("leads that are not the same")

    def __str__(self) -> str:
        return f"{self.one_id} ≠ {self.other_id}"
