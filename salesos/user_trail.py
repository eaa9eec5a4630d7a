"""What a user does about their own account, in the audit trail of each tenant that they belong to."""

from collections.abc import Mapping
from typing import Any

from salesos import audit
from salesos.audit import Actor
from salesos.models import Tenant, User
from salesos.tenancy import tenant_context

MOST = 20
"""In how many tenants at most: whoever belongs to more is no surprise to any of them."""


def record_of_user(
    user: User,
    action: str,
    *,
    address: str | None,
    by: User | None = None,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
) -> None:
    """Write that `action` happened to `user`, done by themselves or `by` another, in the trail of each of their
    tenants; for platform staff, and whoever belongs to none, also in the platform's."""
    homes = list(Tenant.objects.filter(memberships__user=user)[:MOST])
    with audit.acting(Actor(by or user, address)):
        for home in homes:
            with tenant_context(home):
                audit.record(action, user, changes=changes)
        if user.is_platform_staff or not homes:
            audit.record(action, user, changes=changes, of_platform=True)
