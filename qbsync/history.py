"""Builds the rows of the append-only history. Writes them only together with the change they tell of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portal.models import User
from qbsync.models import AccountSync, Connection, HistoryEntry


def of_account(
    row: AccountSync,
    *,
    event: str,
    before: str,
    at: datetime,
    by: User | None = None,
    detail: Mapping[str, Any] | None = None,
    fault_code: str = "",
    intuit_tid: str = "",
) -> HistoryEntry:
    """Return the unsaved entry of a change that was just made to the row; ``before`` is the status it had."""
    return HistoryEntry(
        firm_id=row.connection.firm_id,
        account_id=row.account_id,
        at=at,
        actor=by,
        kind=HistoryEntry.Kind.ACCOUNT,
        event=event,
        before=before,
        after=row.status,
        reason=row.reason,
        detail=dict(detail if detail is not None else row.detail),
        fault_code=fault_code,
        intuit_tid=intuit_tid,
    )


def of_connection(
    connection: Connection, *, event: str, at: datetime, by: User | None = None, **detail: Any
) -> HistoryEntry:
    """Return the unsaved entry of something that happened to the firm's connection."""
    return HistoryEntry(
        firm_id=connection.firm_id,
        at=at,
        actor=by,
        kind=HistoryEntry.Kind.CONNECTION,
        event=event,
        after=connection.status,
        detail=detail,
    )
