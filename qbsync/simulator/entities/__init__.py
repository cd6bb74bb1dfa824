"""The entities of a QuickBooks company: importing this package fills `REGISTRY` with every type."""

from . import company_info, deposits, exchange_rates, expenses, lists, names, others, payments, sales, taxes
from .base import REGISTRY, EntityType, Request
from .recurring import RecurringTransaction  # after the forms that it wraps

BY_PATH = {kind.lower(): entity for kind, entity in REGISTRY.items()}
BY_PATH["creditcardpayment"] = REGISTRY["CreditCardPaymentTxn"]  # the one whose address has another name

__all__ = [
    "BY_PATH", "REGISTRY", "EntityType", "RecurringTransaction", "Request", "company_info", "deposits",
    "exchange_rates", "expenses", "lists", "names", "others", "payments", "sales", "taxes",
]  # fmt: skip
