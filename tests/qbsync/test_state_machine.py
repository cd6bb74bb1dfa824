"""No sequence of presses, faults and changes in QuickBooks leads out of the table of states, and each wait ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from accounts import services as books
from accounts.models import Account, Invoice, Payment
from portal.models import Firm, User
from qbsync import engine, mirror, services
from qbsync.gateway.limiter import Priority
from qbsync.matching import name_before_deletion
from qbsync.metering import Session
from qbsync.models import AccountSync, Customer, HistoryEntry, InvoiceSync, PaymentSync, PushIntent
from qbsync.payloads import mark_of
from qbsync.services import Refused
from qbsync.states import DocumentStatus, Event, Status, next_status
from tests.qbsync.conftest import Office
from tests.simulated import Simulator

pytestmark = pytest.mark.django_db(transaction=True)

KNOWN, STRANGER, VENDOR = "Acme", "Zed Ltd", "Metro Power"
_NOW = timedelta(0)
NAMES = st.sampled_from([KNOWN, KNOWN, STRANGER, VENDOR])
WRITES = [{"endpoint": "batch", "entity": kind} for kind in ("Invoice", "Payment", "Customer")]
FAULTS: list[dict[str, Any]] = [
    *({"match": match, "kind": kind} for match in WRITES for kind in ("drop_before_commit", "drop_after_commit")),
    {"match": {"endpoint": "batch_item"}, "kind": "fault", "code": "5010"},
    {"match": {"endpoint": "batch_item"}, "kind": "fault", "code": "6000"},
    {"match": {}, "kind": "http", "status": 503, "body": "html"},
    {"match": {}, "kind": "expire_token"},
    {"match": {"endpoint": "batch"}, "kind": "truncate"},
]


class Desk(RuleBasedStateMachine):
    """A firm with three accounts: one with a customer in QuickBooks, one without, one whose name a vendor holds."""

    simulator: Simulator
    alice: User
    clock: time_machine.Traveller

    def __init__(self) -> None:
        super().__init__()
        self.office = Office(self.simulator, Firm.objects.create(name="Archer & Co."), self.alice)
        self.accounts = {name: self.office.account(name, invoices=1, payments=1) for name in (KNOWN, STRANGER, VENDOR)}
        self.office.connect(Customer=[{"DisplayName": KNOWN}], Vendor=[{"DisplayName": VENDOR}])

    # What people do in the portal

    @rule(name=NAMES)
    def press_sync(self, name: str) -> None:
        with suppress(Refused):
            services.account_sync(account=self._account(name), by=self.alice)

    @rule(name=NAMES)
    def press_create(self, name: str) -> None:
        with suppress(Refused):
            services.account_create_customer(account=self._account(name), by=self.alice)

    @rule(name=NAMES)
    def press_reactivate_and_link(self, name: str) -> None:
        inactive = Customer.objects.filter(connection=self.office.connection, active=False).first()
        with suppress(Refused):
            if inactive:
                services.account_sync(account=self._account(name), by=self.alice, customer=inactive, reactivate=True)

    @rule(name=NAMES, move=st.booleans(), place=st.integers(0, 2))
    def press_change_customer(self, name: str, move: bool, place: int) -> None:
        customers = list(Customer.objects.filter(connection=self.office.connection).order_by("pk"))
        with suppress(Refused):
            if customers:
                chosen = customers[place % len(customers)]
                services.account_change_customer(account=self._account(name), by=self.alice, customer=chosen, move=move)

    @rule(name=NAMES)
    def press_undo(self, name: str) -> None:
        with suppress(Refused):
            services.account_undo(account=self._account(name), by=self.alice)

    @rule(name=NAMES)
    def press_unsync(self, name: str) -> None:
        with suppress(Refused):
            services.account_unsync(account=self._account(name), by=self.alice)

    @rule(name=NAMES)
    def rename(self, name: str) -> None:
        account = self._account(name)
        other = f"{name} II" if account.name == name else name
        books.account_update(account=account, name=other, type=account.type, tags=[], team=[])

    @rule(name=NAMES)
    def record_an_invoice(self, name: str) -> None:
        self.office.invoice(self._account(name))

    @rule(name=NAMES, rate=st.integers(200, 300))
    def correct_an_invoice(self, name: str, rate: int) -> None:
        if invoice := self._account(name).invoices.filter(voided_at=None).order_by("pk").first():
            books.invoice_update(
                invoice=invoice, expected_revision=invoice.revision, number=invoice.number, date=invoice.date,
                due_date=None, memo="", lines=[books.LineInput(None, "Corrected", Decimal(1), Decimal(rate))],
            )  # fmt: skip

    @rule(name=NAMES)
    def void_an_invoice(self, name: str) -> None:
        if invoice := self._account(name).invoices.filter(voided_at=None).order_by("pk").first():
            books.invoice_void(invoice=invoice)

    @rule(name=NAMES)
    def leave_an_invoice_out_or_take_it_in_again(self, name: str) -> None:
        invoice = self._account(name).invoices.order_by("pk").first()
        left_out = InvoiceSync.objects.filter(document=invoice, status=DocumentStatus.SKIPPED).exists()
        with suppress(Refused):
            if invoice:
                (services.document_sync if left_out else services.document_skip)(document=invoice, by=self.alice)

    # What people do in QuickBooks

    @rule()
    def make_the_customer_inactive_or_active_there(self) -> None:
        (customer, *others) = self.office.remote("Customer")
        name = name_before_deletion(customer["DisplayName"])
        if all(other["DisplayName"] != name for other in others):  # else QuickBooks refuses it
            self.simulator.change(self.office.realm, "Customer", customer["Id"], Active=not customer["Active"])

    @rule()
    def rename_a_customer_there(self) -> None:
        if actives := self._active_customers():
            name = f"{actives[0]['DisplayName']} {len(self.office.simulator.entities(self.office.realm, 'Customer'))}"
            if all(one["DisplayName"] != name for one in actives):
                self.simulator.change(self.office.realm, "Customer", actives[0]["Id"], DisplayName=name)

    @rule()
    def merge_customers_there(self) -> None:
        if len(actives := self._active_customers()) > 1:
            self.simulator.merge(self.office.realm, "Customer", gone=actives[0]["Id"], into=actives[1]["Id"])

    @rule(kind=st.sampled_from(["Invoice", "Payment"]))
    def date_a_document_anew_there(self, kind: str) -> None:
        if there := self.office.remote(kind):
            self.simulator.change(self.office.realm, kind, there[-1]["Id"], TxnDate="2026-07-07")

    @rule()
    def add_a_customer_there(self) -> None:
        taken = {customer["DisplayName"] for customer in self.office.remote("Customer")}
        if STRANGER not in taken:
            self.simulator.create(self.office.realm, "Customer", DisplayName=STRANGER)

    @rule(kind=st.sampled_from(["Invoice", "Payment"]), operation=st.sampled_from(["delete", "void"]))
    def remove_a_document_there(self, kind: str, operation: str) -> None:
        if there := self.office.remote(kind):
            self.simulator.remove(self.office.realm, kind, there[0]["Id"], operation=operation)

    @rule(planned=st.sampled_from(FAULTS))
    def plan_a_fault(self, planned: dict[str, Any]) -> None:
        self.simulator.faults(self.office.realm, planned)

    # What the workers do

    @rule(priority=st.sampled_from(list(Priority)))
    def run_a_worker(self, priority: Priority) -> None:
        engine.run(self.office.connection.pk, priority=priority)

    @precondition(lambda self: AccountSync.objects.filter(connection=self.office.connection).exists())
    @rule(seconds=st.integers(1, 20))
    def let_time_pass(self, seconds: int) -> None:
        self.clock.shift(timedelta(seconds=seconds))

    # What always holds

    @invariant()
    def every_change_is_one_of_the_table(self) -> None:
        told = HistoryEntry.objects.filter(firm_id=self.office.firm.pk, kind=HistoryEntry.Kind.ACCOUNT)
        for entry in told:
            assert next_status(Status(entry.before), Event(entry.event)) == entry.after, str(entry)

    @invariant()
    def who_waits_will_be_looked_at(self) -> None:
        for row in AccountSync.objects.filter(connection=self.office.connection, status=Status.SYNCING):
            assert row.due_at is not None, f"{row} waits for nothing"

    @invariant()
    def no_payment_is_on_an_invoice_of_another_customer(self) -> None:
        customers = {one["Id"]: one["CustomerRef"]["value"] for one in self.office.remote("Invoice")}
        for payment in self.office.remote("Payment"):
            for line in payment["Line"]:
                assert customers[line["LinkedTxn"][0]["TxnId"]] == payment["CustomerRef"]["value"]

    def teardown(self) -> None:
        """Once QuickBooks answers again all comes to rest, nothing twice and nothing half-done."""
        self.simulator.faults(self.office.realm)
        for _ in range(60):
            again = engine.run(self.office.connection.pk, priority=Priority.BACKGROUND)
            if again is None:
                break
            self.clock.shift(timedelta(seconds=again + 0.01))
        self._is_at_rest()

    def _is_at_rest(self) -> None:
        rows = AccountSync.objects.filter(connection=self.office.connection).select_related("account")
        for row in rows:
            assert row.status != Status.SYNCING, f"{row} still waits"
            assert row.claimed_until is None or row.claimed_until < timezone.now(), f"{row} is still claimed"
            assert row.status != Status.SYNCED or row.due_at is None, f"{row} is still due"
        synced = PushIntent.objects.filter(account_sync__in=rows, account_sync__status=Status.SYNCED)
        assert not synced.filter(outcome=PushIntent.Outcome.OPEN).exists()
        for kind in ("Invoice", "Payment"):
            marks = Counter(mark_of(one.get("PrivateNote")) for one in self.office.remote(kind))
            assert set(marks.values()) <= {1}, f"{kind} is there twice"
        actives = {one["Id"] for one in self._active_customers()}
        mirror.refresh(self.office.connection, Session(self.office.connection, Priority.PEOPLE).company, max_age=_NOW)
        for row in rows.filter(status=Status.SYNCED).select_related("customer"):
            assert row.customer is not None
            assert row.customer.qbo_id in actives, f"{row}, but its customer is not active"
            self._documents_have_arrived(row.account)

    def _documents_have_arrived(self, account: Account) -> None:
        """Each is settled at its present revision, or waits and says for what."""
        documents: list[Invoice | Payment] = [*account.invoices.all(), *account.payments.all()]
        for document in documents:
            model: Any = InvoiceSync if isinstance(document, Invoice) else PaymentSync
            row = model.objects.filter(document=document).first()
            if row is None:
                assert document.is_void, f"{document} was never tried"
            elif row.status == DocumentStatus.WAITING:
                assert row.reason == "waits_for_invoice", f"{document} waits: {row.reason}"
            elif row.status != DocumentStatus.SKIPPED:
                assert row.settled_revision == document.revision, f"{document} is {row.status} at an older revision"

    def _active_customers(self) -> list[dict[str, Any]]:
        return [one for one in self.office.remote("Customer") if one["Active"]]

    def _account(self, name: str) -> Account:
        return Account.objects.get(pk=self.accounts[name].pk)


@contextmanager
def _a_clock_to_set() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now(), tick=True) as clock:
        yield clock


def test_whatever_happens_all_comes_to_rest_in_the_table_of_states(office: Office) -> None:
    with _a_clock_to_set() as clock:
        Desk.simulator, Desk.alice, Desk.clock = office.simulator, office.alice, clock
        run_state_machine_as_test(
            Desk,
            settings=settings(
                max_examples=12, stateful_step_count=12, deadline=None, derandomize=True, database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
