"""The sentences that people read: for each reason what happened, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qbsync.reconciliation.comparing import Verdict
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
        "The customer “{customer}” was merged into “{survivor}” in QuickBooks, which is linked to {account}.",
        "Sync this account to another customer, or unsync that one and link this one to “{survivor}”.",
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
        "Choose “Reactivate and link” to make it active again, or create a new customer.",
    ),
    Reason.NAME_INVALID: (
        "QuickBooks cannot hold the name “{name}”: {problem}",
        "Rename this account, or choose a customer for it.",
    ),
    Reason.CUSTOMER_GONE: (
        "The customer that was chosen is no longer available in QuickBooks.",
        "Choose another one, or create it.",
    ),
    Reason.INACTIVE_NAME_TAKEN: (
        "The customer “{customer}” cannot be made active again: its name is now used by {holder}.",
        "Choose another customer, or rename one of them in QuickBooks and try again.",
    ),
    Reason.REFUSED: ("{message}", "{remedy}"),
    Reason.CONNECTION: (
        "{message}",
        "{remedy} This account then goes on by itself.",
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
    DocumentReason.MOVING: (
        "It is being moved to the account’s new customer in QuickBooks.",
        "Documents that pay one another move together, which takes time.",
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
    DocumentReason.TOTAL_DIFFERS: (
        "It comes to {theirs} in QuickBooks, but to {ours} here, of that {tax} sales tax.",
        "Make the sales tax the same here or in QuickBooks, then sync it again.",
    ),
    DocumentReason.TAX_NOT_USED: (
        "It has {tax} sales tax, but sales tax is not set up in the QuickBooks company.",
        "Set up sales tax in QuickBooks and sync again, or take the tax off the invoice.",
    ),
    DocumentReason.TAX_CODE_MISSING: (
        "QuickBooks needs a tax code for the lines of this invoice, and none was chosen for them.",
        "Choose the tax codes in Settings > Integrations > QuickBooks > Edit; it then follows by itself.",
    ),
    DocumentReason.CUSTOMER_CURRENCY: (
        "“{customer}” is kept in {currency} in QuickBooks; only documents in {home}, the company’s own currency,"
        " can be sent.",
        "Link the account to a customer in {home}, or choose not to sync this document.",
    ),
    DocumentReason.COMPANY_CURRENCY: (
        "The QuickBooks company keeps its books in {home}, the firm in {ours}, so no document is sent.",
        "Connect a QuickBooks company in {ours}.",
    ),
    DocumentReason.EDITED_THERE: (
        "It was edited in QuickBooks: {theirs}. Here: {ours}.",
        "Send ours again, accept what QuickBooks has, or leave both as they are.",
    ),
    DocumentReason.VOIDED_THERE: (
        "It was voided in QuickBooks, where a void cannot be undone.",
        "Accept it, void it here as well, or enter it anew under another number.",
    ),
    DocumentReason.DELETED_THERE: (
        "It was deleted in QuickBooks.",
        "Send ours again to create it anew, or accept that it is not there.",
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
    values = _Lenient({k: ", ".join(map(str, v)) if isinstance(v, list) else v for k, v in detail.items()})
    return texts[0].format_map(values), texts[1].format_map(values)


def explain(reason: str, detail: Mapping[str, Any]) -> tuple[str, str]:
    """Return the sentence for an account's reason and what to do about it; both empty for no reason."""
    return _fill(_ACCOUNT.get(Reason(reason)), detail)


def explain_document(reason: str, detail: Mapping[str, Any]) -> tuple[str, str]:
    """Return the sentence for a document's reason and what to do about it; both empty for no reason."""
    return _fill(_DOCUMENT.get(DocumentReason(reason)), detail)


VERDICTS: dict[str, tuple[str, str]] = {
    Verdict.NOT_SENT: ("Not in QuickBooks yet", "It waits, or QuickBooks refused it; its own page says which."),
    Verdict.LEFT_OUT: ("Left out by choice", "Somebody chose not to sync it."),
    Verdict.GONE: ("Deleted in QuickBooks", "It was sent, and is no longer there."),
    Verdict.ONLY_THERE: ("Only in QuickBooks", "It was entered there, not here."),
    Verdict.ENDED_HERE: ("Void here only", "It was voided or deleted here, and still counts in QuickBooks."),
    Verdict.ENDED_THERE: ("Void in QuickBooks only", "It was voided there, and still counts here."),
    Verdict.OTHER_CUSTOMER: ("Under another customer", "QuickBooks has it under another customer."),
    Verdict.AMOUNT: ("Different amount", "The two sides have different amounts."),
    Verdict.OPEN: ("Different open amount", "The amounts are equal; what is paid of them is not."),
}
"""How the two sides of a document differ: a label, and what it means."""
