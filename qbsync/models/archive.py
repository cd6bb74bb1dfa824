"""What a firm's sync held of a company that the firm has left for another one."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from portal.isolation import FirmOwned
from portal.models import Firm


class ArchivedCompany(FirmOwned):
    """A company that the firm was connected to and has left. It is taken up again where the firm connects it anew."""

    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="archived_companies")
    realm_id = models.CharField(max_length=40)
    company_name = models.CharField(max_length=200, blank=True)
    archived_at = models.DateTimeField()
    archived_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    connection = models.JSONField(encoder=DjangoJSONEncoder)  # the settings, by the names of the connection's fields

    class Meta:
        ordering: ClassVar[list[str]] = ["-archived_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["firm", "realm_id"], name="archived_company_once_per_firm"),
        ]

    def __str__(self) -> str:
        return f"{self.company_name or self.realm_id}, left at {self.archived_at:%Y-%m-%d %H:%M}"


class ArchivedRow(FirmOwned):
    """A row of the sync as it was, with its key: a link, a document's place, a customer, a write without an answer."""

    company = models.ForeignKey(ArchivedCompany, on_delete=models.CASCADE, related_name="rows")
    model = models.CharField(max_length=40)  # as Django labels it: qbsync.accountsync
    key = models.PositiveBigIntegerField()
    fields = models.JSONField(encoder=DjangoJSONEncoder)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "model", "key"], name="archived_row_once"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.key}"
