"""Takes what QuickBooks tells by webhook: who may tell, what it says, and whether that is a reason to look.

An event is a hint and nothing else: it only has the company looked at, so that a forged, repeated or lost one changes
nothing. QuickBooks is never asked from here, and the answer goes out at once.
https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils.dateparse import parse_datetime

from qbsync import clock, wake
from qbsync.changes import documents
from qbsync.models import Connection, ConnectionStatus, Customer, PushIntent

LONGEST = 1_000_000
"""The most bytes that a delivery may have."""

_GAP = timedelta(seconds=3)  # between two looks, however many events there are
_REMEMBERED_S = 86_400
_WAITING = 50
_JUST_PUSHED = timedelta(seconds=60)
_LATER = timedelta(minutes=1)
_NAMES = {"customer": "Customer", "vendor": "Vendor", "employee": "Employee"}
_DOCUMENTS = {"invoice": "Invoice", "payment": "Payment"}


class Unreadable(Exception):
    """The body is none that QuickBooks sends; ``str()`` says in a sentence why."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a company, as QuickBooks tells it.

    Attributes:
        key: the same for each delivery of the event.
        realm: of the company.
        entity: ``customer``, ``invoice``, …
        entity_id: QuickBooks' id; of a merge, the survivor's.
        verb: ``created``, ``updated``, ``deleted``, ``merged``, ``voided`` or ``emailed``.
        at: when; None where it is not told in a way that can be read.
        gone_id: of a merge, who was merged away.
    """

    key: str
    realm: str
    entity: str
    entity_id: str
    verb: str
    at: datetime | None
    gone_id: str = ""


def is_genuine(body: bytes, signature: str) -> bool:
    """Whether the signature is QuickBooks' own: base64 of the raw body's HMAC-SHA256 under a verifier token of ours.

    There are two while it is replaced: QuickBooks goes on sending what it signed with the old one.
    """
    given = signature.encode(errors="replace")
    signed = [hmac.new(token.encode(), body, hashlib.sha256).digest() for token in settings.QBO_WEBHOOK_VERIFIER_TOKENS]
    return any(hmac.compare_digest(base64.b64encode(digest), given) for digest in signed)


def events_of(body: bytes) -> list[Event]:
    """Return the events of a delivery, in CloudEvents or in the format of before 2026.

    Raises:
        Unreadable: it is in neither.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("The body is not JSON.") from None
    if isinstance(told, list):
        return [event for one in told if isinstance(one, dict) for event in _cloud_event(one)]
    if isinstance(told, dict) and isinstance(told.get("eventNotifications"), list):
        return [event for one in told["eventNotifications"] if isinstance(one, dict) for event in _legacy(one)]
    raise Unreadable("The body is neither a list of CloudEvents nor eventNotifications.")


def take(events: Sequence[Event]) -> None:
    """Have the companies looked at that these events give a reason to; what is known already is no reason."""
    by_realm: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.entity in _NAMES or event.entity in _DOCUMENTS:
            by_realm[event.realm].append(event)
    for connection in Connection.objects.filter(
        realm_id__in=by_realm, status=ConnectionStatus.ACTIVE, set_up_at__isnull=False
    ):
        _take(connection, [event for event in by_realm[connection.realm_id] if _is_first(event)])


def _take(connection: Connection, events: Sequence[Event]) -> None:
    _remember_merges(connection, events)
    now = clock.about_now()
    echoes = prove(connection, events)
    moments = [moment for event in events if event not in echoes and (moment := _look_at(connection, event, now))]
    if not moments:
        return
    # Not sooner than a moment after the last look: a bookkeeper at work would have us ask all day long.
    soonest = min(moments)
    # A look that is under way may have been answered before this happened, so it does not count as the next one.
    under_way = Q(poll_due_at__lte=now, mirror_leased_until__gt=now)
    earlier = Connection.objects.filter(Q(poll_due_at=None) | Q(poll_due_at__gt=soonest) | under_way, pk=connection.pk)
    asked = Greatest(F("polled_at") + _GAP, soonest)  # PostgreSQL leaves a NULL out of the greatest
    if earlier.update(poll_due_at=asked):
        connection.refresh_from_db(fields=["poll_due_at"])
    if connection.poll_due_at and soonest == now:
        wait = (connection.poll_due_at - now).total_seconds()
        wake.poll(connection.pk, at_once=True, after_s=max(0.0, wait))


def prove(connection: Connection, events: Sequence[Event] = ()) -> list[Event]:
    """Take note that webhooks work where one of these events, or an earlier one, echoes a push; return those that do.

    The echo of a creation may come before QuickBooks' answer to it, so that what was not known is looked at again.
    """
    key = f"webhook-waiting:{connection.pk}"
    waiting: list[Event] = cache.get(key, [])
    echoes = _echoes(connection, [*waiting, *events])
    if echoes:
        Connection.objects.filter(pk=connection.pk).update(webhooks_proven_at=clock.about_now())
    created = [event for event in events if event.verb == "created" and event not in echoes]
    left = [event for event in [*waiting, *created] if event not in echoes][-_WAITING:]
    if echoes or created:
        cache.set(key, left, timeout=_REMEMBERED_S)
    return echoes


def _look_at(connection: Connection, event: Event, now: datetime) -> datetime | None:
    """When the company is to be looked at for this event; None where it does not concern us."""
    if event.entity in _NAMES:
        return now
    model: Any = documents.KINDS[_DOCUMENTS[event.entity]]
    ours = model.objects.filter(connection=connection, qbo_id=event.entity_id).first()
    under_way = PushIntent.objects.filter(connection=connection, outcome=PushIntent.Outcome.OPEN)
    if ours is None:
        # Somebody else's document, or one whose creation has not been answered yet: that one may have been changed.
        return now + _LATER if event.verb not in ("created", "emailed") and under_way.exists() else None
    if event.verb == "updated" and _is_at_work(ours, now):
        return now + _LATER  # our payment of an invoice changes the invoice too
    return now


def _is_at_work(row: Any, now: datetime) -> bool:
    """Whether something of the document's account was pushed a moment ago, or is being pushed."""
    if PushIntent.objects.filter(account_sync__account=row.account_id, outcome=PushIntent.Outcome.OPEN).exists():
        return True
    recently = {"account": row.account_id, "pushed_at__gt": now - _JUST_PUSHED}
    return any(model.objects.filter(**recently).exists() for model in documents.KINDS.values())


def _echoes(connection: Connection, events: Sequence[Event]) -> list[Event]:
    """Those events that only tell of a push of ours: of this copy, and from no later than we have it."""
    found: list[Event] = []
    for entity, kind in _DOCUMENTS.items():
        model: Any = documents.KINDS[kind]
        told = [event for event in events if event.entity == entity and event.at]
        ids = {event.entity_id for event in told}
        ours = model.objects.filter(connection=connection, qbo_id__in=ids).values_list("qbo_id", "seen__updated")
        known = {qbo_id: parse_datetime(updated) for qbo_id, updated in ours if updated}
        found += [e for e in told if (at := known.get(e.entity_id)) and e.at and e.at < at + timedelta(seconds=1)]
    return found


def _remember_merges(connection: Connection, events: Sequence[Event]) -> None:
    """Keep who was merged into whom; what follows from it is decided when the company is looked at."""
    for event in events:
        if event.verb == "merged" and event.entity == "customer" and event.gone_id and event.gone_id != event.entity_id:
            gone = Customer.objects.filter(connection=connection, qbo_id=event.gone_id)
            gone.update(merged_into=event.entity_id)


def _is_first(event: Event) -> bool:
    """Whether the event was not taken before. Without the cache every one is the first: it costs a look, no more."""
    return bool(cache.add(f"webhook:{event.realm}:{event.key}", 1, timeout=_REMEMBERED_S))


def _cloud_event(told: dict[str, Any]) -> Iterator[Event]:
    parts = _text(told.get("type")).split(".")
    realm, entity_id = _text(told.get("intuitaccountid")), _text(told.get("intuitentityid"))
    if len(parts) < 3 or parts[0] != "qbo" or not realm or not entity_id:
        return
    data = told.get("data")
    gone = _text(data.get("deletedid")) if isinstance(data, dict) else ""
    yield Event(_key(told.get("id") or told), realm, parts[1], entity_id, parts[2], _moment(told.get("time")), gone)


_PAST = {
    "create": "created", "update": "updated", "delete": "deleted", "merge": "merged", "void": "voided",
    "emailed": "emailed",
}  # fmt: skip


def _legacy(told: dict[str, Any]) -> Iterator[Event]:
    realm, change = _text(told.get("realmId")), told.get("dataChangeEvent")
    entities = change.get("entities") if isinstance(change, dict) else None
    for one in entities if isinstance(entities, list) else []:
        if not isinstance(one, dict):
            continue
        verb = _PAST.get(_text(one.get("operation")).lower(), "")
        entity, entity_id = _text(one.get("name")).lower(), _text(one.get("id"))
        if realm and entity and entity_id and verb:
            at = _moment(one.get("lastUpdated"))
            yield Event(_key(one), realm, entity, entity_id, verb, at, _text(one.get("deletedId")))


def _key(told: Any) -> str:
    text = told if isinstance(told, str) else json.dumps(told, sort_keys=True)
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _moment(told: Any) -> datetime | None:
    """A time with up to nine digits after the second, of which six are read; one without a zone is not read."""
    try:
        moment = parse_datetime(_text(told))
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def _text(value: Any) -> str:
    return str(value).replace("\x00", "")[:100] if isinstance(value, str | int) else ""
