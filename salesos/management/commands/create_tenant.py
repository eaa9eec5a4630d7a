"""`manage.py create_tenant`: make a tenant and its sandbox."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from salesos import audit
from salesos.management.refusals import refusals_as_errors
from salesos.tenants import create_tenant


class Command(BaseCommand):
    help = "Make a tenant and its sandbox, in which sk_test_ keys act. Prints both slugs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the company's name")
        parser.add_argument(
            "--slug", default="", help="its name in commands: letters, digits and hyphens (default: made of NAME)"
        )
        parser.add_argument(
            "--timezone",
            metavar="ZONE",
            default="UTC",
            help="in which its days are cut, like America/Sao_Paulo (default: %(default)s)",
        )
        parser.add_argument(
            "--language",
            choices=[code for code, _name in settings.LANGUAGES],
            default="en",
            help="of its dashboard (default: %(default)s)",
        )

    def handle(self, *, name: str, slug: str, timezone: str, language: str, **options: Any) -> None:
        with refusals_as_errors(), transaction.atomic():
            tenant = create_tenant(name, slug=slug, time_zone=timezone, language=language)
            audit.record_for(tenant, "tenant.created")
        self.stdout.write(f"Tenant {tenant.slug} created, its sandbox is {tenant.sandbox.slug}.")
