"""Names the causes of failures in a few words, for groups and counts. Their sentences are in ``wording``."""

from __future__ import annotations

from qbsync.gateway.faults import CODES, FaultKind
from qbsync.presentation import REASON_LABELS
from qbsync.selectors.errors import Cause
from qbsync.states import DocumentReason, Reason

_DOCUMENTS = {
    DocumentReason.INVOICE_BEFORE_SYNC_DATE: "Invoice from before the sync date",
    DocumentReason.NUMBER_TAKEN: "Number used by another invoice",
    DocumentReason.NUMBER_TOO_LONG: "Number too long",
    DocumentReason.CHANGED_IN_QUICKBOOKS: "Changed in QuickBooks at the same time",
    DocumentReason.TOTAL_DIFFERS: "Another total in QuickBooks",
    DocumentReason.TAX_NOT_USED: "Sales tax is not set up",
    DocumentReason.TAX_CODE_MISSING: "No tax code chosen",
    DocumentReason.CUSTOMER_CURRENCY: "Customer in another currency",
    DocumentReason.COMPANY_CURRENCY: "Company in another currency",
    DocumentReason.EDITED_THERE: "Edited in QuickBooks",
    DocumentReason.VOIDED_THERE: "Voided in QuickBooks",
    DocumentReason.DELETED_THERE: "Deleted in QuickBooks",
}
_FAULTS = {
    FaultKind.NOT_FOUND: "Not found in QuickBooks",
    FaultKind.DELETED: "Deleted in QuickBooks",
    FaultKind.REFERENCE_INACTIVE: "Customer or item is inactive",
    FaultKind.NAME_TAKEN: "Name is taken",
    FaultKind.NUMBER_TAKEN: "Number is taken",
    FaultKind.NAME_MISSING: "Name is missing",
    FaultKind.TEXT_INVALID: "Text that QuickBooks does not take",
    FaultKind.TEXT_TOO_LONG: "Text too long",
    FaultKind.PERIOD_CLOSED: "Books are closed",
    FaultKind.DEPOSITED: "Payment is deposited",
    FaultKind.TAX_CODE: "Tax code",
    FaultKind.AMOUNTS_DIFFER: "Amounts do not add up",
    FaultKind.NOT_LINKABLE: "Payment does not fit its invoice",
    FaultKind.HAS_DEPENDENTS: "Other records depend on it",
    FaultKind.FEATURE_MISSING: "Feature is switched off",
}


def cause_label(cause: Cause) -> str:
    """Return the cause in a few words: “Books are closed”, “No exact match”, “Refused by QuickBooks (6999)”."""
    if cause.reason in _DOCUMENTS:
        return _DOCUMENTS[DocumentReason(cause.reason)]
    if cause.reason != Reason.REFUSED:
        return REASON_LABELS.get(Reason(cause.reason), "Other") if cause.reason in list(Reason) else "Other"
    kind = CODES.get(cause.code.lstrip("0"))
    known = _FAULTS.get(kind) if kind else None
    return known or f"Refused by QuickBooks{f' ({cause.code})' if cause.code else ''}"
