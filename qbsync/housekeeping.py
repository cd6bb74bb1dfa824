"""Forgets, once a day, what the sync needs no more: what was sent and settled long ago, and old digests.

What people may be asked about is kept: the history of accounts and of the team, runs, and the counts of requests.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef

from portal.housekeeping import delete_in_pieces, forget_ended_sessions
from qbsync import clock
from qbsync.models import PushIntent
from qbsync.models.digests import Digest

KEPT = timedelta(days=90)
"""How long a settled write is kept, with what it sent: for whoever has to find out what happened."""


def forget() -> dict[str, int]:
    """Forget it, with ended sessions; return how many rows of each kind went. It may run twice at once."""
    before = clock.about_now() - KEPT
    settled = PushIntent.objects.exclude(outcome=PushIntent.Outcome.OPEN).filter(settled_at__lt=before)
    newer = Digest.objects.filter(membership=OuterRef("membership"), day__gt=OuterRef("day"))
    # The last digest of a person, however old, says what they were told already
    digests = Digest.objects.filter(Exists(newer), day__lt=before.date())
    return {
        "intents": delete_in_pieces(settled),
        "digests": delete_in_pieces(digests),
        "sessions": forget_ended_sessions(),
    }
