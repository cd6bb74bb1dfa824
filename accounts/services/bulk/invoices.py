"""Invoices in bulk: judges records against the books, and writes those that are new or differ."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from accounts.models import ZERO, Account, Invoice, InvoiceLine, Service
from accounts.services import rules
from accounts.services.bulk.accounts import accounts_by_code
from accounts.services.bulk.records import Counts, Errors, InvoiceRecord, LineRecord
from accounts.services.ledger import CHUNK, chunks
from accounts.services.rules import LineInput, money
from portal.models import Firm

_Line = tuple[str, str, Decimal, Decimal, bool]  # service in lower case, description, quantity, rate, taxable


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
    taxable = {service.name.casefold(): service.taxable for service in firm.services.all()}
    for given in records:
        before = errors.count
        account, invoice = accounts.get(given.account), invoices.get(given.number)
        record = _completed(given, invoice, lines[invoice.pk] if invoice else [], taxable)
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
        elif _header(record) == _header(invoice) and _lines(record) == lines[invoice.pk]:
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
        invoice.date, invoice.due_date, invoice.memo, invoice.tax = _header(record)
    Invoice.objects.bulk_create([invoice for invoice, _ in pairs], batch_size=CHUNK)
    Invoice.objects.bulk_create(
        [invoice for invoice, _ in changes.changed],
        batch_size=CHUNK,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["date", "due_date", "memo", "tax", "total", "revision"],
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
            amount=_input(line).amount,
            taxable=bool(line.taxable),
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
        columns = rows.values_list("invoice", "service__name", "description", "quantity", "rate", "taxable")
        for invoice_id, service, description, quantity, rate, taxable in columns:
            lines[invoice_id].append(((service or "").casefold(), description, quantity, rate, taxable))
    return invoices, lines


def _completed(
    record: InvoiceRecord, invoice: Invoice | None, lines: Sequence[_Line], taxable: Mapping[str, bool]
) -> InvoiceRecord:
    """The record with what it does not say: the tax as it is, lines taxable as they were or as their services are."""
    tax = record.tax if record.tax is not None else invoice.tax if invoice else ZERO
    completed = [
        line
        if line.taxable is not None
        else replace(
            line,
            taxable=lines[place][-1] if place < len(lines) else taxable.get(line.service.casefold(), False),
        )
        for place, line in enumerate(record.lines)
    ]
    return replace(record, tax=tax, lines=completed)


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
        errors.add(line.line, "Service", rules.text_problem(line.service, "The service's name", 100))
        errors.add(line.line, "", rules.line_problem(_input(line)))
    is_taxable = any(line.taxable for line in record.lines)
    errors.add(record.line, "Sales tax", rules.tax_problem(record.tax or ZERO, has_taxable_line=is_taxable))
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
            missing[folded] = Service(firm=firm, name=line.service, rate=rate, taxable=bool(line.taxable))
    Service.objects.bulk_create(missing.values())
    return services | missing


def _header(invoice: Invoice | InvoiceRecord) -> tuple[datetime.date, datetime.date | None, str, Decimal]:
    return invoice.date, invoice.due_date, invoice.memo, invoice.tax or ZERO


def _lines(record: InvoiceRecord) -> list[_Line]:
    return [
        (line.service.casefold(), line.description, line.quantity, line.rate, bool(line.taxable))
        for line in record.lines
    ]


def _input(line: LineRecord) -> LineInput:
    service = Service(name=line.service) if line.service else None
    return LineInput(service, line.description, line.quantity, line.rate, bool(line.taxable))


def _total(record: InvoiceRecord) -> Decimal:
    return rules.invoice_total(map(_input, record.lines), record.tax or ZERO)
