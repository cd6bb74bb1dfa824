"""Import against the books: what is new, changed or as before; every bad row named; all of a file or nothing."""

from decimal import Decimal

import pytest

from accounts import importing
from accounts.importing import ImportPlan, ImportRefused
from accounts.models import Account, Invoice, Payment
from accounts.services import account_archive, invoice_void, payment_void
from portal.models import Firm
from tests.accounts.ledgers import Ledger


def read(ledger: Ledger, kind: str, *lines: str) -> ImportPlan:
    """Judge a file of these lines."""
    return importing.read(kind, "\n".join(lines).encode(), ledger.firm)


def bring_in(ledger: Ledger, kind: str, *lines: str) -> tuple[int, int, int]:
    """Import a file of these lines; return how many were new, changed and as before."""
    result = importing.apply(read(ledger, kind, *lines))
    return result.created, result.updated, result.unchanged


def said(plan: ImportPlan) -> list[tuple[int, str, str]]:
    """What is wrong, as line, column and sentence."""
    assert plan.error_count == len(plan.errors)
    assert not plan.is_ready
    return [(error.line, error.column, error.sentence) for error in plan.errors]


ACCOUNTS = (
    "ID,Name,Type,Contact name,Contact email,Contact phone,Tags,Team",
    "SS1,Smith & Sons,Company,Sam Smith,sam@example.com,555-0100,VIP;Monthly,OLGA@example.com",
    "jo1,José Ortega,,,jose@example.com,,,",
)
INVOICES = (
    "Number,Account ID,Date,Due date,Memo,Service,Description,Quantity,Rate,Amount",
    "A-1,AB1,2026-03-02,4/1/2026,Thanks,Bookkeeping,March,,100.00,",
    "A-1,,,,,Payroll,,2.5,10.01,25.03",
    "A-2,AB1,3/3/2026,,,,Advice,3,,300",
)
PAYMENTS = (
    "Number,Account ID,Date,Amount,Method,Reference,Memo,Invoice,Applied,Sync to QuickBooks",
    "P-1,AB1,2026-03-09,$250.00,Check,1041,,A-1,125.03,",
    "P-1,,,,,,,A-2,100,",
    "P-2,ab1,2026-03-10,75,,,,A-2,,no",
    "P-3,AB1,2026-03-11,40,Bank transfer,,Retainer,,,",
)


def test_accounts_come_in_with_contact_tags_and_team(ledger: Ledger) -> None:
    assert bring_in(ledger, "accounts", *ACCOUNTS) == (2, 0, 0)
    smith, ortega = Account.objects.get(code="SS1"), Account.objects.get(code="JO1")
    assert (smith.type, ortega.type) == ("company", "individual")
    assert sorted(tag.name for tag in smith.tags.all()) == ["Monthly", "VIP"]
    assert list(smith.team.all()) == [ledger.owner]
    contact = ortega.contacts.get()
    assert (contact.name, contact.email, contact.is_primary) == ("José Ortega", "jose@example.com", True)


def test_invoices_and_payments_come_in_with_right_sums(ledger: Ledger) -> None:
    assert bring_in(ledger, "invoices", *INVOICES) == (2, 0, 0)
    assert bring_in(ledger, "payments", *PAYMENTS) == (3, 0, 0)
    first, second = Invoice.objects.get(number="A-1"), Invoice.objects.get(number="A-2")
    assert (first.total, first.paid) == (Decimal("125.03"), Decimal("125.03"))
    assert (second.total, second.paid) == (300, 175)
    assert [(line.service and line.service.name, line.amount) for line in first.lines.all()] == [
        ("Bookkeeping", Decimal(100)), ("Payroll", Decimal("25.03")),
    ]  # fmt: skip
    assert (second.lines.get().rate, second.due_date) == (100, None)
    assert Payment.objects.get(number="P-2").sync_to_quickbooks is False
    assert Account.objects.get(pk=ledger.ann.pk).balance_due == Decimal("425.03") - 365


@pytest.mark.parametrize(("kind", "lines"), [("accounts", ACCOUNTS), ("invoices", INVOICES), ("payments", PAYMENTS)])
def test_a_repeated_file_changes_nothing_and_announces_nothing(
    ledger: Ledger, heard: list[list[int]], kind: str, lines: tuple[str, ...]
) -> None:
    if kind == "payments":
        bring_in(ledger, "invoices", *INVOICES)
    bring_in(ledger, kind, *lines)
    heard.clear()
    created, updated, unchanged = bring_in(ledger, kind, *lines)
    assert (created, updated) == (0, 0)
    assert unchanged > 1
    assert heard == []


def test_an_import_is_announced_once(ledger: Ledger, heard: list[list[int]]) -> None:
    bring_in(ledger, "invoices", *INVOICES)
    assert heard == [[ledger.ann.pk]]


def test_what_differs_is_changed_and_grows_its_revision(ledger: Ledger) -> None:
    bring_in(ledger, "invoices", *INVOICES)
    bring_in(ledger, "payments", *PAYMENTS)
    assert bring_in(ledger, "invoices", INVOICES[0], INVOICES[3].replace("Advice", "Counsel")) == (0, 1, 0)
    second = Invoice.objects.get(number="A-2")
    assert (second.revision, second.lines.get().description, second.paid) == (2, "Counsel", 175)
    changed = [line.replace("A-2,100", "A-2,90") for line in PAYMENTS]
    assert bring_in(ledger, "payments", *changed) == (0, 1, 2)
    assert [payment.revision for payment in Payment.objects.order_by("number")] == [2, 1, 1]
    assert Invoice.objects.get(number="A-2").paid == 165


def test_sales_tax_comes_in_with_the_lines_that_bear_it(ledger: Ledger) -> None:
    lines = (
        "Number,Account ID,Date,Service,Rate,Taxable,Tax",
        "A-1,AB1,2026-03-02,Forms,100,Yes,8.25",
        "A-1,,,Advice,50,,",
        "A-2,AB1,2026-03-02,Forms,10,,0.83",
    )
    with pytest.raises(ImportRefused, match="There is sales tax, but no line is taxable"):
        bring_in(ledger, "invoices", *lines)
    ledger.firm.services.create(name="forms", rate=5, taxable=True)
    assert bring_in(ledger, "invoices", *lines) == (2, 0, 0)
    first, second = Invoice.objects.order_by("number")
    assert (first.tax, first.total, second.total) == (Decimal("8.25"), Decimal("158.25"), Decimal("10.83"))
    assert [each.taxable for each in first.lines.all()] == [True, False]
    assert bring_in(ledger, "invoices", *lines) == (0, 0, 2)
    paid = bring_in(ledger, "payments", "Number,Account ID,Date,Amount,Invoice", "P-1,AB1,2026-03-09,158.25,A-1")
    assert paid == (1, 0, 0)


def test_a_file_that_says_nothing_of_tax_leaves_it_as_it_is(ledger: Ledger) -> None:
    header, row = "Number,Account ID,Date,Description,Rate", "A-1,AB1,2026-03-02,Advice,100"
    bring_in(ledger, "invoices", f"{header},Taxable,Sales tax", f"{row},yes,8.25")
    assert bring_in(ledger, "invoices", header, row) == (0, 0, 1)
    bring_in(ledger, "invoices", header, row.replace("100", "120"))
    invoice = Invoice.objects.get()
    assert (invoice.total, invoice.lines.get().taxable) == (Decimal("128.25"), True)


def test_blank_cells_leave_what_is_known_of_an_account(ledger: Ledger) -> None:
    bring_in(ledger, "accounts", *ACCOUNTS)
    assert bring_in(ledger, "accounts", "ID,Name,Type,Tags,Contact name", "SS1,Smith & Sons,,,") == (0, 0, 1)
    assert bring_in(ledger, "accounts", "ID,Name,Tags", "SS1,Smith & Daughters,Monthly") == (0, 1, 0)
    smith = Account.objects.get(code="SS1")
    assert (smith.name, smith.type, smith.contacts.get().name) == ("Smith & Daughters", "company", "Sam Smith")
    assert [tag.name for tag in smith.tags.all()] == ["Monthly"]
    assert list(smith.team.all()) == [ledger.owner]


def test_every_bad_row_of_accounts_is_named(ledger: Ledger) -> None:
    plan = read(
        ledger, "accounts", "ID,Name,Type,Contact email,Team",
        "A1,Al,Robot,,", ",Bob,,,", "C1,,,,", "D1,Di,,di@,", "D1,Di again,,,", "E 1,Ed,,,",
        "F1,Fay,,,nobody@example.com",
    )  # fmt: skip
    assert said(plan) == [
        (2, "Type", "“Robot” is none of individual, company, other."),
        (3, "ID", "ID is missing."),
        (4, "Name", "Name is missing."),
        (5, "Contact", "“di@” is not an e-mail address."),
        (6, "ID", "The ID D1 is also in line 5."),
        (7, "ID", "An ID consists of letters, digits, hyphens, dots and underscores, such as JG2."),
        (8, "Team", "No member of the firm signs in as “nobody@example.com”."),
    ]
    with pytest.raises(ImportRefused) as refused:
        importing.apply(plan)
    assert refused.value.count == 7
    assert Account.objects.count() == 1


def test_every_bad_row_of_invoices_is_named(ledger: Ledger) -> None:
    ledger.bill("100", account=ledger.client("Bob", "B1"), number="X-1")
    header = "Number,Account ID,Date,Due date,Description,Quantity,Rate,Amount"
    plan = read(
        ledger, "invoices", header,
        "X-1,AB1,2026-01-05,,Work,,5,", "X-2,NO1,2026-01-05,,Work,,5,", "X-3,AB1,5.1.2026,,Work,,5,",
        "X-4,AB1,2026-01-05,2026-01-04,Work,,5,", "X-5,AB1,2026-01-05,,Work,0,5,", "X-6,AB1,2026-01-05,,,,5,",
        "X-7,AB1,2026-01-05,,Work,,,", "X-8,AB1,2026-01-05,,Work,,5,",
        "X-8,,2026-01-06,,Work,,5,", "X-9,AB1,2026-01-05,,Work,,1e9,", "X-10,AB1,2026-01-05,,Work,,(5),",
        "X-11,AB1,2026-01-05,,Work,,99999999999,",
    )  # fmt: skip
    assert said(plan) == [
        (2, "Account ID", "Invoice X-1 is one of Bob."),
        (3, "Account ID", "There is no account with the ID “NO1”."),
        (4, "Date", "“5.1.2026” is not a date such as 2026-01-31 or 1/31/2026."),
        (5, "Due date", "The due date is before the invoice's date."),
        (6, "", "The quantity must be more than zero."),
        (7, "", "A line needs a service or a description."),
        (8, "Rate", "Rate is missing. Give the rate, or the amount."),
        (10, "Date", "Date differs from line 9, which has the same number. Write the same, or nothing."),
        (11, "Rate", "“1e9” is not an amount such as 1,234.50."),
        (12, "", "The total of the lines is -5.00; an invoice cannot be below zero."),
        (13, "", "The rate is too large: it must be less than 10,000,000,000."),
    ]  # fmt: skip
    assert Invoice.objects.count() == 1


@pytest.mark.parametrize(
    ("quantity", "rate", "amount", "problem"),
    [
        ("3", "", "10", None),  # 3.3333 each comes to 10.00 again
        ("7000", "", "1000", "1,000.00 is not 7000 times 0.1429, which comes to 1,000.30."),
        ("2", "10", "21", "21.00 is not 2 times 10, which comes to 20.00."),
        ("2.5", "10.01", "25.03", None),
        ("", "", "12.34", None),
    ],
)
def test_rate_and_amount_must_agree_to_the_cent(
    ledger: Ledger, quantity: str, rate: str, amount: str, problem: str | None
) -> None:
    row = f"X-1,AB1,2026-01-05,Work,{quantity},{rate},{amount}"
    plan = read(ledger, "invoices", "Number,Account ID,Date,Description,Quantity,Rate,Amount", row)
    assert [error.sentence for error in plan.errors] == ([problem] if problem else [])


def test_every_bad_row_of_payments_is_named(ledger: Ledger) -> None:
    bob = ledger.client("Bob", "B1")
    ledger.bill("100", number="X-1")
    ledger.bill("100", number="X-2", account=bob)
    void = ledger.bill("100", number="X-3")
    invoice_void(invoice=void)
    header = "Number,Account ID,Date,Amount,Method,Invoice,Applied,Sync to QuickBooks"
    plan = read(
        ledger, "payments", header,
        "P-1,AB1,2026-01-05,60,Check,X-1,60,", "P-2,AB1,2026-01-05,60,Check,X-1,60,", "P-3,AB1,2026-01-05,5,Barter,,,",
        "P-4,AB1,2026-01-05,5,,X-2,,", "P-5,AB1,2026-01-05,5,,X-3,,", "P-6,AB1,2026-01-05,5,,X-9,,",
        "P-7,AB1,2026-01-05,NaN,,,,", "P-8,AB1,2026-01-05,0,,,,", "P-9,AB1,2026-01-05,5,,X-1,6,",
        "P-10,AB1,2026-01-05,5,,,5,", "P-11,AB1,2026-01-05,5,,X-1,1,", "P-11,,,6,,X-1,1,",
        "P-12,AB1,2026-01-05,5,,,,maybe",
    )  # fmt: skip
    assert said(plan) == [
        (3, "Applied", "Invoice X-1 has only 40.00 left to pay, which is less than 60.00."),
        (4, "Method", "“Barter” is none of check, cash, credit card, bank transfer, other, card, ach."),
        (5, "Invoice", "Invoice X-2 is one of Bob, not of Ann Bailey."),
        (6, "Applied", "Invoice X-3 is void and cannot be paid."),
        (7, "Invoice", "There is no invoice X-9."),
        (8, "Amount", "“NaN” is not an amount such as 1,234.50."),
        (9, "Amount", "The amount must be more than zero."),
        (10, "Applied", "The invoices get 6.00, which is more than the payment of 5.00."),
        (11, "Invoice", "Invoice is missing: it is not said what the amount is applied to."),
        (13, "Amount", "Amount differs from line 12, which has the same number. Write the same, or nothing."),
        (13, "Invoice", "Invoice X-1 is there twice for this payment."),
        (14, "Sync to QuickBooks", "“maybe” is none of yes, no, true, false, 1, 0."),
    ]
    assert not Payment.objects.exists()


def test_a_changed_payment_cannot_take_what_an_unchanged_one_in_the_file_has(ledger: Ledger) -> None:
    ledger.bill("100", number="X-1")
    header = "Number,Account ID,Date,Amount,Invoice,Applied"
    bring_in(ledger, "payments", header, "P-1,AB1,2026-01-05,100,X-1,40", "P-2,AB1,2026-01-05,60,X-1,60")
    plan = read(ledger, "payments", header, "P-1,AB1,2026-01-05,100,X-1,100", "P-2,AB1,2026-01-05,60,X-1,60")
    assert said(plan) == [(2, "Applied", "Invoice X-1 has only 40.00 left to pay, which is less than 100.00.")]


def test_payments_may_exchange_their_invoices_within_one_file(ledger: Ledger) -> None:
    first, second = ledger.bill("50", number="X-1"), ledger.bill("50", number="X-2")
    header = "Number,Account ID,Date,Amount,Invoice"
    bring_in(ledger, "payments", header, "P-1,AB1,2026-01-05,50,X-1", "P-2,AB1,2026-01-05,50,X-2")
    assert bring_in(ledger, "payments", header, "P-1,AB1,2026-01-05,50,X-2", "P-2,AB1,2026-01-05,50,X-1") == (0, 2, 0)
    assert [Invoice.objects.get(pk=invoice.pk).paid for invoice in (first, second)] == [50, 50]


def test_void_documents_are_left_as_they_are_and_never_changed(ledger: Ledger) -> None:
    bring_in(ledger, "invoices", *INVOICES)
    bring_in(ledger, "payments", *PAYMENTS)
    payment_void(payment=Payment.objects.get(number="P-3"))
    invoice_void(invoice=Invoice.objects.get(number="A-1"))
    assert bring_in(ledger, "invoices", *INVOICES) == (0, 0, 2)
    assert bring_in(ledger, "payments", PAYMENTS[0], PAYMENTS[4]) == (0, 0, 1)
    assert said(read(ledger, "invoices", INVOICES[0], INVOICES[1])) == [
        (2, "Number", "Invoice A-1 is void and cannot be changed.")
    ]
    assert said(read(ledger, "payments", PAYMENTS[0], PAYMENTS[4].replace(",40,", ",41,"))) == [
        (2, "Number", "Payment P-3 is void and cannot be changed.")
    ]


def test_an_invoice_cannot_be_changed_to_less_than_was_paid(ledger: Ledger) -> None:
    bring_in(ledger, "invoices", *INVOICES)
    bring_in(ledger, "payments", *PAYMENTS)
    plan = read(ledger, "invoices", INVOICES[0], INVOICES[3].replace(",300", ",174"))
    assert said(plan) == [(2, "Rate", "175.00 of invoice A-2 has been paid; its total cannot be less.")]


def test_an_archived_account_takes_no_new_documents(ledger: Ledger) -> None:
    account_archive(account=ledger.ann)
    plan = read(ledger, "invoices", *INVOICES)
    assert said(plan)[0] == (2, "Account ID", "Ann Bailey is archived. Restore the account first.")


def test_what_changed_between_reading_and_importing_is_judged_again(ledger: Ledger) -> None:
    bring_in(ledger, "invoices", *INVOICES)
    plan = read(ledger, "payments", *PAYMENTS)
    assert plan.is_ready
    ledger.pay("300", (Invoice.objects.get(number="A-2"), "300"))
    with pytest.raises(ImportRefused, match=r"Invoice A-2 has only 0\.00 left to pay"):
        importing.apply(plan)
    assert Payment.objects.count() == 1


def test_another_firms_accounts_and_documents_are_out_of_reach(ledger: Ledger) -> None:
    elsewhere = Ledger(Firm.objects.create(name="Elsewhere"), ledger.owner, ledger.ann)
    ledger.bill("100", number="A-1")
    assert said(read(elsewhere, "invoices", *INVOICES))[0][2] == "There is no account with the ID “AB1”."
    assert bring_in(elsewhere, "accounts", "ID,Name", "AB1,Abe Brown") == (1, 0, 0)
    assert bring_in(elsewhere, "invoices", *INVOICES) == (2, 0, 0)
    assert Account.objects.get(pk=ledger.ann.pk).name == "Ann Bailey"


def test_errors_beyond_the_first_200_are_counted(ledger: Ledger) -> None:
    plan = read(ledger, "accounts", "ID,Name", *[f"A{place}," for place in range(500)])
    assert (len(plan.errors), plan.error_count) == (200, 500)


def test_an_import_takes_few_statements_however_long_the_file(
    ledger: Ledger, django_assert_max_num_queries: object
) -> None:
    lines = [f"A-{place},AB1,2026-01-05,Work,10" for place in range(3000)]
    with django_assert_max_num_queries(30):  # type: ignore[operator]
        assert bring_in(ledger, "invoices", "Number,Account ID,Date,Description,Rate", *lines) == (3000, 0, 0)
