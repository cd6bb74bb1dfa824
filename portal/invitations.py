"""The link of an invitation: signed, so that nobody makes one up. Which invitation still stands is said by its row."""

from __future__ import annotations

from uuid import UUID

from django.core import signing

_SALT = "portal.invitation"


def token_of(key: UUID) -> str:
    """Return what the link carries for an invitation's current key."""
    return signing.Signer(salt=_SALT).sign(str(key))


def key_of(token: str) -> UUID | None:
    """Return the key that a link carries, or None for one that is not ours."""
    try:
        return UUID(signing.Signer(salt=_SALT).unsign(token))
    except (signing.BadSignature, ValueError):
        return None
