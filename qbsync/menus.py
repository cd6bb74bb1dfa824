"""What can be pressed on an account, an invoice or a payment, and the links into QuickBooks' own pages."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from accounts.models import Account, Invoice, Payment
from qbsync.models.connection import Connection
from qbsync.selectors import DocumentStanding, Standing
from qbsync.states import DocumentReason, DocumentStatus, Status


def quickbooks_url(connection: Connection, kind: str, qbo_id: str) -> str:
    """Return the address of a record in QuickBooks' own pages; ``kind`` is customer, invoice or payment.

    With ``deeplinkcompanyid`` QuickBooks switches to the company first, where the person has several.
    """
    page = {"customer": "customerdetail?nameId=", "invoice": "invoice?txnId=", "payment": "recvpayment?txnId="}[kind]
    return f"{settings.QBO_APP_BASE_URL}/{page}{qbo_id}&deeplinkcompanyid={connection.realm_id}"


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One line of a three-dots menu: opens a page of QuickBooks, opens a dialog, or is pressed at once (POST)."""

    label: str
    url: str
    how: str  # "external", "dialog" or "post"
    icon: str
    is_wide: bool = False  # how much room the dialog takes


def menu(standing: Standing, account: Account) -> list[MenuItem]:
    """Return the three-dots menu of the Info tab, exactly as the product's table of statuses lists it."""
    link = MenuItem(
        "Sync Account to QuickBooks", reverse("quickbooks_dialog", args=[account.pk]), "dialog", "link", True
    )
    create = MenuItem("Create in QuickBooks", reverse("quickbooks_create", args=[account.pk]), "dialog", "plus")
    skip = MenuItem("Do not sync this account", reverse("quickbooks_unsync", args=[account.pk]), "dialog", "no-symbol")
    match standing.status:
        case Status.SYNCED:
            assert standing.sync is not None and standing.sync.customer is not None  # noqa: S101 - a constraint says so
            customer = standing.sync.customer
            return [
                MenuItem(
                    "View in QuickBooks",
                    quickbooks_url(account.firm.quickbooks, "customer", customer.qbo_id),
                    "external",
                    "arrow-top-right-on-square",
                ),
                MenuItem("Sync now", reverse("quickbooks_sync", args=[account.pk]), "post", "arrow-path"),
                MenuItem(
                    "Change customer…",
                    reverse("quickbooks_change", args=[account.pk]),
                    "dialog",
                    "arrows-right-left",
                    True,
                ),
                MenuItem("Unsync", reverse("quickbooks_unsync", args=[account.pk]), "dialog", "no-symbol"),
            ]
        case Status.SKIPPED:
            return [link]
        case Status.SYNCING:
            return [skip]
        case _:
            return [link, create, skip]


def document_menu(standing: DocumentStanding, document: Invoice | Payment) -> list[MenuItem]:
    """Return what can be pressed on an invoice or payment; while its account is not linked it is shown disabled."""
    kind = "invoice" if isinstance(document, Invoice) else "payment"
    sync = MenuItem("Sync to QuickBooks", reverse(f"quickbooks_{kind}_sync", args=[document.pk]), "post", "arrow-path")
    skip = MenuItem("Do not sync", reverse(f"quickbooks_{kind}_skip", args=[document.pk]), "post", "no-symbol")
    match standing.status:
        case DocumentStatus.SKIPPED:
            return [sync]
        case DocumentStatus.SYNCED:
            return [skip]
        case _:
            return [sync, skip]


def remedies(standing: DocumentStanding, document: Invoice | Payment) -> list[MenuItem]:
    """Return what can be done where the copy of a document was changed in QuickBooks; the first is the likeliest."""
    kind = "invoice" if isinstance(document, Invoice) else "payment"

    def item(label: str, remedy: str, icon: str) -> MenuItem:
        return MenuItem(label, reverse(f"quickbooks_{kind}_remedy", args=[document.pk, remedy]), "post", icon)

    send = item("Send ours again", "send", "arrow-path")
    accept = item(ACCEPT_LABELS[standing.reason], "accept", "check")
    leave = item("Leave both as they are", "leave", "no-symbol")
    match standing.reason:
        case DocumentReason.VOIDED_THERE:
            return [accept]
        case DocumentReason.DELETED_THERE:
            return [send, accept]
        case _:
            return [send, accept, leave]


def sync_awaited(payment: Payment, invoice: Invoice) -> MenuItem:
    """Return the button that syncs the invoice from before the sync date for which a payment waits."""
    url = reverse("quickbooks_payment_remedy", args=[payment.pk, "invoice"])
    return MenuItem(f"Sync invoice {invoice.number}", url, "post", "arrow-path")


ACCEPT_LABELS = {
    DocumentReason.EDITED_THERE: "Accept QuickBooks’ version",
    DocumentReason.VOIDED_THERE: "Accept that it is void",
    DocumentReason.DELETED_THERE: "Accept that it is deleted",
}
"""What accepting means, for each way in which a copy was changed."""
