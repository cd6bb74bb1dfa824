"""Says which press on an account can be taken back, for a day, as long as nobody has pressed anything since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from accounts.models import Account
from qbsync import clock
from qbsync.models.history import HistoryEntry
from qbsync.models.links import AccountSync
from qbsync.models.mirror import Customer
from qbsync.states import Event, Status

UNDONE_WITHIN = timedelta(days=1)
"""How long a press can be taken back."""

_WERE_IN_THE_SYNC = {Status.SYNCED, Status.SYNCING, Status.FAILED}


@dataclass(frozen=True, slots=True)
class Undoable:
    """A press that can be taken back: Unsync (no customer), or a change of customer, with the one from before."""

    customer: Customer | None = None
    move: bool = False  # its documents were moved, and are moved back


def undoable(account: Account) -> Undoable | None:
    """Return the last press on the account, if it can be taken back. At most three statements.

    A Skip of what was not in the sync is not: to sync it would be news. Nor is anything while the account is Syncing.
    """
    entries = HistoryEntry.objects.filter(
        account=account,
        kind=HistoryEntry.Kind.ACCOUNT,
        actor__isnull=False,
        at__gt=clock.about_now() - UNDONE_WITHIN,
    )
    status = AccountSync.objects.filter(account=account).values_list("status", flat=True).first()
    last = entries.order_by("-at", "-pk").first()
    if last is None or status == Status.SYNCING:
        return None
    if last.event == Event.UNSYNCED:
        return Undoable() if status == Status.SKIPPED and last.before in _WERE_IN_THE_SYNC else None
    former = last.detail.get("former") if last.event == Event.ASKED else None
    customer = Customer.objects.filter(pk=former, connection__firm=account.firm_id).first() if former else None
    return Undoable(customer, bool(last.detail.get("move"))) if customer else None
