"""What a CSV file of the list of accounts says of QuickBooks: status, reason, customer, since when."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models import Account
from qbsync.presentation import LABELS, message
from qbsync.selectors import standing
from qbsync.states import Status


def _status(account: Account) -> str:
    return LABELS[standing(account).status]


def _reason(account: Account) -> str:
    """The sentence that the tooltip gives."""
    now = standing(account)
    lines = message(now, account.firm).lines
    return lines[0] if lines and now.status in (Status.FAILED, Status.NOT_SYNCED) else ""


def _customer(account: Account) -> str:
    sync = standing(account).sync
    return str(sync.customer) if sync and sync.customer else ""


def _since(account: Account) -> str:
    """The time in the firm's time zone, as spreadsheets read it."""
    since = standing(account).since
    return f"{timezone.localtime(since, ZoneInfo(account.firm.time_zone)):%Y-%m-%d %H:%M}" if since else ""


COLUMNS = [
    ("QuickBooks", _status),
    ("QuickBooks reason", _reason),
    ("QuickBooks customer", _customer),
    ("QuickBooks since", _since),
]
"""Heading and value, for the hook of ``accounts.selectors``."""
