"""Scores how likely a customer is the one of an account, and says why in words. Pure: no ORM, no Django.

Only suggestions to people are made of this. Nothing is linked by a score; ``matching.match`` alone decides that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from qbsync.naming import parse
from qbsync.wordwise import Rarity, compare

_SAME_EMAIL = 0.75
_SAME_PHONE = 0.6
_OF_A_CONTACT = 86.0
_OF_THE_COMPANY = 95.0
_SHORTEST_PHONE = 7
_DIGITS_OF_A_PHONE = 10  # the country's prefix is often left out


class Band(StrEnum):
    """How sure a suggestion is."""

    SURE = "sure"
    LIKELY = "likely"
    POSSIBLE = "possible"


_LOWEST = {Band.SURE: 93, Band.LIKELY: 75, Band.POSSIBLE: 30}


@dataclass(frozen=True, slots=True)
class Party:
    """What is known of an account or a customer: its name, and by which other names and addresses it can be known."""

    name: str
    other_names: tuple[str, ...] = ()  # an account's contacts; a customer's company
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """How alike two parties are, from 0 to 100, and why, the strongest reason first."""

    value: float
    reasons: tuple[str, ...] = ()

    @property
    def points(self) -> int:
        """The score as people see it: 100 is kept for names that are equal."""
        return int(self.value)

    @property
    def band(self) -> Band | None:
        """How sure it is; None where it is not worth suggesting."""
        return next((band for band, lowest in _LOWEST.items() if self.value >= lowest), None)


def ranked(account: Party, customers: Sequence[Party]) -> list[Score]:
    """Return the score of each of these customers, in their order, as one for the account.

    Among themselves they tell which words are rare, so that a shared “Pernini” counts more than a shared “Smith”.
    """
    rarity = Rarity(parse(customer.name) for customer in customers)
    return [score(account, customer, rarity) for customer in customers]


def score(account: Party, customer: Party, rarity: Rarity | None = None) -> Score:
    """Return how likely the customer is the one of the account: by names, then by equal e-mail or phone."""
    by_name = _best_name(account, customer, rarity)
    value, reasons = by_name.value, list(by_name.reasons) if by_name.band else []
    if _emails(account) & _emails(customer):
        value, reasons = _raised(value, _SAME_EMAIL), [*reasons, "Same e-mail address"]
    if _phones(account) & _phones(customer):
        value, reasons = _raised(value, _SAME_PHONE), [*reasons, "Same phone number"]
    return Score(min(value, 100.0), tuple(reasons))


def same_phone(phone: str) -> str:
    """Return the digits by which phone numbers are compared; empty where there are too few to tell."""
    digits = re.sub(r"\D", "", phone)
    return digits[-_DIGITS_OF_A_PHONE:] if len(digits) >= _SHORTEST_PHONE else ""


def _raised(value: float, by: float) -> float:
    """A second, independent sign: it takes away a part of the doubt that is left, and never adds up to equal names."""
    return value if value >= 100 else min(value + (100 - value) * by, 99.0)


def _best_name(account: Party, customer: Party, rarity: Rarity | None) -> Score:
    """The score by the pair of names that are the most alike: the parties' own, a contact's or the company's."""
    own = compare(parse(account.name), parse(customer.name), rarity)
    found = [Score(own.value, own.reasons)]
    for company in customer.other_names:
        found.append(_by_other_name(account.name, company, _OF_THE_COMPANY, "Company name in QuickBooks", company))
    for contact in account.other_names:
        found.append(_by_other_name(contact, customer.name, _OF_A_CONTACT, "Named like the contact", contact))
    return max(found, key=lambda one: one.value)


def _by_other_name(ours: str, theirs: str, most: float, whose: str, shown: str) -> Score:
    """The score by another name than the party's own, which tells a little less."""
    found = compare(parse(ours), parse(theirs))
    return Score(found.value * most / 100, (f"{whose}: {shown}", *(found.reasons if found.value < 100 else ())))


def _emails(party: Party) -> set[str]:
    return {email.strip().casefold() for email in party.emails if "@" in email}


def _phones(party: Party) -> set[str]:
    return {digits for digits in map(same_phone, party.phones) if digits}
