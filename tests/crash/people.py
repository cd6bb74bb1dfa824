"""Sets a run up and lets its people act: in the portal through its services, in QuickBooks through the simulator."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import services as books
from accounts.models import Account, Invoice, Payment
from accounts.services import BooksError
from portal.models import Firm, User
from qbsync import connecting, mirror, services, troubles
from qbsync.demo.connect import Simulator as SignInPage
from qbsync.gateway import oauth
from qbsync.gateway.faults import Fault
from qbsync.gateway.limiter import Priority, QuotaWait
from qbsync.matching import name_before_deletion
from qbsync.metering import Session
from qbsync.models import AccountSync, Connection, ConnectionStatus, Customer, InvoiceSync, PaymentSync
from qbsync.services import Refused
from tests.crash.scenario import Act, Scenario
from tests.qbsync.conftest import DAY, Office
from tests.simulated import Simulator

_DRIFT_WITHIN_S = 60.0


@dataclass
class Run:
    """One firm on its way through a scenario."""

    scenario: Scenario
    office: Office
    accounts: list[Account]
    removed_there: set[str] = field(default_factory=set)
    """Kind and id of each document that a person deleted or voided in QuickBooks."""
    gone_there: dict[str, str] = field(default_factory=dict)
    """Each customer that a person deactivated in QuickBooks, or merged: into which other one."""

    @property
    def seed(self) -> int:
        """The seed that repeats it."""
        return self.scenario.seed

    def did(self, verb: str) -> bool:
        """Whether a person does this in it."""
        return any(one.verb == verb for one in self.scenario.acts)


def begin(simulator: Simulator, alice: User, scenario: Scenario) -> Run:
    """Make the firm with its books and its company, plan the faults, and connect: the workers are woken."""
    office = Office(simulator, Firm.objects.create(name=f"Firm of run {scenario.seed}"), alice)
    accounts = []
    for planned in scenario.accounts:
        account = office.account(planned.name)
        invoices = [office.invoice(account, amount=f"{amount}.00") for amount in planned.invoices]
        for payment in planned.payments:
            _pay(account, [invoices[place] for place in payment.pays], payment.part, payment.credit)
        accounts.append(account)
    known = (one for one in scenario.accounts if one.is_known)
    with transaction.atomic():  # the workers are woken at its end
        office.connect(
            scope="all",
            Customer=[
                *({"DisplayName": one.name, "Active": not one.is_inactive} for one in known),
                *({"DisplayName": name} for name in scenario.strangers),
            ],
            Preferences={"SalesFormsPrefs": {"CustomTxnNumbers": scenario.custom_numbers}},
            options=scenario.options,
        )
        simulator.faults(office.realm, *scenario.faults)
        simulator.latency(office.realm, batch_item_ms=scenario.batch_item_ms)
    return Run(scenario, office, accounts)


def act(run: Run, what: Act) -> None:
    """Let a person do it; that the portal or QuickBooks refuses it is an answer too."""
    dice = random.Random(what.pick)
    account = Account.objects.get(pk=dice.choice(run.accounts).pk)
    with suppress(BooksError, Refused, connecting.ConnectRefused):
        _VERBS[what.verb](run, account, dice)


def sync_the_skipped(run: Run) -> None:
    """Press Sync on every account that was skipped: what was under way at that time comes to light."""
    for account in Account.objects.filter(firm=run.office.firm, quickbooks__status="skipped"):
        with suppress(Refused):
            services.account_sync(account=account, by=run.office.alice)


def reconnect_the_broken(run: Run) -> None:
    """Let the owner sign in again where QuickBooks no longer takes the firm's tokens."""
    connection = Connection.objects.get(pk=run.office.connection.pk)
    if connection.status != ConnectionStatus.BROKEN:
        return
    state = connecting.new_state()
    page = SignInPage(run.office.simulator.url)
    address = connecting.authorize_url(firm=run.office.firm, state=state)
    sent_back = page.sign_in(address, realm_id=connection.realm_id, email=run.office.alice.email)
    connecting.connection_complete(
        firm=run.office.firm, by=run.office.alice, code=sent_back["code"], realm_id=sent_back["realmId"],
        scope=connection.scope, sync_date=connection.sync_date,
    )  # fmt: skip


def look_for_drift(run: Run) -> None:
    """Read what has changed in QuickBooks, as is done every hour."""
    began, deadline = timezone.now(), time.monotonic() + _DRIFT_WITHIN_S
    connection = Connection.objects.get(pk=run.office.connection.pk)
    while connection.is_active and (connection.mirror_read_at is None or connection.mirror_read_at < began):
        session = Session(connection, Priority.PEOPLE)
        try:
            mirror.refresh(connection, session.company, max_age=timedelta(0))
        except Fault as fault:
            # It may be the first to hear that the grant was revoked in the last moment
            troubles.of_connection(connection, session, fault)
            reconnect_the_broken(run)
        except (QuotaWait, mirror.MirrorBusy):
            pass
        connection.refresh_from_db()
        assert time.monotonic() < deadline, f"{connection}: its changes cannot be read"
        time.sleep(0.05)


def _pay(account: Account, invoices: Sequence[Invoice], part: float, credit: int) -> None:
    paid = {
        invoice.pk: left
        for invoice in Invoice.objects.filter(pk__in=[invoice.pk for invoice in invoices])
        if (left := (invoice.balance * Decimal(str(part))).quantize(Decimal("0.01"))) > 0
    }
    amount = sum(paid.values(), Decimal(0)) + credit
    if amount:
        books.payment_record(account=account, date=DAY, amount=amount, allocations=paid)


def _document(run: Run, account: Account, dice: random.Random) -> Invoice | Payment | None:
    found: list[Any] = [*account.invoices.order_by("pk"), *account.payments.order_by("pk")]
    return dice.choice(found) if found else None


def _sync(run: Run, account: Account, dice: random.Random) -> None:
    services.account_sync(account=account, by=run.office.alice)


def _create(run: Run, account: Account, dice: random.Random) -> None:
    strangers = [one for one, plan in zip(run.accounts, run.scenario.accounts, strict=True) if not plan.is_known]
    chosen = Account.objects.get(pk=dice.choice(strangers).pk) if strangers else account
    services.account_create_customer(account=chosen, by=run.office.alice)


def _unsync(run: Run, account: Account, dice: random.Random) -> None:
    services.account_unsync(account=account, by=run.office.alice)


def _rename(run: Run, account: Account, dice: random.Random) -> None:
    books.account_update(account=account, name=f"{account.name} Jr", type=account.type, tags=[], team=[])


def _invoice(run: Run, account: Account, dice: random.Random) -> None:
    run.office.invoice(account, amount=f"{dice.randint(10, 900)}.50")


def _payment(run: Run, account: Account, dice: random.Random) -> None:
    invoices = list(account.invoices.filter(voided_at=None).order_by("pk"))
    _pay(account, dice.sample(invoices, min(len(invoices), 1)), dice.choice([1.0, 0.5]), dice.choice([0, 10]))


def _edit_invoice(run: Run, account: Account, dice: random.Random) -> None:
    invoice = account.invoices.filter(voided_at=None).order_by("pk").first()
    if invoice is None:
        return
    rate = invoice.paid + dice.randint(1, 500)
    number = f"{invoice.number}-A" if dice.random() < 0.2 else invoice.number
    line = books.LineInput(None, "Corrected", Decimal(1), rate)
    books.invoice_update(
        invoice=invoice, expected_revision=invoice.revision, number=number,
        date=invoice.date + timedelta(days=dice.randint(0, 3)), due_date=None, memo="corrected", lines=[line],
    )  # fmt: skip


def _edit_payment(run: Run, account: Account, dice: random.Random) -> None:
    payment = account.payments.filter(voided_at=None).order_by("pk").first()
    if payment is None:
        return
    kept = dict(payment.allocations.values_list("invoice", "amount"))
    books.payment_update(
        payment=payment, expected_revision=payment.revision, number=payment.number,
        date=payment.date + timedelta(days=dice.randint(0, 3)), amount=payment.amount + dice.randint(0, 5),
        method="cash", reference=dice.choice(["", f"CHECK {dice.randint(1, 99)}"]), memo="corrected",
        allocations=kept if dice.random() < 0.6 else {}, sync_to_quickbooks=True,
    )  # fmt: skip


def _void_invoice(run: Run, account: Account, dice: random.Random) -> None:
    if invoice := account.invoices.filter(voided_at=None).order_by("pk").last():
        books.invoice_void(invoice=invoice)


def _void_payment(run: Run, account: Account, dice: random.Random) -> None:
    if payment := account.payments.filter(voided_at=None).order_by("pk").last():
        books.payment_void(payment=payment)


def _skip_document(run: Run, account: Account, dice: random.Random) -> None:
    if document := _document(run, account, dice):
        services.document_skip(document=document, by=run.office.alice)


def _sync_document(run: Run, account: Account, dice: random.Random) -> None:
    if document := _document(run, account, dice):
        services.document_sync(document=document, by=run.office.alice)


def _copy(run: Run, account: Account, dice: random.Random) -> tuple[str, str] | None:
    """A copy in QuickBooks of one of the account's documents: its kind and id."""
    copies = [
        (kind, number)
        for kind, model in (("Invoice", InvoiceSync), ("Payment", PaymentSync))
        for number in model.objects.filter(account=account).values_list("qbo_id", flat=True)
    ]
    there = sorted(copy for copy in copies if copy[1] and "".join(copy) not in run.removed_there)
    return dice.choice(there) if there else None


def _note_there(run: Run, account: Account, dice: random.Random) -> None:
    if copy := _copy(run, account, dice):
        values = {"CustomerMemo": {"value": "Thank you"}} if copy[0] == "Invoice" else {"ProcessPayment": False}
        run.office.simulator.change(run.office.realm, *copy, **values)


def _delete_there(run: Run, account: Account, dice: random.Random) -> None:
    if copy := _copy(run, account, dice):
        run.removed_there.add("".join(copy))
        run.office.simulator.remove(run.office.realm, *copy, operation="delete")


def _void_there(run: Run, account: Account, dice: random.Random) -> None:
    if copy := _copy(run, account, dice):
        run.removed_there.add("".join(copy))
        run.office.simulator.remove(run.office.realm, *copy, operation="void")


def _date_there(run: Run, account: Account, dice: random.Random) -> None:
    """Any document, also one that the portal does not know to be there."""
    kind = dice.choice(["Payment", "Payment", "Invoice"])
    if there := [one["Id"] for one in run.office.remote(kind) if f"{kind}{one['Id']}" not in run.removed_there]:
        run.office.simulator.change(run.office.realm, kind, dice.choice(there), TxnDate="2026-07-07")


def _customer(account: Account) -> str:
    """QuickBooks' id of the customer that the account is linked to; empty where there is none."""
    row = AccountSync.objects.filter(account=account).select_related("customer").first()
    return row.customer.qbo_id if row and row.customer else ""


def _actives(run: Run) -> dict[str, str]:
    return {one["Id"]: one["DisplayName"] for one in run.office.remote("Customer") if one["Active"]}


def _rename_there(run: Run, account: Account, dice: random.Random) -> None:
    customer = _customer(account)
    if name := _actives(run).get(customer):
        run.office.simulator.change(run.office.realm, "Customer", customer, DisplayName=f"{name} Intl")


def _deactivate_there(run: Run, account: Account, dice: random.Random) -> None:
    customer = _customer(account)
    if customer in _actives(run):
        run.gone_there[customer] = ""
        run.office.simulator.change(run.office.realm, "Customer", customer, Active=False)


def _merge_there(run: Run, account: Account, dice: random.Random) -> None:
    gone, actives = _customer(account), _actives(run)
    others = sorted(actives.keys() - {gone})
    if gone in actives and others:
        run.gone_there[gone] = dice.choice(others)
        run.office.simulator.merge(run.office.realm, "Customer", gone=gone, into=run.gone_there[gone])


def _link_another(run: Run, account: Account, dice: random.Random) -> None:
    known = Customer.objects.filter(connection=run.office.connection, active=True).order_by("pk")
    if known:
        services.account_sync(account=account, by=run.office.alice, customer=dice.choice(known))


def _move(run: Run, account: Account, dice: random.Random) -> None:
    """Change the customer to one that is no other account's, and have the documents moved there."""
    free = Customer.objects.filter(connection=run.office.connection, active=True, links=None).order_by("pk")
    if free:
        services.account_change_customer(account=account, by=run.office.alice, customer=dice.choice(free), move=True)


def _move_the_rest(run: Run, account: Account, dice: random.Random) -> None:
    services.documents_move(account=account, by=run.office.alice)


def _reactivate(run: Run, account: Account, dice: random.Random) -> None:
    """Have an inactive customer made active and linked; rather the one of somebody's name than any."""
    merged = [gone for gone, survivor in run.gone_there.items() if survivor]
    known = Customer.objects.filter(connection=run.office.connection, active=False).exclude(qbo_id__in=merged)
    inactive = list(known.order_by("pk"))
    names = {name_before_deletion(one.display_name): one for one in inactive}
    own = [(one, names[one.name]) for one in Account.objects.filter(firm=run.office.firm) if one.name in names]
    if inactive:
        account, customer = dice.choice(own or [(account, dice.choice(inactive))])
        services.account_sync(account=account, by=run.office.alice, customer=customer, reactivate=True)


def _undo(run: Run, account: Account, dice: random.Random) -> None:
    services.account_undo(account=account, by=run.office.alice)


def _revoke(run: Run, account: Account, dice: random.Random) -> None:
    """Somebody ends the portal's access in QuickBooks."""
    token = Connection.objects.get(pk=run.office.connection.pk).refresh_token
    oauth.revoke_quietly(token)


def _reconnect(run: Run, account: Account, dice: random.Random) -> None:
    reconnect_the_broken(run)


def _forget_requestids(run: Run, account: Account, dice: random.Random) -> None:
    run.office.simulator.options(run.office.realm, forget_requestids=True)


_VERBS = {
    "sync": _sync, "create": _create, "unsync": _unsync, "rename": _rename, "invoice": _invoice, "payment": _payment,
    "edit_invoice": _edit_invoice, "edit_payment": _edit_payment, "void_invoice": _void_invoice,
    "void_payment": _void_payment, "skip_document": _skip_document, "sync_document": _sync_document,
    "note_there": _note_there, "delete_there": _delete_there, "void_there": _void_there,
    "forget_requestids": _forget_requestids, "date_there": _date_there, "rename_there": _rename_there,
    "deactivate_there": _deactivate_there, "merge_there": _merge_there, "link_another": _link_another,
    "move": _move, "move_the_rest": _move_the_rest, "reactivate": _reactivate, "undo": _undo, "revoke": _revoke,
    "reconnect": _reconnect,
}  # fmt: skip
