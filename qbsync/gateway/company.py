"""One QuickBooks company as the rest of qbsync sees it: writes, queries, batches, changes. Decides nothing.

Each call takes a slot of the company's quota, sends exactly one request (``query_all`` one per page) and returns or
raises. Nothing is repeated here: what follows from a fault is its Rule and the engine's business. What only reads waits
for its slot where one is soon free: many requests make one look at a company, and a look that is begun anew has spent
its slots for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import sleep
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from qbsync.gateway import counting, queries
from qbsync.gateway.answers import Answer, read_fault
from qbsync.gateway.batch import (
    LONGEST_REQUEST_ID,
    VOID_BY_UPDATE,
    BatchAnswer,
    BatchCount,
    BatchItem,
    BatchQuery,
    answer_of,
    request_of,
)
from qbsync.gateway.faults import Fault, FaultKind
from qbsync.gateway.limiter import Priority, Quota, QuotaWait, Slot, left_of
from qbsync.gateway.transport import CONNECT_TIMEOUT_S, Transport

__all__ = [
    "Answer",
    "BatchAnswer",
    "BatchCount",
    "BatchItem",
    "BatchQuery",
    "Changes",
    "Company",
    "Fault",
    "Priority",
    "QuotaWait",
]

MOST_CHANGES = 1000
"""The most changed objects, of all entities together, that one answer of CDC holds."""

_LONGEST_WAIT_S = 2.0  # what is free later than this is come back for
_LONGEST_WAITS_S = 10.0  # altogether, where others are quicker each time

_THROTTLE_PAUSE_S = 60.0  # what Intuit says to wait after a 429 that does not say itself


@dataclass(frozen=True)
class Changes:
    """What changed since a moment.

    Attributes:
        entities: the changed objects as they now are, by entity; a deleted one has only its Id and ``status`` Deleted.
        is_complete: False where the answer is full, so that there may be more: read everything instead.
        intuit_tid: Intuit's id of the exchange.
        time: QuickBooks' own time of the answer: where to go on from.
    """

    entities: dict[str, list[dict[str, Any]]]
    is_complete: bool
    intuit_tid: str
    time: str


def _ignore_request(endpoint: str, metered: bool) -> None:
    """Count nothing."""


def quota_of(realm_id: str) -> Quota:
    """Return the quota of a company, which all processes share."""
    return Quota(
        settings.REDIS_URL,
        f"{settings.QBO_API_BASE_URL.partition('://')[2]}/{realm_id}",
        lease_s=max(settings.QBO_EXECUTION_WINDOW_S, settings.QBO_TIMEOUT_S + CONNECT_TIMEOUT_S),
        scale=settings.QBO_QUOTA_SCALE,
    )


def quotas_left(realm_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return how many requests and batches each company's minute has left; Redis is asked once for all of them.

    Raises:
        QuotaWait: Redis does not answer.
    """
    return dict(zip(realm_ids, left_of([quota_of(realm) for realm in realm_ids]), strict=True))


class Company:
    """A QuickBooks company, reached with one access token. Threads may share it.

    Every method raises:
        QuotaWait: no quota at the moment, for a read within the next seconds; nothing was sent.
        Fault: QuickBooks refused, or did not answer. After THROTTLED the company is paused for all workers, and
            ``retry_after_s`` says for how long.
    """

    def __init__(
        self,
        realm_id: str,
        access_token: str,
        *,
        priority: Priority = Priority.BACKGROUND,
        on_request: Callable[[str, bool], None] = _ignore_request,
        timeout_s: float | None = None,
    ) -> None:
        """Open the company; sends nothing.

        Args:
            realm_id: Intuit's id of the company.
            access_token: one that is valid for some minutes; ``qbsync.credentials`` gives it.
            priority: whether a person waits for what is sent.
            on_request: called before each request with its endpoint (query, batch, cdc, …) and whether Intuit meters
                it. It is called in the thread that sends.
            timeout_s: how long an answer may take, where somebody waits for it; None for as long as the settings say.
        """
        self.realm_id = realm_id
        self.clock_ahead = timedelta(0)
        """How far QuickBooks' clock is ahead of ours, as its last answer told."""
        self._priority = priority
        self._on_request = on_request
        self._transport = Transport.open(realm_id, access_token, timeout_s=timeout_s)
        self._quota = quota_of(realm_id)

    def batch(self, items: Sequence[BatchItem | BatchQuery], *, request_id: str = "") -> BatchAnswer:
        """Send up to 30 writes and reads as one request.

        Args:
            items: each with an id of at most 10 characters, unique among them.
            request_id: at most 36 characters, needed where anything is written. A repetition with the same one should
                execute nothing twice, but do not rely on it: look upstream after an unknown outcome.

        Raises:
            ValueError: the items are none or too many, or an id is missing or unfit.
        """
        is_write = any(isinstance(item, BatchItem) for item in items)
        if len(request_id) > LONGEST_REQUEST_ID or (is_write and not request_id):
            raise ValueError(f"A batch that writes needs a requestid of at most {LONGEST_REQUEST_ID} characters.")
        body, intuit_tid = self._send(
            "batch",
            "batch",
            body=_json(request_of(items)),
            params={"requestid": request_id} if request_id else None,
            is_write=is_write,
            is_metered=any(isinstance(item, BatchQuery) for item in items),
        )
        answer = answer_of(items, body, intuit_tid)
        for outcome in answer.items.values():
            if isinstance(outcome, Fault):
                counting.count(counting.FAULTS, outcome.code or outcome.kind)
                self._heed(outcome)
        return answer

    def write(self, entity: str, payload: Mapping[str, Any], *, operation: str = "create", request_id: str) -> Answer:
        """Create, update, void or delete one record; return it as QuickBooks now has it.

        An update is full unless the payload says ``sparse``. A void or delete needs its Id and SyncToken only.
        """
        params = {"requestid": request_id}
        if operation == "void" and entity in VOID_BY_UPDATE:
            payload = {**payload, "sparse": True}
            params |= {"operation": "update", "include": "void"}
        elif operation in ("void", "delete"):
            params["operation"] = operation
        body, intuit_tid = self._send(
            operation, entity.lower(), body=_json(payload), params=params, is_write=True, is_metered=False
        )
        return _answer(body, entity, intuit_tid, is_write=True)

    def query(self, statement: str) -> list[dict[str, Any]]:
        """Return the rows of one query, at most 1000; write it with ``qbsync.gateway.queries``."""
        body, _ = self._send("query", "query", body=statement.encode(), content_type="application/text")
        return queries.rows_of(body.get("QueryResponse"))

    def query_all(self, entity: str, where: str = "", fields: str = "*") -> Iterator[dict[str, Any]]:
        """Yield all rows in the order of their ids, a page at a time until a page is empty.

        A short page is not taken for the last: QuickBooks cuts very large ones.
        """
        start = 1
        while page := self.query(queries.select(entity, where, fields=fields, start=start)):
            yield from page
            start += len(page)

    def cdc(self, entities: Sequence[str], since: str) -> Changes:
        """Return what changed since an ISO 8601 time with an offset, at most 30 days ago.

        https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/change-data-capture
        """
        body, intuit_tid = self._send("cdc", "cdc", params={"entities": ",".join(entities), "changedSince": since})
        _refuse_unless_whole(body, intuit_tid)
        found: dict[str, list[dict[str, Any]]] = {entity: [] for entity in entities}
        for part in _query_responses(body):
            for entity in entities:
                found[entity] += queries.rows_of({entity: part.get(entity)})
        return Changes(
            entities=found,
            is_complete=sum(map(len, found.values())) < MOST_CHANGES,
            intuit_tid=intuit_tid,
            time=str(body.get("time", "")),
        )

    def company_info(self) -> Answer:
        """Return CompanyInfo: the company's name, country and so on."""
        body, intuit_tid = self._send("companyinfo", f"companyinfo/{self.realm_id}")
        return _answer(body, "CompanyInfo", intuit_tid)

    def preferences(self) -> Answer:
        """Return Preferences: numbering, currency, tax and closing date."""
        body, intuit_tid = self._send("preferences", "preferences")
        return _answer(body, "Preferences", intuit_tid)

    def _send(
        self,
        endpoint: str,
        path: str,
        *,
        body: bytes | None = None,
        content_type: str = "application/json",
        params: dict[str, str] | None = None,
        is_write: bool = False,
        is_metered: bool = True,
    ) -> tuple[dict[str, Any], str]:
        slot = self._slot(is_batch=endpoint == "batch", may_wait=not is_write)
        still_at_it = False
        try:
            self._on_request(endpoint, is_metered)
            answered = self._transport.send(
                endpoint, path, body=body, content_type=content_type, params=params, is_write=is_write
            )
            self._compare_clocks(answered[0])
            return answered
        except Fault as fault:
            still_at_it = fault.timed_out
            self._heed(fault)
            raise
        finally:
            if not still_at_it:
                slot.give_back()

    def _slot(self, *, is_batch: bool, may_wait: bool) -> Slot:
        waited = 0.0
        while True:
            try:
                return self._quota.take(is_batch=is_batch, priority=self._priority)
            except QuotaWait as quota:
                waited += quota.seconds
                if not may_wait or quota.seconds > _LONGEST_WAIT_S or waited > _LONGEST_WAITS_S:
                    raise
                sleep(quota.seconds)

    def _compare_clocks(self, body: Mapping[str, Any]) -> None:
        try:
            theirs = parse_datetime(str(body.get("time", "")))
        except ValueError:
            return
        if theirs is not None and theirs.tzinfo is not None:
            self.clock_ahead = theirs - timezone.now()

    def _heed(self, fault: Fault) -> None:
        """After a throttle, let nobody send for as long as QuickBooks says."""
        if fault.kind is FaultKind.THROTTLED:
            fault.retry_after_s = fault.retry_after_s or _THROTTLE_PAUSE_S
            self._quota.pause(fault.retry_after_s)


def _query_responses(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the parts of a CDC answer: one for each entity asked for, empty where nothing has changed."""
    for answer in body.get("CDCResponse") or []:
        yield from (part for part in answer.get("QueryResponse") or [] if isinstance(part, dict))


def _refuse_unless_whole(body: Mapping[str, Any], intuit_tid: str) -> None:
    """Raise where a CDC answer is not one, or holds a Fault: silence would be taken for “nothing has changed”."""
    parts = list(_query_responses(body))
    for reported in [part.get("Fault") or part.get("fault") for part in [*(body.get("CDCResponse") or []), *parts]]:
        if reported:
            raise read_fault(reported, status=200, intuit_tid=intuit_tid, is_write=False)
    time = body.get("time")
    if not parts or not isinstance(time, str) or parse_datetime(time) is None:
        message = "QuickBooks' answer does not say what has changed."
        raise Fault(FaultKind.UNAVAILABLE, http_status=200, message=message, intuit_tid=intuit_tid)


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _answer(body: Mapping[str, Any], entity: str, intuit_tid: str, *, is_write: bool = False) -> Answer:
    found = body.get(entity)
    if not isinstance(found, dict):
        raise Fault(
            FaultKind.UNAVAILABLE,
            http_status=200,
            message="QuickBooks' answer does not hold the record.",
            intuit_tid=intuit_tid,
            outcome_known=not is_write,
        )
    return Answer(body=found, intuit_tid=intuit_tid, time=str(body.get("time", "")))
