"""Compares a firm's books with its QuickBooks company once all is calm: what is there twice, missing, or stuck."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone

from accounts.models import Invoice, Payment
from qbsync.matching import fold, name_before_deletion
from qbsync.models import AccountSync, HistoryEntry, InvoiceSync, PaymentSync, PushIntent
from qbsync.payloads import mark_of
from qbsync.states import LOST_REASONS, DocumentReason, DocumentStatus, Event, Reason, Status
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
    customers = {one["Id"]: one for one in run.office.simulator.entities(run.office.realm, "Customer")}
    for row in AccountSync.objects.filter(account__firm=run.office.firm).select_related("account", "customer"):
        _check_account(run, row, findings, customers)
        _check_places(run, row, findings, [*invoices, *payments])
        if row.status == Status.SYNCED:
            _check_documents(run, row, findings, _by_mark(invoices), _by_mark(payments))
            _check_moves(run, row, findings, _by_mark(invoices), _by_mark(payments))
    _look_for_crossed_payments(findings, invoices, payments)
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
    # Where a customer is gone, a person may have had another one created.
    inactive = sum(one.is_inactive for one in run.scenario.accounts)
    most = len(run.scenario.accounts) + len(run.scenario.strangers) + len(run.gone_there) + inactive
    if names.total() > most:
        findings.duplicates.append(f"{names.total()} customers for {most} accounts: {sorted(names)}")


def _look_for_crossed_payments(findings: Findings, invoices: list[Remote], payments: list[Remote]) -> None:
    """No payment pays an invoice of another customer than its own."""
    customers = {one["Id"]: one["CustomerRef"]["value"] for one in invoices}
    for one in payments:
        crossed = {paid for paid in _paid_by(one) if customers.get(paid) != one["CustomerRef"]["value"]}
        if crossed:
            findings.duplicates.append(f"Payment {one['Id']} pays invoices {crossed} of another customer")


def _paid_by(payment: Remote) -> dict[str, Decimal]:
    """How much the payment pays in QuickBooks, by the invoice's id."""
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for line in payment.get("Line", []):
        for linked in line.get("LinkedTxn", []):
            paid[linked["TxnId"]] += Decimal(str(line["Amount"]))
    return paid


def _known_marks(run: Run, kind: str) -> set[Any]:
    model: Any = InvoiceSync if kind == "Invoice" else PaymentSync
    return set(model.objects.filter(connection=run.office.connection).values_list("mark", flat=True))


def _check_account(run: Run, row: AccountSync, findings: Findings, customers: dict[str, Remote]) -> None:
    """It has come to rest, and what it says is so: of its customer, and of who has its name in QuickBooks."""
    said = f"account {row.account}: {row.status} {row.reason} {row.detail}"
    if row.status == Status.SYNCING or (row.claimed_until and row.claimed_until > timezone.now()):
        findings.stuck.append(said)
    elif row.customer is not None and not customers[row.customer.qbo_id]["Active"]:
        findings.stuck.append(f"{said}: its customer {row.customer.qbo_id} is not active")
    elif row.status in (Status.FAILED, Status.NOT_SYNCED) and not _is_explained(run, row, customers):
        findings.stuck.append(f"{said}: nothing in this run explains it")


def _is_explained(run: Run, row: AccountSync, customers: dict[str, Remote]) -> bool:
    """Whether the reason is true: nobody has the name, an inactive one has it, or its customer is gone or taken."""
    namesakes = [one for one in customers.values() if fold(name_before_deletion(one["DisplayName"])) == row.folded_name]
    if row.reason == Reason.NO_MATCH:
        return not any(one["Active"] for one in namesakes)
    if row.reason == Reason.HELD_BY_INACTIVE:
        return bool(namesakes) and not any(one["Active"] for one in namesakes)
    if row.reason in LOST_REASONS or row.reason == Reason.CUSTOMER_GONE:
        return bool(run.gone_there.keys() & _customers_of(row))
    if row.reason in (Reason.CUSTOMER_TAKEN, Reason.NAMESAKE_LINKED, Reason.HELD_BY_CUSTOMER):
        taken = AccountSync.objects.filter(connection=row.connection, status=Status.SYNCED).exclude(pk=row.pk)
        return taken.exists() and any(run.did(verb) for verb in ("link_another", "move", "reactivate", "undo"))
    if row.reason == Reason.INACTIVE_NAME_TAKEN:
        wanted = fold(str(row.detail.get("customer", "")))
        return any(one["Active"] and fold(one["DisplayName"]) == wanted for one in customers.values())
    return False


def _customers_of(row: AccountSync) -> set[str]:
    """QuickBooks' ids of all customers that the account has ever been linked to."""
    told = HistoryEntry.objects.filter(account=row.account, kind=HistoryEntry.Kind.ACCOUNT)
    linked = set(told.filter(event=Event.LINKED).values_list("detail__customer_id", flat=True))
    return linked | ({row.remembered_customer.qbo_id} if row.remembered_customer else set())


def _check_places(run: Run, row: AccountSync, findings: Findings, documents: list[Remote]) -> None:
    """What is in QuickBooks is with a customer that the account was linked to, or with one that took that over."""
    allowed = _customers_of(row)
    while more := {run.gone_there[one] for one in allowed if run.gone_there.get(one)} - allowed:
        allowed |= more
    marks = {
        mark
        for model in (InvoiceSync, PaymentSync)
        for mark in model.objects.filter(account=row.account).values_list("mark", flat=True)
    }
    for one in documents:
        customer = one["CustomerRef"]["value"]
        if mark_of(one.get("PrivateNote")) in marks and customer not in allowed:
            findings.duplicates.append(
                f"{row.account}: document {one['Id']} is with customer {customer}: sent elsewhere"
            )


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


def _check_moves(
    run: Run, row: AccountSync, findings: Findings, invoices: dict[Any, Remote], payments: dict[Any, Remote]
) -> None:
    """Nothing is left on its way: whose customer it is there is known, and who let go of invoices has them again."""
    models: tuple[Any, ...] = (InvoiceSync, PaymentSync)
    for model, there in zip(models, (invoices, payments), strict=True):
        for copy in model.objects.filter(account=row.account).select_related("document"):
            said = f"{copy.document} of account {row.account_id}: {copy.status} {copy.reason} {copy.detail}"
            remote = there.get(copy.mark)
            if copy.move_to or copy.reason == DocumentReason.MOVING:
                findings.stuck.append(f"{said}, on its way to {copy.move_to} from {copy.qbo_customer_id}")
            elif remote is None or _touched(run, copy) or copy.document.is_void:
                continue
            elif copy.status == DocumentStatus.SYNCED and not _is_known_place(run, copy, remote):
                place = remote["CustomerRef"]["value"]
                findings.lost.append(f"{said}: ours says customer {copy.qbo_customer_id}, QuickBooks {place}")
            elif copy.status == DocumentStatus.FAILED and _has_let_go(run, copy) and not _paid_by(remote):
                findings.lost.append(f"{said}: it has let go of its invoices")


def _is_known_place(run: Run, copy: Any, remote: Remote) -> bool:
    """Whether the copy is of the customer that we say, or of one that took that customer over."""
    place = copy.qbo_customer_id
    while place != remote["CustomerRef"]["value"] and run.gone_there.get(place):
        place = run.gone_there[place]
    return bool(place == remote["CustomerRef"]["value"])


def _has_let_go(run: Run, copy: Any) -> bool:
    """Whether the payment was made to let go of invoices that all are still in QuickBooks."""
    if not isinstance(copy, PaymentSync) or _follows_from_a_removal(run, copy.document, copy):
        return False
    paid = copy.document.allocations.exists()
    return bool(paid and copy.intents.filter(operation="update", payload__Line=[]).exists())


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
    elif not (
        _is_true_drift(run, document, copy, remote)
        or _follows_from_a_removal(run, document, copy)
        or _is_of_a_gone_customer(run, document, copy)
    ):
        findings.stuck.append(said)


def _is_true_drift(run: Run, document: Any, copy: Any, remote: Remote | None) -> bool:
    """Whether it is as the document says: somebody gave the copy another date in QuickBooks, or deleted it there."""
    if copy.reason == DocumentReason.EDITED_THERE:
        return remote is not None and remote["TxnDate"] != document.date.isoformat()
    return bool(copy.reason == DocumentReason.DELETED_THERE and remote is None and run.did("delete_there"))


def _check_lines(run: Run, findings: Findings, payment: Payment, remote: Remote) -> None:
    """What the payment pays there is what it pays here, but for invoices that a person removed there."""
    ours: dict[str, Decimal] = defaultdict(Decimal)
    for allocation in payment.allocations.select_related("invoice__quickbooks"):
        copy = getattr(allocation.invoice, "quickbooks", None)
        if copy is None or _touched(run, copy):
            return
        ours[copy.qbo_id] += allocation.amount
    theirs = _paid_by(remote)
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


def _is_of_a_gone_customer(run: Run, document: Any, copy: Any) -> bool:
    """Whether a refusal is explained by its copy, or an invoice that it pays, being of a customer that is gone there,
    or of another one than its account has now."""
    if copy.status != DocumentStatus.FAILED:
        return False
    paid = InvoiceSync.objects.filter(document__allocations__payment=document) if isinstance(copy, PaymentSync) else ()
    places = {one.qbo_customer_id for one in (copy, *paid) if one.qbo_customer_id}
    row = AccountSync.objects.select_related("customer").get(account=copy.account_id)
    return bool(places & run.gone_there.keys()) or (
        row.customer is not None and places - {row.customer.qbo_id} != set()
    )


def _by_mark(documents: list[Remote]) -> dict[Any, Remote]:
    return {mark_of(one.get("PrivateNote")): one for one in documents}
