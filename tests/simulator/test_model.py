"""Random sequences of writes over HTTP against a small model of the books: they must always agree."""

import os
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from tests.simulator.client import Company, Refused, sale_line
from tests.simulator.conftest import Process

AMOUNTS = st.decimals(min_value=0, max_value=500, places=2)
NAMES = st.sampled_from(["Ann", "ANN", "Bob", "Cy", "Zoë", "ZOË", "Ann (deleted)"])


@dataclass
class Known:
    """What the model knows of one entity."""

    id: str
    token: int = 0
    customer: str = ""
    total: Decimal = Decimal(0)
    gone: bool = False
    lines: dict[str, Decimal] = field(default_factory=dict)  # a payment's invoices


def money(value: Decimal) -> float:
    """As JSON carries it."""
    return float(value)


class Books(RuleBasedStateMachine):
    """Customers, invoices and payments with their balances, SyncTokens and names."""

    customers = Bundle("customers")
    invoices = Bundle("invoices")
    payments = Bundle("payments")
    url = ""

    @initialize()
    def start(self) -> None:
        self.company = Company.made(self.url)
        self.names: dict[str, str] = {}
        self.active: dict[str, bool] = {}
        self.inv: dict[str, Known] = {}
        self.pay: dict[str, Known] = {}

    # -- the model -----------------------------------------------------------------

    def applied_to(self, invoice: str) -> Decimal:
        return sum((each.lines.get(invoice, Decimal(0)) for each in self.pay.values() if not each.gone), Decimal(0))

    def balance(self, invoice: Known) -> Decimal:
        return invoice.total - self.applied_to(invoice.id)

    def unapplied(self, payment: Known) -> Decimal:
        return payment.total - sum(payment.lines.values(), Decimal(0))

    def owed(self, customer: str) -> Decimal:
        owed = sum((self.balance(each) for each in self.inv.values() if each.customer == customer), Decimal(0))
        return owed - sum((self.unapplied(each) for each in self.pay.values() if each.customer == customer), Decimal(0))

    # -- writes --------------------------------------------------------------------

    @rule(target=customers, name=NAMES)
    def add_customer(self, name: str) -> object:
        taken = name.casefold() in {each.casefold() for each in self.names.values()}
        try:
            made = self.company.write("Customer", {"DisplayName": name})
        except Refused as refused:
            assert taken
            assert refused.code == "6240"
            return multiple()
        assert not taken
        self.names[made["Id"]], self.active[made["Id"]] = name, True
        return made["Id"]

    @rule(customer=customers)
    def switch_activity(self, customer: str) -> None:
        now = self.company.read("Customer", customer)
        wanted = not self.active[customer]
        try:
            changed = self.company.update("Customer", now, Active=wanted)
        except Refused as refused:
            assert wanted
            assert refused.code == "6240"
            return
        self.active[customer], self.names[customer] = wanted, changed["DisplayName"]
        assert changed["DisplayName"].endswith(")") or wanted

    @rule(target=invoices, customer=customers, amount=AMOUNTS)
    def add_invoice(self, customer: str, amount: Decimal) -> object:
        body = {"CustomerRef": {"value": customer}, "Line": [sale_line(money(amount))]}
        try:
            made = self.company.write("Invoice", body)
        except Refused as refused:
            assert not self.active[customer]
            assert refused.code == "2500"
            return multiple()
        assert self.active[customer]
        self.inv[made["Id"]] = Known(made["Id"], customer=customer, total=amount)
        return made["Id"]

    @rule(target=payments, customer=customers, amount=AMOUNTS)
    def add_credit(self, customer: str, amount: Decimal) -> object:
        try:
            made = self.company.payment(money(amount), customer=customer)
        except Refused:
            assert not self.active[customer]
            return multiple()
        self.pay[made["Id"]] = Known(made["Id"], customer=customer, total=amount)
        return made["Id"]

    @rule(payment=payments, invoice=invoices, amount=AMOUNTS, fresh=st.booleans())
    def apply(self, payment: str, invoice: str, amount: Decimal, fresh: bool) -> None:
        known, target = self.pay[payment], self.inv[invoice]
        lines = {} if fresh else dict(known.lines)
        lines[invoice] = amount
        sent = [{"Amount": money(a), "LinkedTxn": [{"TxnId": i, "TxnType": "Invoice"}]} for i, a in lines.items()]
        fits = (
            not known.gone and not target.gone and known.customer == target.customer
            and sum(lines.values(), Decimal(0)) <= known.total
            and amount <= self.balance(target) + known.lines.get(invoice, Decimal(0))
        )  # fmt: skip
        try:
            changed = self.company.write(
                "Payment", {"Id": payment, "SyncToken": str(known.token), "sparse": True, "Line": sent}
            )
        except Refused as refused:
            assert not fits, refused
            return
        assert fits
        assert changed["UnappliedAmt"] == money(known.total - sum(lines.values(), Decimal(0)))
        for touched in set(known.lines) | set(lines):
            self.inv[touched].token += 1
        known.lines, known.token = lines, known.token + 1

    @rule(invoice=invoices, void=st.booleans())
    def remove_invoice(self, invoice: str, void: bool) -> None:
        known = self.inv[invoice]
        sent = {"Id": invoice, "SyncToken": str(known.token)}
        try:
            self.company.write("Invoice", sent, operation="void" if void else "delete")
        except Refused as refused:
            assert known.gone
            assert refused.code == "610"
            return
        known.token += 1
        for payment in self.pay.values():
            if payment.lines.pop(invoice, None) is not None:
                payment.token += 1
        known.total, known.gone = Decimal(0), not void

    @rule(payment=payments, void=st.booleans())
    def remove_payment(self, payment: str, void: bool) -> None:
        known = self.pay[payment]
        sent = {"Id": payment, "SyncToken": str(known.token), "sparse": True}
        params = {"operation": "update", "include": "void"} if void else {"operation": "delete"}
        try:
            self.company.write("Payment", sent, **params)
        except Refused as refused:
            assert known.gone
            assert refused.code == "610"
            return
        for invoice in known.lines:
            self.inv[invoice].token += 1
        known.token, known.total, known.lines, known.gone = known.token + 1, Decimal(0), {}, not void

    @rule(invoice=invoices, behind=st.integers(1, 3))
    def a_stale_write_changes_nothing(self, invoice: str, behind: int) -> None:
        known = self.inv[invoice]
        with pytest.raises(Refused) as refused:
            self.company.write("Invoice", {"Id": invoice, "SyncToken": str(known.token - behind), "sparse": True})
        assert refused.value.code == ("610" if known.gone else "5010")

    # -- agreement -----------------------------------------------------------------

    @invariant()
    def the_books_agree_with_the_model(self) -> None:
        if not hasattr(self, "company"):
            return
        held = {
            kind: {each["Id"]: each for each in self.company.control(f"entities/{kind}", method="GET")}
            for kind in ("Customer", "Invoice", "Payment")
        }
        for known in self.inv.values():
            entity = held["Invoice"][known.id]
            assert entity["SyncToken"] == str(known.token)
            if not known.gone:
                assert (entity["TotalAmt"], entity["Balance"]) == (money(known.total), money(self.balance(known)))
                assert {each["TxnId"] for each in entity["LinkedTxn"]} == {
                    each.id for each in self.pay.values() if known.id in each.lines
                }
        for known in self.pay.values():
            entity = held["Payment"][known.id]
            assert entity["SyncToken"] == str(known.token)
            if not known.gone:
                assert entity["UnappliedAmt"] == money(self.unapplied(known))
        for customer, name in self.names.items():
            entity = held["Customer"][customer]
            assert (entity["DisplayName"], entity["Balance"]) == (name, money(self.owed(customer)))
        folded = [each["DisplayName"].casefold() for each in held["Customer"].values()]
        assert len(folded) == len(set(folded))


def test_random_writes_keep_the_books_right(process: Process) -> None:
    class Here(Books):
        url = process.url

    Here.TestCase.settings = settings(
        max_examples=100 if os.environ.get("SIMULATOR_THOROUGH") else 8, stateful_step_count=30, deadline=None,
        suppress_health_check=list(HealthCheck), database=None,
    )  # fmt: skip
    Here.TestCase("runTest").debug()
