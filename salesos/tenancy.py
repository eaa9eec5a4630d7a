"""The fence between tenants: the only file that knows how a query is kept inside one tenant.

A model that belongs to a tenant inherits `Tenanted`. Its default manager answers for the tenant of the surrounding
`tenant_context()` and raises `NoTenant` outside of one, so that a forgotten filter is an error, never a leak.
The one way across is `Model.objects.every_tenant(reason="…")`; a test holds the list of its uses.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from salesos.models.tenant import Tenant

_current: ContextVar["Tenant | None"] = ContextVar("tenant", default=None)

Row = TypeVar("Row", bound=models.Model, covariant=True)


class NoTenant(RuntimeError):
    """Tenant data was asked for outside a `tenant_context()`."""


class WrongTenant(RuntimeError):
    """A row of one tenant was about to be written inside another tenant's context."""


@contextmanager
def tenant_context(tenant: "Tenant") -> Iterator["Tenant"]:
    """Make `tenant` the one that every fenced query in the block answers for. Blocks nest; the inner one counts."""
    token = _current.set(tenant)
    try:
        yield tenant
    finally:
        _current.reset(token)


def current_tenant() -> "Tenant":
    """The tenant of the surrounding context. Raises `NoTenant` when there is none."""
    tenant = _current.get()
    if tenant is None:
        raise NoTenant("No tenant here: wrap the call in tenant_context(tenant).")
    return tenant


class TenantQuerySet(models.QuerySet[Row]):
    """Base of every queryset of tenant data; subclasses add the model's own questions."""

    def bulk_create(self, objs: Any, *args: Any, **options: Any) -> list[Row]:
        objs = list(objs)
        for row in objs:
            row.take_tenant()
        return super().bulk_create(objs, *args, **options)


class TenantManager(models.Manager[Row]):
    """Answers for the current tenant only; raises `NoTenant` outside a context."""

    _queryset_class = TenantQuerySet

    def get_queryset(self) -> models.QuerySet[Row]:
        return super().get_queryset().filter(tenant_id=current_tenant().pk)

    def every_tenant(self, *, reason: str) -> models.QuerySet[Row]:
        """The rows of all tenants. `reason` says why this query must cross the fence; a test lists every use."""
        if not reason:
            raise ValueError("Say why this query crosses tenants.")
        return super().get_queryset()


class Tenanted(models.Model):
    """Base of every model that belongs to a tenant."""

    # Not indexed by itself: every index and unique constraint of tenant data starts with the tenant.
    tenant = models.ForeignKey(
        "salesos.Tenant", on_delete=models.CASCADE, related_name="+", editable=False, db_index=False
    )

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        self.take_tenant()
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        self.take_tenant()
        return super().delete(*args, **options)

    def take_tenant(self) -> Self:
        """Put a new row into the current tenant; raise `WrongTenant` for a row of another."""
        current = current_tenant()
        if self.tenant_id is None:
            self.tenant = current
        elif self.tenant_id != current.pk:
            raise WrongTenant(f"{self._meta.label} of tenant {self.tenant_id} written inside tenant {current.pk}.")
        return self
