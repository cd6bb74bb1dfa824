"""Encryption of what is secret in the database. The first key of TOKEN_ENCRYPTION_KEYS encrypts; every key decrypts."""

from __future__ import annotations

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


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


def is_newest(token: str) -> bool:
    """Return whether the first key of TOKEN_ENCRYPTION_KEYS made the token."""
    try:
        _cipher(tuple(settings.TOKEN_ENCRYPTION_KEYS[:1])).decrypt(token.encode())
    except InvalidToken:
        return False
    return True


def renew(token: str) -> str:
    """Return a token of the same text, made by the first key.

    Raises:
        cryptography.fernet.InvalidToken: none of the keys made it.
    """
    return _cipher(tuple(settings.TOKEN_ENCRYPTION_KEYS)).rotate(token.encode()).decode()
