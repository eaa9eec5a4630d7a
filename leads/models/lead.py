"""A lead, what happened to it, and how many there are."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from leads.models.history import Acted
from salesos.constraints import SameTenant
from salesos.models.collaborator import Collaborator
from salesos.tenancy import Tenanted, TenantManager, TenantQuerySet, current_tenant

MOST_TAGS = 50
LONGEST_TAG = 64


class LeadStatus(models.TextChoices):
    NEW = "new", _("New")
    CONTACTED = "contacted", _("Contacted")
    QUALIFIED = "qualified", _("Qualified")
    UNQUALIFIED = "unqualified", _("Unqualified")
    CONVERTED = "converted", _("Converted")


class LeadQuerySet(TenantQuerySet["Lead"]):
    def matching(self, search: str) -> "LeadQuerySet":
        """Those whose name, e-mail or company have words that begin with each word of `search` (migration 0002)."""
        found = RawSQL("leads_lead.search @@ (SELECT leads_search_query(%s, %s))", [current_tenant().pk, search])
        return self.filter(models.ExpressionWrapper(found, models.BooleanField()))


class Lead(Tenanted):
    """Somebody who may buy. `email` is kept as written, and unique within the tenant without case.

    The table has one more column, `search`, which the database fills and indexes (migration 0002). Times are whole
    seconds, as the API shows them. `version` counts the changes; the API's `ETag` is made of it.
    """

    public_id = models.UUIDField(default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=255)
    email = models.EmailField(_("e-mail"), max_length=255)
    phone = models.CharField(_("phone"), max_length=255, blank=True)
    company = models.CharField(_("company"), max_length=255, blank=True)
    position = models.CharField(_("position"), max_length=255, blank=True, help_text=_("Their job title."))
    source = models.CharField(_("source"), max_length=255, blank=True, help_text=_("How the lead was acquired."))
    status = models.CharField(_("status"), max_length=11, choices=LeadStatus.choices, default=LeadStatus.NEW)
    owner = models.ForeignKey(
        Collaborator,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="leads",
        verbose_name=_("owner"),
    )
    custom_fields = models.JSONField(_("custom fields"), default=dict, blank=True)
    tags = ArrayField(models.CharField(max_length=LONGEST_TAG), default=list, blank=True, verbose_name=_("tags"))
    created_at = models.DateTimeField(_("created at"), editable=False)
    updated_at = models.DateTimeField(_("updated at"), editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects: ClassVar = TenantManager.from_queryset(LeadQuerySet)()

    class Meta:
        ordering = ("-created_at", "-public_id")
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(
                "tenant",
                Lower("email"),
                name="lead_email_unique",
                violation_error_message=_("A lead with this e-mail exists already."),
            ),
            models.UniqueConstraint(fields=["tenant", "public_id"], name="lead_public_id_unique"),
            models.UniqueConstraint(fields=["tenant", "id"], name="lead_in_tenant"),
            models.CheckConstraint(condition=models.Q(status__in=LeadStatus.values), name="lead_status_known"),
            models.CheckConstraint(condition=~models.Q(name="") & ~models.Q(email=""), name="lead_has_name_and_email"),
            models.CheckConstraint(condition=models.Q(tags__len__lte=MOST_TAGS), name="lead_tags_few"),
            SameTenant(field="owner", name="lead_owner_same_tenant"),
        )
        # Each order of the API's list has an index that ends with the id, and serves both directions. Those by e-mail
        # and by name are others: the unique one above, and one of the folded name (migration 0002).
        indexes = (
            models.Index(fields=["tenant", "created_at", "public_id"], name="lead_by_age"),
            models.Index(fields=["tenant", "updated_at", "public_id"], name="lead_by_change"),
            models.Index(fields=["tenant", "status", "created_at", "public_id"], name="lead_by_status"),
            models.Index(fields=["tenant", "source", "created_at", "public_id"], name="lead_by_source"),
            models.Index(fields=["tenant", "status", "public_id"], name="lead_in_order_of_status"),
            models.Index(fields=["tenant", "source", "public_id"], name="lead_in_order_of_source"),
            models.Index(fields=["tenant", "owner", "created_at", "public_id"], name="lead_by_owner"),
        )
        verbose_name = _("lead")
        verbose_name_plural = _("leads")

    def __str__(self) -> str:
        return self.name

    @property
    def is_converted(self) -> bool:
        return self.status == LeadStatus.CONVERTED


class LeadEvent(Acted, Tenanted):
    """Something that happened to a lead. Goes with it when it is deleted."""

    lead = models.ForeignKey(
        Lead, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="history"
    )
    kind = models.CharField(_("what happened"), max_length=40)
    """A noun and what happened to it, like `lead.updated`."""
    changes = models.JSONField(_("changes"), default=dict)
    """Field → [before, after], as the API writes them."""

    class Meta:
        ordering = ("-id",)
        default_manager_name = "objects"
        constraints = (SameTenant(field="lead", name="lead_event_lead_same_tenant"),)
        indexes = (models.Index(fields=["tenant", "lead", "id"], name="lead_event_by_lead"),)
        verbose_name = _("lead event")
        verbose_name_plural = _("lead events")

    def __str__(self) -> str:
        return f"{self.kind} {self.lead_id}"


class LeadTally(Tenanted):
    """How many leads there are of a status, source and owner: sums of signed entries that the database itself keeps.

    Written by triggers alone (migration 0002), read by `leads.tally`. `level` says which of source and owner an entry
    is about: GROUPING(source, owner), 0 for both, 3 for neither.
    """

    # Without a constraint: entries of leads that go with their tenant are written after it.
    tenant = models.ForeignKey(
        "salesos.Tenant",
        on_delete=models.CASCADE,
        related_name="+",
        editable=False,
        db_index=False,
        db_constraint=False,
    )
    level = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=255, null=True)
    owner_id = models.BigIntegerField(null=True)
    status = models.CharField(max_length=11)
    leads = models.IntegerField()

    class Meta:
        default_manager_name = "objects"
        indexes = (models.Index(fields=["tenant", "level", "source", "owner_id", "status"], name="lead_tally_by_kind"),)

    def __str__(self) -> str:
        return f"{self.status} {self.source} {self.owner_id}: {self.leads:+d}"


class LeadWord(Tenanted):
    """The words that leads of a tenant were ever found by. The database keeps it (migration 0002), and looks up here
    which words begin as a search asks: those that are there are found far quicker than whatever begins so.

    A word may stand here twice, where two who wrote at the same moment did not know of each other: nobody waits.
    """

    # Without a constraint: a check of each word would cost more than the word.
    tenant = models.ForeignKey(
        "salesos.Tenant",
        on_delete=models.CASCADE,
        related_name="+",
        editable=False,
        db_index=False,
        db_constraint=False,
    )
    word = models.CharField(max_length=200, db_collation="C")

    class Meta:
        default_manager_name = "objects"
        indexes = (models.Index(fields=["tenant", "word"], name="lead_word_by_beginning"),)

    def __str__(self) -> str:
        return self.word
