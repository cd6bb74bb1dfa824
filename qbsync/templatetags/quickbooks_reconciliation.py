"""How a comparison's differences are shown: their labels, and where QuickBooks has its side."""

from __future__ import annotations

from decimal import Decimal

from django import template

from portal.templatetags.portal import money
from qbsync.menus import quickbooks_url
from qbsync.models import ReconciliationDifference
from qbsync.reconciliation.comparing import Kind
from qbsync.wording import VERDICTS

register = template.Library()


@register.filter
def verdict(value: str) -> str:
    """Return the label of how two sides differ."""
    return VERDICTS[value][0]


@register.filter
def verdict_meaning(value: str) -> str:
    """Return what it means."""
    return VERDICTS[value][1]


@register.simple_tag
def quickbooks_record_url(difference: ReconciliationDifference) -> str:
    """Return the address of QuickBooks' side in QuickBooks' own pages."""
    return quickbooks_url(difference.reconciliation.connection, difference.kind, difference.qbo_id)


@register.simple_tag
def open_amount(difference: ReconciliationDifference, amount: Decimal, currency: str) -> str:
    """Return what is open of a side: of an invoice what is not paid, of a payment what pays no invoice."""
    if difference.kind == Kind.PAYMENT:
        return f"{money(-amount, currency)} unapplied"
    return f"{money(amount, currency)} open"
