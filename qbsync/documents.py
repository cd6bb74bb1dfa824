"""Turns invoices and payments into what QuickBooks takes: reads the models, leaves the shaping to ``payloads``."""

from __future__ import annotations

from typing import Any

from accounts.models import Invoice, Payment
from qbsync import payloads
from qbsync.models import Connection
from qbsync.payloads import InvoiceData, LineData, PaymentData
from qbsync.plan import ENDS, Operation
from qbsync.taxes import TaxRules
from qbsync.workload import Item


def payload_of(connection: Connection, item: Item) -> dict[str, Any]:
    """Return the payload of the item's operation.

    Raises:
        ValueError: QuickBooks cannot hold the document; the message is a sentence for people.
    """
    row = item.row
    if item.operation in ENDS:
        return payloads.void_payload(qbo_id=row.qbo_id, sync_token=row.sync_token)
    customer = _customer_of(item)
    if isinstance(item.document, Invoice):
        payload = payloads.invoice_payload(_invoice(connection, item, item.document, customer))
    else:
        payload = payloads.payment_payload(_payment(connection, item, item.document, customer))
    if item.operation == Operation.UPDATE:
        return payloads.sparse_update(payload, qbo_id=row.qbo_id, sync_token=row.sync_token)
    return payload


def tax_rules(connection: Connection) -> TaxRules:
    """Return how the connected company taxes its sales."""
    return TaxRules(
        country=connection.country,
        uses_sales_tax=connection.uses_sales_tax,
        is_automated=connection.automated_sales_tax,
        taxable_code=connection.taxable_code_id,
        exempt_code=connection.exempt_code_id,
    )


def _customer_of(item: Item) -> str:
    """The customer that the copy is of, by QuickBooks' id: a payment goes where its invoices are.

    Raises:
        ValueError: the invoices that it pays are of several customers there.
    """
    if isinstance(item.document, Payment):
        paid = [item.work.invoice_customers.get(one.invoice_id, "") for one in item.document.allocations.all()]
        customers = {customer for customer in paid if customer}
        if len(customers) > 1:
            raise ValueError(
                "The invoices that it pays are of different customers in QuickBooks, so no payment there can pay both."
            )
        if customers:
            return customers.pop()
    if item.operation == Operation.UPDATE and item.row.qbo_customer_id:
        return item.row.qbo_customer_id
    return item.work.account.customer.qbo_id if item.work.account.customer else ""


def _invoice(connection: Connection, item: Item, invoice: Invoice, customer: str) -> InvoiceData:
    return InvoiceData(
        mark=item.row.mark,
        customer_id=customer,
        date=invoice.date,
        due_date=invoice.due_date,
        # QuickBooks numbers by itself unless the company has custom transaction numbers switched on.
        doc_number=invoice.number if connection.custom_numbers else "",
        memo=invoice.memo,
        tax=invoice.tax,
        tax_rules=tax_rules(connection),
        currency=_currency(connection),
        lines=[
            LineData(
                description=line.description or (line.service.name if line.service else ""),
                quantity=line.quantity,
                rate=line.rate,
                amount=line.amount,
                item_id=connection.service_item_id,
                taxable=line.taxable,
            )
            for line in invoice.lines.all()
        ],
    )


def _payment(connection: Connection, item: Item, payment: Payment, customer: str) -> PaymentData:
    return PaymentData(
        mark=item.row.mark,
        customer_id=customer,
        date=payment.date,
        amount=payment.amount,
        number=payment.number,
        reference=payment.reference,
        memo=payment.memo,
        applied=[
            (item.work.invoice_ids[allocation.invoice_id], allocation.amount)
            for allocation in payment.allocations.all()
        ],
        currency=_currency(connection),
    )


def _currency(connection: Connection) -> str:
    """The currency that documents name: documents of customers in other currencies are never sent."""
    return connection.home_currency if connection.multicurrency else ""
