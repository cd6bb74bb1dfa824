"""The firm of the tests of the books: Maple & Rowe, its client Ann Bailey, and short ways to bill and to pay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accounts import services
from accounts.models import Account, Invoice, Payment
from accounts.services import LineInput
from portal.models import Firm, Membership, Role, User

DAY = date(2026, 3, 2)


@dataclass(frozen=True)
class Ledger:
    """A firm, its owner Olga, and one client."""

    firm: Firm
    owner: Membership
    ann: Account

    def client(self, name: str, code: str = "") -> Account:
        """Another client of the firm."""
        return services.account_create(firm=self.firm, name=name, code=code)

    def bill(self, amount: str, account: Account | None = None, number: str = "", day: date = DAY) -> Invoice:
        """An invoice of one line."""
        lines = [line("1", amount)]
        return services.invoice_record(account=account or self.ann, number=number, date=day, lines=lines)

    def pay(self, amount: str, *parts: tuple[Invoice, str], account: Account | None = None) -> Payment:
        """A payment by check, allocated to the invoices as given."""
        allocations = {invoice.pk: Decimal(part) for invoice, part in parts}
        return services.payment_record(
            account=account or self.ann, date=DAY, amount=Decimal(amount), allocations=allocations
        )


def line(quantity: str, rate: str, description: str = "Tax return", *, taxable: bool = False) -> LineInput:
    """A line of an invoice without a service."""
    return LineInput(None, description, Decimal(quantity), Decimal(rate), taxable)


def open_ledger() -> Ledger:
    """The firm with its people and its one client."""
    firm = Firm.objects.create(name="Maple & Rowe")
    olga = User.objects.create_user("olga@example.com", name="Olga Maple")
    owner = Membership.objects.create(user=olga, firm=firm, role=Role.OWNER)
    return Ledger(firm, owner, services.account_create(firm=firm, name="Ann Bailey"))


def update(document: Invoice | Payment, **changes: object) -> Invoice | Payment:
    """Change a document as a form does that was opened just now: everything is given, most of it as it was."""
    document.refresh_from_db()
    given: dict[str, object] = {"number": document.number, "date": document.date, "memo": document.memo}
    given["expected_revision"] = document.revision
    if isinstance(document, Invoice):
        lines = [
            LineInput(each.service, each.description, each.quantity, each.rate, each.taxable)
            for each in document.lines.all()
        ]
        given |= {"due_date": document.due_date, "lines": lines}
        return services.invoice_update(invoice=document, **{**given, **changes})  # type: ignore[arg-type]
    given |= {"amount": document.amount, "method": document.method, "reference": document.reference}
    given["sync_to_quickbooks"] = document.sync_to_quickbooks
    given["allocations"] = dict(document.allocations.values_list("invoice", "amount"))
    return services.payment_update(payment=document, **{**given, **changes})  # type: ignore[arg-type]
