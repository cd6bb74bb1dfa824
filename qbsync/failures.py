"""Puts one failed account, invoice or payment into what the page of errors shows. Reads no database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.models import Account, Invoice, Payment
from qbsync.causes import cause_label
from qbsync.menus import ACCEPT_LABELS, quickbooks_url
from qbsync.models.connection import Connection
from qbsync.models.mirror import Customer
from qbsync.presentation import moment
from qbsync.selectors import document_standing, standing
from qbsync.selectors.errors import Cause
from qbsync.states import DocumentReason
from qbsync.wording import explain, explain_document


@dataclass(frozen=True, slots=True)
class Failure:
    """One line of the page: what failed, why in plain words, what to do, since when, and QuickBooks' own words."""

    subject: Any
    kind: str  # account, invoice or payment
    label: str
    sentence: str
    remedy: str
    since: str
    answer: str
    code: str
    link: str  # to the copy in QuickBooks; empty where there is none
    needs_settings: bool = False  # it ends with a choice in the settings of the connection
    accept: str = ""  # what accepting QuickBooks' side is called, where its copy was changed there
    can_retry: bool = True
    invoice: Invoice | None = None  # the one that a payment waits for: syncing it lets the payment go
    inactive: Customer | None = None  # one press makes it active again, and links the account


def failed_account(account: Account, inactive: Customer | None = None) -> Failure:
    """Return what is shown of an account that ``account_errors`` found, read by ``with_standing``.

    ``inactive`` is the customer that ``reactivable`` gives for it.
    """
    now = standing(account)
    detail = now.sync.detail if now.sync and now.sync.reason == now.reason else {}
    sentence, remedy = explain(now.reason, detail)
    return Failure(
        subject=account,
        kind="account",
        label=_label(account),
        sentence=sentence,
        remedy=remedy,
        since=moment(now.since, account.firm) if now.since else "",
        answer=detail.get("answer", ""),
        code=detail.get("code", ""),
        link="",
        inactive=inactive,
    )


def failed_document(document: Invoice | Payment, connection: Connection, invoice: Invoice | None = None) -> Failure:
    """Return what is shown of a document that ``errors_of`` found, read by ``with_document_standing``.

    ``invoice`` is the one that ``waited_for`` gives for it.
    """
    now, kind = document_standing(document), type(document).__name__.lower()
    assert now.sync is not None  # noqa: S101 - without a row nothing has failed
    sentence, remedy = explain_document(now.reason, now.sync.detail)
    return Failure(
        subject=document,
        kind=kind,
        label=_label(document),
        sentence=sentence,
        remedy=remedy,
        since=moment(now.sync.changed_at, document.firm),
        answer=now.sync.detail.get("answer", ""),
        code=now.sync.detail.get("code", ""),
        link=quickbooks_url(connection, kind, now.qbo_id) if now.qbo_id else "",
        needs_settings=now.reason == DocumentReason.TAX_CODE_MISSING,
        accept=ACCEPT_LABELS.get(now.reason, ""),
        can_retry=now.reason not in (DocumentReason.VOIDED_THERE, DocumentReason.INVOICE_BEFORE_SYNC_DATE),
        invoice=invoice,
    )


def _label(row: Any) -> str:
    return cause_label(Cause(row.quickbooks_reason, row.quickbooks_code))
