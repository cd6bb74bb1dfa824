"""Forgets what nobody needs any more, in small pieces, so that a large table is never locked for long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

_PIECE = 1000


def delete_in_pieces(rows: QuerySet[Any]) -> int:
    """Delete the rows, each piece in a transaction of its own; return how many they were, with what hung on them."""
    manager, count = rows.model._base_manager, 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:_PIECE]):
        deleted, _ = manager.filter(pk__in=keys).delete()
        count += deleted
    return count


def forget_ended_sessions() -> int:
    """Forget sessions that have expired, and of all that have ended the entry in the list of a person's sessions."""
    now = timezone.now()
    count = delete_in_pieces(Session.objects.filter(expire_date__lt=now))
    still_there = Session.objects.filter(session_key=OuterRef("session_key"))
    # Not of today, whose session may be about to be saved
    ended = UserSession.objects.filter(~Exists(still_there), last_seen_at__lt=now - timedelta(days=1))
    return count + delete_in_pieces(ended)
