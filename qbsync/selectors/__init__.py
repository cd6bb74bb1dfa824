"""The reads that QuickBooks' screens and commands are made of. Nothing here writes or asks QuickBooks."""

from qbsync.selectors.consequences import Consequences, consequences, consequences_of
from qbsync.selectors.customers import Choice, Found, customers_found, linkable, names_held, reactivable
from qbsync.selectors.documents import (
    DocumentStanding,
    annotate_documents,
    document_counts,
    document_standing,
    with_document_standing,
    with_document_status,
)
from qbsync.selectors.history import history_of
from qbsync.selectors.match_queue import Waiting, with_suggestions
from qbsync.selectors.progress import Progress, progress, requests_this_month
from qbsync.selectors.statuses import (
    Standing,
    account_counts,
    annotate_status,
    connection_of,
    connection_with_health,
    reading,
    standing,
    with_standing,
)

__all__ = [
    "Choice",
    "Consequences",
    "DocumentStanding",
    "Found",
    "Progress",
    "Standing",
    "Waiting",
    "account_counts",
    "annotate_documents",
    "annotate_status",
    "connection_of",
    "connection_with_health",
    "consequences",
    "consequences_of",
    "customers_found",
    "document_counts",
    "document_standing",
    "history_of",
    "linkable",
    "names_held",
    "progress",
    "reactivable",
    "reading",
    "requests_this_month",
    "standing",
    "with_document_standing",
    "with_document_status",
    "with_standing",
    "with_suggestions",
]
