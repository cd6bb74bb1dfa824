"""Compares the documents of the firm's books with those of QuickBooks, one by one. Pure.

Every cent by which the totals of the two sides differ belongs to a difference that names its document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

ZERO = Decimal("0.00")


class Kind(StrEnum):
    """The type of a document."""

    INVOICE = "invoice"
    PAYMENT = "payment"


class Verdict(StrEnum):
    """How the two sides of one document differ."""

    NOT_SENT = "not_sent"  # it waits, or QuickBooks refused it
    LEFT_OUT = "left_out"  # somebody chose not to sync it
    GONE = "gone"  # it was sent, and is no longer in QuickBooks
    ONLY_THERE = "only_there"  # QuickBooks alone has it
    ENDED_HERE = "ended_here"  # void or deleted here, and counts in QuickBooks
    ENDED_THERE = "ended_there"  # void in QuickBooks, and counts here
    OTHER_CUSTOMER = "other_customer"  # QuickBooks has it under another customer
    AMOUNT = "amount"
    OPEN = "open"  # the amounts are equal, what is still open of them is not


class Ours(NamedTuple):
    """A document of the firm's books. A void or deleted one has neither amount nor open amount.

    ``open`` is what an invoice still waits for, and for a payment, as a negative number, what of it pays no invoice:
    the sum over all documents is what the client owes. ``customer_id`` is QuickBooks' id of the customer that it was
    sent to or will be. Decimal, in the firm's currency.
    """

    kind: Kind
    key: int
    account_id: int
    number: str
    day: date
    amount: Decimal
    open: Decimal
    qbo_id: str
    customer_id: str
    has_ended: bool = False
    is_left_out: bool = False


class Theirs(NamedTuple):
    """A document of QuickBooks; ``open`` as in :class:`Ours`."""

    kind: Kind
    qbo_id: str
    number: str
    day: date
    amount: Decimal
    open: Decimal
    customer_id: str
    is_void: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """One document that the two sides do not have alike. At least one side is there."""

    verdict: Verdict
    account_id: int
    ours: Ours | None
    theirs: Theirs | None

    @property
    def document(self) -> Ours | Theirs:
        """The side that names the document: ours where we have it."""
        side = self.ours or self.theirs
        assert side is not None  # noqa: S101 - a difference has a side
        return side


@dataclass(slots=True)
class Totals:
    """One side's sums in the firm's currency: what was invoiced, what was paid, and what is open of both."""

    invoiced: Decimal = ZERO
    paid: Decimal = ZERO
    open: Decimal = ZERO

    def add(self, document: Ours | Theirs) -> None:
        """Count a document in."""
        if document.kind == Kind.INVOICE:
            self.invoiced += document.amount
        else:
            self.paid += document.amount
        self.open += document.open


@dataclass(slots=True)
class Comparison:
    """The result: both sides' totals, and each document that differs."""

    here: Totals
    there: Totals
    differences: list[Difference]


def compare(ours: Iterable[Ours], theirs: Iterable[Theirs], accounts: Mapping[str, int]) -> Comparison:
    """Compare two sets of documents.

    Args:
        ours: the documents of the accounts compared.
        theirs: QuickBooks' documents: those of the accounts' customers, and the copies of ours wherever they are.
        accounts: the account that each customer (by QuickBooks' id) is linked to.
    """
    there = {(one.kind, one.qbo_id): one for one in theirs}
    result = Comparison(Totals(), Totals(), [])
    for mine in ours:
        copy = there.pop((mine.kind, mine.qbo_id), None) if mine.qbo_id else None
        result.here.add(mine)
        if copy is not None:
            result.there.add(copy)
        verdict = _judge(mine, copy)
        if verdict is not None:
            result.differences.append(Difference(verdict, mine.account_id, mine, copy))
    for copy in _of_linked_customers(there.values(), accounts):
        result.there.add(copy)
        if copy.amount or copy.open:  # a void one that we never had says nothing
            result.differences.append(Difference(Verdict.ONLY_THERE, accounts[copy.customer_id], None, copy))
    result.differences.sort(key=_order)
    return result


def _of_linked_customers(documents: Iterable[Theirs], accounts: Mapping[str, int]) -> Iterator[Theirs]:
    return (one for one in documents if one.customer_id in accounts)


def _judge(mine: Ours, copy: Theirs | None) -> Verdict | None:
    """How the two sides of our document differ; None where they agree."""
    if copy is None:
        return None if mine.has_ended else _missing(mine)
    if copy.is_void or mine.has_ended:
        if copy.is_void:
            return None if mine.has_ended else Verdict.ENDED_THERE
        return Verdict.ENDED_HERE
    if copy.customer_id != mine.customer_id:
        return Verdict.OTHER_CUSTOMER
    if copy.amount != mine.amount:
        return Verdict.AMOUNT
    return Verdict.OPEN if copy.open != mine.open else None


def _missing(mine: Ours) -> Verdict:
    if mine.qbo_id:
        return Verdict.GONE
    return Verdict.LEFT_OUT if mine.is_left_out else Verdict.NOT_SENT


def _order(difference: Difference) -> tuple[int, str, date, str]:
    document = difference.document
    return difference.account_id, document.kind, document.day, document.number
