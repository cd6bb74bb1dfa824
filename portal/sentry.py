"""Tells Sentry of errors where SENTRY_DSN is set: their type, their place in the code, and whose they are, by ids.

What goes out is built anew from what may: nothing that Sentry's package adds, now or in a later version, gets along.
An exception's message is never among it: a database quotes the row that it refuses, and QuickBooks what it was sent.
"""

from __future__ import annotations

import logging
import re
from typing import Any, cast

import sentry_sdk
from celery.signals import worker_process_init, worker_process_shutdown
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger
from sentry_sdk.types import Event, Hint
from sentry_sdk.utils import BadDsn

from portal import logs

KEYS, IDS = ("firm", "connection", "run"), ("request", "task", "intuit_tid")
"""The fields of the log that go out: keys of rows, which are numbers, and ids."""

_TOP = ("event_id", "timestamp", "platform", "level", "logger", "release", "environment")
_FRAME = ("module", "function", "lineno", "in_app")
_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_FLUSH_S = 2.0


def start() -> None:
    """Send errors from now on: what is logged as one, failed requests and tasks among it, and what ends a process.

    Raises:
        ImproperlyConfigured: SENTRY_DSN is no DSN.
    """
    # Scanners ask for hosts that are not ours; that is no error of the portal.
    ignore_logger("django.security.DisallowedHost")
    try:
        _start()
    except BadDsn:
        raise ImproperlyConfigured("SENTRY_DSN is no DSN: that looks like https://KEY@HOST/NUMBER.") from None
    # A child must not go on writing to the connection that its parent has opened.
    worker_process_init.connect(_start, weak=False, dispatch_uid="sentry")
    worker_process_shutdown.connect(_flush, weak=False, dispatch_uid="sentry")


def _start(**_: Any) -> None:
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        release=settings.SENTRY_RELEASE or None,
        environment=settings.QBO_ENVIRONMENT,
        before_send=only_what_may_go_out,
        # Those for Django, Celery, Redis and HTTP read requests, arguments and SQL. Both log what fails in them.
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=None, event_level=logging.ERROR, sentry_logs_level=None),
            ExcepthookIntegration(),
            AtexitIntegration(callback=lambda pending, timeout: None),
        ],
        # Off by default and about to go, so that naming it warns: send_default_pii.
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=None,
        propagate_traces=False,
        auto_session_tracking=False,
        send_client_reports=False,
        enable_logs=False,
        enable_metrics=False,
        spotlight=False,
    )


def _flush(**_: Any) -> None:
    sentry_sdk.flush(timeout=_FLUSH_S)


def only_what_may_go_out(event: Event, hint: Hint) -> Event | None:
    """Return the event with nothing in it but what this module's first sentence names; None where nobody failed."""
    given: dict[str, Any] = dict(event)
    record = hint.get("log_record")
    hint.pop("attachments", None)
    told = {name: given[name] for name in _TOP if given.get(name) is not None}
    told["tags"] = _tags(logs.fields_of(record))
    if values := (given.get("exception") or {}).get("values"):
        told["exception"] = {"values": [_exception(value) for value in values]}
    elif record is None or record.name == "django.request":
        return None  # an answer of 500 and above that was meant, such as that of /readyz
    else:
        told["logentry"] = {"formatted": f"{record.module}.{record.funcName}, line {record.lineno}"}
    return cast(Event, told)


def _tags(fields: dict[str, Any]) -> dict[str, str]:
    keys = {name: str(fields[name]) for name in KEYS if isinstance(fields.get(name), int)}
    return keys | {name: fields[name] for name in IDS if _ID.fullmatch(str(fields.get(name, "")))}


def _exception(value: dict[str, Any]) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames") or []
    places = [{name: frame[name] for name in _FRAME if frame.get(name) is not None} for frame in frames]
    kind = {name: value[name] for name in ("type", "module") if value.get(name)}
    return {**kind, "stacktrace": {"frames": places}} if places else kind
