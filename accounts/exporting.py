"""Writes the list of accounts as CSV, as it is filtered and with the columns shown. Decides no permission."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.db.models import QuerySet

from accounts import selectors
from accounts.columns import OPTIONAL, columns_shown
from accounts.models import Account, Tag
from portal.models import Firm, Membership

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes UTF-8 for the encoding of its country."""

_ROWS_AT_ONCE = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula: what begins like one gets an apostrophe.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def first_line(titles: Iterable[str]) -> str:
    """Return a file's heading, with what Excel needs to read the rest as UTF-8."""
    return BYTE_ORDER_MARK + csv_line(titles)


def csv_line(cells: Iterable[str | Decimal]) -> str:
    """Return one line of a file; text is made safe, numbers stay numbers."""
    safe_cells = [cell if isinstance(cell, Decimal) else safe(cell) for cell in cells]
    line: str = csv.writer(_Echo()).writerow(safe_cells)
    return line


def csv_lines(membership: Membership, query: selectors.AccountQuery) -> Iterator[str]:
    """Yield the lines of the file: a heading, then every account found, on whatever page.

    Three statements, and one for each 500 accounts. Amounts are plain numbers in the firm's currency, which the
    heading names.
    """
    firm = membership.firm
    shown = columns_shown(membership)
    tags, members = selectors.tags_of(firm), selectors.members_of(firm)
    titles = [f"{OPTIONAL[column]} ({firm.currency})" if column == "balance" else OPTIONAL[column] for column in shown]
    added = [title for title, _ in selectors.export_columns]
    yield first_line(["ID", "Name", *titles, *added])
    for account in _in_parts(selectors.accounts_found(membership, query), firm):
        cells = [account.code, account.name, *(_cell(account, column, tags, members) for column in shown)]
        cells += [read(account) for _, read in selectors.export_columns]
        yield csv_line(cells)


def _in_parts(accounts: QuerySet[Account], firm: Firm) -> Iterator[Account]:
    """The accounts in their order, read part by part: a cursor would compute the whole list before its first row."""
    keys = list(accounts.values_list("pk", flat=True))
    rows = selectors.with_columns(accounts, firm)
    for start in range(0, len(keys), _ROWS_AT_ONCE):
        part = keys[start : start + _ROWS_AT_ONCE]
        found = {account.pk: account for account in rows.filter(pk__in=part)}
        yield from (found[key] for key in part if key in found)


def _cell(account: Account, column: str, tags: dict[int, Tag], members: dict[int, Membership]) -> str | Decimal:
    match column:
        case "type":
            return account.get_type_display()
        case "team":
            return ", ".join(str(members[pk].user) for pk in getattr(account, "member_ids", []) if pk in members)
        case "tags":
            return ", ".join(tags[pk].name for pk in getattr(account, "tag_ids", []) if pk in tags)
        case _:
            return account.balance_due


class _Echo:
    """What csv.writer writes into: hands back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line
