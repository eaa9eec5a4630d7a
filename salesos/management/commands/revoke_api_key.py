"""`manage.py revoke_api_key`: end an API key at once."""

import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from salesos.keys import TOKEN, revoke_key
from salesos.models import ApiKey

KEY_ID = re.compile(r"(?:sk_(?:live|test)_)?([0-9A-Za-z]{12})(?:…|\.\.\.)?")
"""The public id, alone or as the dashboard shows it: sk_live_a1b2c3d4e5f6…"""


class Command(BaseCommand):
    help = "Revoke an API key, at once and for good. A key that is revoked already stays so; that is no error."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key_id", metavar="KEY_ID", help="the key's public id, or the whole key")

    def handle(self, *, key_id: str, **options: Any) -> None:
        key = _key(_public_id(key_id.strip()))
        was_revoked_at = key.revoked_at
        revoke_key(key, by=None, at=timezone.now())
        done = f"was revoked already, {was_revoked_at:%Y-%m-%d %H:%M} UTC" if was_revoked_at else "is revoked"
        self.stdout.write(f"Key {key.key_id} ({key.name}) of {key.tenant.slug} {done}.")


def _public_id(text: str) -> str:
    if whole := TOKEN.fullmatch(text):
        return whole[2]
    if public := KEY_ID.fullmatch(text):
        return public[1]
    # What was typed is not repeated: it may be most of a secret.
    raise CommandError("Expected the key's public id (12 letters and digits) or the whole key.")


def _key(key_id: str) -> ApiKey:
    keys = ApiKey.objects.every_tenant(reason="a leaked key is revoked by what is known of it: its id, not its tenant")
    key = keys.select_related("tenant").filter(key_id=key_id).first()
    if key is None:
        raise CommandError(f"There is no key “{key_id}”.")
    return key
