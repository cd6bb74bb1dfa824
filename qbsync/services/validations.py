"""Asks for a validation of all links of a connection."""

from __future__ import annotations

from django.db import transaction

from portal.models import User
from qbsync import clock, wake
from qbsync.models import Connection, LinkValidation

_KEPT = 10


def links_validate(*, connection: Connection, by: User) -> LinkValidation:
    """Ask for a validation, and return it; one that is under way serves everybody who asks.

    Args:
        connection: one that can be used; see ``connection_for``.
        by: who asks.
    """
    with transaction.atomic():
        Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        all_of_it = LinkValidation.objects.filter(connection=connection)
        one = all_of_it.filter(ended_at=None).first()
        if one is None:
            now = clock.about_now()
            one = LinkValidation.objects.create(connection=connection, asked_by=by, asked_at=now, due_at=now)
            kept = all_of_it.values_list("pk", flat=True)[:_KEPT]
            all_of_it.exclude(pk__in=list(kept)).delete()
            wake.to_validate(one.pk)
    return one


def validations_wake() -> None:
    """Wake the workers for validations that nobody is at: the message was lost, or the worker died."""
    waiting = LinkValidation.objects.filter(ended_at=None, due_at__lte=clock.about_now())
    for pk in waiting.values_list("pk", flat=True):
        wake.to_validate(pk)
