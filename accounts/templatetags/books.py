"""How the books' own states are shown: is an invoice paid, is a payment allocated. Reads nothing from the database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django import template

from accounts.models import ZERO, Invoice, Payment
from portal.templatetags.portal import money

register = template.Library()


@register.inclusion_tag("accounts/_chip.html")
def invoice_chip(invoice: Invoice, today: date) -> dict[str, str]:
    """Show whether the invoice is void, paid, overdue on that day, paid in part, or open."""
    if invoice.is_void:
        return {"label": "Void", "color": "slate"}
    if not invoice.balance:
        return {"label": "Paid", "color": "green"}
    if invoice.due_date and invoice.due_date < today:
        return {"label": "Overdue", "color": "red"}
    if invoice.paid:
        return {"label": "Partly paid", "color": "blue"}
    return {"label": "Open", "color": "amber"}


@register.inclusion_tag("accounts/_chip.html")
def payment_chip(payment: Payment) -> dict[str, str]:
    """Show whether the payment is void, pays invoices in full or in part, or is credit as a whole."""
    allocated = payment.allocated  # type: ignore[attr-defined]
    if payment.is_void:
        return {"label": "Void", "color": "slate"}
    if allocated == payment.amount:
        return {"label": "Allocated", "color": "green"}
    return {"label": "Partly allocated" if allocated else "Credit", "color": "blue"}


@register.filter
def quantity(number: Decimal) -> str:
    """Return a quantity without decimals that say nothing: ``1.5``, ``12``."""
    return f"{number.normalize():,f}"


@register.filter
def rate(number: Decimal, currency: str) -> str:
    """Return a rate as an amount, with more than two decimals only where it has them."""
    places = max(2, -int(number.normalize().as_tuple().exponent))
    return money(number, currency, places)


@register.filter
def credit(payment: Payment) -> Decimal:
    """Return what of the payment pays no invoice, in the firm's currency; nothing of a void one is left."""
    return ZERO if payment.is_void else payment.amount - payment.allocated  # type: ignore[attr-defined]
