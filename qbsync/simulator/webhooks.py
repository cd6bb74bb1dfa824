"""Owns webhooks: what happened, signed and delivered in order, tried again until the receiver takes it."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import secrets
import uuid
from datetime import UTC, datetime
from typing import Any

import aiohttp

from . import clock as clocks
from .company import Company
from .render import dumps
from .simulator import Simulator

RETRY_S = (10, 20, 30, 300, 1200, 7200, 14400, 21600)
TIMEOUT_S = 3
_MOST = 200
_PAST = {"Create": "created", "Update": "updated", "Delete": "deleted", "Merge": "merged", "Void": "voided",
         "Emailed": "emailed"}  # fmt: skip
_SILENT = ("CompanyInfo", "CustomerType", "ExchangeRate")
Event = tuple[int, str, str, str, str | None, float]


def cloud_events(company: Company, events: list[Event]) -> str:
    """The CloudEvents body: an array, one element for each event."""
    listed: list[dict[str, Any]] = []
    for seq, kind, number, operation, deleted_id, happened in events:
        moment = datetime.fromtimestamp(happened, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + f"{seq % 1000:03d}Z"
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{company.realm}/{seq}")),
            "source": "intuit." + base64.b64encode(f"simulator{company.realm}".encode()).decode(),
            "type": f"qbo.{kind.lower()}.{_PAST[operation]}.v1",
            "datacontenttype": "application/json",
            "time": moment,
            "intuitentityid": number,
            "intuitaccountid": company.realm,
            "data": {"deletedid": deleted_id} if deleted_id else {},
        }
        listed.append(event)
    return dumps(listed)


def legacy(company: Company, events: list[Event]) -> str:
    """The body of before 2026."""
    entities = [
        {"name": kind, "id": number, "operation": operation, "lastUpdated": clocks.stamp_utc(happened)}
        | ({"deletedId": deleted_id} if deleted_id else {})
        for _, kind, number, operation, deleted_id, happened in events
    ]
    return dumps({"eventNotifications": [{"realmId": company.realm, "dataChangeEvent": {"entities": entities}}]})


def signature(verifier_token: str, body: bytes) -> str:
    """The `intuit-signature` header."""
    return base64.b64encode(hmac.new(verifier_token.encode(), body, hashlib.sha256).digest()).decode()


def pending(sim: Simulator, company: Company) -> list[Event]:
    """The oldest events that have not been taken."""
    return sim.store.db.execute(
        "SELECT seq, kind, entity_id, operation, deleted_id, happened FROM webhook_event WHERE realm = ? "
        "ORDER BY seq LIMIT ?",
        (company.realm, _MOST),
    ).fetchall()


async def deliver(sim: Simulator, session: aiohttp.ClientSession, company: Company) -> bool:
    """One delivery of what is pending; whether the receiver took it with a 200 within 3 seconds."""
    waiting = pending(sim, company)
    events = [event for event in waiting if event[1] not in _SILENT]
    hook = company.webhook
    if events:
        body = (legacy if hook.get("format") == "legacy" else cloud_events)(company, events).encode()
        headers = {
            "Content-Type": "application/json", "intuit-signature": signature(str(hook["verifier_token"]), body),
            "intuit-created-time": clocks.stamp_utc(sim.clock.now()), "intuit-t-id": secrets.token_hex(16),
            "intuit-notification-schema-version": "2.0", "User-Agent": "intuit_notification_engine",
        }  # fmt: skip
        try:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
            async with session.post(str(hook["url"]), data=body, headers=headers, timeout=timeout) as response:
                if response.status != 200:
                    return False
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return False
    if waiting:
        sim.store.db.execute("DELETE FROM webhook_event WHERE realm = ? AND seq <= ?", (company.realm, waiting[-1][0]))
    return True


async def run(sim: Simulator) -> None:
    """Deliver for as long as the simulator runs; a company whose receiver fails waits, and its later events with it."""
    failures: dict[str, int] = {}
    not_before: dict[str, float] = {}
    async with aiohttp.ClientSession() as session:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(sim.events.wait(), timeout=0.5)
            sim.events.clear()
            for company in list(sim.companies.known.values()):
                realm = company.realm
                if not company.webhook or not_before.get(realm, 0) > sim.clock.now() or not pending(sim, company):
                    continue
                await asyncio.sleep(float(company.webhook.get("delay_ms", 50)) / 1000)
                if await deliver(sim, session, company):
                    failures.pop(realm, None)
                    not_before.pop(realm, None)
                else:
                    count = failures[realm] = failures.get(realm, 0) + 1
                    wait = RETRY_S[min(count, len(RETRY_S)) - 1] * float(company.webhook.get("retry_scale", 1))
                    not_before[realm] = sim.clock.now() + wait
