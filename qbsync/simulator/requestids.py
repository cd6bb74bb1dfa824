"""Owns `requestid`: the stored answer of each write, given again instead of a second execution."""

import hashlib
from dataclasses import dataclass

from . import faults
from .company import Company
from .simulator import Simulator

LONGEST, LONGEST_WITH_BATCH, LONGEST_BID = 50, 36, 10
DUPLICATE = "Duplicate Request ID"


@dataclass(frozen=True)
class Replay:
    """An answer given before."""

    status: int
    body: str


def check_length(requestid: str, *, batch: bool) -> None:
    """Raise 2050 for a requestid that is too long: 50 characters, 36 with a batch."""
    most = LONGEST_WITH_BATCH if batch else LONGEST
    if len(requestid) > most:
        raise faults.too_long("requestid", most, len(requestid))


def context_of(operation: str, text: str) -> str:
    """What a requestid was used for: the operation, and a digest of the body."""
    return f"{operation}#{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"


def find(sim: Simulator, company: Company, requestid: str, context: str) -> Replay | None:
    """What was answered before.

    Raises 600 while the first is under way, when it was another operation, and for another body where the company
    minds that.
    """
    if (company.realm, requestid) in sim.in_flight:
        raise duplicate("The first request with this id is still being processed.")
    row = sim.store.db.execute(
        "SELECT context, status, body, created FROM replay WHERE realm = ? AND requestid = ?",
        (company.realm, requestid),
    ).fetchone()
    expiry = company.options.requestid_expiry_s
    if row is None or (expiry and sim.clock.now() - row[3] > expiry):
        return None
    if row[0].partition("#")[0] != context.partition("#")[0]:
        raise duplicate("The id was used for another operation.")
    if row[0] != context and company.options.other_body == "refuse":
        raise duplicate("The id was used with another body.")
    return Replay(row[1], row[2])


def keep(sim: Simulator, company: Company, requestid: str, context: str, status: int, body: str) -> None:
    """Store an answer, in the transaction of the write that it answers."""
    sim.store.db.execute(
        "INSERT OR REPLACE INTO replay VALUES (?, ?, ?, ?, ?, ?)",
        (company.realm, requestid, context, status, body, sim.clock.now()),
    )


def forget(sim: Simulator, company: Company) -> None:
    """Forget every requestid of a company, as Intuit does after a time that it does not tell."""
    sim.store.db.execute("DELETE FROM replay WHERE realm = ?", (company.realm,))


def duplicate(why: str) -> faults.Fault:
    """600."""
    return faults.Fault("600", DUPLICATE, f"{DUPLICATE} : {why}", element="")
