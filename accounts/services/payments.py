"""The verbs on payments and their allocations. Never is more allocated than was received or is open."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import ZERO, Account, Allocation, Invoice, Payment, PaymentMethod
from accounts.services import ledger, numbering, rules
from accounts.services.errors import Problems, refuse
from accounts.services.rules import money


@transaction.atomic
def payment_record(
    *,
    account: Account,
    number: str = "",
    date: datetime.date,
    amount: Decimal,
    method: str = PaymentMethod.CHECK,
    reference: str = "",
    memo: str = "",
    allocations: Mapping[int, Decimal],
    sync_to_quickbooks: bool = True,
) -> Payment:
    """Record money received. ``allocations`` maps ids of the account's invoices to amounts; zeros are left out.

    What is not allocated is the account's credit. An empty number becomes the next one in the firm's numbering.

    Raises:
        BooksError: a value cannot be kept, the number is taken, the account is archived, or an allocation is more
            than the payment or the invoice has left.
    """
    account = ledger.lock_account(account.pk)
    problems = Problems()
    if account.archived_at is not None:
        problems.add(f"{account.name} is archived. Restore the account first.")
    new = _checked(number, date, amount, method, reference, memo, sync_to_quickbooks, problems)
    wanted = _checked_allocations(account, None, amount, allocations, problems)
    problems.refuse_if_any()
    ledger.lock_firm(account.firm_id)
    _refuse_taken(account.firm_id, new["number"])
    new["number"] = new["number"] or numbering.next_number(account.firm, Payment)
    payment = Payment.objects.create(firm_id=account.firm_id, account=account, **new)
    _allocate(payment, wanted)
    ledger.close(account, wanted)
    return payment


@transaction.atomic
def payment_update(
    *,
    payment: Payment,
    expected_revision: int,
    number: str,
    date: datetime.date,
    amount: Decimal,
    method: str,
    reference: str,
    memo: str,
    allocations: Mapping[int, Decimal],
    sync_to_quickbooks: bool,
) -> Payment:
    """Let the payment and its allocations be as given. Its revision grows by one, and only when something differs.

    ``expected_revision`` is the one that the person saw: another person's change in between is never overwritten.

    Raises:
        BooksError: as for ``payment_record``; or someone else changed the payment, or it is void.
    """
    account = ledger.lock_account(payment.account_id)
    payment = Payment.with_deleted.get(pk=payment.pk)
    if payment.is_void:
        raise refuse(f"Payment {payment.number} is {rules.gone(payment)} and cannot be changed.")
    if payment.revision != expected_revision:
        raise refuse(f"Someone else has changed payment {payment.number} meanwhile. Look at it again, then change it.")
    problems = Problems()
    new = _checked(number, date, amount, method, reference, memo, sync_to_quickbooks, problems)
    if not new["number"]:
        problems.add("The number is missing.", "number")
    wanted = _checked_allocations(account, payment, amount, allocations, problems)
    problems.refuse_if_any()
    before = dict(payment.allocations.values_list("invoice", "amount"))
    if wanted == before and all(getattr(payment, field) == value for field, value in new.items()):
        return payment
    if new["number"] != payment.number:
        ledger.lock_firm(account.firm_id)
        _refuse_taken(account.firm_id, new["number"])
    for field, value in new.items():
        setattr(payment, field, value)
    payment.revision += 1
    payment.save(update_fields=[*new, "revision"])
    payment.allocations.all().delete()
    _allocate(payment, wanted)
    ledger.close(account, {*before, *wanted})
    return payment


@transaction.atomic
def payment_void(*, payment: Payment) -> Payment:
    """Let the payment count for nothing: its invoices are open again. Its allocations stay as a record.

    Raises:
        BooksError: it is void already, or deleted.
    """
    return _take_out(payment, deleted=False)


@transaction.atomic
def payment_delete(*, payment: Payment) -> Payment:
    """Take the payment out of the books, void or not; its number is free again, and its invoices are open.

    Raises:
        BooksError: it is deleted already.
    """
    return _take_out(payment, deleted=True)


def _take_out(payment: Payment, *, deleted: bool) -> Payment:
    account = ledger.lock_account(payment.account_id)
    payment = Payment.with_deleted.get(pk=payment.pk)
    if payment.is_deleted or (payment.is_void and not deleted):
        raise refuse(f"Payment {payment.number} is {rules.gone(payment)} already.")
    now = timezone.now()
    payment.voided_at = payment.voided_at or now
    payment.deleted_at = now if deleted else None
    payment.revision += 1
    payment.save(update_fields=["voided_at", "deleted_at", "revision"])
    ledger.close(account, list(payment.allocations.values_list("invoice", flat=True)))
    return payment


def _checked(
    number: str,
    date: datetime.date,
    amount: Decimal,
    method: str,
    reference: str,
    memo: str,
    sync_to_quickbooks: bool,
    problems: Problems,
) -> dict[str, Any]:
    """The payment's own values as they are kept."""
    number, reference, memo = number.strip(), reference.strip(), memo.strip()
    for field, problem in (
        ("number", rules.text_problem(number, "The number", 40)),
        ("date", rules.date_problem(date)),
        ("amount", rules.positive_problem(amount, "The amount")),
        ("method", None if method in PaymentMethod.values else "Choose how the money came in."),
        ("reference", rules.text_problem(reference, "The reference", 40)),
        ("memo", rules.text_problem(memo, "The memo", 1000, one_line=False)),
    ):
        if problem:
            problems.add(problem, field)
    return {
        "number": number,
        "date": date,
        "amount": amount,
        "method": method,
        "reference": reference,
        "memo": memo,
        "sync_to_quickbooks": sync_to_quickbooks,
    }


def _checked_allocations(
    account: Account,
    payment: Payment | None,
    amount: Decimal,
    allocations: Mapping[int, Decimal],
    problems: Problems,
) -> dict[int, Decimal]:
    """The allocations that are not zero, checked against the invoices as they are without this payment."""
    wanted = {invoice_id: part for invoice_id, part in allocations.items() if part != 0}
    invoices = {invoice.pk: invoice for invoice in Invoice.objects.filter(account=account, pk__in=wanted)}
    others = Allocation.objects.filter(invoice__in=invoices, payment__voided_at=None)
    if payment is not None:
        others = others.exclude(payment=payment)
    paid = dict(others.order_by().values_list("invoice").annotate(Sum("amount")))
    for invoice_id, part in wanted.items():
        invoice = invoices.get(invoice_id)
        if invoice is None:
            problems.add(f"An invoice that is to be paid is not one of {account.name}.", "allocations")
            continue
        if problem := allocation_problem(
            invoice.number, invoice.is_void, part, invoice.total - paid.get(invoice_id, ZERO)
        ):
            problems.add(problem, "allocations")
    total = sum(wanted.values(), ZERO)
    if total.is_finite() and amount.is_finite() and total > amount:
        problems.add(over_allocated(total, amount), "allocations")
    return wanted


def allocation_problem(number: str, is_void: bool, part: Decimal, left: Decimal) -> str | None:
    """Return the sentence about an amount that cannot be allocated to an invoice with ``left`` to pay, or None."""
    if problem := rules.positive_problem(part, f"The amount for invoice {number}"):
        return problem
    if is_void:
        return f"Invoice {number} is void and cannot be paid."
    if part > left:
        return f"Invoice {number} has only {money(left)} left to pay, which is less than {money(part)}."
    return None


def over_allocated(total: Decimal, amount: Decimal) -> str:
    """Return the sentence about allocations that come to more than the payment."""
    return f"The invoices get {money(total)}, which is more than the payment of {money(amount)}."


def _refuse_taken(firm_id: int, number: str) -> None:
    taken = Payment.objects.filter(firm=firm_id, number=number).select_related("account").first()
    if number and taken:
        raise refuse(f"There is a payment {number} already, of {taken.account.name}.", "number")


def _allocate(payment: Payment, wanted: Mapping[int, Decimal]) -> None:
    Allocation.objects.bulk_create(
        Allocation(payment=payment, invoice_id=invoice_id, amount=part) for invoice_id, part in wanted.items()
    )
