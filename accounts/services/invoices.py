"""The verbs on invoices. ``total`` follows from lines and tax, ``paid`` from the payments; neither is ever entered."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import ZERO, Account, Allocation, Invoice, InvoiceLine, Payment
from accounts.services import ledger, numbering, rules
from accounts.services.errors import Problems, refuse
from accounts.services.rules import LineInput, money


@transaction.atomic
def invoice_record(
    *,
    account: Account,
    number: str = "",
    date: datetime.date,
    due_date: datetime.date | None = None,
    memo: str = "",
    lines: Sequence[LineInput],
    tax: Decimal = ZERO,
) -> Invoice:
    """Bill the account. An empty number becomes the next one in the firm's numbering.

    Raises:
        BooksError: a value cannot be kept, the number is taken, or the account is archived.
    """
    account = ledger.lock_account(account.pk)
    number, memo = number.strip(), memo.strip()
    problems = Problems()
    if account.archived_at is not None:
        problems.add(f"{account.name} is archived. Restore the account first.")
    _check(number, date, due_date, memo, problems)
    total = rules.check_lines(lines, tax, account.firm_id, problems)
    problems.refuse_if_any()
    ledger.lock_firm(account.firm_id)
    _refuse_taken(account.firm_id, number)
    invoice = Invoice.objects.create(
        firm_id=account.firm_id,
        account=account,
        number=number or numbering.next_number(account.firm, Invoice),
        date=date,
        due_date=due_date,
        memo=memo,
        tax=tax,
        total=total,
    )
    _write_lines(invoice, lines)
    ledger.close(account)
    return invoice


@transaction.atomic
def invoice_update(
    *,
    invoice: Invoice,
    expected_revision: int,
    number: str,
    date: datetime.date,
    due_date: datetime.date | None,
    memo: str,
    lines: Sequence[LineInput],
    tax: Decimal | None = None,
) -> Invoice:
    """Let the invoice be as given. Its revision grows by one, and only when something differs from before.

    ``expected_revision`` is the one that the person saw: another person's change in between is never overwritten.
    The sales tax stays as it is where it is None.

    Raises:
        BooksError: a value cannot be kept, the number is taken, someone else changed the invoice, it is void, or its
            total would fall below what has been paid.
    """
    account = ledger.lock_account(invoice.account_id)
    invoice = Invoice.with_deleted.get(pk=invoice.pk)
    if invoice.is_void:
        raise refuse(f"Invoice {invoice.number} is {rules.gone(invoice)} and cannot be changed.")
    if invoice.revision != expected_revision:
        raise refuse(f"Someone else has changed invoice {invoice.number} meanwhile. Look at it again, then change it.")
    number, memo = number.strip(), memo.strip()
    problems = Problems()
    if not number:
        problems.add("The number is missing.", "number")
    _check(number, date, due_date, memo, problems)
    tax = invoice.tax if tax is None else tax
    total = rules.check_lines(lines, tax, account.firm_id, problems)
    if total < invoice.paid:
        problems.add(
            f"{money(invoice.paid)} of this invoice has been paid, so its total cannot be {money(total)}."
            " Change the payments first.",
            "lines",
        )
    problems.refuse_if_any()
    new = {"number": number, "date": date, "due_date": due_date, "memo": memo, "tax": tax, "total": total}
    lines_changed = _as_inputs(invoice) != list(lines)
    if not lines_changed and all(getattr(invoice, field) == value for field, value in new.items()):
        return invoice
    if number != invoice.number:
        ledger.lock_firm(account.firm_id)
        _refuse_taken(account.firm_id, number)
    for field, value in new.items():
        setattr(invoice, field, value)
    invoice.revision += 1
    invoice.save(update_fields=[*new, "revision"])
    if lines_changed:
        invoice.lines.all().delete()
        _write_lines(invoice, lines)
    ledger.close(account)
    return invoice


@transaction.atomic
def invoice_void(*, invoice: Invoice) -> Invoice:
    """Let the invoice count for nothing. What was paid on it becomes the account's credit.

    The allocations are removed, so the revisions of the payments concerned grow by one as well. Lines and total stay
    as a record of what it was.

    Raises:
        BooksError: it is void already, or deleted.
    """
    account = ledger.lock_account(invoice.account_id)
    invoice = Invoice.with_deleted.get(pk=invoice.pk)
    if invoice.is_void:
        raise refuse(f"Invoice {invoice.number} is {rules.gone(invoice)} already.")
    _void(invoice)
    invoice.save(update_fields=["voided_at", "paid", "revision"])
    ledger.close(account)
    return invoice


@transaction.atomic
def invoice_delete(*, invoice: Invoice) -> Invoice:
    """Take the invoice out of the books, void or not; its number is free again. What was paid on it becomes credit.

    Raises:
        BooksError: it is deleted already.
    """
    account = ledger.lock_account(invoice.account_id)
    invoice = Invoice.with_deleted.get(pk=invoice.pk)
    if invoice.is_deleted:
        raise refuse(f"Invoice {invoice.number} is deleted already.")
    _void(invoice)
    invoice.deleted_at = timezone.now()
    invoice.save(update_fields=["voided_at", "deleted_at", "paid", "revision"])
    ledger.close(account)
    return invoice


def _void(invoice: Invoice) -> None:
    freed = Allocation.objects.filter(invoice=invoice, payment__voided_at=None)
    Payment.objects.filter(pk__in=list(freed.values_list("payment", flat=True))).update(revision=F("revision") + 1)
    freed.delete()
    invoice.voided_at = invoice.voided_at or timezone.now()
    invoice.paid = ZERO
    invoice.revision += 1


def _check(number: str, date: datetime.date, due_date: datetime.date | None, memo: str, problems: Problems) -> None:
    for field, problem in (
        ("number", rules.text_problem(number, "The number", 40)),
        ("date", rules.date_problem(date)),
        ("due_date", rules.due_date_problem(date, due_date)),
        ("memo", rules.text_problem(memo, "The memo", 1000, one_line=False)),
    ):
        if problem:
            problems.add(problem, field)


def _refuse_taken(firm_id: int, number: str) -> None:
    taken = Invoice.objects.filter(firm=firm_id, number=number).select_related("account").first()
    if number and taken:
        raise refuse(f"There is an invoice {number} already, of {taken.account.name}.", "number")


def _as_inputs(invoice: Invoice) -> list[LineInput]:
    return [
        LineInput(line.service, line.description, line.quantity, line.rate, line.taxable)
        for line in invoice.lines.select_related("service")
    ]


def _write_lines(invoice: Invoice, lines: Sequence[LineInput]) -> None:
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            invoice=invoice,
            position=position,
            service=line.service,
            description=line.description,
            quantity=line.quantity,
            rate=line.rate,
            amount=line.amount,
            taxable=line.taxable,
        )
        for position, line in enumerate(lines, start=1)
    )
