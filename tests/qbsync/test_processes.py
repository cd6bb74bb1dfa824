"""The sync in real Celery processes: started, killed, taken over."""

from collections import Counter
from collections.abc import Callable

import pytest

from qbsync import services
from qbsync.models import AccountSync, InvoiceSync, PaymentSync
from tests.qbsync.conftest import Office
from tests.workers import Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
Eventually = Callable[..., None]
FAST = {"SYNC_LEASE_S": "3", "QBO_EXECUTION_WINDOW_S": "3", "QBO_TIMEOUT_S": "3"}


def all_there(office: Office) -> bool:
    """Whether every document is Synced and nothing is Syncing."""
    return (
        not AccountSync.objects.exclude(status="synced").exists()
        and InvoiceSync.objects.filter(status="synced").count() == office.firm.invoices.count()
        and PaymentSync.objects.filter(status="synced").count() == office.firm.payments.count()
    )


def assert_once(office: Office) -> None:
    """Every document is in QuickBooks, and once."""
    numbers = Counter(one["DocNumber"] for one in office.remote("Invoice"))
    assert numbers == Counter(office.firm.invoices.values_list("number", flat=True))
    references = Counter(one["PaymentRefNum"] for one in office.remote("Payment"))
    assert references == Counter(office.firm.payments.values_list("number", flat=True))


def test_a_worker_does_what_became_due_on_commit(
    office: Office, start_worker: Callable[..., Worker], eventually: Eventually
) -> None:
    acme = office.account("Acme", invoices=2, payments=1)
    start_worker()
    office.connect(Customer=[{"DisplayName": "Acme"}])
    eventually(lambda: all_there(office))
    office.invoice(acme)
    eventually(lambda: len(office.remote("Invoice")) == 3)
    assert_once(office)


def test_a_press_of_sync_is_served_while_the_background_queue_has_no_worker(
    office: Office, start_worker: Callable[..., Worker], eventually: Eventually
) -> None:
    zed = office.account("Zed Ltd")
    office.connect(Customer=[{"DisplayName": "Zed Ltd"}])
    start_worker(queues=("people",), concurrency=1)
    services.account_sync(account=zed, by=office.alice)
    eventually(lambda: office.row(zed).status == "synced")


def test_a_second_press_does_not_enqueue_twice(office: Office, broker: object) -> None:
    zed = office.account("Zed Ltd")
    office.connect()
    services.account_sync(account=zed, by=office.alice)
    services.account_sync(account=zed, by=office.alice)
    queue = list(broker.scan_iter(match="*people", _type="list"))  # type: ignore[attr-defined]
    assert [broker.llen(key) for key in queue] == [1]  # type: ignore[attr-defined]


@pytest.mark.parametrize("killed_after_batches", [1, 3])
def test_a_new_worker_finishes_what_a_killed_one_began_without_a_duplicate(
    office: Office, start_worker: Callable[..., Worker], eventually: Eventually, killed_after_batches: int
) -> None:
    names = [f"Client {number:03}" for number in range(40)]
    for name in names:
        office.account(name, invoices=3, payments=2)
    first = start_worker(**FAST)
    office.connect(Customer=[{"DisplayName": name} for name in names])
    office.simulator.latency(office.realm, batch_item_ms=20)
    eventually(lambda: office.requests().get("batch", 0) > killed_after_batches)
    first.kill()
    start_worker(**FAST)
    from qbsync.tasks import sweep

    def swept() -> bool:
        sweep.delay()  # what beat does every few seconds
        return all_there(office)

    eventually(swept, within_s=60)
    assert_once(office)
