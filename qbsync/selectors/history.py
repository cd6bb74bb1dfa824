"""Reads the append-only history for the Activity tab and the settings page."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import Account
from qbsync.models.history import HistoryEntry


def history_of(account: Account) -> QuerySet[HistoryEntry]:
    """Return what happened to the account and its documents, newest first, with who did it."""
    return HistoryEntry.objects.filter(account=account).select_related("actor")
