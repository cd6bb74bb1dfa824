"""What follows from a change in the books: accounts come into scope, work falls due, names are judged again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from accounts.models import Account
from portal.models import User
from qbsync import clock, history, wake
from qbsync.matching import fold
from qbsync.models import AccountSync, Connection, HistoryEntry
from qbsync.selectors.scope import in_scope
from qbsync.services.transitions import Transition, apply
from qbsync.states import NAME_REASONS, Ask, Event, Status


def books_changed(*, firm_id: int, account_ids: Sequence[int]) -> None:
    """Take note, in the transaction of the change, of what became due; the workers are woken on commit."""
    connection = Connection.objects.filter(firm_id=firm_id, set_up_at__isnull=False).first()
    if connection is None:
        return
    enrol(connection, account_ids=account_ids)
    rows = AccountSync.objects.filter(connection=connection, account_id__in=account_ids)
    # Also those that are just being linked: whoever does it may have read their documents before this is committed.
    linked = rows.filter(status__in=[Status.SYNCED, Status.SYNCING]).order_by("pk").select_for_update(no_key=True)
    rows.filter(pk__in=list(linked.values_list("pk", flat=True))).update(due_at=clock.about_now())
    renamed = rows.exclude(judged_name=F("account__name")).exclude(judged_name="").select_related("account")
    names = {name for row in renamed for name in (row.folded_name, fold(row.account.name))}
    if names:
        with transaction.atomic():
            _note_names(renamed)
            judge_again(connection, names)
    if connection.is_ready:
        wake.in_background(connection.pk)


def enrol(connection: Connection, *, account_ids: Iterable[int] | None = None, by: User | None = None) -> int:
    """Turn never-linked accounts that are in scope to Syncing; return how many. Others are left alone.

    ``by`` is who drew the scope so; nobody where the books brought them into it.
    """
    accounts = in_scope(connection).filter(quickbooks=None)
    if account_ids is not None:
        accounts = accounts.filter(pk__in=account_ids)
    now = clock.about_now()
    count = 0
    found = list(accounts.only("pk", "firm", "name"))
    for start in range(0, len(found), 2000):
        rows = [
            AccountSync(
                account=account,
                **{**new_row(connection, account), "status": Status.SYNCING},
                changed_by=by,
                ask=Ask.MATCH,
                asked_at=now,
                due_at=now,
            )
            for account in found[start : start + 2000]
        ]
        with transaction.atomic():
            made = AccountSync.objects.bulk_create(rows, ignore_conflicts=True)
            HistoryEntry.objects.bulk_create(
                history.of_account(row, event=Event.ENTERED_SCOPE, before=Status.NOT_SYNCED, at=now) for row in made
            )
        count += len(made)
    return count


def new_row(connection: Connection, account: Account) -> dict[str, Any]:
    """Return the fields of a row for an account that had none: Not synced, never linked."""
    return {
        "connection": connection,
        "status": Status.NOT_SYNCED,
        "changed_at": clock.about_now(),
        "judged_name": account.name,
        "folded_name": fold(account.name),
    }


def judge_again(connection: Connection, folded_names: Iterable[str]) -> int:
    """Turn accounts that failed for one of these names to Syncing, to be matched anew; return how many."""
    names = {name for name in folded_names if name}
    if not names:
        return 0
    with transaction.atomic():
        rows = (
            AccountSync.objects.filter(
                Q(folded_name__in=names),
                connection=connection,
                status=Status.FAILED,
                reason__in=NAME_REASONS,
                customer=None,
            )
            .order_by("pk")
            .select_for_update(of=("self",))
            .select_related("account", "connection", "customer")
        )
        moved = apply([Transition(row, Event.JUDGED_AGAIN, ask=Ask.MATCH) for row in rows])
    if moved:
        wake.in_background(connection.pk)
    return len(moved)


def _note_names(rows: Iterable[AccountSync]) -> None:
    """Keep the names by which accounts are found among their namesakes; a link does not depend on them."""
    changed = list(rows)
    for row in changed:
        row.judged_name, row.folded_name = row.account.name, fold(row.account.name)
    AccountSync.objects.bulk_update(changed, ["judged_name", "folded_name"], batch_size=500)
