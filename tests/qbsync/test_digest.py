"""The digest by e-mail: to whom, when, what it says, and never twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from portal.celery import app
from portal.models import Membership, Role
from qbsync.digest import links, schedule
from qbsync.digest.sending import digest_send
from qbsync.models import Connection, ConnectionStatus, Digest, DigestState
from qbsync.states import DocumentReason, Reason
from qbsync.tasks import send_digest, send_digests
from tests.qbsync.conftest import Office
from tests.qbsync.desk import Desk, make_desk
from tests.workers import Worker

NEW_YORK = ZoneInfo("America/New_York")
WEDNESDAY = datetime(2026, 11, 25, 8, 30, tzinfo=NEW_YORK)
DIGEST = "/settings/integrations/quickbooks/digest/"
REFUSED: dict[str, Any] = {
    "status": "failed",
    "reason": DocumentReason.REFUSED,
    "detail": {"message": "Closed.", "code": "6210"},
    "settled_revision": 1,
}


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A Wednesday, half past eight in the morning where the firm is; it may be moved."""
    with time_machine.travel(WEDNESDAY, tick=False) as traveller:
        yield traveller


def send() -> list[EmailMultiAlternatives]:
    """Send all digests that are due now; return what was sent."""
    before = len(mail.outbox)
    for pk in schedule.due():
        digest_send(pk)
    return mail.outbox[before:]  # type: ignore[return-value]


def wanted(member: Membership, at: time = time(8)) -> None:
    """Choose the digest for somebody."""
    schedule.choose(membership=member, is_wanted=True, send_at=at, by=member.user)


def test_it_counts_names_and_links_to_the_exact_lists(desk: Desk, clock: Any, settings: Any) -> None:
    for number in range(7):
        desk.failed(f"Nobody {number}")
    desk.failed("Twice", Reason.SEVERAL_MATCHES)
    desk.failed("By itself", Reason.UNAVAILABLE)
    desk.invoice(desk.synced("Acme"), **REFUSED)
    (message,) = send()
    assert message.to == [desk.olivia.user.email]
    assert message.subject == "Hartwell & Moss: QuickBooks needs your attention"
    html = str(message.alternatives[0][0])
    assert "8 accounts could not be synced" in message.body and "and 3 more" in message.body
    assert "1 invoice could not be synced" in message.body and "By itself" not in message.body
    for text in (message.body, html.replace("&amp;", "&")):
        for query in ("tab=accounts&cause=no_match", "tab=accounts&cause=several_matches", "cause=refused-6210"):
            assert query in text
    addresses = [one for one in re.findall(r"http\S+", str(message.body)) if "/errors/" in one]
    browser = desk.sign_in(desk.olivia)
    for address in addresses:
        assert browser.get(address.removeprefix(settings.PORTAL_BASE_URL)).status_code == 200


def test_without_anything_new_nobody_gets_one(desk: Desk, clock: Any) -> None:
    assert send() == []
    assert Digest.objects.get().state == DigestState.NOTHING
    desk.failed("Acme")
    assert send() == []  # the day is decided

    clock.move_to(WEDNESDAY + timedelta(days=1))
    assert len(send()) == 1
    clock.move_to(WEDNESDAY + timedelta(days=2))
    assert send() == []  # it was told yesterday
    desk.row(desk.account("Newer"), "failed", reason=Reason.NO_MATCH, changed_at=timezone.now())  # type: ignore[arg-type]
    clock.move_to(WEDNESDAY + timedelta(days=5))
    (message,) = send()
    assert "2 accounts could not be synced (1 new)" in message.body


def test_it_comes_on_weekdays_at_the_chosen_time_of_the_firms_zone(desk: Desk, clock: Any) -> None:
    desk.failed("Acme")
    wanted(desk.olivia, at=time(17, 15))
    assert schedule.due() == []
    clock.move_to(datetime(2026, 11, 28, 18, 0, tzinfo=NEW_YORK))
    assert schedule.due() == []  # a Saturday
    clock.move_to(datetime(2026, 11, 30, 17, 14, tzinfo=NEW_YORK))
    assert schedule.due() == []
    clock.move_to(datetime(2026, 11, 30, 17, 15, tzinfo=NEW_YORK))
    assert schedule.due() == [desk.olivia.pk]
    desk.firm.time_zone = "America/Los_Angeles"
    desk.firm.save()
    assert schedule.due() == []


def test_only_those_who_can_act_and_want_it_get_it(desk: Desk, clock: Any) -> None:
    desk.failed("Acme")
    wanted(desk.erin)
    wanted(desk.nadia)
    wanted(desk.adam)
    assert sorted(schedule.due()) == sorted([desk.olivia.pk, desk.adam.pk])
    desk.adam.role = Role.EMPLOYEE
    desk.adam.save()
    desk.olivia.user.is_active = False
    desk.olivia.user.save()
    assert schedule.due() == []


def test_a_dead_connection_is_told_once_and_again_after_a_week(desk: Desk, clock: Any) -> None:
    Connection.objects.update(
        status=ConnectionStatus.BROKEN, broken_reason="grant_revoked", status_changed_at=WEDNESDAY - timedelta(hours=9)
    )
    (message,) = send()
    assert "The QuickBooks connection was ended." in message.body and "The owner reconnects" in message.body
    said = []
    for days in range(1, 9):
        clock.move_to(WEDNESDAY + timedelta(days=days))
        said.append(len(send()))
    assert said == [0, 0, 0, 0, 0, 0, 1, 0]


def test_the_end_of_the_connection_is_told_as_it_comes_near(desk: Desk, clock: Any) -> None:
    Connection.objects.update(hard_expires_at=WEDNESDAY + timedelta(days=40))
    told = []
    for days in range(40):
        clock.move_to(WEDNESDAY + timedelta(days=days))
        if send():
            told.append(40 - days)
    assert told == [28, 14, 7, 3]  # 30 and 1 are on a weekend


def test_a_claim_whose_worker_died_is_taken_over_and_a_message_that_was_handed_over_is_not(
    desk: Desk, clock: Any
) -> None:
    desk.failed("Acme")
    soon = timezone.now() + timedelta(minutes=1)
    row = Digest.objects.create(
        membership=desk.olivia, day=WEDNESDAY.date(), claimed_until=soon, looked_at=timezone.now()
    )
    assert send() == []  # another worker is at it
    clock.shift(timedelta(minutes=2))
    Digest.objects.update(state=DigestState.SENDING)
    assert send() == []
    Digest.objects.update(state=DigestState.CLAIMED)
    assert len(send()) == 1
    row.refresh_from_db()
    assert row.state == DigestState.SENT and send() == []


def test_what_was_perhaps_not_delivered_is_told_again_the_next_day(desk: Desk, clock: Any) -> None:
    desk.failed("Acme")
    Digest.objects.create(
        membership=desk.olivia,
        day=WEDNESDAY.date(),
        claimed_until=timezone.now(),
        looked_at=timezone.now(),
        state=DigestState.SENDING,
    )
    clock.move_to(WEDNESDAY + timedelta(days=1))
    assert len(send()) == 1


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_send_one(clock: Any) -> None:
    desk = make_desk()
    desk.failed("Acme")

    def one(_: int) -> None:
        try:
            digest_send(desk.olivia.pk)
        finally:
            database.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    assert len(mail.outbox) == 1


def test_a_mail_server_that_does_not_answer_is_tried_again_and_nothing_is_lost(
    desk: Desk, clock: Any, settings: Any
) -> None:
    desk.failed("Acme")
    local = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert send() == []
    settings.EMAIL_BACKEND = local
    assert send() == []
    clock.shift(timedelta(minutes=16))
    assert len(send()) == 1


@pytest.mark.processes
def test_workers_write_one_e_mail_for_each_person(
    office: Office, start_worker: Callable[..., Worker], eventually: Callable[..., None], tmp_path: Path
) -> None:
    office.account("Nowhere to be found", invoices=1)
    office.connect()
    office.sync()
    wanted(Membership.objects.get(user=office.alice), at=time(0))
    # No digest goes out at the weekend, and a test does not choose its day
    with time_machine.travel(WEDNESDAY, tick=True):
        start_worker(
            include="tests.qbsync.at_a_moment",
            TEST_MOMENT=WEDNESDAY.isoformat(),
            EMAIL_URL="file:",
            PORTAL_DATA_DIR=str(tmp_path),
            QBO_ENVIRONMENT="simulator",
        )
        for _ in range(5):
            app.send_task("qbsync.tasks.send_digests")
        eventually(lambda: Digest.objects.filter(state=DigestState.SENT).exists())
        send_digests()
        send_digest(Membership.objects.get(user=office.alice).pk)
    (written,) = (tmp_path / "mail").iterdir()
    assert written.read_text().count("Subject: ") == 1
    assert "Nowhere to be found" in written.read_text()


def test_one_click_ends_it_and_a_look_at_the_link_does_not(desk: Desk, clock: Any) -> None:
    desk.failed("Acme")
    (message,) = send()
    address = message.extra_headers["List-Unsubscribe"].strip("<>")
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = "/digest/stop/" + address.rpartition("/digest/stop/")[2]
    mail_program = Client(enforce_csrf_checks=True)
    assert "No longer send it" in mail_program.get(path).content.decode()
    assert schedule.chosen(Membership.objects.get(pk=desk.olivia.pk)).is_wanted
    answer = mail_program.post(path, {"List-Unsubscribe": "One-Click"})
    assert "You no longer get this e-mail." in answer.content.decode()
    assert not schedule.chosen(Membership.objects.get(pk=desk.olivia.pk)).is_wanted
    clock.move_to(WEDNESDAY + timedelta(days=1))
    assert schedule.due() == []


@pytest.mark.parametrize("token", ["1", "1:forged", "x:y:z", "%F0%9F%92%A5"])
def test_a_forged_link_ends_nothing(desk: Desk, token: str) -> None:
    assert Client().post(f"/digest/stop/{token}/").status_code == 404
    adams = links.stop_address(desk.adam).rpartition("/digest/stop/")[2]
    olivias = adams.replace(str(desk.adam.pk), str(desk.olivia.pk), 1)
    assert Client().post(f"/digest/stop/{olivias}").status_code == 404
    assert schedule.chosen(Membership.objects.get(pk=desk.olivia.pk)).is_wanted


def test_each_chooses_for_themselves_and_the_owner_for_all(desk: Desk) -> None:
    adam, olivia = f"m{desk.adam.pk}", f"m{desk.olivia.pk}"
    everybody = {f"{adam}-is_wanted": "on", f"{adam}-send_at": "07:30", f"{olivia}-send_at": "09:00"}
    page = desk.sign_in(desk.adam).get(DIGEST).content.decode()
    assert "Adam Moss" in page and "Olivia Hartwell gets" not in page
    assert desk.sign_in(desk.adam).post(DIGEST, everybody).status_code == 302
    now = {one.pk: schedule.chosen(one) for one in schedule.readers(desk.firm)}
    assert now[desk.adam.pk] == schedule.Chosen(True, time(7, 30))
    assert now[desk.olivia.pk] == schedule.Chosen(True, time(8))

    desk.sign_in(desk.olivia).post(DIGEST, {**everybody, f"{adam}-is_wanted": ""})
    now = {one.pk: schedule.chosen(one) for one in schedule.readers(desk.firm)}
    assert not now[desk.adam.pk].is_wanted
    assert now[desk.olivia.pk] == schedule.Chosen(False, time(9))


def test_a_time_that_is_none_is_said_at_the_field_and_changes_nothing(desk: Desk) -> None:
    adam = f"m{desk.adam.pk}"
    answer = desk.sign_in(desk.adam).post(DIGEST, {f"{adam}-is_wanted": "on", f"{adam}-send_at": "late"})
    assert "Enter a valid time." in answer.content.decode()
    assert not schedule.chosen(Membership.objects.get(pk=desk.adam.pk)).is_wanted
