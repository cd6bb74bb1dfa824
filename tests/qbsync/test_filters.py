"""The list's filter by QuickBooks finds exactly those accounts whose column says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.document_lists import DocumentQuery, documents_found
from accounts.models import Account, Invoice, Payment
from accounts.selectors import AccountQuery, accounts_found
from portal.models import Firm, Membership
from qbsync.models import Connection
from qbsync.selectors import annotate_documents, annotate_status, standing
from qbsync.states import DocumentStatus, Reason, Status
from tests.qbsync.desk import Desk

_SOON, _LONG_AGO = timedelta(seconds=30), timedelta(hours=1)
_SITUATIONS: dict[str, dict[str, Any]] = {
    "nobody at work": {},
    "a worker at work": {"working_until": _SOON},
    "an agreed pause": {"paused_until": _SOON},
    "not set up": {"set_up_at": None},
}


def _some_of_each(desk: Desk) -> None:
    now = timezone.now()
    desk.account("Never in the sync")
    desk.synced("Synced")
    desk.skipped("Skipped")
    desk.failed("No match")
    desk.failed("Several", Reason.SEVERAL_MATCHES)
    lost = desk.account("Lost its customer")
    desk.row(lost, Status.NOT_SYNCED, reason=Reason.CUSTOMER_INACTIVE)
    desk.syncing("Asked just now", asked_at=now)
    desk.syncing("Asked long ago", asked_at=now - _LONG_AGO)
    desk.syncing("Claimed", asked_at=now - _LONG_AGO, claimed_until=now + _SOON)
    desk.syncing("Waits as agreed", asked_at=now - _LONG_AGO, due_at=now + _SOON)


def _found(member: Membership, **params: str) -> list[str]:
    fresh = Membership.objects.get(pk=member.pk)  # which has not read the firm's connection yet
    return sorted(account.name for account in accounts_found(fresh, AccountQuery.from_params(params)))


def _reading_as(firm: Firm, **wanted: str) -> list[str]:
    return sorted(annotate_status(Account.objects.filter(firm=firm)).filter(**wanted).values_list("name", flat=True))


@pytest.mark.parametrize("situation", _SITUATIONS)
def test_the_filter_finds_what_the_column_shows(desk: Desk, situation: str) -> None:
    _some_of_each(desk)
    values = {name: after and timezone.now() + after for name, after in _SITUATIONS[situation].items()}
    Connection.objects.filter(pk=desk.connection.pk).update(**values)
    for status in Status:
        assert _found(desk.olivia, quickbooks=status) == _reading_as(desk.firm, quickbooks_status=status), status
    for account in annotate_status(Account.objects.filter(firm=desk.firm)):
        shown = standing(account)
        assert (shown.status, shown.reason) == (account.quickbooks_status, account.quickbooks_reason), account  # type: ignore[attr-defined]
    for reason in set(Reason) - {Reason.NONE}:
        assert _found(desk.olivia, quickbooks=reason) == _reading_as(desk.firm, quickbooks_reason=reason), reason


def test_the_order_by_quickbooks_begins_with_what_needs_somebody(desk: Desk) -> None:
    _some_of_each(desk)
    fresh = Membership.objects.get(pk=desk.olivia.pk)
    found = list(accounts_found(fresh, AccountQuery.from_params({"sort": "quickbooks"})))
    shown = list(dict.fromkeys(standing(account).status for account in found))
    assert shown == ["failed", "syncing", "not_synced", "skipped", "synced"]
    assert found[0].name == "Asked long ago"


def _documents_of_each_kind(desk: Desk) -> None:
    synced, failed = desk.synced("Synced"), desk.failed("No match")
    for account in (synced, failed):
        for record in (desk.invoice, desk.payment):
            record(account)
            record(account, status="waiting")
            record(account, status="synced", qbo_id=f"{account.pk}-1", settled_revision=1)
            record(account, status="synced", qbo_id=f"{account.pk}-2", settled_revision=0)
            record(account, status="failed", reason="refused", settled_revision=1)
            record(account, status="skipped", settled_revision=1)
        desk.payment(account, sync_to_quickbooks=False)
        desk.payment(account, sync_to_quickbooks=False, status="failed", reason="refused", settled_revision=1)


@pytest.mark.parametrize("situation", _SITUATIONS)
@pytest.mark.parametrize(("kind", "model"), [("invoices", Invoice), ("payments", Payment)])
def test_the_filter_finds_the_documents_whose_column_says_so(
    desk: Desk, kind: str, model: type[Invoice] | type[Payment], situation: str
) -> None:
    _documents_of_each_kind(desk)
    values = {name: after and timezone.now() + after for name, after in _SITUATIONS[situation].items()}
    Connection.objects.filter(pk=desk.connection.pk).update(**values)
    fresh = Membership.objects.get(pk=desk.olivia.pk)
    shown = annotate_documents(model.objects.filter(firm=desk.firm))
    for status in DocumentStatus:
        found = documents_found(fresh, DocumentQuery.from_params(kind, {"quickbooks": status}))
        reading_as = [one.pk for one in shown if one.quickbooks_status == status]
        assert sorted(one.pk for one in found) == sorted(reading_as), status
