"""What a bulk action does to an account in each state, and why it leaves others alone. Pure.

The preview and the action decide by the same function, so that what was announced is what happens.
"""

from __future__ import annotations

from enum import StrEnum

from qbsync.payloads import name_problem
from qbsync.states import Ask, Status

MOST = 10_000
"""How many accounts one bulk action takes."""


class Verb(StrEnum):
    """What can be done to many accounts at once."""

    SYNC = "sync"
    CREATE = "create"
    UNSYNC = "unsync"


class Left(StrEnum):
    """Why a bulk action leaves an account alone."""

    SYNCED = "synced"
    SYNCING = "syncing"
    SKIPPED = "skipped"
    LINKED = "linked"
    BAD_NAME = "bad_name"


def why_left(verb: Verb, status: Status, *, is_linked: bool, name: str) -> Left | None:
    """Return why the action leaves the account alone, or None where it does something.

    Skipped is left by Sync alone: to create a customer for a Skipped account, a person opens that account. A Synced
    account needs no Sync, since what changes is sent by itself.
    """
    if verb == Verb.UNSYNC:
        return Left.SKIPPED if status == Status.SKIPPED else None
    if status in (Status.SYNCED, Status.SYNCING):
        return Left.SYNCED if status == Status.SYNCED else Left.SYNCING
    if verb == Verb.SYNC:
        return None
    if status == Status.SKIPPED:
        return Left.SKIPPED
    if is_linked:
        return Left.LINKED
    return Left.BAD_NAME if name_problem(name) else None


def ask_of(status: Status, *, is_linked: bool, is_remembered: bool) -> Ask:
    """Return what Sync, without a customer chosen, asks for: resume the link, restore what Unsync remembered, or match.

    A link that was lost in QuickBooks is not restored by itself: its customer is looked for by name.
    """
    if is_linked:
        return Ask.RESUME
    return Ask.LINK if is_remembered and status == Status.SKIPPED else Ask.MATCH
