"""Reads of the books for screens: who sees which accounts, invoices and payments, in what order. Writes nothing.

Other apps add what their columns show by the hooks at the top; this module does not know who they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BooleanField,
    Case,
    Count,
    DecimalField,
    F,
    Func,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    When,
)
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.models import ZERO, Account, AccountType, Allocation, Invoice, Payment, Tag
from portal.models import Firm, Membership
from portal.paging import PAGE_SIZE, Page

COUNT_LIMIT = 10_000  # more than this many are not counted, because counting is what a large list would wait for

# Hooks. Each takes the rows and returns them. Which accounts there are, and by what they are sorted, is apart from what
# their columns show: finding a page of a large list is to cost nothing for what is not on it.
list_filters: list[Callable[[QuerySet[Account], Firm, Mapping[str, str]], QuerySet[Account]]] = []
list_columns: list[Callable[[QuerySet[Account], Firm], QuerySet[Account]]] = []
invoice_extensions: list[Callable[[QuerySet[Invoice]], QuerySet[Invoice]]] = []
payment_extensions: list[Callable[[QuerySet[Payment]], QuerySet[Payment]]] = []

# Sorts by what is worked out of each account and so by no index: the conditions that part the list, in their order.
# Exactly one of them holds of an account, and those of one part are in the order of their names. No condition is one
# that cannot hold; where there is but one, the list is in the order of names.
list_parts: dict[str, Callable[[Firm], list[Q]]] = {}

# Columns that a CSV file of the list has besides: heading, and what an account found by the list shows there.
export_columns: list[tuple[str, Callable[[Account], str]]] = []

# What a list may be sorted by; each is served by an index, and the rest of the columns make the order total.
SORTS: dict[str, tuple[str, ...]] = {
    "name": ("name", "pk"),
    "code": ("code",),
    "type": ("type", "name", "pk"),
    "balance": ("balance_due", "name", "pk"),
}


_WAYS = (("", "↑"), ("-", "↓"))
SORT_LABELS = {"name": "Name", "code": "ID", "type": "Type", "balance": "Balance due"}


def sort_choices() -> list[tuple[str, str]]:
    """Return what to sort by, either way, as value and label."""
    return [(f"{sign}{key}", f"{label} {arrow}") for key, label in SORT_LABELS.items() for sign, arrow in _WAYS]


@dataclass(frozen=True, slots=True)
class AccountQuery:
    """What the list is asked to show. Anything in the address that it does not know reads as not given."""

    search: str = ""
    archived: bool = False
    type: str = ""
    tag: int | None = None
    member: int | None = None
    sort: str = "name"
    descending: bool = False
    page: int = 1
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def order(self) -> str:
        """The order as the address has it: ``-balance``."""
        return f"-{self.sort}" if self.descending else self.sort

    @classmethod
    def from_params(cls, params: Mapping[str, str]) -> AccountQuery:
        """Read the address of the list; the parameters themselves are kept for the hooks."""
        sort = params.get("sort", "")
        return cls(
            search=" ".join(params.get("q", "").replace("\x00", "").split())[:200],
            archived=params.get("state") == "archived",
            type=params.get("type", "") if params.get("type") in AccountType.values else "",
            tag=_positive(params.get("tag")),
            member=_positive(params.get("member")),
            sort=sort.removeprefix("-") if sort.removeprefix("-") in SORT_LABELS else "name",
            descending=sort.startswith("-"),
            page=_positive(params.get("page")) or 1,
            params=params,
        )


def accounts_found(membership: Membership, query: AccountQuery) -> QuerySet[Account]:
    """Return the accounts that the person may see and asked for, in order, as the hooks narrow them.

    Each word of the search is part of the name, or begins the ID.
    """
    accounts: QuerySet[Account] = Account.objects.visible_to(membership).filter(archived_at__isnull=not query.archived)
    for word in query.search.split():
        accounts = accounts.filter(Q(name__icontains=word) | Q(code__istartswith=word))
    if query.type:
        accounts = accounts.filter(type=query.type)
    if query.tag:
        accounts = accounts.filter(pk__in=Account.tags.through.objects.filter(tag=query.tag).values("account"))
    if query.member:
        accounts = accounts.filter(
            pk__in=Account.team.through.objects.filter(membership=query.member).values("account")
        )
    for narrow in list_filters:
        accounts = narrow(accounts, membership.firm, query.params)
    if conditions := _parts(membership.firm, query):
        part = Case(*(When(condition, then=place) for place, condition in enumerate(conditions)))
        return accounts.annotate(part=part).order_by(*_directed(("part", *SORTS["name"]), query))
    return accounts.order_by(*_directed(SORTS.get(query.sort, SORTS["name"]), query))


def _parts(firm: Firm, query: AccountQuery) -> list[Q]:
    """The conditions that part the list in the order asked for; empty where columns alone make that order."""
    conditions = list_parts[query.sort](firm) if query.sort in list_parts else []
    return conditions if len(conditions) > 1 else []


def _directed(columns: Iterable[str], query: AccountQuery) -> list[str]:
    return [f"-{column}" if query.descending else column for column in columns]


def account_page(membership: Membership, query: AccountQuery) -> Page:
    """Return one page of the list, in one statement; each row has what ``with_columns`` adds."""
    accounts = accounts_found(membership, query)
    parts = None
    # What is searched is sorted as a whole: a part that nothing found is in would be walked to its end in vain.
    if not query.search and (conditions := _parts(membership.firm, query)):
        by_name = accounts.order_by(*_directed(SORTS["name"], query))
        parts = [by_name.filter(one) for one in (reversed(conditions) if query.descending else conditions)]
    return paginate(accounts, with_columns(accounts, membership.firm), query.page, parts)


def with_columns(accounts: QuerySet[Account], firm: Firm) -> QuerySet[Account]:
    """Return the firm's accounts with what the columns of the list show, the hooks' part included.

    ``tag_ids`` and ``member_ids`` are to be looked up among ``tags_of`` and ``members_of``.
    """
    for extend in list_columns:
        accounts = extend(accounts, firm)
    return accounts.annotate(
        tag_ids=ArraySubquery(_ids(Account.tags.through, "tag")),
        member_ids=ArraySubquery(_ids(Account.team.through, "membership")),
    )


def _ids(through: Any, column: str) -> QuerySet[Any]:
    return through.objects.filter(account=OuterRef("pk")).order_by("pk").values(column)


class _NumberOf(Subquery):
    """How many rows a query finds, as a value beside other rows; PostgreSQL computes it once."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS found)"
    output_field = IntegerField()


class _Keys(ArraySubquery):
    template = "ARRAY(%(subquery)s)"
    empty_result_set_value: Any = []


def _is_one_of(parts: list[QuerySet[Any]], start: int, stop: int) -> Func:
    """The condition that a row is one of those from ``start`` to ``stop`` of the parts one after the other.

    PostgreSQL finds them before anything else. As ``pk__in`` they would be one more table to join, in whatever order
    looks cheap: the whole list, at times. Of each part it reads no more than what may be on the page.
    """
    keys = Func(
        *(_Keys(part.values("pk")[:stop]) for part in parts),
        template=f"((%(expressions)s)[{start + 1}:{stop}])",
        arg_joiner=" || ",
    )
    return Func(F("pk"), keys, template="%(expressions)s", arg_joiner=" = ANY ", output_field=BooleanField())


def paginate(
    counted: QuerySet[Any], rows: QuerySet[Any], number: int, parts: list[QuerySet[Any]] | None = None
) -> Page:
    """Return a page of ``rows``, in one statement; ``counted`` are the same rows without what makes counting slow.

    ``parts`` are those rows once more, where no index has their order but that of each part has one. A page after the
    last one is the last one, which costs two statements more.
    """
    start = (number - 1) * PAGE_SIZE
    limited = counted.order_by().values("pk")[: COUNT_LIMIT + 1]
    # The rows to show are found first, so that what a column computes is computed for them alone, on late pages too.
    found = rows.filter(_is_one_of(parts or [counted], start, start + PAGE_SIZE))
    shown = list(found.annotate(found_in_all=_NumberOf(limited)))
    total = shown[0].found_in_all if shown else 0
    if not shown and number > 1:
        total = limited.count()
        last = max(1, -(-total // PAGE_SIZE))
        if total <= COUNT_LIMIT and last < number:
            return paginate(counted, rows, last, parts)
    return Page(rows=shown, number=number, total=min(total, COUNT_LIMIT), counted=total <= COUNT_LIMIT)


def account_get(membership: Membership, pk: int) -> Account:
    """Return the account if the person may see it.

    Raises:
        Http404: there is none, or it is another firm's or hidden from the person; the answer does not tell which.
    """
    return get_object_or_404(Account.objects.visible_to(membership).select_related("firm"), pk=pk)


def account_for_info(membership: Membership, pk: int) -> Account:
    """Return the account as ``account_get`` does, with all that its Info tab shows, the hooks' part included.

    Raises:
        Http404: as ``account_get``.
    """
    team = Prefetch("team", Membership.objects.select_related("user"))
    accounts: QuerySet[Account] = Account.objects.visible_to(membership).select_related("firm")
    accounts = accounts.prefetch_related("tags", "contacts", team)
    for extend in list_columns:
        accounts = extend(accounts, membership.firm)
    return get_object_or_404(accounts, pk=pk)


def tags_of(firm: Firm) -> dict[int, Tag]:
    """Return the firm's tags by id, in order of their names."""
    return {tag.pk: tag for tag in Tag.objects.filter(firm=firm)}


def tags_in_use(firm: Firm) -> QuerySet[Tag]:
    """Return the firm's tags in order of their names, each with ``active_count`` and ``archived_count`` of accounts."""
    active, archived = (Count("accounts", filter=Q(accounts__archived_at__isnull=yes)) for yes in (True, False))
    return Tag.objects.filter(firm=firm).annotate(active_count=active, archived_count=archived).order_by("name", "pk")


def members_of(firm: Firm) -> dict[int, Membership]:
    """Return the firm's people by the id of their membership, in order of their names."""
    members = Membership.objects.filter(firm=firm).select_related("user").order_by("user__name", "pk")
    return {member.pk: member for member in members}


def today_of(firm: Firm) -> date:
    """Return the current date where the firm is."""
    return timezone.localdate(timezone=ZoneInfo(firm.time_zone))


def invoices_of(account: Account) -> QuerySet[Invoice]:
    """Return the account's invoices, newest first, with what the hooks add."""
    invoices = Invoice.objects.filter(account=account).select_related("account", "firm").order_by("-date", "-pk")
    for extend in invoice_extensions:
        invoices = extend(invoices)
    return invoices


def payments_of(account: Account) -> QuerySet[Payment]:
    """Return the account's payments, newest first, with ``allocated`` and what the hooks add."""
    payments = Payment.objects.filter(account=account).select_related("account", "firm").order_by("-date", "-pk")
    allocated = Allocation.objects.filter(payment=OuterRef("pk")).values("payment").values(sum=Sum("amount"))
    payments = payments.annotate(allocated=Coalesce(Subquery(allocated), ZERO, output_field=DecimalField()))
    for extend in payment_extensions:
        payments = extend(payments)
    return payments


def document_page(documents: QuerySet[Any], number: str | None) -> Page:
    """Return one page of an account's invoices or payments; ``number`` as the address has it."""
    return paginate(documents, documents, _positive(number) or 1)


def syncs_payments_by_default(firm: Firm) -> bool:
    """Return whether a payment that is entered here goes to QuickBooks unless a person says otherwise.

    The firm's connection knows; it is reached by its name, as the templates reach its tags. Without one: yes.
    """
    return bool(getattr(getattr(firm, "quickbooks", None), "sync_manual_payments", True))


def invoice_sums(account: Account, today: date) -> dict[str, Decimal]:
    """Return what was invoiced, paid, is open and is overdue, in the firm's currency, void invoices left out."""
    return Invoice.objects.filter(account=account, voided_at=None).aggregate(
        invoiced=Coalesce(Sum("total"), ZERO),
        received=Coalesce(Sum("paid"), ZERO),
        open=Coalesce(Sum(F("total") - F("paid")), ZERO),
        overdue=Coalesce(Sum(F("total") - F("paid"), filter=Q(due_date__lt=today)), ZERO),
    )


def payment_sums(account: Account) -> dict[str, Decimal]:
    """Return what was received, what of it pays invoices, and the credit left, in the firm's currency."""
    received = Payment.objects.filter(account=account, voided_at=None).aggregate(sum=Coalesce(Sum("amount"), ZERO))[
        "sum"
    ]
    allocated = Allocation.objects.filter(payment__account=account, payment__voided_at=None).aggregate(
        sum=Coalesce(Sum("amount"), ZERO)
    )["sum"]
    return {"received": received, "allocated": allocated, "credit": received - allocated}


def payable_invoices(account: Account, payment: Payment | None = None) -> list[Invoice]:
    """Return the invoices that a payment can pay, oldest first: the open ones, and those that it pays already."""
    payable = Q(paid__lt=F("total"), voided_at=None)
    if payment is not None:
        payable |= Q(allocations__payment=payment)
    return list(Invoice.objects.filter(payable, account=account).distinct().order_by("date", "pk"))


def _positive(text: str | None) -> int | None:
    """The number that a parameter holds; None where it is none, or one that no row can have."""
    if text and text.isascii() and text.isdigit() and len(text) < 18:
        return int(text) or None
    return None
