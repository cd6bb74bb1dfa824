"""Erases a firm: its books, what is known of its QuickBooks company, its history, and who worked there alone."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection as database
from django.db import transaction

from portal.models import Firm, Membership, User
from portal.ownership import rows_of, ways_to_firm


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows of each table went, by the table's name, and how many people."""

    rows: dict[str, int]
    people: int


def firm_erase(*, firm: Firm) -> Erased:
    """Erase everything of the firm, in one transaction; QuickBooks keeps what it has.

    People who worked for this firm alone go too, unless they are staff of the portal; others keep their account. The
    connection is to be ended before, so that no worker is at it and Intuit knows that the grant is over.
    """
    with transaction.atomic():
        Firm.objects.select_for_update().get(pk=firm.pk)
        with database.cursor() as cursor:
            cursor.execute("SELECT set_config('portal.erasing_firm', %s, true)", [str(firm.pk)])
        alone = User.objects.filter(memberships__firm=firm, is_staff=False).exclude(
            pk__in=Membership.objects.exclude(firm=firm).values("user")
        )
        people = list(alone.values_list("pk", flat=True))
        # From the far end: each is found by the way to its firm, which has to be there still. PostgreSQL looks at the
        # references among the rows when the transaction commits.
        rows = {
            model._meta.db_table: rows_of(firm, model)._raw_delete(using=database.alias)
            for model in reversed(ways_to_firm())
        }
        User.objects.filter(pk__in=people).delete()
    return Erased({table: count for table, count in rows.items() if count}, len(people))
