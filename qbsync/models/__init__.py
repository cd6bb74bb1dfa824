"""What the sync remembers: the connection, QuickBooks' customers, where each account and document stands."""

from qbsync.models.archive import ArchivedCompany, ArchivedRow
from qbsync.models.connection import Connection, ConnectionStatus, RequestCount, Scope, SyncRun
from qbsync.models.digests import Digest, DigestChoice, DigestState
from qbsync.models.history import HistoryEntry
from qbsync.models.links import AccountSync, DocumentSync, InvoiceSync, PaymentSync
from qbsync.models.mirror import Customer, NameHolder
from qbsync.models.outbox import PushIntent
from qbsync.models.reconciliation import Reconciliation, ReconciliationDifference
from qbsync.models.validation import LinkValidation

__all__ = [
    "AccountSync",
    "ArchivedCompany",
    "ArchivedRow",
    "Connection",
    "ConnectionStatus",
    "Customer",
    "Digest",
    "DigestChoice",
    "DigestState",
    "DocumentSync",
    "HistoryEntry",
    "InvoiceSync",
    "LinkValidation",
    "NameHolder",
    "PaymentSync",
    "PushIntent",
    "Reconciliation",
    "ReconciliationDifference",
    "RequestCount",
    "Scope",
    "SyncRun",
]
