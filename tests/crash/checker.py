"""Compares a firm's books with its QuickBooks company once all is calm: what is there twice, missing, or stuck."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone

from accounts.models import Invoice, Payment
from qbsync.matching import fold
from qbsync.models import AccountSync, InvoiceSync, PaymentSync, PushIntent
from qbsync.payloads import mark_of
from qbsync.states import DocumentReason, DocumentStatus, Reason, Status
from tests.crash.people import Run

Remote = dict[str, Any]


@dataclass
class Findings:
    """What is wrong after a run; nothing should be."""

    duplicates: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.duplicates or self.lost or self.stuck)


def unsettled(connections: list[int]) -> dict[int, str]:
    """Return the connections (of these) on which something is still under way, each with an example of it."""
    now = timezone.now()
    under_way: dict[int, str] = {}
    live = AccountSync.objects.filter(connection__in=connections)
    for row in live.filter(
        Q(status=Status.SYNCING) | Q(claimed_until__gt=now) | Q(status=Status.SYNCED, due_at__isnull=False)
        | Q(status=Status.FAILED, reason__in=[Reason.UNAVAILABLE, Reason.CONNECTION])
    ).select_related("account"):  # fmt: skip
        under_way[row.connection_id] = (
            f"{row.account}: {row.status} {row.reason}, due {_ago(row.due_at)}, claimed {_ago(row.claimed_until)}"
        )
    for intent in _open(connections):
        under_way.setdefault(intent.connection_id, f"{intent} since {_ago(intent.sent_at)}")
    return under_way


def check(run: Run) -> Findings:
    """Return what is wrong."""
    findings = Findings()
    invoices, payments = run.office.remote("Invoice"), run.office.remote("Payment")
    _look_for_duplicates(run, findings, invoices, payments)
    names = {fold(one["DisplayName"]) for one in run.office.remote("Customer") if one["Active"]}
    for row in AccountSync.objects.filter(account__firm=run.office.firm).select_related("account", "customer"):
        _check_account(row, findings, names)
        if row.status == Status.SYNCED:
            _check_documents(run, row, findings, _by_mark(invoices), _by_mark(payments))
    findings.stuck += [f"open intent {intent}" for intent in _open([run.office.connection.pk])]
    return findings


def _ago(moment: Any) -> str:
    return "-" if moment is None else f"{(timezone.now() - moment).total_seconds():.0f} s ago"


def _open(connections: list[int]) -> Any:
    """Open intents, but for what a person took out of the sync before its outcome was known."""
    return PushIntent.objects.filter(connection__in=connections, outcome=PushIntent.Outcome.OPEN).filter(
        Q(account_sync__status=Status.SYNCED) | Q(account_sync__status=Status.SYNCING)
    )


def _look_for_duplicates(run: Run, findings: Findings, invoices: list[Remote], payments: list[Remote]) -> None:
    for kind, documents in (("Invoice", invoices), ("Payment", payments)):
        marks = Counter(mark_of(one.get("PrivateNote")) for one in documents)
        findings.duplicates += [f"{kind} {mark} is there {count} times" for mark, count in marks.items() if count > 1]
        findings.duplicates += [f"{kind} {mark} is of no document" for mark in marks.keys() - _known_marks(run, kind)]
    if run.scenario.custom_numbers:
        numbers = Counter(one.get("DocNumber") for one in invoices)
        findings.duplicates += [f"Invoice number {n} is there {c} times" for n, c in numbers.items() if c > 1]
    names = Counter(fold(one["DisplayName"]) for one in run.office.remote("Customer"))
    findings.duplicates += [f"Customer {name} is there {count} times" for name, count in names.items() if count > 1]
    most = len(run.scenario.accounts)
    if names.total() > most:
        findings.duplicates.append(f"{names.total()} customers for {most} accounts: {sorted(names)}")


def _known_marks(run: Run, kind: str) -> set[Any]:
    model: Any = InvoiceSync if kind == "Invoice" else PaymentSync
    return set(model.objects.filter(connection=run.office.connection).values_list("mark", flat=True))


def _check_account(row: AccountSync, findings: Findings, names: set[str]) -> None:
    """It has come to rest; it failed only where nobody in QuickBooks has its name."""
    said = f"account {row.account}: {row.status} {row.reason} {row.detail}"
    if row.status == Status.SYNCING or (row.claimed_until and row.claimed_until > timezone.now()):
        findings.stuck.append(said)
    elif row.reason == Reason.NO_MATCH and fold(row.account.name) in names:
        findings.stuck.append(f"{said}: its customer is there")
    elif row.status in (Status.FAILED, Status.NOT_SYNCED) and row.reason != Reason.NO_MATCH:
        findings.stuck.append(f"{said}: nothing in this run explains it")


def _check_documents(
    run: Run, row: AccountSync, findings: Findings, invoices: dict[Any, Remote], payments: dict[Any, Remote]
) -> None:
    for invoice in Invoice.objects.filter(account=row.account).select_related("quickbooks").order_by("pk"):
        copy = getattr(invoice, "quickbooks", None)
        remote = invoices.get(copy.mark) if copy else None
        _check_document(run, findings, invoice, copy, remote, invoice.total)
    for payment in Payment.objects.filter(account=row.account).select_related("quickbooks").order_by("pk"):
        copy = getattr(payment, "quickbooks", None)
        remote = payments.get(copy.mark) if copy else None
        _check_document(run, findings, payment, copy, remote, payment.amount)
        if copy and remote and copy.status == DocumentStatus.SYNCED and not _touched(run, copy):
            _check_lines(run, findings, payment, remote)


def _check_document(
    run: Run, findings: Findings, document: Any, copy: Any, remote: Remote | None, amount: Decimal
) -> None:
    said = f"{document} of account {document.account_id}, revision {document.revision}{' void' * document.is_void}"
    if copy is None:
        if not document.is_void:
            findings.lost.append(f"{said}: nothing was tried")
        return
    said += f": {copy.status} {copy.reason} {copy.detail}, settled {copy.settled_revision}"
    if copy.status == DocumentStatus.SKIPPED or _touched(run, copy):
        return
    there = Decimal(str(remote["TotalAmt"])) if remote else Decimal(0)
    if document.is_void:
        if there:
            findings.lost.append(f"{said}; QuickBooks still has {there}")
    elif copy.status == DocumentStatus.SYNCED:
        if remote is None or there != amount or copy.qbo_id != remote["Id"]:
            findings.lost.append(f"{said}; ours is {amount}, QuickBooks has {there if remote else 'nothing'}")
    elif copy.status == DocumentStatus.WAITING and copy.reason == DocumentReason.WAITS_FOR_INVOICE:
        if not _waits_with_cause(document):
            findings.stuck.append(said)
    elif not _follows_from_a_removal(run, document, copy):
        findings.stuck.append(said)


def _check_lines(run: Run, findings: Findings, payment: Payment, remote: Remote) -> None:
    """What the payment pays there is what it pays here, but for invoices that a person removed there."""
    ours: dict[str, Decimal] = defaultdict(Decimal)
    for allocation in payment.allocations.select_related("invoice__quickbooks"):
        copy = getattr(allocation.invoice, "quickbooks", None)
        if copy is None or _touched(run, copy):
            return
        ours[copy.qbo_id] += allocation.amount
    theirs: dict[str, Decimal] = defaultdict(Decimal)
    for line in remote.get("Line", []):
        for linked in line.get("LinkedTxn", []):
            theirs[linked["TxnId"]] += Decimal(str(line["Amount"]))
    if not payment.is_void and ours != theirs:
        findings.lost.append(f"{payment} pays {dict(ours)}, in QuickBooks {dict(theirs)}")


def _touched(run: Run, copy: Any) -> bool:
    """Whether a person deleted or voided the copy in QuickBooks."""
    kind = "Invoice" if isinstance(copy, InvoiceSync) else "Payment"
    return f"{kind}{copy.qbo_id}" in run.removed_there


def _waits_with_cause(document: Any) -> bool:
    """Whether an invoice that the payment pays is indeed not in QuickBooks, and says why."""
    invoices = [allocation.invoice for allocation in document.allocations.select_related("invoice__quickbooks")]
    copies = [getattr(invoice, "quickbooks", None) for invoice in invoices]
    return any(copy is None or (not copy.qbo_id and copy.status in ("failed", "skipped")) for copy in copies)


def _follows_from_a_removal(run: Run, document: Any, copy: Any) -> bool:
    """Whether a refusal is explained by a person having removed, in QuickBooks, an invoice that the payment pays."""
    if not isinstance(copy, PaymentSync) or copy.status != DocumentStatus.FAILED:
        return False
    paid = InvoiceSync.objects.filter(document__allocations__payment=document)
    return any(_touched(run, one) for one in paid)


def _by_mark(documents: list[Remote]) -> dict[Any, Remote]:
    return {mark_of(one.get("PrivateNote")): one for one in documents}
