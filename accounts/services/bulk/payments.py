"""Payments in bulk: judges records against the books, and writes those that are new or differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from accounts.models import ZERO, Account, Allocation, Invoice, Payment, PaymentMethod
from accounts.services import rules
from accounts.services.bulk.accounts import accounts_by_code
from accounts.services.bulk.records import Counts, Errors, PaymentRecord
from accounts.services.ledger import CHUNK, chunks, settle_invoices
from accounts.services.payments import allocation_problem, over_allocated
from portal.models import Firm


@dataclass
class PaymentChanges:
    """What records come to: the ones to add, the ones to change with the payment as it is, and the rest."""

    new: list[tuple[Account, PaymentRecord]] = field(default_factory=list)
    changed: list[tuple[Payment, PaymentRecord]] = field(default_factory=list)
    unchanged: int = 0
    invoice_ids: dict[str, int] = field(default_factory=dict)

    @property
    def counts(self) -> Counts:
        """How many there are of each."""
        return Counts(len(self.new), len(self.changed), self.unchanged)


def compare(firm: Firm, records: Sequence[PaymentRecord], errors: Errors) -> PaymentChanges:
    """Return what the records come to; what is wrong with one is noted, and it is left out."""
    changes = PaymentChanges()
    books = _Books(firm, records)
    changes.invoice_ids = {number: invoice.pk for number, invoice in books.invoices.items()}
    for record in records:
        before = errors.count
        account, payment = books.accounts.get(record.account), books.payments.get(record.number)
        if account is None:
            errors.add(record.line, "Account ID", f"There is no account with the ID “{record.account[:40]}”.")
        elif payment is not None and payment.account_id != account.pk:
            errors.add(record.line, "Account ID", f"Payment {payment.number} is one of {payment.account.name}.")
        _check(record, errors)
        if account is None or errors.count > before:
            continue
        if payment is not None and record.number not in books.differing:
            changes.unchanged += 1
            continue
        if payment is not None and payment.is_void:
            errors.add(record.line, "Number", f"Payment {payment.number} is void and cannot be changed.")
            continue
        if payment is None and account.archived_at is not None:
            errors.add(record.line, "Account ID", f"{account.name} is archived. Restore the account first.")
        books.allocate(record, account, errors)
        if payment is None:
            changes.new.append((account, record))
        else:
            changes.changed.append((payment, record))
    return changes


def write(firm: Firm, changes: PaymentChanges) -> set[int]:
    """Write the changes and settle the invoices; return the ids of the accounts touched. The caller holds the locks."""
    pairs: list[tuple[Payment, PaymentRecord]] = []
    for account, record in changes.new:
        pairs.append((Payment(firm=firm, account=account, number=record.number), record))
    for payment, _ in changes.changed:
        payment.revision += 1
    for payment, record in [*pairs, *changes.changed]:
        for name, value in _values(record).items():
            setattr(payment, name, value)
    Payment.objects.bulk_create([payment for payment, _ in pairs], batch_size=CHUNK)
    Payment.objects.bulk_create(
        [payment for payment, _ in changes.changed],
        batch_size=CHUNK,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["date", "amount", "method", "reference", "memo", "sync_to_quickbooks", "revision"],
    )
    touched: set[int] = set()
    for chunk in chunks([payment.pk for payment, _ in changes.changed]):
        old = Allocation.objects.filter(payment__in=chunk)
        touched.update(old.values_list("invoice", flat=True))
        old.delete()
    pairs += changes.changed
    rows = [
        Allocation(payment=payment, invoice_id=changes.invoice_ids[part.invoice], amount=part.amount)
        for payment, record in pairs
        for part in record.allocations
    ]
    Allocation.objects.bulk_create(rows, batch_size=CHUNK)
    settle_invoices(touched | {row.invoice_id for row in rows})
    return {payment.account_id for payment, _ in pairs}


class _Books:
    """What the firm's books hold about the payments that the records name, and what their invoices have left."""

    def __init__(self, firm: Firm, records: Sequence[PaymentRecord]) -> None:
        self.accounts = accounts_by_code(firm, {record.account for record in records})
        self.payments: dict[str, Payment] = {}
        self.invoices: dict[str, Invoice] = {}
        for chunk in chunks({record.number for record in records}):
            payments = Payment.objects.filter(firm=firm, number__in=chunk).select_related("account")
            self.payments |= {payment.number: payment for payment in payments}
        for chunk in chunks({part.invoice for record in records for part in record.allocations}):
            invoices = Invoice.objects.filter(firm=firm, number__in=chunk).select_related("account")
            self.invoices |= {invoice.number: invoice for invoice in invoices}
        self.allocations: dict[int, dict[str, Decimal]] = defaultdict(dict)
        for ids in chunks([payment.pk for payment in self.payments.values()]):
            rows = Allocation.objects.filter(payment__in=ids).values_list("payment", "invoice__number", "amount")
            for payment_id, number, amount in rows:
                self.allocations[payment_id][number] = amount
        existing = {record.number: record for record in records if record.number in self.payments}
        self.differing = {number for number, record in existing.items() if self._differs(self.payments[number], record)}
        # What each invoice has left when the payments that are to change are set aside
        self.left = {number: invoice.total - invoice.paid for number, invoice in self.invoices.items()}
        for payment in (self.payments[number] for number in self.differing):
            for number, amount in self.allocations[payment.pk].items():
                if number in self.left and not payment.is_void:
                    self.left[number] += amount

    def _differs(self, payment: Payment, record: PaymentRecord) -> bool:
        if any(getattr(payment, name) != value for name, value in _values(record).items()):
            return True
        return {part.invoice: part.amount for part in record.allocations} != self.allocations[payment.pk]

    def allocate(self, record: PaymentRecord, account: Account, errors: Errors) -> None:
        """Take what the record pays from what its invoices have left; what cannot be taken is noted."""
        for part in record.allocations:
            invoice = self.invoices.get(part.invoice)
            if invoice is None:
                errors.add(part.line, "Invoice", f"There is no invoice {part.invoice[:40]}.")
            elif invoice.account_id != account.pk:
                sentence = f"Invoice {invoice.number} is one of {invoice.account.name}, not of {account.name}."
                errors.add(part.line, "Invoice", sentence)
            elif problem := allocation_problem(invoice.number, invoice.is_void, part.amount, self.left[invoice.number]):
                errors.add(part.line, "Applied", problem)
            else:
                self.left[invoice.number] -= part.amount


def _check(record: PaymentRecord, errors: Errors) -> None:
    errors.add(record.line, "Number", rules.text_problem(record.number, "The number", 40, required=True))
    errors.add(record.line, "Date", rules.date_problem(record.date))
    errors.add(record.line, "Amount", rules.positive_problem(record.amount, "The amount"))
    errors.add(record.line, "Reference", rules.text_problem(record.reference, "The reference", 40))
    errors.add(record.line, "Memo", rules.text_problem(record.memo, "The memo", 1000, one_line=False))
    if record.method not in PaymentMethod.values:
        errors.add(record.line, "Method", f"“{record.method[:40]}” is no way to pay that is known here.")
    total = sum((part.amount for part in record.allocations), ZERO)
    if total > record.amount:
        errors.add(record.line, "Applied", over_allocated(total, record.amount))


def _values(record: PaymentRecord) -> dict[str, object]:
    values: dict[str, object] = {
        "date": record.date,
        "amount": record.amount,
        "method": record.method,
        "reference": record.reference,
        "memo": record.memo,
    }
    if record.sync_to_quickbooks is not None:
        values["sync_to_quickbooks"] = record.sync_to_quickbooks
    return values
