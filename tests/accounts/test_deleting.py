"""Deleted documents: gone for people, kept as rows for those who have to hear of it."""

from decimal import Decimal

import pytest

from accounts.models import Account, Invoice, Payment
from accounts.services import BooksError, invoice_delete, invoice_void, payment_delete, payment_void
from tests.accounts.ledgers import Ledger, update


def balance(ledger: Ledger) -> Decimal:
    """The balance of Ann's account as stored."""
    return Account.objects.get(pk=ledger.ann.pk).balance_due


def test_a_deleted_invoice_is_gone_and_what_was_paid_on_it_is_credit(ledger: Ledger) -> None:
    invoice = ledger.bill("100")
    payment = ledger.pay("100", (invoice, "100"))
    invoice_delete(invoice=invoice)
    assert not Invoice.objects.exists()
    assert list(ledger.ann.invoices.all()) == []
    assert balance(ledger) == Decimal(-100)
    payment.refresh_from_db()
    assert (payment.revision, payment.allocations.count()) == (2, 0)


def test_a_deleted_payment_is_gone_and_its_invoice_is_open_again(ledger: Ledger) -> None:
    invoice = ledger.bill("100")
    payment_delete(payment=ledger.pay("60", (invoice, "60")))
    assert not Payment.objects.exists()
    invoice.refresh_from_db()
    assert (invoice.paid, balance(ledger)) == (Decimal(0), Decimal(100))


def test_the_number_of_what_was_deleted_is_free_again(ledger: Ledger) -> None:
    invoice_delete(invoice=ledger.bill("100", number="A-1"))
    assert ledger.bill("50", number="A-1").number == "A-1"


def test_what_was_void_can_be_deleted_and_nothing_is_freed_twice(ledger: Ledger) -> None:
    invoice, payment = ledger.bill("100"), ledger.pay("30")
    invoice_void(invoice=invoice)
    payment_void(payment=payment)
    invoice_delete(invoice=invoice)
    payment_delete(payment=payment)
    assert balance(ledger) == Decimal(0)
    assert [row.revision for row in (Invoice.with_deleted.get(), Payment.with_deleted.get())] == [3, 3]


def test_what_was_deleted_is_neither_changed_nor_deleted_again(ledger: Ledger) -> None:
    invoice, payment = ledger.bill("100"), ledger.pay("30")
    invoice_delete(invoice=invoice)
    payment_delete(payment=payment)
    with pytest.raises(BooksError, match="INV-1001 is deleted already"):
        invoice_delete(invoice=invoice)
    with pytest.raises(BooksError, match="INV-1001 is deleted already"):
        invoice_void(invoice=invoice)
    with pytest.raises(BooksError, match="PAY-1001 is deleted already"):
        payment_void(payment=payment)
    with pytest.raises(BooksError, match="PAY-1001 is deleted and cannot be changed"):
        update(payment, memo="still here")
