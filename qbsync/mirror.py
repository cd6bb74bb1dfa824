"""Keeps our copy of the names in a QuickBooks company up to date. Reads QuickBooks; never writes to it.

The first read takes everything; later ones ask for the changes since the cursor, which is QuickBooks' own time from
before the last complete read. One worker at a time reads a company; the lease guards the mirror and its cursor, nothing
else.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from qbsync import claims, clock
from qbsync.copies import token_of
from qbsync.gateway import queries
from qbsync.gateway.company import BatchAnswer, BatchCount, BatchQuery, Company
from qbsync.gateway.faults import Fault, FaultKind
from qbsync.matching import fold, name_before_deletion
from qbsync.models import AccountSync, Connection, Customer, NameHolder
from qbsync.services.scope import judge_again
from qbsync.services.transitions import Transition, apply, lock
from qbsync.states import Event, Reason

logger = logging.getLogger(__name__)

LOOK_BACK = timedelta(days=29)  # CDC reaches 30 days back
_CLOCKS_DIFFER = timedelta(minutes=5)
OVERLAP = timedelta(seconds=60)  # a change that was being committed while we read
_HOLDERS = {"Vendor": NameHolder.Kind.VENDOR, "Employee": NameHolder.Kind.EMPLOYEE}
NAMES = ("Customer", *_HOLDERS)
_IDS_A_QUERY = 500
_EVERYBODY = "Active IN (true, false)"
OF_THE_COMPANY = (
    BatchQuery("prefs", "SELECT * FROM Preferences"),
    BatchQuery("info", "SELECT * FROM CompanyInfo"),
    BatchQuery("types", "SELECT * FROM CustomerType"),
)


class MirrorBusy(Exception):
    """Another worker is reading the company for the first time; there is nothing to match against yet."""


def refresh(connection: Connection, company: Company, *, max_age: timedelta) -> None:
    """Bring the mirror up to date, unless it was read less than ``max_age`` ago or another worker is at it.

    Raises:
        MirrorBusy: it has never been complete, and another worker is reading it.
        Fault, QuotaWait: as the gateway.
    """
    now = clock.about_now()
    if connection.mirror_cursor and connection.mirror_read_at and now - connection.mirror_read_at < max_age:
        return
    with reading(connection) as is_mine:
        if is_mine and not read_changes(connection, company):
            read_all(connection, company)
    if is_mine:
        connection.refresh_from_db()
    elif not connection.mirror_cursor:
        raise MirrorBusy


@contextmanager
def reading(connection: Connection) -> Iterator[bool]:
    """Be the one worker that reads the company; False where another one is at it."""
    now = clock.now()
    free = Connection.objects.filter(Q(mirror_leased_until=None) | Q(mirror_leased_until__lt=now), pk=connection.pk)
    is_mine = bool(free.update(mirror_leased_until=now + _lease()))
    try:
        yield is_mine
    finally:
        if is_mine:
            Connection.objects.filter(pk=connection.pk).update(mirror_leased_until=None)


def renew_lease(connection: Connection) -> None:
    """Go on being the one that reads it: QuickBooks takes its time."""
    Connection.objects.filter(pk=connection.pk).update(mirror_leased_until=clock.now() + _lease())


def read_company(connection: Connection, company: Company) -> None:
    """Read anew what the company is set to, in one request.

    Raises:
        Fault, QuotaWait: as the gateway.
    """
    keep_company(connection, company.batch(OF_THE_COMPANY))
    connection.refresh_from_db()


def note(connection: Connection, customers: Sequence[Mapping[str, Any]]) -> dict[str, Customer]:
    """Keep customers as QuickBooks has just answered them; return their rows by QuickBooks' id.

    Links whose customer turns out to be inactive are lost, and accounts that failed for a name that changed are judged
    again.
    """
    rows = [_customer(connection, one) for one in customers if one.get("Id")]
    ids = [row.qbo_id for row in rows]
    known = {row.qbo_id: row for row in Customer.objects.filter(connection=connection, qbo_id__in=ids)}
    # An answer that was long under way tells of what was before.
    rows = [row for row in rows if row.qbo_id not in known or _token(row) >= _token(known[row.qbo_id])]
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
                "parent_qbo_id", "currency", "is_project", "active",
            ],
            batch_size=1000,
        )  # fmt: skip
        _lose_links(connection, [row.qbo_id for row in rows if not row.active])
        judge_again(connection, changed)
    return {row.qbo_id: row for row in Customer.objects.filter(connection=connection, qbo_id__in=ids)}


def read_all(connection: Connection, company: Company) -> None:
    """Read every name: two pages of each kind and the preferences in one request, and a page in each that follows.

    Batches have a quota of their own, which is what documents wait for, so a large company is not read by them.
    """
    kinds = sorted(NAMES)
    # QuickBooks may answer a short page that is not the last, so that the counts tell what is missing.
    starts = {f"{kind}{page}": (kind, 1 + page * queries.PAGE) for kind in kinds for page in (0, 1)}
    reads: list[BatchQuery] = [BatchQuery(key, _select(kind, start)) for key, (kind, start) in starts.items()]
    reads += [BatchCount(f"{kind}s", queries.count(kind, _EVERYBODY)) for kind in kinds]
    answer = company.batch([*reads, *OF_THE_COMPANY], request_id=str(uuid.uuid4()))
    keep_company(connection, answer)
    for kind in kinds:
        first, second = rows_of(answer.items[f"{kind}0"]), rows_of(answer.items[f"{kind}1"])
        keep(connection, kind, [*first, *second])
        counted = answer.items[f"{kind}s"]
        read = {str(row["Id"]) for row in (*first, *second)} | _read_on(
            connection,
            company,
            kind,
            start=1 + len(first) + (len(second) if len(first) == queries.PAGE else 0),
            count=counted if isinstance(counted, int) else None,
            more=bool(second),
        )
        _ask_for_the_missing(connection, company, kind, read)
    _complete(connection, answer.time)


def _read_on(
    connection: Connection, company: Company, kind: str, *, start: int, count: int | None, more: bool
) -> set[str]:
    """Read the pages of one kind from this row on, until all that were counted are read; renew the lease with each.

    Returns the ids of whom it has read. Without a count (QuickBooks did not tell) an empty page is the end: ``more``
    says that the last one was not.
    """
    read: set[str] = set()
    while more if count is None else start <= count:
        # An empty page before the end is asked for once more; after that it is taken at its word.
        page = company.query(_select(kind, start)) or company.query(_select(kind, start))
        if not page and count is not None:
            logger.warning("connection=%s: %d %ss counted, %d there", connection.pk, count, kind, start - 1)
            break
        keep(connection, kind, page)
        read |= {str(row["Id"]) for row in page}
        start, more = start + len(page), bool(page)
        claims.keep(connection.pk, [])
        Connection.objects.filter(pk=connection.pk).update(mirror_leased_until=clock.now() + _lease())
    return read


def _ask_for_the_missing(connection: Connection, company: Company, kind: str, read: set[str]) -> None:
    """Whoever we know and have not read may be there no more, as after a merge; only QuickBooks' own word counts."""
    known = _mirrored(connection, kind).filter(active=True).values_list("qbo_id", flat=True)
    missing = sorted(set(known) - read)
    settle(connection, kind, missing, look_up(company, kind, missing))


def look_up(company: Company, kind: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return who of these ids is in QuickBooks, inactive ones too. One request for 500; none for none.

    Raises:
        Fault, QuotaWait: as the gateway.
    """
    parts = [ids[start : start + _IDS_A_QUERY] for start in range(0, len(ids), _IDS_A_QUERY)]
    return [row for part in parts for row in company.query(select_by_ids(kind, part))]


def select_by_ids(kind: str, ids: Sequence[str]) -> str:
    """Return the query for these ids, at most a thousand, whether active or not."""
    return queries.select(kind, f"Id IN {queries.in_list(ids)} AND {_EVERYBODY}")


def settle(connection: Connection, kind: str, asked: Sequence[str], there: Sequence[Mapping[str, Any]]) -> None:
    """Keep what QuickBooks answered when it was asked for these ids; whom it does not show is there no more."""
    keep(connection, kind, there)
    _note_gone(connection, kind, sorted(set(asked) - {str(row["Id"]) for row in there}))


def _mirrored(connection: Connection, kind: str) -> QuerySet[Any]:
    if kind == "Customer":
        return Customer.objects.filter(connection=connection)
    return NameHolder.objects.filter(connection=connection, kind=_HOLDERS[kind])


def _lease() -> timedelta:
    """How long the reader of a company is waited for; where two read it all the same, each writes the same rows."""
    return timedelta(seconds=settings.SYNC_LEASE_S)


def _select(kind: str, start: int) -> str:
    return queries.select(kind, _EVERYBODY, start=start)


def read_changes(connection: Connection, company: Company) -> bool:
    """Apply what changed since the cursor; False where only a full read can tell."""
    since = parse_datetime(connection.mirror_cursor) if connection.mirror_cursor else None
    if since is None or clock.about_now() - since > LOOK_BACK:
        return False
    try:
        changes = company.cdc(NAMES, since=(since - OVERLAP).isoformat(timespec="seconds"))
    except Fault as fault:
        if fault.kind is FaultKind.REQUEST_INVALID:
            return False  # by QuickBooks' own clock the cursor is too old
        raise
    if not changes.is_complete:
        return False
    for kind, rows in changes.entities.items():
        keep(connection, kind, rows)
    _complete(connection, changes.time)
    return True


def rows_of(outcome: Any) -> list[dict[str, Any]]:
    """Return the rows of one query in a batch.

    Raises:
        Fault: QuickBooks gave it instead.
    """
    if isinstance(outcome, Fault):
        raise outcome
    rows: list[dict[str, Any]] = outcome
    return rows


def keep(connection: Connection, kind: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Keep names of one kind as QuickBooks answered them; whom it says to be deleted is there no more."""
    found = list(rows)
    _note_gone(connection, kind, [str(row["Id"]) for row in found if row.get("status") == "Deleted"])
    named = [row for row in found if row.get("DisplayName")]
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


def _note_gone(connection: Connection, kind: str, ids: Sequence[str]) -> None:
    """QuickBooks shows these no more, as it may after a merge: nobody links to them, and their names are free."""
    if not ids:
        return
    rows: QuerySet[Any] = (
        Customer.objects.all() if kind == "Customer" else NameHolder.objects.filter(kind=_HOLDERS[kind])
    )
    gone = rows.filter(connection=connection, qbo_id__in=ids, active=True)
    with transaction.atomic():
        names = set(gone.values_list("folded_name", flat=True))
        gone.update(active=False)
        if kind == "Customer":
            _lose_links(connection, ids)
        judge_again(connection, names)


def _token(row: Customer) -> int:
    return token_of({"SyncToken": row.sync_token})


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
        currency=str((row.get("CurrencyRef") or {}).get("value") or "")[:3],
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


def keep_company(connection: Connection, answer: BatchAnswer) -> None:
    """Keep what of the company and its preferences decides how documents are written."""
    preferences, types = rows_of(answer.items["prefs"]), rows_of(answer.items["types"])
    found, info = next(iter(preferences), {}), next(iter(rows_of(answer.items["info"])), {})
    sales, taxes = found.get("SalesFormsPrefs") or {}, found.get("TaxPrefs") or {}
    currency = found.get("CurrencyPrefs") or {}
    closed = (found.get("AccountingInfoPrefs") or {}).get("BookCloseDate")
    individual = [t for t in types if fold(str(t.get("Name", ""))) == "individual" and _active(t)]
    Connection.objects.filter(pk=connection.pk).update(
        custom_numbers=bool(sales.get("CustomTxnNumbers", False)),
        country=str(info.get("Country") or "")[:2].upper(),
        uses_sales_tax=bool(taxes.get("UsingSalesTax", False)),
        automated_sales_tax=bool(taxes.get("PartnerTaxEnabled", False)),
        multicurrency=bool(currency.get("MultiCurrencyEnabled", False)),
        home_currency=str((currency.get("HomeCurrency") or {}).get("value") or "")[:3],
        books_closed_on=datetime.fromisoformat(closed).date() if closed else None,
        individual_type_id=str(individual[0]["Id"]) if individual else "",
        company_read_at=clock.about_now(),
    )


def sane(cursor: str) -> str:
    """Return QuickBooks' time as a cursor, but never one from the future: what happens until then would be missed."""
    now, moment = clock.about_now(), parse_datetime(cursor)
    if moment is None or moment <= now + _CLOCKS_DIFFER:
        return cursor
    return (now - _CLOCKS_DIFFER).isoformat(timespec="seconds")


def _complete(connection: Connection, cursor: str) -> None:
    Connection.objects.filter(pk=connection.pk).update(mirror_cursor=sane(cursor), mirror_read_at=clock.about_now())
