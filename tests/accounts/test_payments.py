"""Payments: allocations, credit, revisions, and every refusal."""

from datetime import date
from decimal import Decimal

import pytest

from accounts.models import Account, Allocation, Invoice, Payment
from accounts.services import BooksError, invoice_void, payment_record, payment_void
from tests.accounts.ledgers import DAY, Ledger, update


def balance(account: Account) -> Decimal:
    """The account's balance as stored."""
    return Account.objects.get(pk=account.pk).balance_due


def paid(invoice: Invoice) -> Decimal:
    """What is stored as paid of the invoice."""
    return Invoice.objects.get(pk=invoice.pk).paid


def test_a_payment_over_two_invoices_pays_both_and_leaves_credit(ledger: Ledger) -> None:
    first, second = ledger.bill("100"), ledger.bill("60")
    payment = ledger.pay("150", (first, "100"), (second, "20"))
    assert (payment.number, paid(first), paid(second)) == ("PAY-1001", 100, 20)
    assert balance(ledger.ann) == Decimal("10.00")


def test_a_payment_without_allocations_is_credit(ledger: Ledger) -> None:
    ledger.pay("75.50")
    assert balance(ledger.ann) == Decimal("-75.50")


def test_zero_allocations_are_left_out(ledger: Ledger) -> None:
    invoice = ledger.bill("100")
    ledger.pay("75", (invoice, "0"))
    assert not Allocation.objects.exists()


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"amount": Decimal(0)}, "amount", "The amount must be more than zero."),
        ({"amount": Decimal("NaN")}, "amount", "The amount is not a number."),
        ({"amount": Decimal("Infinity")}, "amount", "The amount is not a number."),
        ({"amount": Decimal("1.005")}, "amount", "The amount has more than 2 decimals."),
        ({"amount": Decimal(10) ** 12}, "amount", "The amount is too large"),
        ({"method": "barter"}, "method", "Choose how the money came in."),
        ({"date": date(2126, 1, 1)}, "date", "is not between 1980 and 2099."),
        ({"reference": "x" * 41}, "reference", "at most 40 are possible"),
        ({"memo": "\x00"}, "memo", "cannot be kept"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(
    ledger: Ledger, values: dict[str, object], field: str, sentence: str
) -> None:
    with pytest.raises(BooksError) as refused:
        payment_record(
            account=ledger.ann, **{"date": DAY, "amount": Decimal(5), "allocations": {}, **values}  # type: ignore[arg-type]
        )  # fmt: skip
    assert sentence in refused.value.field_errors[field][0]
    assert not Payment.objects.exists()


@pytest.mark.parametrize(
    ("amount", "part", "sentence"),
    [
        ("200", "100.01", "Invoice INV-1001 has only 100.00 left to pay, which is less than 100.01."),
        ("50", "60", "The invoices get 60.00, which is more than the payment of 50.00."),
        ("50", "-10", "The amount for invoice INV-1001 must be more than zero."),
        ("50", "0.001", "The amount for invoice INV-1001 has more than 2 decimals."),
        ("50", "NaN", "The amount for invoice INV-1001 is not a number."),
    ],
)
def test_no_more_is_allocated_than_there_is(ledger: Ledger, amount: str, part: str, sentence: str) -> None:
    invoice = ledger.bill("100")
    with pytest.raises(BooksError) as refused:
        ledger.pay(amount, (invoice, part))
    assert sentence in refused.value.field_errors["allocations"]
    assert (paid(invoice), balance(ledger.ann)) == (0, 100)


def test_an_invoice_of_another_account_cannot_be_paid(ledger: Ledger) -> None:
    invoice = ledger.bill("100", account=ledger.client("Bob"))
    with pytest.raises(BooksError, match=r"An invoice that is to be paid is not one of Ann Bailey."):
        ledger.pay("50", (invoice, "50"))


def test_a_void_invoice_cannot_be_paid(ledger: Ledger) -> None:
    invoice = ledger.bill("100")
    invoice_void(invoice=invoice)
    with pytest.raises(BooksError, match=r"Invoice INV-1001 is void and cannot be paid."):
        ledger.pay("50", (invoice, "50"))


def test_what_others_have_paid_is_no_longer_open(ledger: Ledger) -> None:
    invoice = ledger.bill("100")
    ledger.pay("70", (invoice, "70"))
    with pytest.raises(BooksError, match=r"has only 30.00 left to pay"):
        ledger.pay("70", (invoice, "70"))


def test_changing_a_payment_counts_its_own_allocations_as_open(ledger: Ledger) -> None:
    first, second = ledger.bill("100"), ledger.bill("60")
    payment = ledger.pay("100", (first, "100"))
    changed = update(payment, allocations={first.pk: Decimal(40), second.pk: Decimal(60)})
    assert (changed.revision, paid(first), paid(second)) == (2, 40, 60)
    assert balance(ledger.ann) == Decimal("60.00")


def test_saving_the_same_does_not_grow_the_revision(ledger: Ledger, heard: list[list[int]]) -> None:
    payment = ledger.pay("100", (ledger.bill("100"), "100"))
    heard.clear()
    assert update(payment).revision == 1
    assert heard == []
    assert update(payment, sync_to_quickbooks=False).revision == 2


def test_a_stale_form_is_refused(ledger: Ledger) -> None:
    payment = ledger.pay("100")
    update(payment, memo="Olga was here")
    with pytest.raises(BooksError, match=r"Someone else has changed payment PAY-1001 meanwhile."):
        update(payment, memo="Peter too", expected_revision=1)


def test_a_payment_cannot_shrink_below_its_allocations(ledger: Ledger) -> None:
    payment = ledger.pay("100", (ledger.bill("100"), "100"))
    with pytest.raises(BooksError, match=r"The invoices get 100.00, which is more than the payment of 99.00."):
        update(payment, amount=Decimal(99))


def test_voiding_a_payment_opens_its_invoices_again(ledger: Ledger) -> None:
    invoice = ledger.bill("100")
    payment = payment_void(payment=ledger.pay("100", (invoice, "100")))
    assert (payment.revision, paid(invoice), balance(ledger.ann)) == (2, 0, 100)
    ledger.pay("100", (invoice, "100"))
    assert (paid(invoice), balance(ledger.ann)) == (100, 0)


def test_a_void_payment_is_neither_voided_again_nor_changed(ledger: Ledger) -> None:
    payment = ledger.pay("100")
    payment_void(payment=payment)
    with pytest.raises(BooksError, match=r"Payment PAY-1001 is void already."):
        payment_void(payment=payment)
    with pytest.raises(BooksError, match=r"Payment PAY-1001 is void and cannot be changed."):
        update(payment, memo="x")


def test_a_number_is_used_once_in_a_firm(ledger: Ledger) -> None:
    ledger.pay("1")
    with pytest.raises(BooksError, match=r"There is a payment PAY-1001 already, of Ann Bailey."):
        payment_record(
            account=ledger.client("Bob"), number="PAY-1001", date=DAY, amount=Decimal(1), allocations={}
        )  # fmt: skip
