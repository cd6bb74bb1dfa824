"""Sets a run up and lets its people act: in the portal through its services, in QuickBooks through the simulator."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts import services as books
from accounts.models import Account, Invoice, Payment
from accounts.services import BooksError
from portal.models import Firm, User
from qbsync import services
from qbsync.models import InvoiceSync, PaymentSync
from qbsync.services import Refused
from tests.crash.scenario import Act, Scenario
from tests.qbsync.conftest import DAY, Office
from tests.simulated import Simulator


@dataclass
class Run:
    """One firm on its way through a scenario."""

    scenario: Scenario
    office: Office
    accounts: list[Account]
    removed_there: set[str] = field(default_factory=set)
    """Kind and id of each document that a person deleted or voided in QuickBooks."""

    @property
    def seed(self) -> int:
        """The seed that repeats it."""
        return self.scenario.seed


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
    with transaction.atomic():  # the workers are woken at its end
        office.connect(
            scope="all",
            Customer=[{"DisplayName": planned.name} for planned in scenario.accounts if planned.is_known],
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
    with suppress(BooksError, Refused):
        _VERBS[what.verb](run, account, dice)


def sync_the_skipped(run: Run) -> None:
    """Press Sync on every account that was skipped: what was under way at that time comes to light."""
    for account in Account.objects.filter(firm=run.office.firm, quickbooks__status="skipped"):
        with suppress(Refused):
            services.account_sync(account=account, by=run.office.alice)


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


def _forget_requestids(run: Run, account: Account, dice: random.Random) -> None:
    run.office.simulator.options(run.office.realm, forget_requestids=True)


_VERBS = {
    "sync": _sync, "create": _create, "unsync": _unsync, "rename": _rename, "invoice": _invoice, "payment": _payment,
    "edit_invoice": _edit_invoice, "edit_payment": _edit_payment, "void_invoice": _void_invoice,
    "void_payment": _void_payment, "skip_document": _skip_document, "sync_document": _sync_document,
    "note_there": _note_there, "delete_there": _delete_there, "void_there": _void_there,
    "forget_requestids": _forget_requestids,
}  # fmt: skip
