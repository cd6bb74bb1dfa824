"""The ops pages of the admin site in a browser: light, dark, on a phone, without JavaScript, and under axe."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, expect

from portal.models import User
from qbsync.models import AccountSync, Connection, HistoryEntry
from qbsync.states import DocumentReason, DocumentStatus, Reason
from tests.qbsync.desk import Desk, make_desk

COLORS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    """Olivia's firm with something in each part of its page; work of it has been due for an hour."""
    desk, now = make_desk(), timezone.now()
    linked = desk.synced("Linked LLC")
    desk.invoice(
        linked, status=DocumentStatus.FAILED, reason=DocumentReason.REFUSED, detail={"code": "6210"}, settled_revision=1
    )
    desk.payment(linked, status=DocumentStatus.WAITING, reason=DocumentReason.WAITS_FOR_INVOICE)
    desk.failed("Acme")
    desk.failed("Twin", Reason.SEVERAL_MATCHES)
    desk.syncing("Under Way", asked_at=now - timedelta(minutes=8))
    desk.connection.runs.create(started_at=now - timedelta(minutes=5), started_by=desk.adam.user, requests=12)
    desk.connection.request_counts.create(day=now.date(), endpoint="query", metered=True, count=17)
    HistoryEntry.objects.create(firm=desk.firm, at=now, kind="connection", event="set_up", actor=desk.olivia.user)
    AccountSync.objects.filter(account=linked).update(due_at=now - timedelta(hours=1))
    Connection.objects.update(queued_at=None)
    Connection.objects.create(
        firm=desk.nadia.firm, realm_id="9341452000002", company_name="Elsewhere Books", status_changed_at=now,
        access_token="a", refresh_token="r", set_up_at=now, rests_until=now + timedelta(hours=3),
        trouble="company_suspended", outage_since=now,
    )  # fmt: skip
    return desk


def _signed_in(browser: Browser, site: str, *, javascript: bool = True) -> BrowserContext:
    client = Client()
    client.force_login(User.objects.create_superuser("oscar@portal.test", "secret", name="Oscar Ops"))
    context = browser.new_context(base_url=site, java_script_enabled=javascript, reduced_motion="reduce")
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
    return context


def test_no_page_has_a_violation_an_error_or_a_sideways_scroll(browser: Browser, site: str, desk: Desk) -> None:
    context = _signed_in(browser, site)
    tab, found = context.new_page(), list[str]()
    tab.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    one = f"/admin/qbsync/connection/{desk.connection.pk}/ops/"
    for address in ("/admin/qbsync/connection/", one, f"{one}retry/"):
        for scheme, width in (("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)):
            tab.set_viewport_size({"width": width, "height": 900})
            tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            tab.goto(address)
            answer = Axe().run(tab, context="main", options=COLORS if scheme == "dark" else {}).response
            for violation in answer["violations"]:
                places = "; ".join(" ".join(node["html"].split())[:160] for node in violation["nodes"][:3])
                found.append(f"{address} {scheme} {width}: {violation['id']}: {places}")
            if tab.evaluate("document.scrollingElement.scrollWidth > innerWidth"):
                found.append(f"{address} {width}: it scrolls sideways")
    context.close()
    assert not found, "\n".join(found)


def test_a_press_works_without_javascript(browser: Browser, site: str, desk: Desk) -> None:
    context = _signed_in(browser, site, javascript=False)
    tab = context.new_page()
    tab.goto("/admin/qbsync/connection/")
    tab.get_by_role("link", name="Hartwell & Moss").click()
    expect(tab.get_by_text("Work is due and nobody is at it.")).to_be_visible()
    tab.get_by_role("link", name="Wake the workers").click()
    tab.get_by_role("button", name="Wake the workers").click()
    expect(tab.get_by_text("The workers were told.")).to_be_visible()
    expect(tab.get_by_role("cell", name="Oscar Ops")).to_be_visible()
    context.close()
