"""The digest by e-mail: who wants it and when, and what became of each person's digest of a day."""

from __future__ import annotations

from datetime import time

from django.conf import settings
from django.db import models

from portal.isolation import FirmOwned
from portal.models import Membership

USUAL_TIME = time(8)
"""When the digest comes unless somebody chose another time; in the firm's time zone."""


class DigestChoice(FirmOwned):
    """Whether a member gets the digest, and at what time. No row: the owner gets it, others do not."""

    membership = models.OneToOneField(Membership, on_delete=models.CASCADE, related_name="digest_choice")
    is_wanted = models.BooleanField()
    send_at = models.TimeField(default=USUAL_TIME)  # in the firm's time zone, on weekdays
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.membership}: {self.send_at if self.is_wanted else 'no digest'}"


class DigestState(models.TextChoices):
    """How far a digest has come. Only a claimed one may be taken over: nothing of it has been sent."""

    CLAIMED = "claimed", "Claimed"
    SENDING = "sending", "Handed to the mail server"  # from here on it is never sent again, whatever becomes of it
    SENT = "sent", "Sent"
    NOTHING = "nothing", "Nothing new"
    REFUSED = "refused", "Refused by the mail server"


class Digest(FirmOwned):
    """One member's digest of one day; at most one, which the database guards."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="digests")
    day = models.DateField()  # in the firm's time zone
    state = models.CharField(max_length=8, choices=DigestState.choices, default=DigestState.CLAIMED)
    claimed_until = models.DateTimeField()
    looked_at = models.DateTimeField()  # what is newer is for the next one
    told = models.JSONField(default=list, blank=True)  # keys of the notices in it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["membership", "day"], name="digest_one_per_person_and_day")]

    def __str__(self) -> str:
        return f"Digest of {self.day}: {self.state}"
