"""How many leads match a common search: counted once, and kept right by the database from then on."""

from django.contrib.postgres.search import SearchQueryField
from django.db import models

from salesos.tenancy import Tenanted


class CountedSearch(Tenanted):
    """A search that many leads match, whose `total` is not counted anew each time (`leads.counted_searches`).

    `total` is what was counted at one moment; each write since then has added an entry (triggers of migration 0006).
    """

    words = SearchQueryField()
    """What `leads_search_beginnings` makes of the words that were asked for, whatever their order."""
    status = models.CharField(max_length=11, blank=True)
    """As `source`: that of the leads meant, empty for any."""
    source = models.CharField(max_length=255, blank=True)
    asked_at = models.DateTimeField()
    """When it was last asked for, to ten minutes."""
    watched_from = models.BigIntegerField(null=True)
    """A transaction: all that began to write after it add entries."""
    total = models.BigIntegerField(null=True)
    """None until nobody writes any more who does not add entries."""

    class Meta:
        default_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(fields=["tenant", "words", "status", "source"], name="counted_search_once"),
        )

    def __str__(self) -> str:
        return f"{self.words} {self.status} {self.source}".rstrip()


class CountedSearchEntry(Tenanted):
    """Leads that came to match a counted search (more than 0) or no longer do: only added, so that no writer waits."""

    # Without constraints: entries of leads that go with their tenant, or of a search that was let go of meanwhile, are
    # written after it.
    tenant = models.ForeignKey(
        "salesos.Tenant",
        on_delete=models.CASCADE,
        related_name="+",
        editable=False,
        db_index=False,
        db_constraint=False,
    )
    search_id = models.BigIntegerField()
    leads = models.IntegerField()

    class Meta:
        default_manager_name = "objects"
        indexes = (models.Index(fields=["tenant", "search_id"], name="counted_search_entries"),)

    def __str__(self) -> str:
        return f"{self.search_id}: {self.leads:+d}"
