"""Makes the addresses in an e-mail: whole ones, and the signed one by which a person ends the digest."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from portal.models import Membership

_SIGNER = Signer(salt="qbsync.digest.stop")


def absolute(path: str) -> str:
    """Return the whole address of a path of the portal."""
    return f"{settings.PORTAL_BASE_URL}{path}"


def page(name: str, query: str = "", **values: Any) -> str:
    """Return the whole address of a page by its name, with a query."""
    return absolute(reverse(name, kwargs=values or None)) + (f"?{query}" if query else "")


def stop_address(membership: Membership) -> str:
    """Return the address that ends the member's digest without a sign-in; it is valid for ever and for nothing else."""
    return page("quickbooks_digest_stop", token=_SIGNER.sign(str(membership.pk)))


def membership_of(token: str) -> Membership | None:
    """Return the member whose digest the token ends; None for a token that is not ours."""
    try:
        key = int(_SIGNER.unsign(token))
    except (BadSignature, ValueError):
        return None
    return Membership.objects.select_related("firm", "digest_choice").filter(pk=key).first()
