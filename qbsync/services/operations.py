"""What whoever runs the portal may ask of a firm's connection: nothing that its own people, or the sweep, could not.

Each press writes a line of the connection's history with who pressed, and none takes a claim or a lease from a worker.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from portal.models import User
from qbsync import clock, history, wake
from qbsync.models import Connection, ConnectionStatus
from qbsync.selectors.errors import KINDS, Cause, causes_of, errors_of
from qbsync.services.connections import connection_try_again
from qbsync.services.refusal import Refused
from qbsync.services.retries import accounts_retry, documents_retry, is_retried


def operable(connection_id: int, *, resting: bool = False, for_update: bool = False) -> Connection:
    """Return the connection as it is now, with its firm, if it can be operated; ``for_update`` needs a transaction.

    Args:
        connection_id: of a connection that there may be no more.
        resting: whether it is to be one that leaves QuickBooks alone for some hours, or is to be none.
        for_update: whether to lock its row.

    Raises:
        Refused: it cannot be operated; the sentence says why, and that nothing was changed.
    """
    rows = Connection.objects.select_related("firm")
    if for_update:
        rows = rows.select_for_update(no_key=True, of=("self",))
    connection = rows.filter(pk=connection_id).first()
    if connection is None or connection.status == ConnectionStatus.DISCONNECTED:
        raise Refused("The firm has disconnected QuickBooks. Nothing was changed.")
    if not connection.is_active:
        raise Refused("QuickBooks refuses the connection: the firm’s owner has to reconnect it. Nothing was changed.")
    if connection.set_up_at is None:
        raise Refused("The firm’s owner has not finished connecting QuickBooks. Nothing was changed.")
    rests = connection.rests_until is not None and connection.rests_until > clock.about_now()
    if rests and not resting:
        raise Refused("QuickBooks is left alone for now; “Try again now” ends that. Nothing was changed.")
    if resting and not rests:
        raise Refused("QuickBooks is not left alone any more, so there is nothing to end. Nothing was changed.")
    return connection


def workers_wake(*, connection_id: int, by: User) -> bool:
    """Have the connection's due work done, as ``manage.py sync_firm`` does.

    Returns:
        whether a message was sent; one that is on its way serves as well.

    Raises:
        Refused: the connection cannot be operated.
    """
    with transaction.atomic():
        connection = operable(connection_id, for_update=True)
        _note(connection, "ops_woken", by)
        return wake.in_background(connection.pk)


def rest_end(*, connection_id: int, by: User) -> None:
    """Have QuickBooks asked now, although it was to be left alone for some time yet.

    Raises:
        Refused: the connection cannot be operated, or does not rest.
    """
    with transaction.atomic():
        connection = operable(connection_id, resting=True, for_update=True)
        _note(connection, "ops_try_again", by)
        connection_try_again(connection)


def changes_look(*, connection_id: int, by: User) -> None:
    """Have it looked now what changed in QuickBooks. A look that is under way is not disturbed.

    Raises:
        Refused: the connection cannot be operated.
    """
    with transaction.atomic():
        connection = operable(connection_id, for_update=True)
        now = clock.about_now()
        later = Q(poll_due_at=None) | Q(poll_due_at__gt=now)
        Connection.objects.filter(later, pk=connection.pk).update(poll_due_at=now)
        _note(connection, "ops_look", by)
        wake.poll(connection.pk, at_once=True)


def retriable(connection: Connection, *, only: tuple[str, Cause] | None = None) -> dict[str, list[Cause]]:
    """Return, by kind, the causes of what failed that a retry may end; of one kind and cause only, if given.

    One statement for each kind.
    """
    kinds = [only[0]] if only else list(KINDS)
    found = {}
    for kind in kinds:
        rows = errors_of(connection, kind)
        causes = causes_of(only[1].of(rows) if only else rows)
        found[kind] = [cause for cause in causes if is_retried(kind, cause.reason)]
    return found


def failures_retry(*, connection_id: int, by: User, only: tuple[str, Cause] | None = None) -> int:
    """Have everything that failed tried again, or what failed of one kind for one cause; each as its button does it.

    The connection's row is not locked meanwhile: workers write to it, and they hold rows of accounts.

    Returns:
        how many accounts and documents are tried again.

    Raises:
        Refused: the connection cannot be operated.
    """
    connection = operable(connection_id)
    moved = 0
    for kind, causes in retriable(connection, only=only).items():
        for cause in causes:
            rows = cause.of(errors_of(connection, kind))
            if kind == "accounts":
                moved += accounts_retry(connection=connection, accounts=rows, by=by)
            else:
                moved += documents_retry(connection=connection, documents=rows, by=by)
    what = {"kind": only[0], "cause": only[1].key} if only else {}
    _note(connection, "ops_retry", by, count=moved, **what)
    return moved


def _note(connection: Connection, event: str, by: User, **detail: object) -> None:
    history.of_connection(connection, event=event, at=clock.about_now(), by=by, **detail).save()
