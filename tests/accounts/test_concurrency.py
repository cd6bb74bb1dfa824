"""Two people at once, on real connections: no more is allocated than there is, and nobody gets another's number."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection

from accounts.models import Account, Invoice, Payment
from accounts.services import BooksError, account_create, invoice_void, payment_record
from accounts.services.bulk import books_import
from accounts.services.bulk.records import AllocationRecord, ImportRefused, PaymentRecord
from tests.accounts.ledgers import DAY, Ledger, open_ledger

pytestmark = pytest.mark.django_db(transaction=True)


def together(*acts: Callable[[], object]) -> list[object]:
    """Do all of them at the same moment, each on a connection of its own; return results, or what was refused."""
    start = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            start.wait()
            return act()
        except (BooksError, ImportRefused) as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def pay(ledger: Ledger, invoice: Invoice) -> Callable[[], object]:
    """Somebody who pays the whole of the invoice."""
    return lambda: ledger.pay("100", (invoice, "100"))


def test_an_invoice_paid_by_many_at_once_is_paid_once() -> None:
    ledger = open_ledger()
    invoice = ledger.bill("100")
    results = together(*[pay(ledger, invoice)] * 6)
    assert sum(isinstance(result, Payment) for result in results) == 1
    invoice.refresh_from_db()
    assert (invoice.paid, Account.objects.get(pk=ledger.ann.pk).balance_due) == (100, 0)


def test_an_import_and_a_person_cannot_pay_the_same_invoice_twice() -> None:
    ledger = open_ledger()
    invoice = ledger.bill("100")
    part = AllocationRecord(2, invoice.number, Decimal(100))
    record = PaymentRecord(2, "P-1", ledger.ann.code, DAY, Decimal(100), "check", allocations=[part])
    together(lambda: books_import(firm=ledger.firm, payments=[record]), pay(ledger, invoice))
    assert Payment.objects.count() == 1
    invoice.refresh_from_db()
    assert invoice.paid == 100


def test_a_void_and_a_payment_at_once_leave_the_books_balanced() -> None:
    ledger = open_ledger()
    invoice = ledger.bill("100")
    together(lambda: invoice_void(invoice=invoice), pay(ledger, invoice))
    invoice.refresh_from_db()
    received = sum((payment.amount for payment in Payment.objects.all()), Decimal(0))
    assert (invoice.is_void, invoice.paid) == (True, 0)
    assert Account.objects.get(pk=ledger.ann.pk).balance_due == -received


def test_numbers_and_ids_given_at_once_are_all_different() -> None:
    ledger = open_ledger()
    others = [ledger.client(f"Client {place}") for place in range(4)]
    together(
        *[
            lambda account=account: payment_record(account=account, date=DAY, amount=Decimal(5), allocations={})
            for account in others
        ],
        *[lambda: account_create(firm=ledger.firm, name="Jane Gray")] * 3,
    )
    assert sorted(Payment.objects.values_list("number", flat=True)) == [f"PAY-{1001 + place}" for place in range(4)]
    assert set(Account.objects.filter(name="Jane Gray").values_list("code", flat=True)) == {"JG1", "JG2", "JG3"}
