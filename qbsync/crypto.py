"""Encryption of stored tokens. The first key of TOKEN_ENCRYPTION_KEYS encrypts; every key decrypts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """Return the text as Fernet's token; the empty text stays empty."""
    return _cipher(tuple(settings.TOKEN_ENCRYPTION_KEYS)).encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """Return the text of a token made by :func:`encrypt`.

    Raises:
        cryptography.fernet.InvalidToken: none of the keys made it.
    """
    return _cipher(tuple(settings.TOKEN_ENCRYPTION_KEYS)).decrypt(token.encode()).decode() if token else ""


class EncryptedTextField(models.TextField):
    """A text column that is encrypted in the database and plain in Python."""

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt on the way to the database."""
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """Decrypt on the way from the database."""
        return decrypt(value) if value else value
