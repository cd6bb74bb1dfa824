"""The buttons of a connection's page: what each will do, in words, and which service does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import Http404, QueryDict

from portal.models import User
from qbsync.causes import cause_label
from qbsync.models import Connection
from qbsync.presentation import counted
from qbsync.selectors.errors import KINDS, Cause
from qbsync.services import operations as services
from qbsync.services.retries import is_retried

Only = tuple[str, Cause] | None
"""The kind and the cause of what is retried; None for all."""


@dataclass(frozen=True, slots=True)
class Button:
    """What it is called, what it will do in words, and what it does, which returns what has been set going."""

    label: str
    asks: Callable[[Connection, Only], str]
    do: Callable[[int, User, Only], str]
    ends_a_rest: bool = False


def _wake(pk: int, by: User, only: Only) -> str:
    if services.workers_wake(connection_id=pk, by=by):
        return "The workers were told. One of them does what is due; this page shows how far it is."
    return "A message to the workers is on its way already; one of them does what is due."


def _try_again(pk: int, by: User, only: Only) -> str:
    services.rest_end(connection_id=pk, by=by)
    return "QuickBooks is being asked again; if it refuses as before, it is left alone again."


def _look(pk: int, by: User, only: Only) -> str:
    services.changes_look(connection_id=pk, by=by)
    return "A worker looks now what changed in QuickBooks since the last look."


def _retry(pk: int, by: User, only: Only) -> str:
    moved = services.failures_retry(connection_id=pk, by=by, only=only)
    if not moved:
        return "Nothing was left to be tried again."
    return f"{counted(moved, 'record')} {'is' if moved == 1 else 'are'} being tried again."


def _asks_retry(one: Connection, only: Only) -> str:
    found = services.retriable(one, only=only)
    sums = [(kind.removesuffix("s"), sum(cause.count for cause in causes)) for kind, causes in found.items()]
    what = ", ".join(counted(number, noun) for noun, number in sums if number) or "nothing"
    which = f" that failed for “{cause_label(only[1])}”" if only else " that failed"
    return (
        f"This has {what}{which} tried again, as the firm’s own Retry does. Each gets a line with your name in its "
        "history. What QuickBooks still refuses fails again for the same cause."
    )


BUTTONS = {
    "wake": Button(
        "Wake the workers",
        lambda one, only: (
            "This puts a message on the queue for background work, unless one is on its way. A worker then does what "
            "is due of this firm, after what is in the queue before it. Nothing is taken from a worker that is at it."
        ),
        _wake,
    ),
    "try-again": Button(
        "Try again now",
        lambda one, only: (
            "QuickBooks is left alone because only time, or a person there, ends its trouble. This ends the wait and "
            "has it asked once more; if it refuses as before, it is left alone again."
        ),
        _try_again,
        ends_a_rest=True,
    ),
    "look": Button(
        "Look what changed now",
        lambda one, only: (
            "This has a worker ask QuickBooks now what changed there, instead of at the next look. It takes a metered "
            "read or more, and writes nothing to QuickBooks."
        ),
        _look,
    ),
    "retry": Button("Retry what failed", _asks_retry, _retry),
}


def chosen(query: QueryDict) -> Only:
    """Return the kind and the cause that the address names; None where it names none.

    Raises:
        Http404: it names what there is not, or what no retry ends.
    """
    if "kind" not in query and "cause" not in query:
        return None
    kind, cause = query.get("kind", ""), Cause.from_key(query.get("cause", ""))
    if kind not in KINDS or cause is None or not is_retried(kind, cause.reason):
        raise Http404
    return kind, cause
