"""The verbs that people use, their refusals, and what follows from changes of the books."""

from datetime import date
from decimal import Decimal
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from accounts import services as books
from accounts.models import Account
from qbsync import engine, services
from qbsync.gateway.limiter import Priority
from qbsync.models import AccountSync, Customer, HistoryEntry, InvoiceSync
from tests.qbsync.conftest import DAY, Office

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme(office: Office) -> Account:
    """Acme, linked to the customer Acme; Beta is a customer too, and free."""
    account = office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}, {"DisplayName": "Beta"}, {"DisplayName": "Gone"}])
    office.sync()
    return account


def customer(office: Office, name: str) -> Customer:
    return Customer.objects.get(connection=office.connection, display_name=name)


def test_nothing_can_be_asked_for_before_the_firm_is_connected(office: Office) -> None:
    acme = office.account("Acme")
    with pytest.raises(services.Refused, match="not connected"):
        services.account_sync(account=acme, by=office.alice)
    assert not AccountSync.objects.exists()


def test_an_account_without_documents_is_not_in_scope(office: Office) -> None:
    idle = office.account("Idle")
    office.connect(Customer=[{"DisplayName": "Idle"}])
    office.sync()
    assert not AccountSync.objects.filter(account=idle).exists()


def test_a_firm_may_choose_to_sync_all_accounts(office: Office) -> None:
    idle = office.account("Idle")
    office.connect(scope="all", Customer=[{"DisplayName": "Idle"}])
    office.sync()
    assert office.row(idle).status == "synced"


def test_documents_before_the_sync_date_stay_here_until_someone_asks(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    old = office.invoice(acme, day=date(2025, 12, 31), number="OLD-1")
    office.connect(Customer=[{"DisplayName": "Acme"}])
    office.sync()
    assert len(office.remote("Invoice")) == 1
    services.document_sync(document=old, by=office.alice)
    office.sync()
    assert {one["DocNumber"] for one in office.remote("Invoice")} >= {"OLD-1"}


def test_a_first_invoice_brings_an_account_into_scope(office: Office) -> None:
    late = office.account("Late")
    office.connect(Customer=[{"DisplayName": "Late"}])
    office.sync()
    office.invoice(late)
    assert office.row(late).status == "syncing"
    office.sync()
    assert office.row(late).status == "synced"


def test_a_person_links_to_the_customer_they_choose(office: Office, acme: Account) -> None:
    other = office.account("Something else", invoices=1)
    office.sync()
    services.account_sync(account=other, by=office.alice, customer=customer(office, "Beta"))
    office.sync()
    assert office.row(other).customer == customer(office, "Beta")


def test_a_customer_that_is_taken_is_refused_saying_by_whom(office: Office, acme: Account) -> None:
    other = office.account("Something else")
    with pytest.raises(services.Refused, match=f"already linked to Acme \\({acme.code}\\)"):
        services.account_sync(account=other, by=office.alice, customer=customer(office, "Acme"))
    assert not AccountSync.objects.filter(account=other).exists(), "a refusal changes nothing"


def test_a_customer_of_another_company_is_refused(office: Office, acme: Account) -> None:
    stranger = customer(office, "Beta")
    stranger.pk += 10_000
    with pytest.raises(services.Refused, match="no longer"):
        services.account_sync(account=acme, by=office.alice, customer=stranger)


def test_the_database_lets_no_two_accounts_have_one_customer(office: Office, acme: Account) -> None:
    other = office.account("Other")
    services.account_sync(account=other, by=office.alice)
    row = office.row(other)
    row.status, row.ask, row.customer = "synced", "", customer(office, "Acme")
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_unsync_frees_the_customer_and_sync_then_says_who_took_it(office: Office, acme: Account) -> None:
    services.account_unsync(account=acme, by=office.alice)
    other = office.account("Other")
    services.account_sync(account=other, by=office.alice, customer=customer(office, "Acme"))
    office.sync()
    services.account_sync(account=acme, by=office.alice)
    office.sync()
    row = office.row(acme)
    assert (row.status, row.reason) == ("failed", "customer_taken")
    assert other.code in row.detail["account"]


def test_unsync_while_syncing_is_skipped_at_once_and_sends_nothing(office: Office) -> None:
    acme = office.account("Acme", invoices=2)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    services.account_unsync(account=acme, by=office.alice)
    office.sync()
    assert office.row(acme).status == "skipped"
    assert office.remote("Invoice") == []


def test_changing_the_scope_never_touches_what_is_skipped(office: Office, acme: Account) -> None:
    services.account_unsync(account=acme, by=office.alice)
    change = partial(
        services.connection_settings_update,
        connection=office.connection, by=office.alice, scope="all", sync_date=None, sync_manual_payments=True,
    )  # fmt: skip
    with pytest.raises(services.Refused, match="changed meanwhile"):
        change(expected=("all", date(1999, 1, 1)))
    change(expected=(office.connection.scope, office.connection.sync_date))
    office.sync()
    assert office.row(acme).status == "skipped"


def test_create_for_a_linked_account_is_refused(office: Office, acme: Account) -> None:
    with pytest.raises(services.Refused, match="already linked"):
        services.account_create_customer(account=acme, by=office.alice)


def test_change_customer_leaves_documents_where_they_are_and_sends_new_ones_to_the_new_one(
    office: Office, acme: Account
) -> None:
    services.account_change_customer(account=acme, by=office.alice, customer=customer(office, "Beta"))
    office.invoice(acme)
    office.sync()
    names = sorted(one["CustomerRef"]["name"] for one in office.remote("Invoice"))
    assert names == ["Acme", "Beta"]


def test_a_document_that_is_skipped_stays_out_until_it_is_asked_for(office: Office, acme: Account) -> None:
    invoice = office.invoice(acme)
    services.document_skip(document=invoice, by=office.alice)
    office.sync()
    assert len(office.remote("Invoice")) == 1
    services.document_sync(document=invoice, by=office.alice)
    office.sync()
    assert len(office.remote("Invoice")) == 2
    assert HistoryEntry.objects.filter(kind="invoice", event="skipped", actor=office.alice).count() == 1


def test_a_failed_document_is_sent_again_when_it_is_corrected(office: Office, acme: Account) -> None:
    long = office.invoice(acme, number="A-NUMBER-THAT-IS-LONGER-THAN-21")
    office.sync()
    row = InvoiceSync.objects.get(document=long)
    assert row.status == "failed"
    assert "21 characters" in row.detail["message"]
    line = books.LineInput(None, "Bookkeeping", Decimal(1), Decimal(100))
    books.invoice_update(
        invoice=long, expected_revision=long.revision, number="SHORT-1", date=DAY, due_date=None, memo="", lines=[line]
    )
    office.sync()
    row.refresh_from_db()
    assert row.status == "synced"


def test_a_customer_made_inactive_in_quickbooks_loses_the_link_and_says_so(office: Office, acme: Account) -> None:
    gone = customer(office, "Acme")
    office.simulator.change(office.realm, "Customer", gone.qbo_id, Active=False)
    office.invoice(acme)
    office.connection.mirror_read_at = None
    office.connection.save(update_fields=["mirror_read_at"])
    office.sync()
    row = office.row(acme)
    assert (row.status, row.reason, row.customer) == ("not_synced", "customer_inactive", None)
    assert len(office.remote("Invoice")) == 1


def test_quickbooks_down_loses_nothing_and_goes_on_by_itself(office: Office) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    office.simulator.faults(office.realm, {"match": {}, "times": 2, "kind": "http", "status": 503, "body": "html"})
    assert engine.run(office.connection.pk, priority=Priority.BACKGROUND) is not None
    office.connection.refresh_from_db()
    assert office.connection.outage_since is not None
    office.sync(patience_s=60)
    assert office.row(acme).status == "synced"
    assert len(office.remote("Invoice")) == 1
