"""Many changed rows in one statement, on the real database."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from qbsync.bulk import update_rows
from qbsync.models import Customer, InvoiceSync
from tests.qbsync.desk import NOON, Desk

pytestmark = pytest.mark.django_db


def test_each_row_gets_its_own_values_of_every_type_in_one_statement(desk: Desk) -> None:
    account = desk.synced("O'Brien & Søn")
    rows = [desk.invoice(account, status="waiting").quickbooks for _ in range(3)]
    rows[0].detail = {"message": "100% of “it”, %s and ' too"}
    rows[1].next_try_at, rows[1].attempts, rows[1].is_void_there = NOON, 3, True
    rows[2].changed_at = timezone.now() - timedelta(days=1)
    fields = ["detail", "next_try_at", "attempts", "is_void_there", "changed_at"]
    with CaptureQueriesContext(connection) as asked:
        update_rows(rows, fields)
    assert len(asked) == 1
    stored = InvoiceSync.objects.in_bulk()
    for row in rows:
        assert [getattr(stored[row.pk], name) for name in fields] == [getattr(row, name) for name in fields]


def test_a_column_that_is_empty_in_every_row_is_emptied(desk: Desk) -> None:
    row = desk.invoice(desk.synced("Acme"), status="waiting").quickbooks
    row.next_try_at = NOON
    update_rows([row], ["next_try_at"])
    row.next_try_at = None
    update_rows([row], ["next_try_at"])
    assert InvoiceSync.objects.get().next_try_at is None


def test_what_is_too_long_is_refused_and_not_cut(desk: Desk) -> None:
    customer = desk.customer("Acme")
    customer.qbo_id = "9" * 21
    with pytest.raises(Exception, match="too long"):
        update_rows([customer], ["qbo_id"])


def test_no_rows_take_no_statement(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        update_rows([], ["qbo_id"])
    assert not Customer.objects.exists()
