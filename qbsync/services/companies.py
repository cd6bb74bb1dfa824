"""Leaves the company that a firm was connected to for another one, and takes one up again that was left.

What the sync held of a company goes into the archive as it is, row by row with its key; so a company that is connected
anew goes on with its links and copies, and nothing is sent to it twice. What a person left out stays left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection as database
from django.db import models, transaction
from django.db.models import Q, QuerySet
from psycopg2 import sql

from portal.models import User
from qbsync import clock, history
from qbsync.bulk import in_parts
from qbsync.models import (
    AccountSync,
    ArchivedCompany,
    ArchivedRow,
    Connection,
    ConnectionStatus,
    Customer,
    HistoryEntry,
    InvoiceSync,
    LinkValidation,
    NameHolder,
    PaymentSync,
    PushIntent,
    Reconciliation,
    ReconciliationDifference,
)
from qbsync.services.refusal import Refused
from qbsync.states import Ask, DocumentStatus, Status

_AT_ONCE = 2000
_KEPT = {"id", "firm", "status", "status_changed_at", "connected_by", "token_version", "claim_number"}
"""What a connection keeps when its company is left; all else of it is the company's."""
_NOT_TAKEN_UP = {
    "realm_id", "access_token", "refresh_token", "access_expires_at", "refresh_expires_at", "hard_expires_at",
    "refreshing_until", "broken_reason", "mirror_cursor", "mirror_read_at", "mirror_leased_until", "polled_at",
    "poll_due_at", "working_until", "queued_at", "paused_until", "outage_since", "trouble", "rests_until",
}  # fmt: skip
"""What of it is not settings: tokens, and how far work had come."""
_ARCHIVED: tuple[type[models.Model], ...] = (Customer, AccountSync, InvoiceSync, PaymentSync, PushIntent)
"""In the order in which they refer to each other."""
_LEFT_OUT, _NOTHING = Q(status=Status.SKIPPED), Q(pk__in=[])  # accounts and documents have one word for it


def company_leave(*, connection: Connection, by: User) -> ArchivedCompany:
    """Archive the links to the company, and forget it: the firm is as one that never was connected.

    Accounts and documents that a person left out stay so, for whichever company comes next.

    Raises:
        Refused: the firm is connected, or has no company to leave.
    """
    with transaction.atomic():
        row = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        if row.status != ConnectionStatus.DISCONNECTED:
            raise Refused("QuickBooks is connected. Disconnect it first.")
        if not row.realm_id or row.set_up_at is None:
            raise Refused("There is no company whose links could be archived.")
        # A worker that is still at one of these commits what it sends before this goes on, or finds nothing to send
        list(AccountSync.objects.filter(connection=row).order_by("pk").select_for_update().values_list("pk"))
        now = clock.about_now()
        kept = {field.attname: getattr(row, field.attname) for field in _fields(Connection) if _is_setting(field)}
        company = ArchivedCompany.objects.create(
            firm_id=row.firm_id,
            realm_id=row.realm_id,
            company_name=row.company_name,
            archived_at=now,
            archived_by=by,
            connection=kept,
        )
        for rows in _rows_to_archive(row):
            _archive(company, rows)
        _tell_accounts(row, event="archived", by=by, after=Status.NOT_SYNCED)
        history.of_connection(row, event="company_left", at=now, by=by, company=row.company_name).save()
        _delete_links(row, but=_LEFT_OUT)
        _forget_copies(row)
        _delete_company(row)
        company_forget(row)
        row.save()
    return company


def company_forget(connection: Connection) -> None:
    """Set all that a connection knows of its company to what a new one begins with; the caller saves it."""
    for field in _fields(Connection):
        if field.name not in _KEPT:
            setattr(connection, field.attname, field.get_default())


def company_take_up(connection: Connection, *, by: User) -> bool:
    """Put back the links of the connection's company, where they are in the archive; return whether they were.

    Its settings are as they were then. What a person has left out meanwhile is left out: its link is remembered.
    The caller has the connection's row locked, and saves it.
    """
    company = ArchivedCompany.objects.filter(firm=connection.firm_id, realm_id=connection.realm_id).first()
    if company is None:
        return False
    for field in _fields(Connection):
        if _is_setting(field) and field.attname in company.connection:
            setattr(connection, field.attname, field.to_python(company.connection[field.attname]))
    left_out = _left_out(connection)
    _delete_links(connection)
    there: dict[type[models.Model], set[int]] = {model: set() for model in _ARCHIVED}
    for model in _ARCHIVED:
        rows = ArchivedRow.objects.filter(company=company, model=model._meta.label_lower)
        for found in in_parts(rows.iterator(_AT_ONCE), _AT_ONCE):
            taken = _with_all_they_need([_as_it_was(model, row, connection) for row in found], there)
            for row in taken:
                if isinstance(row, AccountSync | InvoiceSync | PaymentSync):
                    _leave_out_again(row, left_out)
            model._base_manager.bulk_create(taken)
            there[model].update(row.pk for row in taken)
    _tell_accounts(connection, event="taken_up", by=by, before=Status.NOT_SYNCED)
    company.delete()
    return True


# --- Into the archive -----------------------------------------------------------------------------------------------


def _rows_to_archive(connection: Connection) -> Iterator[QuerySet[Any]]:
    mine = AccountSync.objects.filter(connection=connection)
    linked, remembered, asked = (
        Q(pk__in=mine.values(name)) for name in ("customer", "remembered_customer", "asked_customer")
    )
    yield Customer.objects.filter(linked | remembered | asked, connection=connection)
    yield mine
    yield InvoiceSync.objects.filter(connection=connection)
    yield PaymentSync.objects.filter(connection=connection)
    yield PushIntent.objects.filter(connection=connection, outcome=PushIntent.Outcome.OPEN)


def _archive(company: ArchivedCompany, rows: QuerySet[Any]) -> None:
    """Write them into the archive, in one statement for any number of them."""
    meta = rows.model._meta
    chosen, params = rows.order_by().values("pk").query.sql_with_params()
    statement = sql.SQL(
        "INSERT INTO {archive} (company_id, model, key, fields)"
        " SELECT %s, %s, kept.id, to_jsonb(kept) - 'id' FROM {table} AS kept WHERE kept.id IN ("
    ).format(archive=sql.Identifier(ArchivedRow._meta.db_table), table=sql.Identifier(meta.db_table))
    with database.cursor() as cursor:
        cursor.execute(statement + sql.SQL(chosen + ")"), [company.pk, meta.label_lower, *params])


def _delete_links(connection: Connection, *, but: Q = _NOTHING) -> None:
    """Delete what is known of the company, but for those accounts and documents."""
    PushIntent.objects.filter(connection=connection)._raw_delete(database.alias)
    for model in (InvoiceSync, PaymentSync, AccountSync):
        model._base_manager.filter(connection=connection).exclude(but)._raw_delete(database.alias)


def _delete_company(connection: Connection) -> None:
    """Delete its customers, to which nothing is linked any more, and what was compared with it."""
    ReconciliationDifference.objects.filter(reconciliation__connection=connection).delete()
    for model in (Reconciliation, LinkValidation, NameHolder, Customer):
        model._base_manager.filter(connection=connection)._raw_delete(database.alias)


def _forget_copies(connection: Connection) -> None:
    """Have what was left out, and stays, know nothing of the company."""
    blank = {field.name: field.get_default() for field in _fields(InvoiceSync) if field.name in _OF_THE_COPY}
    for model in (InvoiceSync, PaymentSync):
        model._base_manager.filter(connection=connection).update(**blank)
    AccountSync.objects.filter(connection=connection).update(
        remembered_customer=None, asked_customer=None, linked_at=None, detail={}, due_at=None
    )


_OF_THE_COPY = {
    "qbo_id", "sync_token", "qbo_number", "qbo_customer_id", "pushed_revision", "pushed_at", "is_void_there", "seen",
    "theirs", "theirs_is_news", "move_to", "detail", "attempts", "next_try_at",
}  # fmt: skip
"""What a document's row knows of its copy in QuickBooks."""


# --- Out of the archive ---------------------------------------------------------------------------------------------


def _as_it_was(model: type[models.Model], row: ArchivedRow, connection: Connection) -> Any:
    """The row with its key. A field that has been added since begins as in a new row; one that is gone is ignored."""
    values = {
        field.attname: field.to_python(row.fields[field.attname])
        for field in _fields(model)
        if field.attname in row.fields
    }
    return model(**{**values, "pk": row.key, "connection_id": connection.pk})


def _with_all_they_need(rows: list[Any], there: dict[type[models.Model], set[int]]) -> list[Any]:
    """Those rows whose account, document, customer and place are still in the books, or have been put back.

    A person who is not there any more is forgotten, and the row is not.
    """
    for field in _fields(type(rows[0])):
        owner: Any = field.related_model
        if owner is None or owner is Connection:
            continue
        keys = {getattr(row, field.attname) for row in rows}
        known = (
            there[owner]
            if owner in there
            else set(owner._base_manager.filter(pk__in=keys).values_list("pk", flat=True))
        )
        if owner is User:
            for row in rows:
                if getattr(row, field.attname) not in known:
                    setattr(row, field.attname, None)
        else:
            rows = [row for row in rows if getattr(row, field.attname) is None or getattr(row, field.attname) in known]
        if not rows:
            break
    return rows


def _left_out(connection: Connection) -> dict[type[models.Model], set[int]]:
    """The keys of the accounts, invoices and payments that a person has left out, as the firm now stands."""
    of: dict[Any, str] = {AccountSync: "account", InvoiceSync: "document", PaymentSync: "document"}
    return {
        model: set(model._base_manager.filter(_LEFT_OUT, connection=connection).values_list(name, flat=True))
        for model, name in of.items()
    }


def _leave_out_again(
    row: AccountSync | InvoiceSync | PaymentSync, left_out: dict[type[models.Model], set[int]]
) -> None:
    if isinstance(row, AccountSync):
        if row.account_id in left_out[AccountSync] and row.status != Status.SKIPPED:
            row.remembered_customer_id = row.customer_id or row.remembered_customer_id
            row.status, row.reason, row.ask, row.detail = Status.SKIPPED, "", Ask.NOTHING, {}
            row.customer_id = row.asked_customer_id = row.linked_at = row.due_at = None
    elif row.document_id in left_out[type(row)]:
        row.status, row.reason, row.detail = DocumentStatus.SKIPPED, "", {}


# --- Both ways ------------------------------------------------------------------------------------------------------


def _fields(model: type[models.Model]) -> list[Any]:
    return list(model._meta.concrete_fields)


def _is_setting(field: Any) -> bool:
    return field.name not in _KEPT and field.name not in _NOT_TAKEN_UP


def _tell_accounts(connection: Connection, *, event: str, by: User, before: str = "", after: str = "") -> None:
    """Have the history of each linked account tell it."""
    now = clock.about_now()
    linked = AccountSync.objects.filter(connection=connection, customer__isnull=False).select_related("customer")
    for part in in_parts(linked.iterator(_AT_ONCE), _AT_ONCE):
        entries = []
        for row in part:
            row.connection = connection
            detail = {"customer": str(row.customer), "company": connection.company_name}
            entry = history.of_account(row, event=event, before=before or row.status, at=now, by=by, detail=detail)
            entry.after = after or row.status
            entries.append(entry)
        HistoryEntry.objects.bulk_create(entries)
