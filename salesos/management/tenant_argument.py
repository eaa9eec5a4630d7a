"""The `--tenant SLUG` that commands share."""

from django.core.management.base import CommandError, CommandParser

from salesos.models import Tenant


def add_tenant_argument(parser: CommandParser, *, required: bool = True, help: str = "the tenant's slug") -> None:
    """Add `--tenant` to a command; for a tenant's sandbox, the slug ends in -sandbox."""
    parser.add_argument("--tenant", metavar="SLUG", required=required, help=f"{help}; its sandbox is SLUG-sandbox")


def tenant_named(slug: str) -> Tenant:
    """The tenant with this slug; raises `CommandError`, which names no other tenant."""
    try:
        return Tenant.objects.get(slug=slug)
    except Tenant.DoesNotExist:
        raise CommandError(f"There is no tenant “{slug}”.") from None
