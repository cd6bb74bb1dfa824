"""What the sync remembers: the connection, QuickBooks' customers, where each account and document stands."""

from qbsync.models.connection import Connection, ConnectionStatus, RequestCount, Scope, SyncRun
from qbsync.models.history import HistoryEntry
from qbsync.models.links import AccountSync, DocumentSync, InvoiceSync, PaymentSync
from qbsync.models.mirror import Customer, NameHolder
from qbsync.models.outbox import PushIntent

__all__ = [
    "AccountSync",
    "Connection",
    "ConnectionStatus",
    "Customer",
    "DocumentSync",
    "HistoryEntry",
    "InvoiceSync",
    "NameHolder",
    "PaymentSync",
    "PushIntent",
    "RequestCount",
    "Scope",
    "SyncRun",
]
