"""Who the clients of a demonstration firm are: the hard cases, and as many ordinary ones as are wanted. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from qbsync.demo import names


class Documents(Enum):
    """What a client has been billed."""

    USUAL = auto()
    BEFORE_SYNC_DATE = auto()  # all of it, so that the account is not in scope
    NONE = auto()


@dataclass(frozen=True)
class Client:
    """A client of the firm, and what QuickBooks calls the same client."""

    name: str
    type: str = "individual"
    there: tuple[str, ...] | None = None  # names of customers in QuickBooks; None: one of the very same name
    documents: Documents = Documents.USUAL
    is_skipped: bool = False  # the owner has chosen not to sync it

    @property
    def customers(self) -> tuple[str, ...]:
        """The names under which QuickBooks knows the client; several, one or none."""
        return (self.name,) if self.there is None else self.there


def clients(cases: tuple[Client, ...], count: int, seed: int) -> list[Client]:
    """Return ``count`` clients: the cases and ordinary ones, well mixed; the same for the same arguments."""
    rng = random.Random(seed)  # noqa: S311  # drawn to be the same every time, not to be secret
    taken = {name.casefold() for case in cases for name in (case.name, *case.customers)}
    taken |= {name.casefold() for name in (*names.VENDORS, *names.EMPLOYEES)}
    drawn = list(cases[:count])
    ordinary = _ordinary(rng)
    while len(drawn) < count:
        client = next(ordinary)
        if client.name.casefold() not in taken:
            taken.add(client.name.casefold())
            drawn.append(client)
    rng.shuffle(drawn)
    return drawn


def strangers(known: list[Client], count: int, seed: int) -> list[str]:
    """Return names of customers in QuickBooks who are no clients of the firm."""
    rng = random.Random(seed)  # noqa: S311
    taken = {name.casefold() for client in known for name in (client.name, *client.customers)}
    found: list[str] = []
    for client in _ordinary(rng):
        if len(found) == count:
            break
        if client.name.casefold() not in taken:
            taken.add(client.name.casefold())
            found.append(client.name)
    return found


def _ordinary(rng: random.Random) -> Iterator[Client]:
    while True:
        kind = rng.random()
        first, last = rng.choice(names.FIRST), rng.choice(names.LAST)
        if kind < 0.38:
            yield Client(f"{first} {last}")
        elif kind < 0.46:
            yield Client(f"{first} {rng.choice('ABCDEFGHJKLMNPRSTW')}. {last}")
        elif kind < 0.56:
            yield Client(f"{first} & {rng.choice(names.FIRST)} {last}")
        elif kind < 0.60:
            yield Client(f"{last} Family Trust", "other")
        elif kind < 0.63:
            yield Client(f"Estate of {first} {last}", "other")
        else:
            start = rng.choice((rng.choice(names.PLACES), rng.choice(names.PLACES), last))
            words = (start, rng.choice(names.TRADES), rng.choice(names.FORMS))
            yield Client(" ".join(word for word in words if word), "company")
