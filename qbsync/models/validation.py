"""A validation of all links: QuickBooks was asked for every linked customer by its id, and this came of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.isolation import FirmOwned
from qbsync.models.connection import Connection


class LinkValidation(FirmOwned):
    """One validation that somebody asked for. It goes on where it was left off, customer by customer in key order."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="link_validations")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()  # when a worker may go on with it
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)  # why it came to no end
    attempts = models.PositiveSmallIntegerField(default=0)
    reached = models.PositiveBigIntegerField(default=0)  # the key of the last customer that is done
    checked = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)  # renamed, gone, made inactive, or active again

    class Meta:
        ordering: ClassVar[list[str]] = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection"], condition=Q(ended_at=None), name="link_validation_one_open_per_connection"
            )
        ]

    def __str__(self) -> str:
        return f"Validation of the links of {self.connection} at {self.asked_at:%Y-%m-%d %H:%M}"
