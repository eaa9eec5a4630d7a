"""What the audit trail calls the things that happen to leads and deals by hand of a user."""

from django_stubs_ext import StrPromise

WORDS: dict[str, StrPromise] = {}
