"""What each line of the log says besides its words: which request, firm, connection, run, task; and in which form.

Fields are kept in a context of their own for each request and each task. Nothing here, and no caller, puts a token, a
name or an amount into a field: keys of rows and Intuit's ids only. For the same reason JSON lines have an exception's
type and place, and not its message: a database quotes the row that it refuses.
"""

from __future__ import annotations

import json
import logging
import logging.config
import re
import secrets
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from celery import Task
from celery.signals import before_task_publish, setup_logging, task_postrun, task_prerun
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

logger = logging.getLogger(__name__)

FIELDS = ("request", "task", "firm", "connection", "run", "intuit_tid", "method", "path", "status", "ms")
"""The fields that a line may have, in their order."""

_HEADER = "portal_request"  # of a message: the request that caused the task
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_GIVEN_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_fields: ContextVar[dict[str, Any] | None] = ContextVar("log fields", default=None)


def add(**fields: Any) -> None:
    """Have every line say this from now on, until the request or task ends; None takes a field out.

    Raises:
        KeyError: it is none of FIELDS.
    """
    if unknown := fields.keys() - set(FIELDS):
        raise KeyError(f"No field of the log: {', '.join(sorted(unknown))}")
    bound = _fields.get()
    if bound is None:
        _fields.set(bound := {})
    bound.update(fields)


@contextmanager
def scope(**fields: Any) -> Iterator[None]:
    """Let lines within say these fields and those added within, and none from outside."""
    before = _fields.set(fields)
    try:
        yield
    finally:
        _fields.reset(before)


def request_id() -> str:
    """Return the id of the request that is being answered, or that caused the task; empty without one."""
    return str((_fields.get() or {}).get("request", ""))


def fields_of(record: logging.LogRecord | None) -> dict[str, Any]:
    """Return the fields of a record; those of its call (``extra=``) win. Without one, those that a line would have."""
    bound = _fields.get() or {}
    given = {name: getattr(record, name, None) for name in FIELDS}
    # Django puts the HttpRequest itself on records as ``request``.
    given = {name: value for name, value in given.items() if isinstance(value, str | int) and value != ""}
    found = {**bound, **given}
    return {name: found[name] for name in FIELDS if found.get(name) not in (None, "")}


class AddFields(logging.Filter):
    """Puts the fields on each record as ``fields``."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record.fields = fields_of(record)
        if record.exc_info and record.exc_info[0] and isinstance(record.args, dict) and "exc" in record.args:
            # Celery writes a failed task's exception into the line itself.
            record.args = {**record.args, "exc": record.exc_info[0].__name__, "traceback": ""}
        return True


class LineFormatter(logging.Formatter):
    """A line for people: time, level, logger, words, and the fields at the end."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Return the line, without a traceback: one line, whatever is in a path or a header."""
        fields = " ".join(f"{name}={value}" for name, value in getattr(record, "fields", {}).items())
        line = super().formatMessage(record) + (f" [{fields}]" if fields else "")
        return _on_one_line(line)


class JsonFormatter(logging.Formatter):
    """A JSON object in a line, for programs that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1]:
            line["exception"] = _frames(record.exc_info[1])
        return _on_one_line(json.dumps(line, ensure_ascii=False, default=str))


def _on_one_line(text: str) -> str:
    """Write what would end the line, for any program that reads it, as JSON does."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _frames(error: BaseException) -> list[str]:
    """The types and places of the exception and of what caused it, without messages; the newest first."""
    told: list[str] = []
    at: BaseException | None = error
    while at is not None and len(told) < 200:
        told.append(f"{type(at).__module__}.{type(at).__qualname__}")
        told += [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(at.__traceback__)]
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return told


class RequestLogMiddleware:
    """Gives each request an id, logs one line of it, and answers with the id as ``X-Request-ID``.

    The id of a proxy in front is taken over. The path is logged without its query, in which invitations and Intuit's
    authorization codes are.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        identity = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(16)
        started = time.monotonic()
        with scope(request=identity):
            response = self.get_response(request)
            about = {
                "method": request.method,
                "path": request.path,
                "status": response.status_code,
                "ms": round((time.monotonic() - started) * 1000),
            }
            logger.info("Request", extra=about)
        response.headers["X-Request-ID"] = identity
        return response


@before_task_publish.connect
def _hand_on(headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is not None and (identity := request_id()):
        headers[_HEADER] = identity


@task_prerun.connect
def _begin(task_id: str, task: Task, **_: Any) -> None:
    _fields.set({"task": task_id, "request": getattr(task.request, _HEADER, None)})


@task_postrun.connect
def _end(**_: Any) -> None:
    _fields.set(None)


@setup_logging.connect
def _configure(**_: Any) -> None:
    """Let workers and beat log as the settings say; Celery would add formats of its own."""
    logging.config.dictConfig(settings.LOGGING)
