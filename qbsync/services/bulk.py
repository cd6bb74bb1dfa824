"""What a person asks of many accounts at once: Sync, Link, Create in QuickBooks, Do not sync, and the way back from it.

A fixed number of statements for each 500 accounts, committed part by part: whatever interrupts it leaves every account
either as it was or as asked for, and asking again goes on with the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.models import Account
from portal.models import Firm, User
from qbsync import clock, wake
from qbsync.bulkrules import Verb, ask_of, why_left
from qbsync.models import AccountSync, Connection, HistoryEntry
from qbsync.selectors.customers import linkable
from qbsync.services.accounts import connection_for, why_not_to_be_had
from qbsync.services.scope import judge_again, new_row
from qbsync.services.transitions import Transition, apply, lock
from qbsync.states import Ask, Event, Status

PART = 500
FEW = 20
"""Up to this many accounts go to the queue of people's requests; more are the firm's background work."""

_WERE_IN_THE_SYNC = (Status.SYNCED, Status.SYNCING, Status.FAILED)


@dataclass(frozen=True, slots=True)
class Done:
    """How many accounts were changed, and when; ``resumable`` of them can be brought back by an undo."""

    count: int
    at: datetime
    resumable: int = 0


@dataclass(frozen=True, slots=True)
class Linked:
    """How many accounts are being linked now; and which could not be, each with the sentence that says why."""

    count: int
    refused: list[tuple[Account, str]]


def accounts_sync(*, firm: Firm, account_ids: Sequence[int], by: User, seen_at: datetime) -> Done:
    """Ask for these accounts to be synced, Skipped ones too: the person has selected them.

    Args:
        account_ids: those of other firms are ignored; so are accounts that are Synced or Syncing.
        seen_at: when the person saw them. What has changed since is left alone.

    Raises:
        Refused: no usable connection.
    """
    connection = connection_for(firm.pk)

    def asked(row: AccountSync) -> Transition:
        linked, remembered = row.customer_id is not None, row.remembered_customer
        ask = ask_of(Status(row.status), is_linked=linked, is_remembered=remembered is not None)
        return Transition(row, Event.ASKED, by=by, ask=ask, customer=remembered if ask == Ask.LINK else None)

    done, rows = _in_parts(connection, Verb.SYNC, account_ids, seen_at, asked)
    _wake(connection, rows)
    return done


def accounts_create_customers(*, firm: Firm, account_ids: Sequence[int], by: User, seen_at: datetime) -> Done:
    """Ask for a customer to be created for each of these accounts that is not linked; arguments as ``accounts_sync``.

    Accounts that are Skipped, linked, Syncing, or of a name that QuickBooks cannot hold are left alone.

    Raises:
        Refused: no usable connection.
    """
    connection = connection_for(firm.pk)

    def asked(row: AccountSync) -> Transition:
        return Transition(row, Event.ASKED, by=by, ask=Ask.CREATE)

    done, rows = _in_parts(connection, Verb.CREATE, account_ids, seen_at, asked)
    _wake(connection, rows)
    return done


def accounts_link(*, firm: Firm, pairs: Sequence[tuple[Account, int]], by: User) -> Linked:
    """Ask for each account to be linked to the customer of this key. Constant statements for any number of pairs.

    Args:
        pairs: accounts that have their ``quickbooks`` row, as the person saw it: what has changed since is left alone.

    Raises:
        Refused: no usable connection.
    """
    connection = connection_for(firm.pk)
    refused: list[tuple[Account, str]] = []
    with transaction.atomic():
        rows = {row.account_id: row for row in lock([account.quickbooks for account, _ in pairs]).values()}
        found = linkable(connection).in_bulk({customer for _, customer in pairs})
        links = AccountSync.objects.filter(customer__in=found).select_related("account")
        taken_by = {link.customer_id: link.account for link in links}
        asked: list[Transition] = []
        for account, key in pairs:
            row, customer = rows.get(account.pk), found.get(key)
            if row is None or row.changed_at != account.quickbooks.changed_at:
                continue
            taken = taken_by.get(key)
            if problem := why_not_to_be_had(customer, None if taken == account else taken):
                refused.append((account, problem))
                continue
            taken_by[key] = account  # so that no other of these pairs gets it
            asked.append(Transition(row, Event.ASKED, by=by, ask=Ask.LINK, customer=customer))
        moved = apply(asked)
    _wake(connection, moved)
    return Linked(count=len(moved), refused=refused)


def accounts_unsync(*, firm: Firm, account_ids: Sequence[int], by: User, seen_at: datetime) -> Done:
    """Skip these accounts at once; links are remembered. Arguments as ``accounts_sync``.

    Raises:
        Refused: the firm is not connected.
    """
    connection = connection_for(firm.pk, must_be_usable=False)

    def skipped(row: AccountSync) -> Transition:
        return Transition(row, Event.UNSYNCED, by=by)

    done, rows = _in_parts(connection, Verb.UNSYNC, account_ids, seen_at, skipped)
    for start in range(0, len(rows), PART):
        judge_again(connection, [row.folded_name for row in rows[start : start + PART]])
    return done


def accounts_unsync_undo(*, firm: Firm, by: User, at: datetime) -> Done:
    """Sync again what this person's bulk Do not sync of that moment has skipped and nobody has touched since.

    Accounts that were not in the sync before it (Not synced) stay Skipped: to sync them would be news, no undo.

    Raises:
        Refused: no usable connection.
    """
    were_in = HistoryEntry.objects.filter(
        account=OuterRef("account"), at=at, actor=by, event=Event.UNSYNCED, before__in=_WERE_IN_THE_SYNC
    )
    rows = AccountSync.objects.filter(
        Exists(were_in), account__firm=firm, status=Status.SKIPPED, changed_at=at, changed_by=by
    )
    ids = list(rows.order_by("account").values_list("account", flat=True))
    return accounts_sync(firm=firm, account_ids=ids, by=by, seen_at=at)


def _in_parts(
    connection: Connection,
    verb: Verb,
    account_ids: Sequence[int],
    seen_at: datetime,
    transition: Callable[[AccountSync], Transition],
) -> tuple[Done, list[AccountSync]]:
    """Apply the transition to those accounts that the verb is for; return what was done, and the changed rows."""
    now = clock.about_now()
    moved: list[AccountSync] = []
    resumable = 0
    keys = sorted(set(account_ids))
    for start in range(0, len(keys), PART):
        part = keys[start : start + PART]
        with transaction.atomic():
            _make_rows(connection, verb, part, seen_at)
            rows = lock(AccountSync.objects.filter(connection=connection, account__in=part).only("pk")).values()
            ours = [row for row in rows if row.changed_at <= seen_at and not _left(verb, row)]
            before = {row.pk: row.status for row in ours}
            changed = apply([transition(row) for row in ours], now=now)
        moved += changed
        resumable += sum(before[row.pk] in _WERE_IN_THE_SYNC for row in changed)
    return Done(count=len(moved), at=now, resumable=resumable), moved


def _make_rows(connection: Connection, verb: Verb, account_ids: Sequence[int], seen_at: datetime) -> None:
    """Give accounts that were never in the sync their rows, where the verb is for them."""
    new = Account.objects.filter(firm=connection.firm_id, pk__in=account_ids, quickbooks=None).only(
        "pk", "firm", "name"
    )
    AccountSync.objects.bulk_create(
        [
            AccountSync(account=account, **{**new_row(connection, account), "changed_at": seen_at})
            for account in new
            if not why_left(verb, Status.NOT_SYNCED, is_linked=False, name=account.name)
        ],
        ignore_conflicts=True,
    )


def _left(verb: Verb, row: AccountSync) -> bool:
    linked = row.customer_id is not None
    return why_left(verb, Status(row.status), is_linked=linked, name=row.account.name) is not None


def _wake(connection: Connection, rows: Sequence[AccountSync]) -> None:
    if len(rows) > FEW:
        wake.in_background(connection.pk)
        return
    for row in rows:
        wake.for_person(row.pk)
