"""Texts that lie in the database and only we can read: encrypted with a key made of `SECRET_KEY`."""

import base64
from collections.abc import Iterator

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

__all__ = ["InvalidToken", "seal", "unseal"]


def seal(text: str, *, purpose: str) -> str:
    return _keys(purpose).encrypt(text.encode()).decode()


def unseal(text: str, *, purpose: str) -> str:
    """Raises `InvalidToken` for what was sealed with none of our keys, or for another purpose."""
    return _keys(purpose).decrypt(text.encode()).decode()


def _keys(purpose: str) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in _derived(purpose)])


def _derived(purpose: str) -> Iterator[bytes]:
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield base64.urlsafe_b64encode(salted_hmac(purpose, "", secret=secret, algorithm="sha256").digest())
