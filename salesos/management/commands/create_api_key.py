"""`manage.py create_api_key`: issue an API key and print it, this once."""

import argparse
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from salesos.keys import issue_key
from salesos.management.refusals import refusals_as_errors
from salesos.management.tenant_argument import add_tenant_argument, tenant_named
from salesos.models import Tenant
from salesos.models.api_key import DEFAULT_HOURLY_LIMIT
from salesos.scopes import Scope


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a moment like 2026-12-31T18:00 or 2026-12-31") from None


class Command(BaseCommand):
    help = (
        "Issue an API key. The key alone goes to standard output, and is shown nowhere else and never again; its "
        "public id, for the request log and revoke_api_key, goes to standard error."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_tenant_argument(parser)
        parser.add_argument("--name", required=True, help="what the key is for, like “CRM sync”")
        parser.add_argument(
            "--scope",
            dest="scopes",
            required=True,
            action="extend",
            nargs="+",
            choices=Scope.values,
            help="what the key may do; may be given several times",
        )
        parser.add_argument("--test", action="store_true", help="an sk_test_ key, which acts in the tenant's sandbox")
        parser.add_argument(
            "--allow",
            dest="allowlist",
            metavar="CIDR",
            default=[],
            action="extend",
            nargs="+",
            help="IPv4 or IPv6 address or network that may use the key; may be given several times (default: any)",
        )
        parser.add_argument(
            "--rate",
            metavar="N",
            type=int,
            default=DEFAULT_HOURLY_LIMIT,
            help="requests an hour (default: %(default)s)",
        )
        parser.add_argument(
            "--expires",
            metavar="ISO",
            type=_moment,
            help="when it ends, like 2026-12-31T18:00; without an offset in the tenant's time zone, a date is its "
            "midnight (default: never)",
        )

    def handle(
        self,
        *,
        tenant: str,
        name: str,
        scopes: list[str],
        test: bool,
        allowlist: list[str],
        rate: int,
        expires: datetime | None,
        **options: Any,
    ) -> None:
        owner = tenant_named(tenant)
        if test and not owner.is_sandbox:
            owner = owner.sandbox
        with refusals_as_errors(name="--name", hourly_limit="--rate"):
            issued = issue_key(
                owner,
                name=name,
                scopes=scopes,
                allowlist=allowlist,
                hourly_limit=rate,
                expires_at=_end(expires, owner) if expires else None,
            )
        # No error, although it goes there: not in red.
        self.stderr.write(f"Key {issued.key.key_id} created in {owner.slug}.", style_func=str)
        self.stdout.write(issued.token)


def _end(moment: datetime, tenant: Tenant) -> datetime:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=tenant.zone)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise CommandError("--expires is beyond the calendar.") from None
