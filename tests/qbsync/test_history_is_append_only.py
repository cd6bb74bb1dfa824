"""What was written to the history stays there as it is, whoever asks the database."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from portal.models import User
from qbsync import services
from qbsync.models import HistoryEntry
from tests.qbsync.desk import Desk

pytestmark = pytest.mark.django_db


def _statement(sql: str) -> Callable[[HistoryEntry], None]:
    def run(entry: HistoryEntry) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, {"pk": entry.pk})

    return run


def _save(entry: HistoryEntry) -> None:
    entry.after = "failed"
    entry.save()


ATTEMPTS: dict[str, Callable[[HistoryEntry], Any]] = {
    "a changed row that is saved": _save,
    "a row that is deleted": HistoryEntry.delete,
    "an account that is deleted": lambda entry: entry.account and entry.account.delete(),
    "all rows changed": lambda _: HistoryEntry.objects.update(intuit_tid=""),
    "all rows deleted": lambda _: HistoryEntry.objects.all().delete(),
    "SQL that changes": _statement("UPDATE qbsync_historyentry SET at = at - interval '1 day' WHERE id = %(pk)s"),
    "SQL that deletes": _statement("DELETE FROM qbsync_historyentry WHERE id = %(pk)s"),
    "another person's name": lambda entry: HistoryEntry.objects.update(actor=User.objects.last()),
}


@pytest.fixture
def entry(desk: Desk) -> HistoryEntry:
    """What Olivia did: she had an account skipped."""
    services.account_unsync(account=desk.synced("Acme"), by=desk.olivia.user)
    return HistoryEntry.objects.get(actor=desk.olivia.user)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_nothing_of_it_can_be_changed_or_deleted(entry: HistoryEntry, attempt: str) -> None:
    before = list(HistoryEntry.objects.values())
    with pytest.raises(IntegrityError, match="The history is append-only"), transaction.atomic():
        ATTEMPTS[attempt](HistoryEntry.objects.get(pk=entry.pk))
    assert list(HistoryEntry.objects.values()) == before


def test_a_person_who_is_deleted_leaves_what_they_did_without_their_name(entry: HistoryEntry, desk: Desk) -> None:
    before = HistoryEntry.objects.values().get(pk=entry.pk)
    desk.olivia.user.delete()
    assert HistoryEntry.objects.values().get(pk=entry.pk) == {**before, "actor_id": None}


def test_a_transaction_that_says_which_firm_it_erases_may_delete_that_firms_alone(
    entry: HistoryEntry, desk: Desk
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        _erasing(desk.firm.pk + 1)
        HistoryEntry.objects.all().delete()
    with transaction.atomic():
        _erasing(desk.firm.pk)
        HistoryEntry.objects.all().delete()
    assert not HistoryEntry.objects.exists()


def _erasing(firm: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('portal.erasing_firm', %s, true)", [str(firm)])
