"""The firm's own books: accounts (its clients), services, invoices, payments. Knows nothing of QuickBooks.

Rows are written by ``accounts.services`` only; that is where revisions, totals and balances are kept right.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Self
from uuid import uuid4

from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.urls import reverse

from portal.isolation import FirmOwned
from portal.models import Firm, Membership

ZERO = Decimal("0.00")
ACTIVE = Q(archived_at__isnull=True)
NOT_DELETED = Q(deleted_at__isnull=True)


def money_field(**options: object) -> models.DecimalField:
    """Return a column for an amount in the firm's currency, to the cent."""
    return models.DecimalField(max_digits=14, decimal_places=2, **options)  # type: ignore[arg-type]


class AccountQuerySet(models.QuerySet["Account"]):
    """Reads of accounts that know who is asking."""

    def visible_to(self, membership: Membership) -> Self:
        """Return the accounts of the person's firm that they may see."""
        mine = self.filter(firm_id=membership.firm_id)
        return mine if membership.sees_all_accounts else mine.filter(team=membership)


class AccountType(models.TextChoices):
    """What kind of client an account is."""

    INDIVIDUAL = "individual", "Individual"
    COMPANY = "company", "Company"
    OTHER = "other", "Other"


class TagColor(models.TextChoices):
    """The colours that a tag can have; the look of each is in ``static/portal/app.css``."""

    SLATE = "slate", "Grey"
    BLUE = "blue", "Blue"
    GREEN = "green", "Green"
    AMBER = "amber", "Amber"
    PINK = "pink", "Pink"
    VIOLET = "violet", "Violet"
    TEAL = "teal", "Teal"
    RED = "red", "Red"


class Tag(FirmOwned):
    """A coloured word that a firm puts on accounts."""

    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=50)
    color = models.CharField(max_length=10, choices=TagColor.choices, default=TagColor.SLATE)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["firm", "name"], name="tag_name_unique_in_firm")]

    def __str__(self) -> str:
        return self.name


class Account(FirmOwned):
    """A client of the firm, with an ID such as ``JG2``."""

    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="accounts")
    code = models.CharField("ID", max_length=12)
    name = models.CharField(max_length=600)
    type = models.CharField(max_length=10, choices=AccountType.choices, default=AccountType.INDIVIDUAL)
    tags = models.ManyToManyField(Tag, blank=True, related_name="accounts")
    team = models.ManyToManyField(Membership, blank=True, related_name="accounts")
    # Sum of the open invoices less unapplied payments; kept by accounts.services, so that the list can sort by it.
    balance_due = money_field(default=ZERO)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Account]] = models.Manager.from_queryset(AccountQuerySet)()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["firm", "code"], name="account_code_unique_in_firm"),
            models.CheckConstraint(condition=~Q(name=""), name="account_has_a_name"),
            models.CheckConstraint(condition=Q(type__in=AccountType.values), name="account_type_is_known"),
        ]
        indexes = [
            # One for each order of the list, so that a page of a large firm is read from its index alone. They are
            # partial because PostgreSQL does not use the order of an index below a column that is tested for NULL.
            models.Index(fields=["firm", "name", "id"], condition=ACTIVE, name="account_list"),
            models.Index(fields=["firm", "type", "name", "id"], condition=ACTIVE, name="account_by_type"),
            models.Index(fields=["firm", "balance_due", "name", "id"], condition=ACTIVE, name="account_by_balance"),
            models.Index(fields=["firm", "name", "id"], condition=~ACTIVE, name="account_archived"),
            # Django compares in any case by UPPER(), so that is what has to be indexed for the search; each is of one
            # firm, so the firm is part of it.
            GinIndex(
                F("firm"),
                OpClass(Upper("name"), name="gin_trgm_ops"),
                OpClass(Upper("code"), name="gin_trgm_ops"),
                name="account_search_in_firm",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of the account's Info tab."""
        return reverse("account_info", args=[self.pk])


class Contact(FirmOwned):
    """A person to reach for an account."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    is_primary = models.BooleanField(default=False)

    class Meta:
        ordering = ["-is_primary", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(is_primary=True), name="contact_one_primary_per_account"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Service(FirmOwned):
    """Something the firm sells, with the rate proposed on an invoice line, and whether sales tax is due on it."""

    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="services")
    name = models.CharField(max_length=100)
    rate = money_field(default=ZERO)
    taxable = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["firm", "name"], name="service_name_unique_in_firm")]

    def __str__(self) -> str:
        return self.name


class NotDeletedManager(models.Manager):
    """Sees no deleted documents: for people they are gone."""

    def get_queryset(self) -> models.QuerySet:
        """Return the documents that were not deleted."""
        return super().get_queryset().filter(deleted_at=None)


class Document(FirmOwned):
    """What invoices and payments share. ``revision`` grows by one with each change that others may need to hear of."""

    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="%(class)ss")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="%(class)ss")
    # Its name for life, also in a database that was restored, where a later row may get the same primary key
    uid = models.UUIDField(default=uuid4, db_default=RandomUUID(), unique=True, editable=False)
    number = models.CharField(max_length=40)
    date = models.DateField()
    memo = models.CharField(max_length=1000, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    # A deleted document is void as well. Its row stays, so that others can still hear that it is gone.
    deleted_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True

    @property
    def is_deleted(self) -> bool:
        """Whether the document is gone for people."""
        return self.deleted_at is not None

    @property
    def is_void(self) -> bool:
        """Whether the document counts for nothing any more."""
        return self.voided_at is not None


class Invoice(Document):
    """A bill to an account. ``total`` is the sum of its lines and the sales tax; ``paid`` what payments have allocated.

    The tax is the amount that was charged, entered with the invoice: no rate is known here that it would follow from.
    """

    due_date = models.DateField(null=True, blank=True)
    tax = money_field(default=ZERO)
    total = money_field(default=ZERO)
    paid = money_field(default=ZERO)

    objects = NotDeletedManager()
    with_deleted = models.Manager()

    class Meta:
        ordering = ["-date", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["firm", "number"], condition=Q(deleted_at=None), name="invoice_number_unique_in_firm"
            ),
            models.CheckConstraint(
                condition=Q(deleted_at=None) | Q(voided_at__isnull=False), name="invoice_deleted_is_void"
            ),
            models.CheckConstraint(condition=Q(total__gte=0), name="invoice_total_not_negative"),
            models.CheckConstraint(condition=Q(tax__gte=0), name="invoice_tax_not_negative"),
            models.CheckConstraint(
                condition=Q(paid__gte=0) & Q(paid__lte=F("total")), name="invoice_paid_at_most_its_total"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "date"], name="invoice_of_account"),
            models.Index(fields=["firm", "date"], name="invoice_by_date"),
            # One for each order of the firm's list; that by number is served by the constraint
            models.Index(fields=["firm", "date", "id"], condition=NOT_DELETED, name="invoice_list"),
            models.Index(fields=["firm", "due_date", "id"], condition=NOT_DELETED, name="invoice_by_due_date"),
            models.Index(fields=["firm", "total", "id"], condition=NOT_DELETED, name="invoice_by_total"),
        ]

    def __str__(self) -> str:
        return f"Invoice {self.number}"

    @property
    def balance(self) -> Decimal:
        """What is still to pay, in the firm's currency; zero once void."""
        return ZERO if self.is_void else self.total - self.paid


class InvoiceLine(FirmOwned):
    """One line of an invoice; ``amount`` is quantity times rate, rounded to the cent, without sales tax."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, blank=True, related_name="lines")
    description = models.CharField(max_length=4000, blank=True)
    quantity = models.DecimalField(max_digits=12, decimal_places=4, default=Decimal(1))
    rate = models.DecimalField(max_digits=14, decimal_places=4)
    amount = money_field()
    taxable = models.BooleanField(default=False)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_position_unique"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="invoice_line_quantity_positive"),
        ]

    def __str__(self) -> str:
        return self.description or f"Line {self.position}"


class PaymentMethod(models.TextChoices):
    """How the money came in."""

    CHECK = "check", "Check"
    CASH = "cash", "Cash"
    CARD = "card", "Credit card"
    ACH = "ach", "Bank transfer"
    OTHER = "other", "Other"


class Payment(Document):
    """Money received from an account, allocated over one or several invoices; what is left is the account's credit."""

    amount = money_field()
    method = models.CharField(max_length=10, choices=PaymentMethod.choices, default=PaymentMethod.CHECK)
    reference = models.CharField("check or reference no.", max_length=40, blank=True)
    sync_to_quickbooks = models.BooleanField("Sync this payment to QuickBooks Online", default=True)
    invoices = models.ManyToManyField(Invoice, through="Allocation", related_name="payments")

    objects = NotDeletedManager()
    with_deleted = models.Manager()

    class Meta:
        ordering = ["-date", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["firm", "number"], condition=Q(deleted_at=None), name="payment_number_unique_in_firm"
            ),
            models.CheckConstraint(
                condition=Q(deleted_at=None) | Q(voided_at__isnull=False), name="payment_deleted_is_void"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_positive"),
            models.CheckConstraint(condition=Q(method__in=PaymentMethod.values), name="payment_method_is_known"),
        ]
        indexes = [
            models.Index(fields=["account", "date"], name="payment_of_account"),
            models.Index(fields=["firm", "date"], name="payment_by_date"),
            # One for each order of the firm's list; that by number is served by the constraint
            models.Index(fields=["firm", "date", "id"], condition=NOT_DELETED, name="payment_list"),
            models.Index(fields=["firm", "amount", "id"], condition=NOT_DELETED, name="payment_by_amount"),
        ]

    def __str__(self) -> str:
        return f"Payment {self.number}"


class Allocation(FirmOwned):
    """The part of a payment that pays one invoice."""

    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, related_name="allocations")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="allocations")
    amount = money_field()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "invoice"], name="allocation_one_per_payment_and_invoice"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="allocation_amount_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.payment} on {self.invoice}"
