"""Whatever people do, in whatever order: the sums of the books are what their rows come to."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account, Allocation, Invoice, Payment
from accounts.services import BooksError, invoice_void, payment_void
from tests.accounts.ledgers import Ledger, line, update

CENTS = st.integers(1, 30_000).map(lambda cents: str(Decimal(cents) / 100))
PLACE = st.integers(0, 5)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("bill"), CENTS),
        st.tuples(st.just("pay"), CENTS, PLACE, CENTS, PLACE, CENTS),
        st.tuples(st.just("reallocate"), PLACE, PLACE, CENTS),
        st.tuples(st.just("rebill"), PLACE, CENTS),
        st.tuples(st.just("void invoice"), PLACE),
        st.tuples(st.just("void payment"), PLACE),
    ),
    max_size=14,
)


def take(ledger: Ledger, step: tuple[str, ...]) -> None:
    """Do one step; numbers of documents wrap around those that there are. A refusal is fine: it must change nothing."""
    invoices = list(Invoice.objects.filter(firm=ledger.firm).order_by("pk"))
    payments = list(Payment.objects.filter(firm=ledger.firm).order_by("pk"))
    match step:
        case ("bill", amount):
            ledger.bill(amount)
        case ("pay", amount, first, part, second, other) if invoices:
            of = {invoices[int(first) % len(invoices)]: part, invoices[int(second) % len(invoices)]: other}
            ledger.pay(amount, *of.items())
        case ("reallocate", payment, invoice, part) if invoices and payments:
            chosen = invoices[int(invoice) % len(invoices)]
            update(payments[int(payment) % len(payments)], allocations={chosen.pk: Decimal(part)})
        case ("rebill", invoice, amount) if invoices:
            update(invoices[int(invoice) % len(invoices)], lines=[line("1", amount)])
        case ("void invoice", invoice) if invoices:
            invoice_void(invoice=invoices[int(invoice) % len(invoices)])
        case ("void payment", payment) if payments:
            payment_void(payment=payments[int(payment) % len(payments)])


def assert_in_balance(account: Account) -> None:
    """Add everything up by hand."""
    due = Decimal(0)
    for invoice in Invoice.objects.filter(account=account):
        parts = Allocation.objects.filter(invoice=invoice, payment__voided_at=None)
        assert invoice.paid == sum((part.amount for part in parts), Decimal(0))
        assert invoice.paid <= (0 if invoice.is_void else invoice.total)
        assert invoice.total == sum((each.amount for each in invoice.lines.all()), Decimal(0))
        due += invoice.balance
    for payment in Payment.objects.filter(account=account, voided_at=None):
        applied = sum((part.amount for part in payment.allocations.all()), Decimal(0))
        assert applied <= payment.amount
        due -= payment.amount - applied
    assert Account.objects.get(pk=account.pk).balance_due == due


@pytest.mark.django_db
@settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # fmt: skip
@given(steps=STEPS)
def test_the_sums_always_follow_from_the_rows(ledger: Ledger, steps: list[tuple[str, ...]]) -> None:
    fresh = Ledger(ledger.firm, ledger.owner, ledger.client("Somebody Else"))
    Allocation.objects.all().delete()
    Payment.objects.all().delete()
    Invoice.objects.all().delete()
    for step in steps:
        try:
            take(fresh, step)
        except BooksError as refused:
            assert refused.sentences
        assert_in_balance(fresh.ann)
