"""Owns grants and tokens: issue, refresh with Intuit's rotation, expiry, revocation. It knows no HTTP."""

import secrets
from dataclasses import dataclass

from .company import Company
from .simulator import CLIENT_ID, Simulator

ACCESS_S, REFRESH_S, CODE_S = 3600, 8_726_400, 600
ROTATE_S = GRACE_S = 86_400
HARD_S = 5 * 365 * 86_400


@dataclass(frozen=True)
class Grant:
    """One company's consent to one client."""

    id: str
    realm: str
    email: str
    scope: str
    created: float


class InvalidGrant(Exception):
    """The code or refresh token is of no use."""


def grant(sim: Simulator, realm: str, email: str, scope: str) -> Grant:
    """Record a consent."""
    given = Grant(secrets.token_hex(16), realm, email, scope, sim.clock.now())
    sim.store.db.execute(
        "INSERT INTO grant_ (id, realm, client_id, email, scope, created) VALUES (?, ?, ?, ?, ?, ?)",
        (given.id, realm, CLIENT_ID, email, scope, given.created),
    )
    return given


def _issue(sim: Simulator, kind: str, grant_id: str, seconds: float, redirect_uri: str | None = None) -> str:
    prefix = {"access": "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwiYWxnIjoiZGlyIn0..", "refresh": "AB11", "code": "AB1"}[kind]
    value = prefix + secrets.token_urlsafe({"access": 240, "refresh": 34, "code": 34}[kind])
    now = sim.clock.now()
    sim.store.db.execute(
        "INSERT INTO token (value, kind, grant_id, created, expires, redirect_uri) VALUES (?, ?, ?, ?, ?, ?)",
        (value, kind, grant_id, now, now + seconds, redirect_uri),
    )
    return value


def code(sim: Simulator, given: Grant, redirect_uri: str) -> str:
    """An authorization code, good once and for ten minutes."""
    return _issue(sim, "code", given.id, CODE_S, redirect_uri)


def access(sim: Simulator, given: Grant) -> str:
    """An access token, good for an hour."""
    return _issue(sim, "access", given.id, ACCESS_S)


def refresh_token(sim: Simulator, given: Grant) -> str:
    """A new refresh token, good for 101 days."""
    return _issue(sim, "refresh", given.id, REFRESH_S)


def _find(sim: Simulator, value: str, kind: str) -> tuple[Grant, float, float, str | None, bool] | None:
    row = sim.store.db.execute(
        "SELECT g.id, g.realm, g.email, g.scope, g.created, t.created, t.expires, t.redirect_uri, t.used, g.revoked "
        "FROM token t JOIN grant_ g ON g.id = t.grant_id WHERE t.value = ? AND t.kind = ?",
        (value, kind),
    ).fetchone()
    if row is None or row[9]:
        return None
    return Grant(*row[:5]), row[5], row[6], row[7], bool(row[8])


def spend_code(sim: Simulator, value: str, redirect_uri: str | None) -> Grant:
    """Exchange a code. Raises `InvalidGrant`; a code used twice also ends its grant, as the standard asks."""
    found = _find(sim, value, "code")
    if found is None:
        raise InvalidGrant("Invalid authorization code")
    given, _, expires, bound_to, used = found
    if used:
        revoke_grant(sim, given.id)
        raise InvalidGrant("Invalid authorization code")
    if expires < sim.clock.now() or bound_to != redirect_uri:
        raise InvalidGrant("Invalid authorization code")
    sim.store.db.execute("UPDATE token SET used = 1 WHERE value = ?", (value,))
    return given


def hard_end(given: Grant, company: Company | None) -> float:
    """When the consent ends for good, whatever is refreshed: epoch seconds."""
    return given.created + ((company.options.grant_lifetime_s if company else 0) or HARD_S)


def rotate(sim: Simulator, value: str, company: Company | None) -> tuple[Grant, str, float]:
    """(grant, refresh token to use from now on, when that expires). Raises `InvalidGrant`.

    "daily": the value changes once it is a day old, and the one before is good for another day.
    "always": each refresh gives a new value and ends the one before.
    """
    now = sim.clock.now()
    found = _find(sim, value, "refresh")
    if found is None or found[2] < now or now > hard_end(found[0], company):
        raise InvalidGrant("Incorrect or invalid refresh token")
    given, created, _, _, replaced = found
    always = company is not None and company.options.refresh_rotation == "always"
    if always:
        sim.store.db.execute("DELETE FROM token WHERE value = ?", (value,))
        current = refresh_token(sim, given)
    elif replaced:
        newest = sim.store.db.execute(
            "SELECT value FROM token WHERE grant_id = ? AND kind = 'refresh' ORDER BY created DESC LIMIT 1", (given.id,)
        ).fetchone()
        current = newest[0]
    elif now - created >= ROTATE_S:
        sim.store.db.execute(
            "UPDATE token SET used = 1, expires = min(expires, ?) WHERE value = ?", (now + GRACE_S, value)
        )
        current = refresh_token(sim, given)
    else:
        sim.store.db.execute("UPDATE token SET expires = ? WHERE value = ?", (now + REFRESH_S, value))
        current = value
    expires = sim.store.db.execute("SELECT expires FROM token WHERE value = ?", (current,)).fetchone()[0]
    return given, current, expires


def holder(sim: Simulator, value: str) -> Grant | None:
    """Whose access token this is, or None when it is unknown, expired or revoked."""
    found = _find(sim, value, "access")
    return found[0] if found and found[2] > sim.clock.now() else None


def expire(sim: Simulator, value: str) -> None:
    """End an access token now."""
    sim.store.db.execute("UPDATE token SET expires = ? WHERE value = ?", (sim.clock.now() - 1, value))


def revoke_grant(sim: Simulator, grant_id: str) -> None:
    """End a consent and every token of it."""
    sim.store.db.execute("UPDATE grant_ SET revoked = 1 WHERE id = ?", (grant_id,))


def revoke(sim: Simulator, value: str) -> bool:
    """End the grant that any of its tokens names. False when there is no such token."""
    for kind in ("access", "refresh"):
        found = _find(sim, value, kind)
        if found:
            revoke_grant(sim, found[0].id)
            return True
    return False
