"""Books of any size for the benchmarks, written by the portal's own import; and the customers that go with them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from accounts.services.bulk import books_import
from accounts.services.bulk.records import AccountRecord, AllocationRecord, InvoiceRecord, LineRecord, PaymentRecord
from portal.models import Firm
from qbsync.matching import fold
from qbsync.models import Connection, Customer

_DAY = date(2026, 3, 2)
_AMOUNT = Decimal("100.00")


def names(count: int, start: int = 1) -> list[str]:
    """Names of so many clients, no two equal."""
    return [f"Client {number:06} Holdings, LLC" for number in range(start, start + count)]


def customers(of: list[str]) -> list[dict[str, Any]]:
    """A customer of QuickBooks for each name."""
    return [
        {"DisplayName": name, "CompanyName": name, "PrimaryPhone": {"FreeFormNumber": f"(555) 555-{number % 10000:04}"}}
        for number, name in enumerate(of)
    ]


def mirrored(connection: Connection, names: list[str]) -> None:
    """Enter customers of these names into the mirror, as if they had been read from QuickBooks."""
    Customer.objects.bulk_create(
        [
            Customer(
                connection=connection,
                qbo_id=f"C{place}",
                display_name=name,
                full_name=name,
                folded_name=fold(name),
            )
            for place, name in enumerate(names)
        ],
        batch_size=5000,
    )


def books(firm: Firm, clients: list[str], *, invoices: int, payments: int, prefix: str = "C") -> None:
    """Enter accounts of these names with so many one-line invoices and payments in all, spread evenly.

    Each payment pays one of its account's invoices in full; there are at most as many payments as invoices.
    """
    codes = [f"{prefix}{number}" for number, _ in enumerate(clients, start=1)]
    billed = [
        InvoiceRecord(
            line=place, number=f"{prefix}I{place}", account=codes[place % len(codes)], date=_DAY,
            lines=[LineRecord(place, "Bookkeeping", "Monthly bookkeeping", Decimal(1), _AMOUNT)],
        )
        for place in range(invoices)
    ]  # fmt: skip
    paid = [
        PaymentRecord(
            line=place, number=f"{prefix}P{place}", account=codes[place % len(codes)], date=_DAY, amount=_AMOUNT,
            method="check", allocations=[AllocationRecord(place, f"{prefix}I{place}", _AMOUNT)],
        )
        for place in range(payments)
    ]  # fmt: skip
    accounts = [AccountRecord(place, code, name) for place, (code, name) in enumerate(zip(codes, clients, strict=True))]
    books_import(firm=firm, accounts=accounts, invoices=billed, payments=paid)
