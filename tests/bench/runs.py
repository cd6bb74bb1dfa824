"""A first sync of a firm of any size, carried out by real workers while the benchmark watches."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass

from qbsync.models import AccountSync, InvoiceSync, PaymentSync
from tests.bench import firms
from tests.qbsync.conftest import Office


@dataclass(frozen=True)
class Extent:
    """How large a firm is: for two accounts, six invoices and five payments."""

    accounts: int

    @property
    def invoices(self) -> int:
        """Three for each account."""
        return 3 * self.accounts

    @property
    def payments(self) -> int:
        """Two and a half for each account."""
        return self.accounts * 5 // 2

    @property
    def documents(self) -> int:
        """All that is to be sent."""
        return self.invoices + self.payments

    def __str__(self) -> str:
        return f"{self.accounts:,} accounts, {self.invoices:,} invoices, {self.payments:,} payments"


class FirstSync:
    """The first sync of one firm."""

    def __init__(self, office: Office, extent: Extent, *, scale: int = 1, batch_item_ms: int = 0) -> None:
        """Enter the books and make the company, with Intuit's throttles times ``scale``; nothing is connected yet."""
        self.office, self.extent = office, extent
        self.clients = firms.names(extent.accounts)
        firms.books(office.firm, self.clients, invoices=extent.invoices, payments=extent.payments)
        self._realm = str(uuid.uuid4().int)[:16]
        office.simulator.company(
            Customer=firms.customers(self.clients),
            Preferences={"SalesFormsPrefs": {"CustomTxnNumbers": True}},
            realm_id=self._realm,
        )
        office.simulator.limits(self._realm, scale)
        office.simulator.latency(self._realm, batch_item_ms=batch_item_ms)
        self.began_at = 0.0

    def begin(self) -> None:
        """Connect, as the last of the four steps does. The time counts from the moment the workers may begin."""
        self.office.connect(realm_id=self._realm)
        self.began_at = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return time.monotonic() - self.began_at

    def delivered(self) -> int:
        """How many invoices and payments the company holds."""
        held = self.office.simulator.stats(self._realm)["entities"]
        return int(held.get("Invoice", 0)) + int(held.get("Payment", 0))

    def throttled(self) -> int:
        """How often the company answered 429."""
        return int(self.office.simulator.stats(self._realm)["throttled"])

    def is_over(self) -> bool:
        """Whether every account is Synced and every document is in QuickBooks."""
        of_firm = {"connection": self.office.connection}
        synced = [m.objects.filter(status="synced", **of_firm).count() for m in (InvoiceSync, PaymentSync)]
        return synced == [self.extent.invoices, self.extent.payments] and not (
            AccountSync.objects.filter(**of_firm).exclude(status="synced").exists()
        )

    def wait(self, *, at_most_s: float = 1800) -> None:
        """Wait until it is over."""
        while not self.is_over():
            assert self.seconds < at_most_s, f"{self.delivered()} of {self.extent.documents} documents"
            time.sleep(0.5)
