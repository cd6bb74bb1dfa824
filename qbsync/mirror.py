"""Keeps our copy of the names in a QuickBooks company up to date. Reads QuickBooks; never writes to it.

The first read takes everything; later ones ask for the changes since the cursor, which is QuickBooks' own time from
before the last complete read. One worker at a time reads a company; the lease guards the mirror and its cursor, nothing
else.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from time import sleep
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from qbsync import claims
from qbsync.gateway import queries
from qbsync.gateway.company import BatchQuery, Company
from qbsync.gateway.faults import Fault
from qbsync.gateway.limiter import QuotaWait
from qbsync.matching import fold, name_before_deletion
from qbsync.models import AccountSync, Connection, Customer, NameHolder
from qbsync.services.scope import judge_again
from qbsync.services.transitions import Transition, apply, lock
from qbsync.states import Event, Reason

_LOOK_BACK = timedelta(days=29)  # CDC reaches 30 days back
_LONGEST_WAIT_S = 2.0
_OVERLAP = timedelta(seconds=60)  # a change that was being committed while we read
_HOLDERS = {"Vendor": NameHolder.Kind.VENDOR, "Employee": NameHolder.Kind.EMPLOYEE}
_NAMES = ("Customer", *_HOLDERS)


class MirrorBusy(Exception):
    """Another worker is reading the company for the first time; there is nothing to match against yet."""


def refresh(connection: Connection, company: Company, *, max_age: timedelta) -> None:
    """Bring the mirror up to date, unless it was read less than ``max_age`` ago or another worker is at it.

    Raises:
        MirrorBusy: it has never been complete, and another worker is reading it.
        Fault, QuotaWait: as the gateway.
    """
    now = timezone.now()
    if connection.mirror_cursor and connection.mirror_read_at and now - connection.mirror_read_at < max_age:
        return
    free = Connection.objects.filter(Q(mirror_leased_until=None) | Q(mirror_leased_until__lt=now), pk=connection.pk)
    if not free.update(mirror_leased_until=now + _lease()):
        if connection.mirror_cursor:
            return
        raise MirrorBusy
    try:
        if not _read_changes(connection, company):
            _read_all(connection, company)
    finally:
        Connection.objects.filter(pk=connection.pk).update(mirror_leased_until=None)
    connection.refresh_from_db()


def note(connection: Connection, customers: Sequence[Mapping[str, Any]]) -> dict[str, Customer]:
    """Keep customers as QuickBooks has just answered them; return their rows by QuickBooks' id.

    Links whose customer turns out to be inactive are lost, and accounts that failed for a name that changed are judged
    again.
    """
    rows = [_customer(connection, one) for one in customers if one.get("Id")]
    ids = [row.qbo_id for row in rows]
    known = {row.qbo_id: row for row in Customer.objects.filter(connection=connection, qbo_id__in=ids)}
    changed = {
        name
        for row in rows
        for old in [known.get(row.qbo_id)]
        if old is None or (old.folded_name, old.active) != (row.folded_name, row.active)
        for name in (row.folded_name, old.folded_name if old else "")
    }
    with transaction.atomic():
        Customer.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["connection", "qbo_id"],
            update_fields=[
                "sync_token", "display_name", "folded_name", "full_name", "company_name", "email", "phone",
                "parent_qbo_id", "is_project", "active",
            ],
            batch_size=1000,
        )  # fmt: skip
        _lose_links(connection, [row.qbo_id for row in rows if not row.active])
        judge_again(connection, changed)
    return {row.qbo_id: row for row in Customer.objects.filter(connection=connection, qbo_id__in=ids)}


def _read_all(connection: Connection, company: Company) -> None:
    """Read every name: two pages of each kind and the preferences in one request, and a page in each that follows.

    Batches have a quota of their own, which is what documents wait for, so a large company is not read by them.
    """
    kinds = sorted(_NAMES)
    # Two pages, as QuickBooks may answer a short page that is not the last: only an empty one ends a kind.
    starts = {f"{kind[0]}{page}": (kind, 1 + page * queries.PAGE) for kind in kinds for page in (0, 1)}
    reads = [BatchQuery(key, _select(kind, start)) for key, (kind, start) in starts.items()]
    reads.append(BatchQuery("prefs", "SELECT * FROM Preferences"))
    reads.append(BatchQuery("types", "SELECT * FROM CustomerType"))
    answer = company.batch(reads, request_id=str(uuid.uuid4()))
    _keep_preferences(connection, _rows(answer.items["prefs"]), _rows(answer.items["types"]))
    for kind in kinds:
        first, second = _rows(answer.items[f"{kind[0]}0"]), _rows(answer.items[f"{kind[0]}1"])
        _keep(connection, kind, [*first, *second])
        if second:
            is_whole = len(first) == queries.PAGE
            _read_on(connection, company, kind, start=1 + len(first) + (len(second) if is_whole else 0))
    _complete(connection, answer.time)


def _read_on(connection: Connection, company: Company, kind: str, *, start: int) -> None:
    """Read the pages of one kind from this row on, until one is empty; the lease is renewed with each."""
    while page := _query(company, _select(kind, start)):
        _keep(connection, kind, page)
        start += len(page)
        claims.keep(connection.pk, [])
        Connection.objects.filter(pk=connection.pk).update(mirror_leased_until=timezone.now() + _lease())


def _lease() -> timedelta:
    """How long the reader of a company is waited for; where two read it all the same, each writes the same rows."""
    return timedelta(seconds=settings.SYNC_LEASE_S)


def _select(kind: str, start: int) -> str:
    return queries.select(kind, "Active IN (true, false)", start=start)


def _query(company: Company, statement: str) -> list[dict[str, Any]]:
    """Ask; where the requests of this second are used up, wait for the next one, as to begin anew costs more."""
    while True:
        try:
            return company.query(statement)
        except QuotaWait as quota:
            if quota.seconds > _LONGEST_WAIT_S:
                raise
            sleep(quota.seconds)


def _read_changes(connection: Connection, company: Company) -> bool:
    """Apply what changed since the cursor; False where only a full read can tell."""
    since = parse_datetime(connection.mirror_cursor) if connection.mirror_cursor else None
    if since is None or timezone.now() - since > _LOOK_BACK:
        return False
    changes = company.cdc(_NAMES, since=(since - _OVERLAP).isoformat(timespec="seconds"))
    if not changes.is_complete:
        return False
    for kind, rows in changes.entities.items():
        _keep(connection, kind, rows)
    _complete(connection, changes.time)
    return True


def _rows(outcome: Any) -> list[dict[str, Any]]:
    """The rows of one query in a batch. Raises the Fault that QuickBooks gave instead."""
    if isinstance(outcome, Fault):
        raise outcome
    rows: list[dict[str, Any]] = outcome
    return rows


def _keep(connection: Connection, kind: str, rows: Iterable[Mapping[str, Any]]) -> None:
    named = [row for row in rows if row.get("DisplayName")]
    if kind == "Customer":
        note(connection, named)
        return
    holders = [
        NameHolder(
            connection=connection,
            kind=_HOLDERS[kind],
            qbo_id=str(row["Id"]),
            display_name=row["DisplayName"],
            folded_name=fold(name_before_deletion(row["DisplayName"]) if not _active(row) else row["DisplayName"]),
            active=_active(row),
        )
        for row in named
    ]
    NameHolder.objects.bulk_create(
        holders,
        update_conflicts=True,
        unique_fields=["connection", "kind", "qbo_id"],
        update_fields=["display_name", "folded_name", "active"],
        batch_size=1000,
    )
    judge_again(connection, {holder.folded_name for holder in holders})


def _active(row: Mapping[str, Any]) -> bool:
    return row.get("Active", True) is not False


def _customer(connection: Connection, row: Mapping[str, Any]) -> Customer:
    name = str(row.get("DisplayName") or "")[:600]
    active = _active(row)
    return Customer(
        connection=connection,
        qbo_id=str(row["Id"]),
        sync_token=str(row.get("SyncToken", "")),
        display_name=name,
        folded_name=fold(name if active else name_before_deletion(name))[:600],
        full_name=str(row.get("FullyQualifiedName") or name)[:3100],
        company_name=str(row.get("CompanyName") or "")[:200],
        email=str((row.get("PrimaryEmailAddr") or {}).get("Address") or "")[:200],
        phone=str((row.get("PrimaryPhone") or {}).get("FreeFormNumber") or "")[:40],
        parent_qbo_id=str((row.get("ParentRef") or {}).get("value") or ""),
        is_project=bool(row.get("IsProject")),
        active=active,
    )


def _lose_links(connection: Connection, inactive_ids: Sequence[str]) -> None:
    """Turn accounts whose customer was made inactive to Not synced; documents are not sent to a dead customer."""
    links = AccountSync.objects.filter(connection=connection, customer__qbo_id__in=inactive_ids)
    apply(
        [
            Transition(
                row,
                Event.LINK_LOST,
                reason=Reason.CUSTOMER_INACTIVE,
                detail={"customer": name_before_deletion(row.customer.display_name)} if row.customer else {},
            )
            for row in lock(links).values()
        ]
    )


def _keep_preferences(
    connection: Connection, preferences: Sequence[Mapping[str, Any]], types: Sequence[Mapping[str, Any]]
) -> None:
    """Keep what of the company's preferences decides how documents are written."""
    found = preferences[0] if preferences else {}
    sales, taxes = found.get("SalesFormsPrefs") or {}, found.get("TaxPrefs") or {}
    currency = found.get("CurrencyPrefs") or {}
    closed = (found.get("AccountingInfoPrefs") or {}).get("BookCloseDate")
    individual = [t for t in types if fold(str(t.get("Name", ""))) == "individual" and _active(t)]
    Connection.objects.filter(pk=connection.pk).update(
        custom_numbers=bool(sales.get("CustomTxnNumbers", False)),
        uses_sales_tax=bool(taxes.get("UsingSalesTax", False)),
        multicurrency=bool(currency.get("MultiCurrencyEnabled", False)),
        home_currency=str((currency.get("HomeCurrency") or {}).get("value") or "")[:3],
        books_closed_on=datetime.fromisoformat(closed).date() if closed else None,
        individual_type_id=str(individual[0]["Id"]) if individual else "",
    )


def _complete(connection: Connection, cursor: str) -> None:
    Connection.objects.filter(pk=connection.pk).update(mirror_cursor=cursor, mirror_read_at=timezone.now())
