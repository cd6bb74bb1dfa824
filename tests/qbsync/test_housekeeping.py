"""What is forgotten once a day, and what is not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from portal import housekeeping
from qbsync.models import AccountSync, PushIntent
from qbsync.models.digests import Digest
from qbsync.tasks import forget
from tests.qbsync.desk import Desk

LONG_AGO, LATELY = timedelta(days=91), timedelta(days=89)


def _intent(desk: Desk, row: AccountSync, settled_at: datetime | None, outcome: str) -> PushIntent:
    return PushIntent.objects.create(
        connection=desk.connection, account_sync=row, operation="create", request_id=str(uuid4()), item_id="1",
        payload={"DisplayName": "Acme"}, claim=1, sent_at=timezone.now() - LONG_AGO, settled_at=settled_at,
        outcome=outcome,
    )  # fmt: skip


def test_what_was_settled_long_ago_is_forgotten_and_nothing_that_is_open(desk: Desk) -> None:
    now, row = timezone.now(), AccountSync.objects.get(account=desk.synced("Acme"))
    for outcome in ("done", "refused", "not_executed"):
        _intent(desk, row, now - LONG_AGO, outcome)
    kept = {_intent(desk, row, now - LATELY, "done").pk, _intent(desk, row, None, "open").pk}
    forget()
    assert set(PushIntent.objects.values_list("pk", flat=True)) == kept
    assert AccountSync.objects.filter(pk=row.pk, status="synced").exists()


def test_old_digests_are_forgotten_but_for_the_last_one_of_each_person(desk: Desk) -> None:
    today = timezone.now().date()

    def digest(member: Any, days: int) -> Digest:
        moment = timezone.now() - timedelta(days=days)
        return Digest.objects.create(
            membership=member, day=today - timedelta(days=days), claimed_until=moment, looked_at=moment, state="sent"
        )

    digest(desk.adam, 300), digest(desk.adam, 200)
    kept = {digest(desk.adam, 80).pk, digest(desk.adam, 1).pk, digest(desk.olivia, 400).pk}
    forget()
    assert set(Digest.objects.values_list("pk", flat=True)) == kept


def test_ended_sessions_leave_no_trace_and_the_others_stay(desk: Desk) -> None:
    here, expired, ended = (_signed_in(desk) for _ in range(3))
    Session.objects.filter(session_key=expired).update(expire_date=timezone.now() - timedelta(minutes=1))
    Session.objects.filter(session_key=ended).delete()
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(days=2))
    forget()
    assert list(Session.objects.values_list("session_key", flat=True)) == [here]
    assert list(UserSession.objects.values_list("session_key", flat=True)) == [here]


def _signed_in(desk: Desk) -> str:
    browser = Client()
    browser.force_login(desk.olivia.user)
    key = str(browser.session.session_key)
    UserSession.objects.get_or_create(session_key=key, defaults={"user": desk.olivia.user, "ip": "192.0.2.1"})
    return key


def test_many_rows_go_in_pieces(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "_PIECE", 2)
    row = AccountSync.objects.get(account=desk.synced("Acme"))
    for _ in range(5):
        _intent(desk, row, timezone.now() - LONG_AGO, "done")
    assert housekeeping.delete_in_pieces(PushIntent.objects.all()) == 5
    assert housekeeping.delete_in_pieces(PushIntent.objects.all()) == 0
