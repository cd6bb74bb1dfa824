"""Asks for a comparison of the firm's books with QuickBooks: by a person, or by itself after the first sync."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts.models import Account
from portal.models import User
from qbsync import clock, wake
from qbsync.models import Connection, ConnectionStatus, Reconciliation, SyncRun

_KEPT = 10  # comparisons of the same account, or of the firm


def reconciliation_ask(*, connection: Connection, account: Account | None = None, by: User | None) -> Reconciliation:
    """Ask for a comparison, and return it; one that is under way serves everybody who asks.

    Args:
        connection: one that can be used; see ``connection_for``.
        account: a linked account, or None for all of them.
        by: who asks; None after the first sync.
    """
    with transaction.atomic():
        Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        of_this = Reconciliation.objects.filter(connection=connection, account=account)
        one = of_this.filter(ended_at=None).first()
        if one is None:
            one = Reconciliation.objects.create(
                connection=connection, account=account, asked_by=by, asked_at=clock.about_now()
            )
            kept = of_this.values_list("pk", flat=True)[:_KEPT]
            of_this.exclude(pk__in=list(kept)).delete()
        wake.to_reconcile(one.pk, is_awaited=account is not None)
    return one


def reconciliations_wake() -> None:
    """Wake the workers for comparisons that nobody is at, and for the one that follows a firm's first sync."""
    now = clock.about_now()
    idle = Reconciliation.objects.filter(Q(leased_until=None) | Q(leased_until__lt=now), ended_at=None)
    for pk in idle.values_list("pk", flat=True):
        wake.to_reconcile(pk)
    runs = SyncRun.objects.filter(connection=OuterRef("pk"))
    first_synced = Connection.objects.filter(
        Exists(runs.filter(invoices_sent__gt=0) | runs.filter(payments_sent__gt=0)),
        ~Exists(runs.filter(ended_at=None)),
        reconciliations=None,
        status=ConnectionStatus.ACTIVE,
        set_up_at__isnull=False,
    )
    for connection in first_synced:
        reconciliation_ask(connection=connection, by=None)
