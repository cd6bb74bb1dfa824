"""Invoices: totals, numbers, revisions, and every refusal."""

from datetime import date
from decimal import Decimal

import pytest

from accounts.models import Account, Invoice, Payment, Service
from accounts.services import BooksError, LineInput, invoice_record, invoice_update, invoice_void
from portal.models import Firm
from tests.accounts.ledgers import DAY, Ledger, line, update


def balance(account: Account) -> Decimal:
    """The account's balance as stored."""
    return Account.objects.get(pk=account.pk).balance_due


def test_each_line_is_rounded_half_up_to_the_cent_and_then_summed(ledger: Ledger) -> None:
    lines = [line("2.25", "165.55"), line("3", "0.005"), line("0.5", "0.01"), line("1", "-0.125")]
    invoice = invoice_record(account=ledger.ann, date=DAY, lines=lines)
    assert [each.amount for each in invoice.lines.all()] == [
        Decimal("372.49"), Decimal("0.02"), Decimal("0.01"), Decimal("-0.13"),
    ]  # fmt: skip
    assert invoice.total == Decimal("372.39") == balance(ledger.ann)


def test_sales_tax_is_part_of_the_total_and_of_what_is_paid(ledger: Ledger) -> None:
    lines = [line("1", "100.00", taxable=True), line("2", "10.00")]
    invoice = invoice_record(account=ledger.ann, date=DAY, lines=lines, tax=Decimal("8.25"))
    assert (invoice.tax, invoice.total) == (Decimal("8.25"), Decimal("128.25"))
    assert [each.taxable for each in invoice.lines.all()] == [True, False]
    assert balance(ledger.ann) == Decimal("128.25")
    ledger.pay("128.25", (invoice, "128.25"))
    assert Invoice.objects.get().balance == 0
    with pytest.raises(BooksError, match=r"Invoice INV-1001 has only 0.00 left to pay"):
        ledger.pay("1", (invoice, "0.01"))


def test_a_change_keeps_the_tax_unless_it_says_another(ledger: Ledger) -> None:
    invoice = invoice_record(
        account=ledger.ann, date=DAY, lines=[line("1", "100.00", taxable=True)], tax=Decimal("8.00")
    )
    update(invoice, memo="Thanks")
    assert Invoice.objects.get().total == Decimal("108.00")
    update(invoice, tax=Decimal("8.25"))
    changed = Invoice.objects.get()
    assert (changed.total, changed.revision) == (Decimal("108.25"), 3)
    update(invoice, lines=[line("1", "100.00")], tax=Decimal(0))
    assert Invoice.objects.get().total == Decimal("100.00") == balance(ledger.ann)


def test_whether_a_line_is_taxable_is_a_change_of_the_invoice(ledger: Ledger) -> None:
    invoice = ledger.bill("100.00")
    update(invoice, lines=[line("1", "100.00", taxable=True)])
    assert (Invoice.objects.get().revision, invoice.lines.get().taxable) == (2, True)


def test_numbers_go_on_in_the_way_the_firm_numbers(ledger: Ledger) -> None:
    assert ledger.bill("1").number == "INV-1001"
    assert ledger.bill("1").number == "INV-1002"
    ledger.bill("1", number="2026/007")
    assert ledger.bill("1").number == "2026/008"
    ledger.bill("1", number="2026/999")
    ledger.bill("1", number="2026/012")
    assert ledger.bill("1").number == "2026/1000"
    ledger.bill("1", number="No. 9 (a.b*c)\\7")
    assert ledger.bill("1").number == "No. 9 (a.b*c)\\8"
    ledger.bill("1", number="final")
    assert ledger.bill("1").number == "INV-1003"


def test_a_number_is_used_once_in_a_firm(ledger: Ledger) -> None:
    ledger.bill("1", number="A-1")
    with pytest.raises(BooksError, match=r"There is an invoice A-1 already, of Ann Bailey."):
        ledger.bill("1", number=" A-1 ", account=ledger.client("Bob"))


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"lines": []}, "lines", "An invoice needs at least one line."),
        ({"lines": [line("0", "5")]}, "lines", "Line 1: The quantity must be more than zero."),
        ({"lines": [line("NaN", "5")]}, "lines", "Line 1: The quantity is not a number."),
        ({"lines": [line("1", "5", ""), line("1", "1")]}, "lines", "Line 1: A line needs a service or a description."),
        ({"lines": [line("1", "0.00005")]}, "lines", "Line 1: The rate has more than 4 decimals."),
        ({"lines": [line("99999999", "9999999999")]}, "lines", "Line 1: The amount is too large"),
        ({"lines": [line("1", "-5")]}, "lines", "The total of the lines is -5.00; an invoice cannot be below zero."),
        ({"tax": Decimal("8.25")}, "tax", "There is sales tax, but no line is taxable."),
        ({"tax": Decimal("-1")}, "tax", "The sales tax cannot be below zero."),
        ({"tax": Decimal("0.001")}, "tax", "The sales tax has more than 2 decimals."),
        ({"tax": Decimal("NaN")}, "tax", "The sales tax is not a number."),
        ({"tax": Decimal(10) ** 12}, "tax", "The sales tax is too large"),
        ({"lines": [line("1", "1")] * 1001}, "lines", "An invoice has at most 1,000 lines."),
        ({"date": date(206, 3, 2)}, "date", "is not between 1980 and 2099."),
        ({"due_date": date(2026, 3, 1)}, "due_date", "The due date is before the invoice's date."),
        ({"memo": "x" * 1001}, "memo", "at most 1,000 are possible"),
        ({"number": "A\nB"}, "number", "such as a line break or a tab"),
        ({"number": "x" * 41}, "number", "at most 40 are possible"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(
    ledger: Ledger, values: dict[str, object], field: str, sentence: str
) -> None:
    with pytest.raises(BooksError) as refused:
        invoice_record(account=ledger.ann, **{"date": DAY, "lines": [line("1", "5")], **values})  # type: ignore[arg-type]
    assert sentence in " ".join(refused.value.field_errors[field])
    assert not Invoice.objects.exists()


def test_everything_wrong_is_said_at_once(ledger: Ledger) -> None:
    with pytest.raises(BooksError) as refused:
        invoice_record(account=ledger.ann, date=date(1, 1, 1), memo="x" * 1001, lines=[line("0", "1"), line("-1", "1")])
    assert set(refused.value.field_errors) == {"date", "memo", "lines"}
    assert len(refused.value.field_errors["lines"]) == 2


def test_a_service_of_another_firm_is_refused(ledger: Ledger) -> None:
    foreign = Service.objects.create(firm=Firm.objects.create(name="Elsewhere"), name="Audit")
    with pytest.raises(BooksError, match=r"Line 1: The service is not one of this firm."):
        invoice_record(account=ledger.ann, date=DAY, lines=[LineInput(foreign, "", Decimal(1), Decimal(1))])


def test_a_change_grows_the_revision_by_one_and_saving_the_same_does_not(
    ledger: Ledger, heard: list[list[int]]
) -> None:
    invoice = ledger.bill("100")
    heard.clear()
    assert update(invoice).revision == 1
    assert heard == []
    assert update(invoice, memo="Thanks").revision == 2
    assert update(invoice, lines=[line("2", "60")]).revision == 3
    assert heard == [[ledger.ann.pk]] * 2
    assert balance(ledger.ann) == Decimal("120.00")


def test_a_stale_form_is_refused(ledger: Ledger) -> None:
    invoice = ledger.bill("100")
    update(invoice, memo="Olga was here")
    with pytest.raises(BooksError, match=r"Someone else has changed invoice INV-1001 meanwhile."):
        update(invoice, memo="Peter too", expected_revision=1)
    invoice.refresh_from_db()
    assert invoice.memo == "Olga was here"


def test_paying_an_invoice_does_not_change_its_revision(ledger: Ledger) -> None:
    invoice = ledger.bill("100")
    ledger.pay("40", (invoice, "40"))
    invoice.refresh_from_db()
    assert (invoice.revision, invoice.paid, invoice.balance) == (1, Decimal("40.00"), Decimal("60.00"))


def test_the_total_cannot_fall_below_what_was_paid(ledger: Ledger) -> None:
    invoice = ledger.bill("100")
    ledger.pay("40", (invoice, "40"))
    with pytest.raises(BooksError, match=r"40.00 of this invoice has been paid, so its total cannot be 39.99."):
        update(invoice, lines=[line("1", "39.99")])
    assert update(invoice, lines=[line("1", "40")]).revision == 2


def test_voiding_a_paid_invoice_turns_the_money_into_credit(ledger: Ledger) -> None:
    invoice, other = ledger.bill("100"), ledger.bill("30")
    payment = ledger.pay("80", (invoice, "50"), (other, "30"))
    invoice_void(invoice=invoice)
    payment, invoice = Payment.objects.get(pk=payment.pk), Invoice.objects.get(pk=invoice.pk)
    assert (payment.revision, invoice.revision, invoice.paid, invoice.balance) == (2, 2, 0, 0)
    assert [part.amount for part in payment.allocations.all()] == [Decimal("30.00")]
    assert balance(ledger.ann) == Decimal("-50.00")
    assert invoice.total == Decimal("100.00")


def test_a_void_invoice_is_neither_voided_again_nor_changed(ledger: Ledger) -> None:
    invoice = ledger.bill("100")
    invoice_void(invoice=invoice)
    with pytest.raises(BooksError, match=r"Invoice INV-1001 is void already."):
        invoice_void(invoice=invoice)
    with pytest.raises(BooksError, match=r"Invoice INV-1001 is void and cannot be changed."):
        update(invoice, memo="x")


def test_a_changed_number_must_be_free_and_present(ledger: Ledger) -> None:
    ledger.bill("1", number="A-1")
    invoice = ledger.bill("1", number="A-2")
    with pytest.raises(BooksError, match=r"There is an invoice A-1 already"):
        update(invoice, number="A-1")
    with pytest.raises(BooksError, match=r"The number is missing."):
        invoice_update(
            invoice=invoice, expected_revision=1, number=" ", date=DAY, due_date=None, memo="", lines=[line("1", "1")]
        )
