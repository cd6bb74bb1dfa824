"""The sentences that people read: for each reason what happened, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qbsync.states import DocumentReason, Reason

_SYNC_AGAIN = "Choose “Sync Account to QuickBooks” to restore the link or to create a new customer."

_ACCOUNT: dict[Reason, tuple[str, str]] = {
    Reason.NOT_CONNECTED: (
        "The firm is not connected to QuickBooks.",
        "The owner can connect it in Settings > Integrations > QuickBooks.",
    ),
    Reason.CUSTOMER_INACTIVE: (
        "The customer “{customer}” was deleted (made inactive) in QuickBooks.",
        _SYNC_AGAIN,
    ),
    Reason.CUSTOMER_MERGED: (
        "The customer “{customer}” was merged into another one in QuickBooks.",
        _SYNC_AGAIN,
    ),
    Reason.NO_MATCH: (
        'No exact match found for "{name}" in your QuickBooks account',
        "Choose the customer it belongs to, or create a new one.",
    ),
    Reason.SEVERAL_MATCHES: (
        "{count} customers in QuickBooks have the name “{name}”.",
        "Choose the right one.",
    ),
    Reason.NAMESAKE_ACCOUNT: (
        "Another account has the same name: {others}.",
        "Choose a customer for each, rename one of them, or skip one.",
    ),
    Reason.NAMESAKE_LINKED: (
        "The customer “{customer}” is already linked to {account}, an account of the same name.",
        "Choose another customer, or rename this account.",
    ),
    Reason.CUSTOMER_TAKEN: (
        "The customer “{customer}” is already linked to {account}.",
        "Choose another customer, or unsync that account first.",
    ),
    Reason.HELD_BY_VENDOR: (
        "The name “{holder}” is used by a vendor in QuickBooks, so no customer can have it.",
        "Rename this account or the vendor, or choose another customer.",
    ),
    Reason.HELD_BY_EMPLOYEE: (
        "The name “{holder}” is used by an employee in QuickBooks, so no customer can have it.",
        "Rename this account, or choose another customer.",
    ),
    Reason.HELD_BY_CUSTOMER: (
        "The name “{holder}” is used by a sub-customer or project in QuickBooks, which is never linked by itself.",
        "Choose that customer, or rename this account.",
    ),
    Reason.HELD_BY_INACTIVE: (
        'No exact match found for "{name}" in your QuickBooks account: the customer “{holder}” is inactive.',
        "Make it active in QuickBooks, or create a new customer.",
    ),
    Reason.NAME_INVALID: (
        "QuickBooks cannot hold the name “{name}”: {problem}",
        "Rename this account, or choose a customer for it.",
    ),
    Reason.CUSTOMER_GONE: (
        "The customer that was chosen is no longer available in QuickBooks.",
        "Choose another one, or create it.",
    ),
    Reason.REFUSED: ("{message}", "{remedy}"),
    Reason.CONNECTION: (
        "{message}",
        "The owner can reconnect in Settings > Integrations > QuickBooks; this account then goes on by itself.",
    ),
    Reason.UNAVAILABLE: (
        "QuickBooks does not answer at the moment.",
        "Nothing is lost; it is tried again by itself.",
    ),
    Reason.NO_WORKER: (
        "No worker is running, so nothing is being synced.",
        "Ask whoever runs the portal to start the Celery workers; this account then goes on by itself.",
    ),
}

_DOCUMENT: dict[DocumentReason, tuple[str, str]] = {
    DocumentReason.WAITS_FOR_INVOICE: (
        "Waits for invoice {invoice}, which is not in QuickBooks yet.",
        "It follows by itself when the invoice is there.",
    ),
    DocumentReason.INVOICE_BEFORE_SYNC_DATE: (
        "Waits for invoice {invoice}, which is dated before the sync date and was not found in QuickBooks.",
        "Sync that invoice, and this payment follows.",
    ),
    DocumentReason.WAITS_FOR_ANSWER: (
        "It was sent, but QuickBooks’ answer was lost.",
        "QuickBooks is asked whether it arrived before anything is sent again.",
    ),
    DocumentReason.WAITS_FOR_NUMBER: (
        "Another invoice still has this number in QuickBooks.",
        "It follows by itself when that one is deleted or renumbered there, as it is here.",
    ),
    DocumentReason.UNAVAILABLE: (
        "QuickBooks does not answer at the moment.",
        "Nothing is lost; it is tried again by itself.",
    ),
    DocumentReason.NUMBER_TAKEN: (
        "QuickBooks already has an invoice {number}: {theirs}. Ours: {ours}.",
        "Change the number of one of them.",
    ),
    DocumentReason.NUMBER_TOO_LONG: (
        "QuickBooks holds numbers of up to 21 characters; “{number}” is longer.",
        "Shorten the number.",
    ),
    DocumentReason.REFUSED: ("{message}", "{remedy}"),
    DocumentReason.CHANGED_IN_QUICKBOOKS: (
        "It was changed in QuickBooks at the same time.",
        "It is read again and sent anew by itself.",
    ),
    DocumentReason.BEFORE_SYNC_DATE: (
        "It is dated before the sync date.",
        "Choose “Sync to QuickBooks” on it to send it all the same.",
    ),
    DocumentReason.ACCOUNT_NOT_SYNCED: ("The account is not synced.", "Sync the account first."),
    DocumentReason.VOID_BEFORE_SENT: ("It was voided before it was sent.", ""),
}


class _Lenient(dict[str, Any]):
    """Puts an ellipsis where a detail is missing: a sentence with a gap is better than none."""

    def __missing__(self, key: str) -> str:
        return "…"


def _fill(texts: tuple[str, str] | None, detail: Mapping[str, Any]) -> tuple[str, str]:
    if texts is None:
        return "", ""
    values = _Lenient({k: ", ".join(v) if isinstance(v, list) else v for k, v in detail.items()})
    return texts[0].format_map(values), texts[1].format_map(values)


def explain(reason: str, detail: Mapping[str, Any]) -> tuple[str, str]:
    """Return the sentence for an account's reason and what to do about it; both empty for no reason."""
    return _fill(_ACCOUNT.get(Reason(reason)), detail)


def explain_document(reason: str, detail: Mapping[str, Any]) -> tuple[str, str]:
    """Return the sentence for a document's reason and what to do about it; both empty for no reason."""
    return _fill(_DOCUMENT.get(DocumentReason(reason)), detail)
