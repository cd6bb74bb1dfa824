"""A portal that goes on from a backup: QuickBooks has what was sent since, and gets nothing of it a second time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.utils import timezone

from accounts import services as books
from portal import backups
from portal.models import Backup
from qbsync import engine, restoring
from qbsync.gateway.limiter import Priority
from qbsync.models import AccountSync, Connection, HistoryEntry, InvoiceSync, PaymentSync, Reconciliation
from tests.qbsync.conftest import DAY, Office
from tests.workers import same_as_the_test

pytestmark = pytest.mark.django_db(transaction=True)


class Restored:
    """An empty database beside the test's, and the commands of a portal that runs on it."""

    def __init__(self) -> None:
        """Make it."""
        self.name = f"restored_{uuid4().hex[:12]}"
        self.url = urlsplit(same_as_the_test()["DATABASE_URL"])._replace(path=f"/{self.name}").geturl()
        self._on_server(f'CREATE DATABASE "{self.name}"')

    def close(self) -> None:
        """Drop it."""
        self._on_server(f'DROP DATABASE "{self.name}" WITH (FORCE)')

    def manage(self, *arguments: str) -> str:
        """Run a management command there; return what it said."""
        environment = {**os.environ, **same_as_the_test(), "DATABASE_URL": self.url, "QBO_EXECUTION_WINDOW_S": "4"}
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout if done.returncode == 0 else f"refused: {done.stderr.strip().splitlines()[-1]}"

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask it."""
        connection = psycopg2.connect(self.url)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall()
        finally:
            connection.close()

    @staticmethod
    def _on_server(statement: str) -> None:
        with database.cursor() as cursor:
            cursor.execute(statement)


@pytest.fixture
def restored(transactional_db: None) -> Iterator[Restored]:
    """An empty database."""
    one = Restored()
    yield one
    one.close()


def _ids(office: Office) -> dict[str, set[str]]:
    return {kind: {str(one["Id"]) for one in office.remote(kind)} for kind in ("Customer", "Invoice", "Payment")}


def test_what_was_sent_after_the_backup_is_found_and_not_sent_again(
    office: Office, restored: Restored, tmp_path: Path
) -> None:
    acme = office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}, {"DisplayName": "Bright Dental"}])
    office.sync()
    settled = acme.invoices.get()
    unsent, edited = office.invoice(acme), office.invoice(acme)
    paid = office.payment(acme, unsent, settled)
    bright = office.account("Bright Dental", invoices=2)  # not looked at yet, and so without a link
    call_command("backup", tmp_path / "portal.dump")

    books.invoice_update(
        invoice=edited,
        expected_revision=edited.revision,
        date=edited.date,
        due_date=None,
        number=edited.number,
        memo="",
        lines=[books.LineInput(None, "Bookkeeping", Decimal(1), Decimal("140.00"))],
    )
    forgotten = office.invoice(acme, number="ENTERED-AFTER")
    office.sync()
    there = _ids(office)
    assert (len(there["Invoice"]), len(there["Payment"])) == (6, 1)

    assert "is as it was on" in restored.manage("restore", str(tmp_path / "portal.dump"))
    assert restored.rows("SELECT count(*) FROM accounts_invoice") == [(5,)]
    assert "Nothing is due any more" in restored.manage("sync_firm", str(office.firm.pk), "--here")
    assert _ids(office) == there

    invoices = dict(
        restored.rows(
            "SELECT number, sync.status || ' ' || reason FROM accounts_invoice JOIN qbsync_invoicesync sync "
            "ON document_id = accounts_invoice.id"
        )
    )
    assert invoices.pop(edited.number) == "failed edited_there"  # what is there is not what is here, and that is said
    assert invoices == {one.number: "synced " for one in (settled, unsent, *bright.invoices.all())}
    assert restored.rows("SELECT status FROM qbsync_paymentsync") == [("synced",)]
    assert restored.rows(
        "SELECT detail->'found', detail->'only_there', detail->'numbers' FROM qbsync_historyentry "
        "WHERE event = 'restored'"
    ) == [(5, 1, [forgotten.number])]
    assert restored.rows("SELECT count(*) FROM qbsync_connection WHERE restored_to IS NOT NULL") == [(0,)]
    assert restored.rows("SELECT count(*) FROM portal_backup") == [(0,)]
    assert restored.rows("SELECT count(*) FROM qbsync_reconciliation") == [(1,)]
    assert paid.number and restored.rows("SELECT count(*) FROM accounts_payment") == [(1,)]


def test_nothing_is_sent_before_the_company_was_looked_through(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.account("Acme", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    call_command("restored", (timezone.now() - timedelta(hours=1)).isoformat())

    def fails(*_: Any) -> None:
        raise restoring.mirror.MirrorBusy

    with monkeypatch.context() as patch:
        patch.setattr(restoring, "look_through", fails)
        for priority in Priority:
            assert engine.run(office.connection.pk, priority=priority) == 2.0
    assert office.remote("Invoice") == [] and Connection.objects.get().restored_to
    office.sync()
    assert len(office.remote("Invoice")) == 1 and Connection.objects.get().restored_to is None


def test_a_restored_document_that_was_voided_there_or_is_void_here_says_so(office: Office) -> None:
    acme = office.account("Acme", invoices=2)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    office.sync()
    voided_there, void_here = acme.invoices.order_by("pk")
    copy = InvoiceSync.objects.get(document=voided_there)
    office.simulator.remove(office.realm, "Invoice", copy.qbo_id, operation="void")
    _forget(InvoiceSync, voided_there.uid, void_here.uid)
    books.invoice_void(invoice=void_here)
    call_command("restored", (timezone.now() - timedelta(hours=1)).isoformat())
    office.sync()
    rows = {row.document_id: row for row in InvoiceSync.objects.all()}
    assert (rows[voided_there.pk].status, rows[voided_there.pk].reason) == ("failed", "voided_there")
    assert (rows[void_here.pk].status, rows[void_here.pk].is_void_there) == ("synced", True)
    assert len(office.remote("Invoice")) == 2


def test_a_payment_that_pays_something_else_there_is_told(office: Office) -> None:
    acme = office.account("Acme", invoices=2)
    first, second = acme.invoices.order_by("pk")
    payment = office.payment(acme, first)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    office.sync()
    _forget(PaymentSync, payment.uid)
    payment.allocations.update(invoice=second)
    call_command("restored", (timezone.now() - timedelta(hours=1)).isoformat())
    office.sync()
    row = PaymentSync.objects.get()
    assert (row.status, row.reason, len(office.remote("Payment"))) == ("failed", "edited_there", 1)


def test_a_document_that_was_never_sent_is_sent_once_after_a_restore(office: Office) -> None:
    acme = office.account("Acme", invoices=1, payments=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    call_command("restored", (timezone.now() - timedelta(hours=1)).isoformat())
    office.sync()
    assert (len(office.remote("Invoice")), len(office.remote("Payment"))) == (1, 1)
    office.invoice(acme, day=DAY)
    office.sync()
    assert len(office.remote("Invoice")) == 2


def _forget(model: Any, *uids: Any) -> None:
    """As in a database of before the documents were sent."""
    assert model.objects.filter(mark__in=uids).delete()[0] >= len(uids)
    AccountSync.objects.update(due_at=timezone.now())


def test_a_backup_that_is_being_made_is_no_restore(office: Office) -> None:
    office.connect()
    other = database.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [backups._LOCK])
            Backup.objects.create(started_at=timezone.now())
            restoring.notice()
            assert Connection.objects.get().restored_to is None
    finally:
        other.close()
    restoring.notice()  # whoever made it was killed, or this is a restored database: nobody can tell
    assert Connection.objects.get().restored_to is not None and not Backup.objects.exists()


def test_a_finished_backup_leaves_the_portal_as_it_was(office: Office, tmp_path: Path) -> None:
    office.connect()
    call_command("backup", tmp_path / "portal.dump")
    restoring.notice()
    assert Connection.objects.get().restored_to is None
    assert (tmp_path / "portal.dump").stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["portal.dump"]
    assert Backup.objects.get().ended_at is not None


def test_a_backup_never_writes_over_a_file_and_a_failed_one_leaves_none(
    transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "portal.dump"
    file.write_text("kept")
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", file)
    assert file.read_text() == "kept"
    with pytest.raises(CommandError, match="no folder"):
        call_command("backup", tmp_path / "none" / "portal.dump")
    monkeypatch.setattr(backups, "_program", lambda name: "false")
    with pytest.raises(CommandError, match="pg_dump failed"):
        call_command("backup", tmp_path / "other.dump")
    assert [one.name for one in tmp_path.iterdir()] == ["portal.dump"] and not Backup.objects.exists()


@pytest.mark.parametrize(
    "make", [lambda file: None, lambda file: file.write_bytes(b"no backup"), lambda file: file.write_bytes(b"")]
)
def test_what_is_no_backup_is_refused(restored: Restored, tmp_path: Path, make: Callable[[Path], Any]) -> None:
    make(tmp_path / "portal.dump")
    assert restored.manage("restore", str(tmp_path / "portal.dump")).startswith("refused: CommandError")
    assert restored.rows("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_a_backup_that_was_cut_off_restores_nothing(office: Office, restored: Restored, tmp_path: Path) -> None:
    office.account("Acme", invoices=1)
    call_command("backup", tmp_path / "portal.dump")
    whole = (tmp_path / "portal.dump").read_bytes()
    (tmp_path / "portal.dump").write_bytes(whole[: len(whole) * 9 // 10])
    assert restored.manage("restore", str(tmp_path / "portal.dump")).startswith("refused: CommandError")
    assert restored.rows("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_a_database_that_is_not_empty_is_left_alone(office: Office, tmp_path: Path) -> None:
    office.account("Acme")
    call_command("backup", tmp_path / "portal.dump")
    with pytest.raises(CommandError, match="is not empty"):
        call_command("restore", tmp_path / "portal.dump")


@pytest.mark.parametrize(
    ("moment", "sentence"),
    [
        ("yesterday", "with its zone"),
        ("2026-13-45T10:00Z", "with its zone"),
        ("2026-11-28T10:00", "with its zone"),
        ("2999-01-01T10:00Z", "still to come"),
    ],
)
def test_a_moment_that_cannot_be_is_refused(transactional_db: None, moment: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("restored", moment)
    assert not Backup.objects.exists()


def test_the_restore_is_told_where_people_look(office: Office) -> None:
    office.connect()
    call_command("restored", (timezone.now() - timedelta(hours=1)).isoformat())
    restoring.notice()
    from django.test import Client

    browser = Client()
    browser.force_login(office.alice)
    assert "The portal was restored to what it was on" in browser.get("/settings/integrations/quickbooks/").text
    started = time.monotonic()
    office.sync()
    assert time.monotonic() - started < 20 and Reconciliation.objects.exists()
    assert HistoryEntry.objects.filter(event="restored").exists()
    assert "was restored" not in browser.get("/settings/integrations/quickbooks/").text
