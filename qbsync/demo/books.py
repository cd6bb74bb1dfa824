"""The books of a demonstration firm: accounts, a year of invoices, what was paid of them. Drawn from a seed."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from accounts.services import ContactInput
from accounts.services.bulk.records import AccountRecord, AllocationRecord, InvoiceRecord, LineRecord, PaymentRecord
from accounts.services.numbering import initials
from accounts.services.rules import CENT, LineInput, invoice_total
from qbsync.demo.clients import Client, Documents

SYNC_DATE = date(2026, 1, 1)
_FIRST_MONTH, _MONTHS = (2025, 10), 14  # October 2025 to November 2026
_LAST_DAY = date(2026, 11, 20)
_FIRST_NUMBER = 1001
_Service = tuple[str, str, tuple[str, ...]]  # service, rate, quantities
_PERSONAL: tuple[_Service, ...] = (
    ("Individual tax return", "485.00", ("1",)), ("Tax planning consultation", "187.50", ("0.75", "1", "1.5", "2.25")),
    ("Estimated tax vouchers", "95.00", ("1", "4")), ("IRS notice response", "165.55", ("1", "2.25", "3")),
)  # fmt: skip
_BUSINESS: tuple[_Service, ...] = (
    ("Monthly bookkeeping", "325.00", ("1",)), ("Monthly bookkeeping", "540.00", ("1",)),
    ("Payroll processing", "14.95", ("4", "9", "12", "27")), ("Sales tax filing", "75.00", ("1",)),
    ("Business tax return", "1250.00", ("1",)), ("Advisory hours", "210.00", ("0.5", "1.75", "3")),
)  # fmt: skip
_BINDER = LineRecord(
    0, "Printed records binder", "Printed records binder", Decimal(2), Decimal("38.50"), taxable=True
)  # goods, so that sales tax is due on it
_TAX_RATE = Decimal("0.08875")
_METHODS = ("check", "check", "check", "ach", "ach", "card", "card", "cash")


@dataclass
class DemoBooks:
    """All that a firm's books hold; documents to void are named by their numbers."""

    accounts: list[AccountRecord] = field(default_factory=list)
    invoices: list[InvoiceRecord] = field(default_factory=list)
    payments: list[PaymentRecord] = field(default_factory=list)
    void_invoices: list[str] = field(default_factory=list)
    void_payments: list[str] = field(default_factory=list)


def draw(clients: list[Client], team: tuple[str, str, str], seed: int) -> DemoBooks:
    """Return the books of these clients, with three invoices and seven thirds of a payment for each on average.

    Args:
        team: addresses of the owner, an admin and an employee, who is assigned to every seventh account.
    """
    rng = random.Random(seed)  # noqa: S311
    books = DemoBooks()
    codes = _codes(clients)
    books.accounts = [_account(rng, place, client, codes[place], team) for place, client in enumerate(clients)]
    books.invoices = _invoices(rng, clients, codes, 3 * len(clients))
    books.payments = _payments(rng, books.invoices, round(len(clients) * 7 / 3))
    paid = {part.invoice for payment in books.payments for part in payment.allocations}
    recent = [invoice for invoice in books.invoices if invoice.date >= SYNC_DATE and invoice.number not in paid]
    books.void_invoices = [invoice.number for invoice in recent[: 1 + len(clients) // 150]]
    books.void_payments = [books.payments[-1].number]
    return books


def _codes(clients: list[Client]) -> list[str]:
    seen: Counter[str] = Counter()
    codes = []
    for client in clients:
        start = initials(client.name)
        seen[start] += 1
        codes.append(f"{start}{seen[start]}")
    return codes


def _account(rng: random.Random, place: int, client: Client, code: str, team: tuple[str, str, str]) -> AccountRecord:
    owner, admin, employee = team
    people = [employee] if place % 7 == 3 else []
    people.append(owner if place % 5 == 0 else admin)
    tags = {"company": ["Business"], "individual": ["1040"], "other": ["Trusts & estates"]}[client.type]
    tags += [tag for tag, share in (("Monthly", 0.3), ("Extension filed", 0.1), ("VIP", 0.05)) if rng.random() < share]
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in client.name).lower().split()
    email = f"{'.'.join(words[:2]) or 'client'}@{code.lower()}.example.com"
    contact = ContactInput(client.name[:200], email, f"(555) 555-{place % 10000:04d}", is_primary=True)
    return AccountRecord(0, code, client.name, client.type, tuple(tags), tuple(people), contact)


def _invoices(rng: random.Random, clients: list[Client], codes: list[str], count: int) -> list[InvoiceRecord]:
    billed = [place for place, client in enumerate(clients) if client.documents is not Documents.NONE]
    usual = [place for place in billed if clients[place].documents is Documents.USUAL]
    # Everybody has one at least; businesses are billed more often than people.
    weights = [3 if clients[place].type == "company" else 1 for place in usual]
    drawn = sorted(billed + rng.choices(usual, weights, k=count - len(billed)))
    dated: list[tuple[date, int, int]] = []
    seen: Counter[int] = Counter()
    for order, place in enumerate(drawn):
        dated.append((_day(rng, clients[place], first=seen[place] == 0), place, order))
        seen[place] += 1
    invoices = []
    for number, (day, place, _) in enumerate(sorted(dated), start=_FIRST_NUMBER):
        memo = "Thank you for your business." if rng.random() < 0.2 else ""
        lines = _lines(rng, clients[place], day)
        tax = None
        if clients[place].type == "company" and number % 9 == 0:
            lines.append(_BINDER)
            tax = (_BINDER.quantity * _BINDER.rate * _TAX_RATE).quantize(CENT)
        due = day + timedelta(days=30)
        invoices.append(InvoiceRecord(0, f"INV-{number}", codes[place], day, due, memo, lines, tax))
    return invoices


def _day(rng: random.Random, client: Client, *, first: bool) -> date:
    """A day of billing. A client's first invoice is on the side of the sync date that decides the scope."""
    start = 0
    months = _MONTHS
    if client.documents is Documents.BEFORE_SYNC_DATE:
        months = 3
    elif first:
        start = 3
    month = _FIRST_MONTH[1] - 1 + rng.randrange(start, months)
    return min(date(_FIRST_MONTH[0] + month // 12, month % 12 + 1, rng.randint(1, 28)), _LAST_DAY)


def _lines(rng: random.Random, client: Client, day: date) -> list[LineRecord]:
    offered = _BUSINESS if client.type == "company" else _PERSONAL
    lines = []
    for service, rate, quantities in rng.sample(offered, rng.choice((1, 1, 1, 2, 2, 3))):
        text = f"{service}, {day:%B %Y}" if "onthly" in service else service
        lines.append(LineRecord(0, service, text, Decimal(rng.choice(quantities)), Decimal(rate)))
    return lines


def total(invoice: InvoiceRecord) -> Decimal:
    """Return what an invoice comes to."""
    lines = [LineInput(None, "", line.quantity, line.rate) for line in invoice.lines]
    return invoice_total(lines, invoice.tax or Decimal(0))


def _payments(rng: random.Random, invoices: list[InvoiceRecord], count: int) -> list[PaymentRecord]:
    """Payments of the older invoices; some pay two invoices, some a part of one, some more than is due, some none.

    An invoice from before the sync date is paid before it, so that no payment waits for an invoice that is not sent.
    """
    drawn = [parts for place, parts in enumerate(_paid_together(rng, invoices)) if place % 11 != 5]
    drawn = drawn[: count - count // 40]
    payments: list[tuple[date, str, Decimal, list[tuple[str, Decimal]]]] = []
    for place, parts in enumerate(drawn):
        latest = max(invoice.date for invoice in parts)
        limit = date(2025, 12, 31) if latest < SYNC_DATE else _LAST_DAY
        day = min(latest + timedelta(days=rng.randint(2, 40)), limit)
        applied = [(invoice.number, total(invoice)) for invoice in parts]
        if place % 9 == 4:  # a part of it, to the cent
            applied = [(number, (amount / 3).quantize(Decimal("0.01"))) for number, amount in applied]
        amount = sum((part for _, part in applied), Decimal(0))
        if place % 31 == 7:  # rounded up by the client; the rest is credit
            amount += Decimal(25)
        payments.append((day, parts[0].account, amount, applied))
    recent = [invoice for invoice in invoices if invoice.date >= SYNC_DATE]
    while len(payments) < count:  # a retainer, not yet applied to anything
        invoice = rng.choice(recent)
        day = min(invoice.date + timedelta(days=rng.randint(0, 60)), _LAST_DAY)
        payments.append((day, invoice.account, Decimal(rng.choice((250, 500, 1000))), []))
    return [
        _payment(rng, number, *payment)
        for number, payment in enumerate(sorted(payments, key=lambda each: each[:3]), start=_FIRST_NUMBER)
    ]


def _paid_together(rng: random.Random, invoices: list[InvoiceRecord]) -> list[list[InvoiceRecord]]:
    """The invoices, oldest first, each alone or with the account's next one."""
    of_account: dict[str, list[InvoiceRecord]] = defaultdict(list)
    for invoice in invoices:
        of_account[invoice.account].append(invoice)
    groups = []
    for mine in of_account.values():
        while mine:
            pair = len(mine) > 1 and rng.random() < 0.06 and (mine[0].date < SYNC_DATE) == (mine[1].date < SYNC_DATE)
            groups.append([mine.pop(0), mine.pop(0)] if pair else [mine.pop(0)])
    return sorted(groups, key=lambda group: (group[-1].date, group[-1].number))


def _payment(
    rng: random.Random, number: int, day: date, account: str, amount: Decimal, applied: list[tuple[str, Decimal]]
) -> PaymentRecord:
    method = rng.choice(_METHODS)
    reference = str(rng.randint(1001, 9899)) if method == "check" else ""
    memo = "" if applied else "Retainer"
    parts = [AllocationRecord(0, invoice, part) for invoice, part in applied]
    return PaymentRecord(0, f"PAY-{number}", account, day, amount, method, reference, memo, None, parts)
