"""Each code with which QuickBooks refuses a document: what its row says then, and whether it is tried again."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts import services as books
from accounts.models import Invoice, Payment
from qbsync import engine, services
from qbsync.gateway.faults import CODES, RULES, FaultKind, FaultScope, Retry
from qbsync.gateway.limiter import Priority
from qbsync.models import AccountSync, InvoiceSync
from qbsync.presentation import document_message
from qbsync.selectors import document_standing
from tests.qbsync.conftest import Office
from tests.qbsync.test_changes import look, synced

pytestmark = pytest.mark.django_db(transaction=True)

_OF_DOCUMENTS = {code: kind for code, kind in CODES.items() if RULES[kind].scope is not FaultScope.CONNECTION}
_UNKNOWN = {FaultKind.DUPLICATE_REQUEST, FaultKind.UNAVAILABLE}
"""After these it may be in the books all the same."""


def test_a_row_says_what_follows_from_each_code(office: Office) -> None:
    invoices = {}
    for code in (*_OF_DOCUMENTS, "10000", "9999"):
        account = office.account(f"Client {code}")
        invoices[code] = office.invoice(account, number=f"N-{code}")
    office.connect(Customer=[{"DisplayName": f"Client {code}"} for code in invoices])
    office.simulator.faults(
        office.realm,
        *(
            {
                "match": {"endpoint": "batch_item", "contains": f'"N-{code}"'}, "kind": "fault", "code": code,
                "message": "Theirs", "detail": "In their words.", "times": 1,
            }
            for code in invoices
        ),
    )  # fmt: skip
    engine.run(office.connection.pk, priority=Priority.BACKGROUND)
    said = {code: _said(InvoiceSync.objects.get(document=invoice)) for code, invoice in invoices.items()}
    assert said == {code: _expected(CODES.get(code, FaultKind.UNKNOWN)) for code in invoices}


def _said(row: InvoiceSync) -> tuple[str, str, str, bool]:
    """Its status, reason, remedy, and whether it is tried again by itself."""
    return row.status, row.reason, row.detail.get("remedy", ""), row.next_try_at is not None


def _expected(kind: FaultKind) -> tuple[str, str, str, bool]:
    if kind in _UNKNOWN:
        return "waiting", "waits_for_answer", "", True
    if kind is FaultKind.NUMBER_TAKEN:
        return "waiting", "waits_for_number", "", True  # QuickBooks was asked, and nobody has it there
    if RULES[kind].retry is Retry.REREAD_AND_RETRY:
        return "waiting", "changed_in_quickbooks", "", True
    return "failed", "refused", RULES[kind].remedy, False


def _refused_once(office: Office, document: Invoice | Payment, message: str, remedy: str) -> None:
    """The document says why it is refused, and nothing more is sent, by whatever wakes the workers."""
    standing = document_standing(document)
    assert standing.status == "failed"
    told = document_message(standing, document)
    assert (told.lines, told.remedy) == ([message], remedy)
    before = office.requests()
    for _ in range(3):
        AccountSync.objects.filter(account=document.account).update(due_at=timezone.now())
        office.sync()
        look(office)
    after = office.requests()
    assert {name for name in after if after[name] != before.get(name, 0)} == {"cdc"}
    assert document_standing(document).status == "failed"


def test_a_deposited_payment_is_explained_not_retried_and_goes_once_it_is_out_of_the_deposit(office: Office) -> None:
    (invoice,) = synced(office, payments=1)
    payment = Payment.objects.get()
    qbo_id = office.remote("Payment")[0]["Id"]
    line = {"Amount": 100, "LinkedTxn": [{"TxnId": qbo_id, "TxnType": "Payment", "TxnLineId": "0"}]}
    office.simulator.create(office.realm, "Deposit", DepositToAccountRef={"value": "3"}, Line=[line])
    look(office)
    assert document_standing(payment).status == "synced"  # a deposit there changes nothing that is ours
    payment = books.payment_update(
        payment=payment, expected_revision=payment.revision, number=payment.number, date=payment.date,
        amount=payment.amount, method=payment.method, reference="CHK-77", memo="", sync_to_quickbooks=True,
        allocations={invoice.pk: Decimal(100)},
    )  # fmt: skip
    office.sync()
    rule = RULES[FaultKind.DEPOSITED]
    _refused_once(office, payment, rule.sentence, rule.remedy)
    office.simulator.remove(office.realm, "Deposit", office.remote("Deposit")[0]["Id"])
    services.document_sync(document=payment, by=office.alice)
    office.sync()
    assert document_standing(payment).status == "synced"
    assert office.remote("Payment")[0]["PaymentRefNum"] == "CHK-77"


def test_a_closed_period_is_explained_not_retried_and_goes_once_the_books_are_open(office: Office) -> None:
    account = office.account("Dove Bakery")
    invoice = office.invoice(account)
    office.connect(
        Customer=[{"DisplayName": "Dove Bakery"}],
        Preferences={
            "SalesFormsPrefs": {"CustomTxnNumbers": True}, "AccountingInfoPrefs": {"BookCloseDate": "2026-03-31"}
        },
    )  # fmt: skip
    office.sync()
    look(office)
    rule = RULES[FaultKind.PERIOD_CLOSED]
    _refused_once(office, invoice, rule.sentence, rule.remedy)
    office.simulator.change(office.realm, "Preferences", "1", AccountingInfoPrefs={"BookCloseDate": "2025-12-31"})
    services.document_sync(document=invoice, by=office.alice)
    office.sync()
    assert document_standing(invoice).status == "synced"
    assert len(office.remote("Invoice")) == 1
