"""Adds QuickBooks to the list of accounts: its columns to the query, its status and reason to the filters.

``accounts`` offers the hook and knows nothing of this module.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Q, QuerySet

from accounts import selectors
from accounts.models import Account, Invoice, Payment
from portal.models import Firm
from qbsync import exporting
from qbsync.presentation import LABELS, REASON_LABELS
from qbsync.selectors import reading, with_document_standing, with_standing
from qbsync.selectors.statuses import EVERY
from qbsync.states import Reason, Status

FILTER_PARAM = "quickbooks"
SORT = "quickbooks"

# What needs somebody's attention comes first
_ORDER = (Status.FAILED, Status.SYNCING, Status.NOT_SYNCED, Status.SKIPPED, Status.SYNCED)


def filter_choices() -> dict[str, list[tuple[str, str]]]:
    """Return what to choose from, as value and label, under the headings of the two kinds."""
    return {
        "Status": [(status.value, label) for status, label in LABELS.items()],
        "Reason": [(reason.value, label) for reason, label in REASON_LABELS.items()],
    }


def accounts_by_quickbooks(accounts: QuerySet[Account], firm: Firm, params: Mapping[str, str]) -> QuerySet[Account]:
    """Return those accounts that have the status or reason asked for.

    A value that is neither is ignored, like any other unknown parameter.
    """
    wanted = params.get(FILTER_PARAM, "")
    if wanted in list(Status):
        return accounts.filter(reading(firm).has_status(Status(wanted)))
    if wanted and wanted in list(Reason):
        return accounts.filter(reading(firm).has_reason(Reason(wanted)))
    return accounts


def by_status(firm: Firm) -> list[Q]:
    """Return what parts the firm's accounts by their status: those that need somebody's attention come first.

    Without a connection all accounts have the same status, and so are one part.
    """
    now = reading(firm)
    return [now.has_status(status) for status in _ORDER] if now.is_connected else [EVERY]


def invoices_with_quickbooks(invoices: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Return the invoices with what their QuickBooks column shows."""
    return with_document_standing(invoices)


def payments_with_quickbooks(payments: QuerySet[Payment]) -> QuerySet[Payment]:
    """Return the payments with what their QuickBooks column shows."""
    return with_document_standing(payments)


def register() -> None:
    """Add QuickBooks to the lists from now on; called once, when Django starts."""
    selectors.list_filters.append(accounts_by_quickbooks)
    selectors.list_columns.append(with_standing)
    selectors.list_parts[SORT] = by_status
    selectors.SORT_LABELS[SORT] = "QuickBooks"
    selectors.export_columns.extend(exporting.COLUMNS)
    selectors.invoice_extensions.append(invoices_with_quickbooks)
    selectors.payment_extensions.append(payments_with_quickbooks)
