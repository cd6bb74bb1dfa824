"""Notices what somebody did to the copies of invoices and payments in QuickBooks, and says it on the documents.

What was read is kept first, and judged when no push of ours is under way or due: until then nobody can tell whose
change is the later one. Nothing is sent from here, and a document that drifted is not sent again by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.dateparse import parse_date
from django.utils.formats import date_format

from accounts.models import Invoice, Payment
from qbsync import clock, mirror
from qbsync.bulk import update_rows
from qbsync.copies import Difference, changed, money, said, summary, token_of
from qbsync.gateway.company import Company
from qbsync.gateway.queries import PAGE, in_list
from qbsync.models import AccountSync, Connection, Customer, HistoryEntry, InvoiceSync, PaymentSync, PushIntent
from qbsync.outcomes import forget_copy, take_over
from qbsync.states import DRIFT_REASONS, DocumentReason, DocumentStatus
from qbsync.upstream import INVOICE_FIELDS, PAYMENT_FIELDS, rows

KINDS: dict[str, type[InvoiceSync] | type[PaymentSync]] = {"Invoice": InvoiceSync, "Payment": PaymentSync}

_FIELDS = {"Invoice": INVOICE_FIELDS, "Payment": PAYMENT_FIELDS}
_IDS_A_QUERY = 500
_AT_ONCE = 200
_WRITTEN = (
    "status", "reason", "detail", "changed_at", "qbo_id", "sync_token", "qbo_number", "qbo_customer_id", "seen",
    "pushed_revision", "pushed_at", "is_void_there", "theirs", "theirs_is_news",
)  # fmt: skip
_LABELS = {"number": "number", "date": "date", "total": "total", "customer": "customer", "applied": "pays"}
_PUT_BACK = "put_back_there"


def note(connection: Connection, kind: str, remotes: Iterable[Mapping[str, Any]]) -> None:
    """Keep, of what QuickBooks answered, what is newer than what we know of our copies. Others' documents are ignored.

    Args:
        kind: a key of ``KINDS``.
        remotes: the documents as they now are; a deleted one has only its Id and ``status`` Deleted.
    """
    model: Any = KINDS[kind]
    by_id = {str(one["Id"]): one for one in remotes if one.get("Id")}
    ids = sorted(by_id)
    for start in range(0, len(ids), PAGE):
        with transaction.atomic():
            ours = model.objects.filter(connection=connection, qbo_id__in=ids[start : start + PAGE])
            news = [
                row
                for row in ours.order_by("pk").select_for_update()
                if _is_newer(row, theirs := _theirs(kind, by_id[row.qbo_id])) and _keep(row, theirs)
            ]
            update_rows(news, ["theirs", "theirs_is_news"])


def compare(connection: Connection, company: Company, kind: str) -> None:
    """Ask QuickBooks for all our copies of this kind by their ids; what it does not find was deleted there."""
    model: Any = KINDS[kind]
    last = ""
    while True:
        copies = model.objects.filter(connection=connection, qbo_id__gt=last, is_void_there=False)
        ids = list(copies.order_by("qbo_id").values_list("qbo_id", flat=True)[:_IDS_A_QUERY])
        if not ids:
            break
        last = ids[-1]
        found = list(rows(company, kind, f"Id IN {in_list(ids)}", _FIELDS[kind]))
        gone = set(ids) - {str(one.get("Id")) for one in found}
        note(connection, kind, [*found, *({"Id": one, "status": "Deleted"} for one in gone)])
        judge(connection)
        mirror.renew_lease(connection)


def judge(connection: Connection) -> None:
    """Decide what the news of our copies mean, for those that no push of ours is under way or due for."""
    for model in KINDS.values():
        while _judge_some(connection, model):
            pass


def _judge_some(connection: Connection, model: Any) -> bool:
    """Judge up to a few hundred; return whether there may be more."""
    sync = "invoice_sync" if model is InvoiceSync else "payment_sync"
    with transaction.atomic():
        under_way = PushIntent.objects.filter(**{sync: OuterRef("pk")}, outcome=PushIntent.Outcome.OPEN)
        in_step = Q(status=DocumentStatus.SYNCED) | Q(status=DocumentStatus.FAILED, reason__in=DRIFT_REASONS)
        due = Q(document__revision__gt=F("settled_revision"))
        waiting = model.objects.filter(in_step, ~due, ~Exists(under_way), connection=connection, theirs_is_news=True)
        keys = list(waiting.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE])
        # What is true of a row once it is locked is judged again: a push may have begun in between.
        locked = waiting.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",))
        judged = list(locked.select_related("document"))
        names = _Names(connection, judged)
        entries = [entry for row in judged if (entry := _judge(connection, row, names))]
        update_rows(judged, _WRITTEN)
        HistoryEntry.objects.bulk_create(entries)
    return len(keys) == _AT_ONCE


def _judge(connection: Connection, row: Any, names: _Names) -> HistoryEntry | None:
    """Change the row by what is known of its copy; return what is to be told, if anything."""
    theirs, before = row.theirs, row.status
    row.theirs_is_news = False
    differences = _differences(row, theirs, names)
    if not _is_newer(row, theirs):
        row.theirs = None
        return None
    if theirs["deleted"]:
        row.theirs = None
        is_ended = row.is_void_there
        forget_copy(row)
        if is_ended:
            return None
        _drifted(row, DocumentReason.DELETED_THERE, {})
    elif theirs["void"] and not (row.is_void_there or row.seen.get("void")):
        _drifted(row, DocumentReason.VOIDED_THERE, {})
    elif differences:
        _drifted(row, DocumentReason.EDITED_THERE, said(differences))
    else:
        take_over(row)
        if before == DocumentStatus.SYNCED:
            return None
        row.status, row.reason, row.detail = DocumentStatus.SYNCED, DocumentReason.NONE, {}
        row.changed_at = clock.about_now()
    return entry_of(connection, row, before, row.reason or _PUT_BACK)


def entry_of(connection: Connection, row: Any, before: str, event: str, by: Any = None) -> HistoryEntry:
    """Return the unsaved history of a change that was just made to the document's row."""
    return HistoryEntry(
        firm_id=connection.firm_id,
        account_id=row.account_id,
        at=row.changed_at,
        actor=by,
        kind=HistoryEntry.Kind.INVOICE if isinstance(row, InvoiceSync) else HistoryEntry.Kind.PAYMENT,
        subject=row.document.number,
        event=event,
        before=before,
        after=row.status,
        reason=row.reason,
        detail=row.detail,
    )


def _drifted(row: Any, reason: DocumentReason, detail: dict[str, Any]) -> None:
    row.status, row.reason, row.detail = DocumentStatus.FAILED, reason, detail
    row.changed_at = clock.about_now()


def _theirs(kind: str, remote: Mapping[str, Any]) -> dict[str, Any]:
    identity = {"id": str(remote["Id"]), "token": token_of(remote)}
    if remote.get("status") == "Deleted":
        return {**identity, "deleted": True}
    return {**identity, "deleted": False, **summary(remote, is_payment=kind == "Payment")}


def _is_newer(row: Any, theirs: Mapping[str, Any]) -> bool:
    """Whether it tells of something that we have not taken over: it is of this copy, and later, or its end."""
    if theirs["id"] != row.qbo_id:
        return False
    return bool(theirs["deleted"]) or theirs["token"] > token_of({"SyncToken": row.sync_token})


def _keep(row: Any, theirs: dict[str, Any]) -> bool:
    """Keep what was read, unless something later of the same copy is kept already."""
    kept = row.theirs
    if (
        kept
        and kept["id"] == theirs["id"]
        and (kept["deleted"] or theirs["token"] <= kept["token"])
        and not (theirs["deleted"] and not kept["deleted"])
    ):
        return False
    row.theirs, row.theirs_is_news = theirs, True
    return True


def _differences(row: Any, theirs: Mapping[str, Any], names: _Names) -> list[Difference]:
    """What differs from what was last taken over, and from the document here: an edit back to ours is none.

    Nor is it one to be the customer's whom the account is linked to, as where a person linked it after a merge.
    """
    if theirs["deleted"]:
        return []
    here = {**row.seen, **_here(row.document), **names.linked(row.account_id)}
    return [
        Difference(_LABELS[name], names.said(name, here.get(name)), names.said(name, theirs[name]))
        for name in changed(row.seen, {name: theirs[name] for name in _LABELS if name in theirs})
        if here.get(name) != theirs[name]
    ]


def _here(document: Invoice | Payment) -> dict[str, str]:
    total = document.total if isinstance(document, Invoice) else document.amount
    return {"date": document.date.isoformat(), "total": money(total)}


class _Names:
    """Puts ids into the names that people know: customers, and the invoices that a payment pays."""

    def __init__(self, connection: Connection, judged: Sequence[Any]) -> None:
        accounts = AccountSync.objects.filter(account__in={row.account_id for row in judged}).exclude(customer=None)
        self._linked = dict(accounts.values_list("account_id", "customer__qbo_id"))
        sides = [side for row in judged for side in (row.seen, row.theirs)]
        ids = {side["customer"] for side in sides if side.get("customer")}
        customers = Customer.objects.filter(connection=connection, qbo_id__in=ids | set(self._linked.values()))
        self._customers = {one.qbo_id: str(one) for one in customers}
        paid = {number for side in sides for number in side.get("applied") or ()}
        invoices = InvoiceSync.objects.filter(connection=connection, qbo_id__in=paid)
        self._invoices = dict(invoices.values_list("qbo_id", "document__number"))

    def linked(self, account_id: int) -> dict[str, str]:
        """Return the customer that the account is linked to, as a summary has it; nothing where it is not linked."""
        return {"customer": self._linked[account_id]} if account_id in self._linked else {}

    def said(self, name: str, value: Any) -> str:
        """Return a value of a summary in words."""
        if name == "customer":
            return f"“{self._customers.get(value, '?')}”"
        if name == "applied":
            parts = [
                f"{amount} on {self._invoices.get(one, 'another invoice')}" for one, amount in (value or {}).items()
            ]
            return " and ".join(parts) or "no invoice"
        if name == "date" and value and (day := parse_date(value)):
            return date_format(day, "M j, Y")
        return str(value or "none")
