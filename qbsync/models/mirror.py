"""Our copy of the names in a QuickBooks company: customers to link to, vendors and employees that hold names."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Right, Upper

from portal.isolation import FirmOwned
from qbsync.models.connection import Connection

DIGITS_OF_A_PHONE = 10
"""How many digits tell phones apart, from the last: the country's prefix is often left out."""


def phone_digits() -> Right:
    """Return, as SQL, the digits by which a customer's phone is found."""
    digits = Func(F("phone"), Value(r"\D"), Value(""), Value("g"), function="regexp_replace")
    return Right(digits, DIGITS_OF_A_PHONE, output_field=models.CharField())


class Customer(FirmOwned):
    """A customer of the QuickBooks company as last heard of. Rows are never deleted: QuickBooks only deactivates."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="customers")
    qbo_id = models.CharField(max_length=20)
    sync_token = models.CharField(max_length=20, blank=True)
    display_name = models.CharField(max_length=600)
    folded_name = models.CharField(max_length=600)
    full_name = models.CharField(max_length=3100)  # FullyQualifiedName: the parents' names, then its own
    company_name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    parent_qbo_id = models.CharField(max_length=20, blank=True)
    currency = models.CharField(max_length=3, blank=True)  # empty where the company has but one
    is_project = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    merged_into = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "qbo_id"], name="customer_one_row_per_qbo_id"),
        ]
        indexes = [
            models.Index(fields=["connection", "folded_name"], name="customer_by_name"),
            models.Index(
                fields=["connection", "folded_name"],
                condition=Q(active=True, is_project=False, parent_qbo_id=""),
                name="customer_that_can_match",
            ),
            # By these, suggestions find customers whose names are similar, or whose addresses are equal; and people
            # find them by what they type. Each search is of one company, so the company is part of the index.
            GinIndex(
                F("connection"),
                OpClass("folded_name", name="gin_trgm_ops"),
                OpClass(Upper("full_name"), name="gin_trgm_ops"),
                OpClass(Upper("email"), name="gin_trgm_ops"),
                name="customer_search",
            ),
            models.Index(F("connection"), Upper("email"), name="customer_by_email"),
            models.Index(F("connection"), Upper("company_name"), name="customer_by_company"),
            models.Index(F("connection"), phone_digits(), name="customer_by_phone"),
        ]

    def __str__(self) -> str:
        return self.full_name or self.display_name

    @property
    def can_match(self) -> bool:
        """Whether accounts link to it by name alone: active, top-level and no project."""
        return self.active and not self.is_project and not self.parent_qbo_id


class NameHolder(FirmOwned):
    """A vendor or employee of the QuickBooks company: its name is not free for a customer."""

    class Kind(models.TextChoices):
        """What holds the name."""

        VENDOR = "vendor", "vendor"
        EMPLOYEE = "employee", "employee"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="name_holders")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    qbo_id = models.CharField(max_length=20)
    display_name = models.CharField(max_length=600)
    folded_name = models.CharField(max_length=600)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "kind", "qbo_id"], name="name_holder_one_row_per_qbo_id")
        ]
        indexes = [models.Index(fields=["connection", "folded_name"], name="name_holder_by_name")]

    def __str__(self) -> str:
        return f"{self.display_name} ({self.kind})"
