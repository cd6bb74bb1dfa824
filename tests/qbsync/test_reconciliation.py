"""Comparing the firm's books with QuickBooks, through the simulator: totals, differences, cost, and bad answers."""

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal

import pytest

from accounts import services as books
from accounts.models import Account
from qbsync import services
from qbsync.models import InvoiceSync, PaymentSync, PushIntent, Reconciliation
from qbsync.reconciliation import reconciling
from qbsync.reconciliation.comparing import Kind, Ours, Theirs, Verdict, compare
from qbsync.services.reconciliations import reconciliations_wake
from tests.qbsync.conftest import DAY, Office
from tests.simulator.client import sale_line

CUSTOMERS = [{"DisplayName": "Acme"}, {"DisplayName": "Birch"}]


def _compare(office: Office, account: Account | None = None) -> Reconciliation:
    one = services.reconciliation_ask(connection=office.connection, account=account, by=office.alice)
    while (again := reconciling.run(one.pk)) is not None:
        time.sleep(again)
    one.refresh_from_db()
    assert one.ended_at is not None
    return one


def _enter(office: Office, number: str, customer: str, amount: float) -> None:
    """Somebody enters an invoice in QuickBooks."""
    found = next(one["Id"] for one in office.remote("Customer") if one["DisplayName"] == customer)
    office.simulator.create(
        office.realm, "Invoice", DocNumber=number, TxnDate=DAY.isoformat(), CustomerRef={"value": found},
        Line=[sale_line(amount)],
    )  # fmt: skip


def _found(one: Reconciliation) -> list[tuple[str, str, str]]:
    return sorted((row.account.name, row.number, row.verdict) for row in one.differences.select_related("account"))


def _is_explained(one: Reconciliation) -> bool:
    """Whether the listed differences add up to the difference of the totals, cent by cent."""
    rows = list(one.differences.all())
    none = Decimal(0)
    paid = sum(((r.here_amount or none) - (r.there_amount or none) for r in rows if r.kind == "payment"), none)
    invoiced = sum(((r.here_amount or none) - (r.there_amount or none) for r in rows if r.kind == "invoice"), none)
    left = sum(((r.here_open or none) - (r.there_open or none) for r in rows), none)
    return (invoiced, paid, left) == (
        one.here_invoiced - one.there_invoiced,
        one.here_paid - one.there_paid,
        one.here_open - one.there_open,
    )


@pytest.fixture
def synced(office: Office) -> Office:
    """Acme (two invoices, one of them paid) and Birch (one invoice), all of it in QuickBooks."""
    office.account("Acme", invoices=2, payments=1)
    office.account("Birch", invoices=1)
    office.connect(Customer=CUSTOMERS)
    office.sync()
    return office


def test_equal_books_have_equal_totals_and_no_difference(synced: Office) -> None:
    one = _compare(synced)
    assert (one.here_invoiced, one.here_paid, one.here_open) == (Decimal(300), Decimal(100), Decimal(200))
    assert (one.there_invoiced, one.there_paid, one.there_open) == (Decimal(300), Decimal(100), Decimal(200))
    assert (_found(one), one.documents, one.problem) == ([], 4, "")


def test_a_comparison_costs_one_request(synced: Office) -> None:
    before = synced.requests()
    _compare(synced)
    _compare(synced, Account.objects.get(name="Acme"))
    after = synced.requests()
    assert {name: n - before.get(name, 0) for name, n in after.items() if n != before.get(name, 0)} == {
        "batch": 2,
    }
    assert synced.connection.runs.count() == 1  # it is no run of the sync


def test_each_way_in_which_a_document_can_differ_is_named(synced: Office) -> None:
    acme, birch = Account.objects.get(name="Acme"), Account.objects.get(name="Birch")
    edited, deleted = InvoiceSync.objects.filter(account=acme).order_by("document__number")
    paid = PaymentSync.objects.get(account=acme)
    voided = InvoiceSync.objects.get(account=birch)
    simulator, realm = synced.simulator, synced.realm
    simulator.remove(realm, "Payment", paid.qbo_id)
    simulator.remove(realm, "Invoice", deleted.qbo_id)
    simulator.remove(realm, "Invoice", voided.qbo_id, operation="void")
    simulator.change(realm, "Invoice", edited.qbo_id, Line=[sale_line(70)])
    _enter(synced, "X-1", "Birch", 12.5)
    late = synced.invoice(birch, number="LATE")
    services.document_skip(document=late, by=synced.alice)
    one = _compare(synced)
    assert _found(one) == sorted(
        [
            ("Acme", deleted.document.number, Verdict.GONE),
            ("Acme", edited.document.number, Verdict.AMOUNT),
            ("Acme", paid.document.number, Verdict.GONE),
            ("Birch", "LATE", Verdict.LEFT_OUT),
            ("Birch", "X-1", Verdict.ONLY_THERE),
            ("Birch", voided.document.number, Verdict.ENDED_THERE),
        ]
    )
    assert _is_explained(one)
    alone = _compare(synced, birch)
    assert _found(alone) == [found for found in _found(one) if found[0] == "Birch"]
    assert (alone.there_invoiced, alone.here_invoiced) == (Decimal("12.50"), Decimal(200))


def test_what_waits_and_what_was_voided_here_is_named(synced: Office) -> None:
    acme = Account.objects.get(name="Acme")
    synced.invoice(acme, number="NEW", amount="5.00")
    birch = InvoiceSync.objects.get(account__name="Birch").document
    books.invoice_void(invoice=birch)
    one = _compare(synced)
    assert _found(one) == [("Acme", "NEW", Verdict.NOT_SENT), ("Birch", birch.number, Verdict.ENDED_HERE)]
    assert _is_explained(one)
    synced.sync()
    assert _found(_compare(synced)) == []


def test_documents_before_the_sync_date_count_only_once_they_were_sent(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    old = office.invoice(acme, day=date(2025, 12, 1), number="OLD")
    office.connect(Customer=CUSTOMERS)
    office.sync()
    one = _compare(office, acme)
    assert (one.documents, one.here_invoiced, _found(one)) == (1, Decimal(100), [])
    services.document_sync(document=old, by=office.alice)
    office.sync()
    one = _compare(office, acme)
    assert (one.documents, one.here_invoiced, one.there_invoiced) == (2, Decimal(200), Decimal(200))
    assert _found(one) == []


def test_an_account_that_is_being_synced_is_left_out_and_counted(synced: Office) -> None:
    row = InvoiceSync.objects.filter(account__name="Birch").get()
    PushIntent.objects.create(
        connection=synced.connection, account_sync=synced.row(row.account), invoice_sync=row, operation="update",
        request_id="r", item_id="1", payload={}, claim=1, sent_at=row.changed_at,
    )  # fmt: skip
    one = _compare(synced)
    assert (one.moving_accounts, one.documents, one.here_invoiced) == (1, 3, Decimal(200))
    assert (one.there_invoiced, _found(one)) == (Decimal(200), [])


def test_many_pages_are_read_in_one_request_and_none_is_missed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qbsync.gateway.queries.PAGE", 3)
    monkeypatch.setattr("qbsync.reconciliation.theirs.queries.PAGE", 3)
    acme = office.account("Acme", invoices=10, payments=4)
    office.connect(Customer=CUSTOMERS)
    office.sync()
    before = office.requests().get("batch", 0)
    one = _compare(office, acme)
    assert (one.documents, one.there_invoiced, one.there_paid, _found(one)) == (14, Decimal(1000), Decimal(400), [])
    assert office.requests()["batch"] == before + 1


def test_what_came_into_quickbooks_meanwhile_is_read_past_the_last_page(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qbsync.reconciliation.theirs.queries.PAGE", 3)
    acme = office.account("Acme", invoices=2)
    office.connect(Customer=CUSTOMERS)
    office.sync()
    for number in range(8):
        _enter(office, f"X-{number}", "Acme", 1)
    one = _compare(office, acme)
    assert (one.there_invoiced, len(_found(one))) == (Decimal(208), 8)


def test_a_refusal_of_quickbooks_ends_it_with_a_sentence_and_keeps_the_last_result(synced: Office) -> None:
    good = _compare(synced)
    synced.simulator.faults(synced.realm, {"match": {"endpoint": "batch"}, "times": 100, "kind": "http", "status": 503})
    one = services.reconciliation_ask(connection=synced.connection, by=synced.alice)
    while (again := reconciling.run(one.pk)) is not None:
        time.sleep(min(again, 0.2))  # sooner than it asks for
        Reconciliation.objects.filter(pk=one.pk).update(leased_until=None)
    one.refresh_from_db()
    assert one.ended_at is not None and "QuickBooks" in one.problem
    good.refresh_from_db()
    assert good.here_invoiced == Decimal(300)


def test_pressed_twice_it_runs_once(synced: Office) -> None:
    first = services.reconciliation_ask(connection=synced.connection, by=synced.alice)
    again = services.reconciliation_ask(connection=synced.connection, by=synced.alice)
    acme = services.reconciliation_ask(
        connection=synced.connection, account=Account.objects.get(name="Acme"), by=synced.alice
    )
    assert first == again != acme


def test_it_follows_the_first_sync_by_itself_once(synced: Office) -> None:
    reconciliations_wake()
    one = Reconciliation.objects.get()
    assert (one.account, one.asked_by) == (None, None)
    reconciling.run(one.pk)
    reconciliations_wake()
    assert Reconciliation.objects.count() == 1


def _ours(**values: object) -> Ours:
    given = {
        "kind": Kind.INVOICE, "key": 1, "account_id": 7, "number": "A-1", "day": DAY, "amount": Decimal(100),
        "open": Decimal(40), "qbo_id": "11", "customer_id": "5",
    }  # fmt: skip
    return Ours(**{**given, **values})  # type: ignore[arg-type]


def _theirs(**values: object) -> Theirs:
    given = {
        "kind": Kind.INVOICE, "qbo_id": "11", "number": "A-1", "day": DAY, "amount": Decimal(100),
        "open": Decimal(40), "customer_id": "5",
    }  # fmt: skip
    return Theirs(**{**given, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        (_ours(), _theirs(), None),
        (_ours(), None, Verdict.GONE),
        (_ours(qbo_id=""), None, Verdict.NOT_SENT),
        (_ours(qbo_id="", is_left_out=True), None, Verdict.LEFT_OUT),
        (_ours(), _theirs(amount=Decimal(99)), Verdict.AMOUNT),
        (_ours(), _theirs(open=Decimal(39)), Verdict.OPEN),
        (_ours(), _theirs(customer_id="6"), Verdict.OTHER_CUSTOMER),
        (_ours(), _theirs(amount=Decimal(0), open=Decimal(0), is_void=True), Verdict.ENDED_THERE),
        (_ours(has_ended=True, amount=Decimal(0), open=Decimal(0)), _theirs(), Verdict.ENDED_HERE),
        (_ours(has_ended=True), _theirs(is_void=True), None),
        (_ours(has_ended=True), None, None),
    ],
)
def test_the_verdict_on_one_document(ours: Ours, theirs: Theirs | None, verdict: Verdict | None) -> None:
    result = compare([ours], [theirs] if theirs else [], {"5": 7})
    assert [one.verdict for one in result.differences] == ([verdict] if verdict else [])


def test_documents_of_customers_that_no_account_is_linked_to_are_nobodys_difference() -> None:
    stranger = _theirs(qbo_id="99", customer_id="77")
    assert compare([], [stranger], {"5": 7}).differences == []
