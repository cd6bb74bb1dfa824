"""Follows what happened to the customers that accounts were linked to: merged into others, or made active again.

A merge is known from a webhook, or found out: where a customer is inactive and all that we sent to it is another one's
now, it was merged into that one. The documents tell it, as QuickBooks only says of the customer that it is inactive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import transaction

from qbsync.bulk import update_rows
from qbsync.changes.documents import KINDS
from qbsync.copies import customer_id_of
from qbsync.gateway.company import Company
from qbsync.gateway.queries import in_list
from qbsync.matching import name_before_deletion
from qbsync.models import AccountSync, Connection, Customer
from qbsync.selectors.customers import survivor_of
from qbsync.services.transitions import Transition, apply, lock
from qbsync.states import Event, Reason, Status
from qbsync.upstream import INVOICE_FIELDS, rows

_ASKED_OF_AN_ACCOUNT = 20
"""So many of an account's documents are looked up: one alone may have been given to another customer by hand."""
_IDS_A_QUERY = 500
_WRITTEN = ("qbo_customer_id", "seen", "theirs_is_news")


def follow(connection: Connection, company: Company) -> None:
    """Find out which lost links were merges, and have the accounts follow them where nobody else has the survivor."""
    _offer_again(connection)
    _find_out(connection, company)
    lost = AccountSync.objects.filter(connection=connection, reason=Reason.CUSTOMER_INACTIVE)
    merged = lost.filter(status=Status.NOT_SYNCED, remembered_customer__active=False).exclude(
        remembered_customer__merged_into=""
    )
    for row in merged.select_related("remembered_customer").order_by("pk"):
        assert row.remembered_customer is not None  # noqa: S101 - it was filtered by
        survivor = survivor_of(row.remembered_customer)
        if survivor is not None:
            _follow(connection, row, row.remembered_customer, survivor)
    skipped = AccountSync.objects.filter(connection=connection, status=Status.SKIPPED)
    for row in skipped.exclude(remembered_customer__merged_into="").select_related("remembered_customer"):
        if row.remembered_customer and (survivor := survivor_of(row.remembered_customer)):
            AccountSync.objects.filter(pk=row.pk, status=Status.SKIPPED).update(remembered_customer=survivor)


def _offer_again(connection: Connection) -> None:
    """Note on lost links that their customer is active again; only a person resumes them."""
    lost = AccountSync.objects.filter(
        connection=connection, status=Status.NOT_SYNCED, reason=Reason.CUSTOMER_INACTIVE
    ).select_related("remembered_customer")
    for row in lost.exclude(remembered_customer=None):
        is_active = bool(row.remembered_customer and row.remembered_customer.active)
        if bool(row.detail.get("active_again")) != is_active:
            detail = {**row.detail, "active_again": is_active}
            unchanged = AccountSync.objects.filter(pk=row.pk, status=Status.NOT_SYNCED, changed_at=row.changed_at)
            unchanged.update(detail=detail)


def _find_out(connection: Connection, company: Company) -> None:
    """Ask QuickBooks whose the documents of newly lost links are now; each lost link is asked about once."""
    lost = AccountSync.objects.filter(
        connection=connection,
        status=Status.NOT_SYNCED,
        reason=Reason.CUSTOMER_INACTIVE,
        remembered_customer__active=False,
        remembered_customer__merged_into="",
    ).exclude(detail__has_key="examined")
    unexamined = list(lost.select_related("remembered_customer"))
    now_of: dict[int, set[str]] = defaultdict(set)
    for kind, copies in _copies(unexamined):
        ids = sorted(copies)
        for start in range(0, len(ids), _IDS_A_QUERY):
            some = ids[start : start + _IDS_A_QUERY]
            for one in rows(company, kind, f"Id IN {in_list(some)}", INVOICE_FIELDS if kind == "Invoice" else "*"):
                now_of[copies[str(one["Id"])]].add(customer_id_of(one))
    for row in unexamined:
        assert row.remembered_customer is not None  # noqa: S101 - it was filtered by
        customers = now_of[row.account_id]
        if len(customers) == 1 and row.remembered_customer.qbo_id not in customers:
            Customer.objects.filter(pk=row.remembered_customer.pk).update(merged_into=customers.pop())
        unchanged = AccountSync.objects.filter(pk=row.pk, status=Status.NOT_SYNCED, changed_at=row.changed_at)
        unchanged.update(detail={**row.detail, "examined": True})


def _copies(lost: Sequence[AccountSync]) -> Iterator[tuple[str, dict[str, int]]]:
    """Some of the copies that were the lost customers': by kind, the account of each id."""
    for kind, model in KINDS.items():
        found: dict[str, int] = {}
        for row in lost:
            assert row.remembered_customer is not None  # noqa: S101 - the callers filter by it
            ours: Any = model.objects.filter(
                account=row.account_id, qbo_customer_id=row.remembered_customer.qbo_id, is_void_there=False
            )
            ids = ours.exclude(qbo_id="").values_list("qbo_id", flat=True)
            found |= dict.fromkeys(ids.order_by("-pk")[:_ASKED_OF_AN_ACCOUNT], row.account_id)
        yield kind, found


def _follow(connection: Connection, lost: AccountSync, gone: Customer, survivor: Customer) -> None:
    with transaction.atomic():
        row = lock([lost])[lost.pk]
        if row.status != Status.NOT_SYNCED or row.reason != Reason.CUSTOMER_INACTIVE:
            return  # somebody has decided meanwhile
        # Locked, so that nobody links the survivor while we look whether somebody has.
        Customer.objects.select_for_update().get(pk=survivor.pk)
        taken = AccountSync.objects.filter(customer=survivor).select_related("account").first()
        if taken is None:
            apply([Transition(row, Event.FOLLOWED, customer=survivor)])
        else:
            detail = {
                "customer": name_before_deletion(gone.display_name),
                "survivor": survivor.full_name,
                "account": f"{taken.account.name} ({taken.account.code})",
            }
            apply([Transition(row, Event.LINK_LOST, reason=Reason.CUSTOMER_MERGED, detail=detail)])
        for model in KINDS.values():
            ours: Any = model.objects.filter(account=row.account_id, qbo_customer_id=gone.qbo_id)
            moved = list(ours.order_by("pk").select_for_update())
            for copy in moved:
                copy.theirs_is_news = copy.theirs is not None  # what looked like an edit may be the merge
                copy.qbo_customer_id, copy.seen = survivor.qbo_id, {**copy.seen, "customer": survivor.qbo_id}
            update_rows(moved, _WRITTEN)
