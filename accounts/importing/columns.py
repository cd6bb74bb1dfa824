"""The columns of the three CSV files, and how headings are recognised. README.md here has them as tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a file holds."""

    ACCOUNTS = "accounts"
    INVOICES = "invoices"
    PAYMENTS = "payments"


@dataclass(frozen=True)
class Column:
    """One column. Its heading is recognised in any case, with spaces, underscores or hyphens."""

    title: str
    help: str
    required: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def spellings(self) -> set[str]:
        """Every heading that means this column, as ``folded`` gives it."""
        return {folded(name) for name in (self.title, *self.aliases)}


def folded(heading: str) -> str:
    """Return a heading as it is compared: letters and digits in lower case."""
    return re.sub(r"[^a-z0-9]", "", heading.casefold())


_ACCOUNT_ID = Column("Account ID", "The ID of the account, such as JG2", True, ("Account", "Client ID"))

COLUMNS: dict[Kind, tuple[Column, ...]] = {
    Kind.ACCOUNTS: (
        Column(
            "ID", "The account's ID, such as JG2: what is found again when the file is repeated", True, ("Account ID",)
        ),
        Column("Name", "The account's name", True, ("Account name",)),
        Column("Type", "Individual, Company or Other; blank: Individual, or as it is"),
        Column("Contact name", "The primary contact; blank: the account's name where there is an e-mail or phone"),
        Column(
            "Contact email",
            "Of the primary contact; blank contact cells leave the contact as it is",
            False,
            ("Email", "Contact e-mail"),
        ),
        Column("Contact phone", "Of the primary contact", False, ("Phone",)),
        Column("Tags", "Separated by ; or a bar. They replace the account's tags; blank leaves them"),
        Column("Team", "E-mail addresses of members, separated by ; or a bar. They replace the team; blank leaves it"),
    ),
    Kind.INVOICES: (
        Column("Number", "The invoice's number. Rows of the same number are lines of one invoice", True, ("Invoice",)),
        _ACCOUNT_ID,
        Column("Date", "2026-01-31 or 1/31/2026", True, ("Invoice date",)),
        Column("Due date", "As the date; may be blank"),
        Column("Memo", "A note on the invoice"),
        Column("Service", "What was sold; a service that the firm lacks is added"),
        Column("Description", "The line's text; needed where there is no service"),
        Column("Quantity", "Blank: 1", False, ("Qty",)),
        Column("Rate", "Price of one; needed where there is no amount", False, ("Price",)),
        Column("Amount", "Quantity times rate, rounded to the cent; needed where there is no rate"),
        Column("Taxable", "Yes or No, whether sales tax is due on the line; blank: as it is, or as the service is"),
        Column("Sales tax", "Of the whole invoice; needs a taxable line. Blank: none, or as it is", False, ("Tax",)),
    ),
    Kind.PAYMENTS: (
        Column("Number", "The payment's number. Rows of the same number are parts of one payment", True, ("Payment",)),
        _ACCOUNT_ID,
        Column("Date", "2026-01-31 or 1/31/2026", True, ("Payment date",)),
        Column("Amount", "The whole payment", True),
        Column("Method", "Check, Cash, Credit card, Bank transfer or Other; blank: Check"),
        Column("Reference", "Check or reference number", False, ("Check no", "Check number")),
        Column("Memo", "A note on the payment"),
        Column(
            "Invoice", "The number of an invoice that it pays; blank: the account's credit", False, ("Invoice number",)
        ),
        Column("Applied", "How much of it pays that invoice; blank: the whole payment", False, ("Amount applied",)),
        Column("Sync to QuickBooks", "Yes or No; blank: Yes, or as it is"),
    ),
}


def table(kind: Kind) -> str:
    """Return the columns of a kind of file as a Markdown table."""
    rows = [
        f"| {column.title}{' *' if column.required else ''} | {', '.join(column.aliases)} | {column.help} |"
        for column in COLUMNS[kind]
    ]
    return "\n".join(["| column | also | what it holds |", "|---|---|---|", *rows]) + "\n"
