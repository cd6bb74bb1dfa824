"""What the tests of the books share."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.signals import books_changed
from tests.accounts.ledgers import Ledger, open_ledger


@pytest.fixture
def ledger(db: None) -> Ledger:
    """Maple & Rowe with Ann Bailey."""
    return open_ledger()


@pytest.fixture
def heard(ledger: Ledger) -> Iterator[list[list[int]]]:
    """The account ids of every announcement from here on."""
    announcements: list[list[int]] = []

    def listen(*, account_ids: list[int], **_: Any) -> None:
        announcements.append(account_ids)

    books_changed.connect(listen)
    yield announcements
    books_changed.disconnect(listen)
