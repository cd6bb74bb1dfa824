"""Invoices in bulk: judges records against the books, and writes those that are new or differ."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from accounts.models import ZERO, Account, Invoice, InvoiceLine, Service
from accounts.services import rules
from accounts.services.bulk.accounts import accounts_by_code
from accounts.services.bulk.records import Counts, Errors, InvoiceRecord, LineRecord
from accounts.services.ledger import CHUNK, chunks
from accounts.services.rules import LineInput, money
from portal.models import Firm

_Line = tuple[str, str, Decimal, Decimal]  # service in lower case, description, quantity, rate


@dataclass
class InvoiceChanges:
    """What records come to: the ones to add, the ones to change with the invoice as it is, and the rest."""

    new: list[tuple[Account, InvoiceRecord]] = field(default_factory=list)
    changed: list[tuple[Invoice, InvoiceRecord]] = field(default_factory=list)
    unchanged: int = 0

    @property
    def counts(self) -> Counts:
        """How many there are of each."""
        return Counts(len(self.new), len(self.changed), self.unchanged)


def compare(firm: Firm, records: Sequence[InvoiceRecord], errors: Errors) -> InvoiceChanges:
    """Return what the records come to; what is wrong with one is noted, and it is left out."""
    changes = InvoiceChanges()
    accounts = accounts_by_code(firm, {record.account for record in records})
    invoices, lines = _invoices_by_number(firm, {record.number for record in records})
    for record in records:
        before = errors.count
        account, invoice = accounts.get(record.account), invoices.get(record.number)
        if account is None:
            errors.add(record.line, "Account ID", f"There is no account with the ID “{record.account[:40]}”.")
        elif invoice is not None and invoice.account_id != account.pk:
            errors.add(record.line, "Account ID", f"Invoice {invoice.number} is one of {invoice.account.name}.")
        total = _check(record, errors)
        if account is None or errors.count > before:
            continue
        if invoice is None:
            if account.archived_at is not None:
                errors.add(record.line, "Account ID", f"{account.name} is archived. Restore the account first.")
            changes.new.append((account, record))
        elif _header(record) == (invoice.date, invoice.due_date, invoice.memo) and _lines(record) == lines[invoice.pk]:
            changes.unchanged += 1
        elif invoice.is_void:
            errors.add(record.line, "Number", f"Invoice {invoice.number} is void and cannot be changed.")
        elif total < invoice.paid:
            sentence = f"{money(invoice.paid)} of invoice {invoice.number} has been paid; its total cannot be less."
            errors.add(record.line, "Rate", sentence)
        else:
            changes.changed.append((invoice, record))
    return changes


def write(firm: Firm, changes: InvoiceChanges) -> set[int]:
    """Write the changes; return the ids of the accounts they touched. The caller holds the locks and settles."""
    pairs: list[tuple[Invoice, InvoiceRecord]] = []
    for account, record in changes.new:
        pairs.append((Invoice(firm=firm, account=account, number=record.number, total=_total(record)), record))
    for invoice, record in changes.changed:
        invoice.total = _total(record)
        invoice.revision += 1
    for invoice, record in [*pairs, *changes.changed]:
        invoice.date, invoice.due_date, invoice.memo = _header(record)
    Invoice.objects.bulk_create([invoice for invoice, _ in pairs], batch_size=CHUNK)
    Invoice.objects.bulk_create(
        [invoice for invoice, _ in changes.changed],
        batch_size=CHUNK,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["date", "due_date", "memo", "total", "revision"],
    )
    for chunk in chunks([invoice.pk for invoice, _ in changes.changed]):
        InvoiceLine.objects.filter(invoice__in=chunk).delete()
    pairs += changes.changed
    services = _services(firm, (line for _, record in pairs for line in record.lines))
    rows = [
        InvoiceLine(
            invoice=invoice,
            position=position,
            service=services.get(line.service.casefold()),
            description=line.description,
            quantity=line.quantity,
            rate=line.rate,
            amount=_amount(line),
        )
        for invoice, record in pairs
        for position, line in enumerate(record.lines, start=1)
    ]
    InvoiceLine.objects.bulk_create(rows, batch_size=CHUNK)
    return {invoice.account_id for invoice, _ in pairs}


def _invoices_by_number(firm: Firm, numbers: set[str]) -> tuple[dict[str, Invoice], dict[int, list[_Line]]]:
    invoices: dict[str, Invoice] = {}
    lines: dict[int, list[_Line]] = defaultdict(list)
    for chunk in chunks(numbers):
        found = Invoice.objects.filter(firm=firm, number__in=chunk).select_related("account")
        invoices |= {invoice.number: invoice for invoice in found}
    for ids in chunks([invoice.pk for invoice in invoices.values()]):
        rows = InvoiceLine.objects.filter(invoice__in=ids).order_by("invoice", "position")
        columns = rows.values_list("invoice", "service__name", "description", "quantity", "rate")
        for invoice_id, service, description, quantity, rate in columns:
            lines[invoice_id].append(((service or "").casefold(), description, quantity, rate))
    return invoices, lines


def _check(record: InvoiceRecord, errors: Errors) -> Decimal:
    """The total of the lines; what is wrong is noted."""
    errors.add(record.line, "Number", rules.text_problem(record.number, "The number", 40, required=True))
    errors.add(record.line, "Date", rules.date_problem(record.date))
    errors.add(record.line, "Due date", rules.due_date_problem(record.date, record.due_date))
    errors.add(record.line, "Memo", rules.text_problem(record.memo, "The memo", 1000, one_line=False))
    if len(record.lines) > rules.MOST_LINES:
        errors.add(record.line, "Number", rules.MOST_LINES_SENTENCE)
    before = errors.count
    for line in record.lines:
        service = Service(name=line.service) if line.service else None
        entered = LineInput(service, line.description, line.quantity, line.rate)
        errors.add(line.line, "Service", rules.text_problem(line.service, "The service's name", 100))
        errors.add(line.line, "", rules.line_problem(entered))
    if errors.count > before:
        return ZERO
    total = _total(record)
    errors.add(record.line, "", rules.total_problem(total))
    return total


def _services(firm: Firm, lines: Iterable[LineRecord]) -> dict[str, Service]:
    """The firm's services by name in lower case, those that the lines need and the firm lacks added."""
    services = {service.name.casefold(): service for service in firm.services.all()}
    missing: dict[str, Service] = {}
    for line in lines:
        folded = line.service.casefold()
        if folded and folded not in services and folded not in missing:
            rate = max(line.rate, ZERO).quantize(rules.CENT)
            missing[folded] = Service(firm=firm, name=line.service, rate=rate)
    Service.objects.bulk_create(missing.values())
    return services | missing


def _header(record: InvoiceRecord) -> tuple[datetime.date, datetime.date | None, str]:
    return record.date, record.due_date, record.memo


def _lines(record: InvoiceRecord) -> list[_Line]:
    return [(line.service.casefold(), line.description, line.quantity, line.rate) for line in record.lines]


def _amount(line: LineRecord) -> Decimal:
    return LineInput(None, line.description, line.quantity, line.rate).amount


def _total(record: InvoiceRecord) -> Decimal:
    return sum((_amount(line) for line in record.lines), ZERO)
