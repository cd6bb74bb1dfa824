"""Turns invoices and payments into what QuickBooks takes: reads the models, leaves the shaping to ``payloads``."""

from __future__ import annotations

from typing import Any

from accounts.models import Invoice, Payment
from qbsync import payloads
from qbsync.models import Connection
from qbsync.payloads import InvoiceData, LineData, PaymentData
from qbsync.plan import ENDS, Operation
from qbsync.workload import Item


def payload_of(connection: Connection, item: Item) -> dict[str, Any]:
    """Return the payload of the item's operation.

    Raises:
        ValueError: QuickBooks cannot hold the document; the message is a sentence for people.
    """
    row = item.row
    if item.operation in ENDS:
        return payloads.void_payload(qbo_id=row.qbo_id, sync_token=row.sync_token)
    customer = row.qbo_customer_id if item.operation == Operation.UPDATE else ""
    if not customer and item.work.account.customer is not None:
        customer = item.work.account.customer.qbo_id
    if isinstance(item.document, Invoice):
        payload = payloads.invoice_payload(_invoice(connection, item, item.document, customer))
    else:
        payload = payloads.payment_payload(_payment(item, item.document, customer))
    if item.operation == Operation.UPDATE:
        return payloads.sparse_update(payload, qbo_id=row.qbo_id, sync_token=row.sync_token)
    return payload


def _invoice(connection: Connection, item: Item, invoice: Invoice, customer: str) -> InvoiceData:
    return InvoiceData(
        mark=item.row.mark,
        customer_id=customer,
        date=invoice.date,
        due_date=invoice.due_date,
        # QuickBooks numbers by itself unless the company has custom transaction numbers switched on.
        doc_number=invoice.number if connection.custom_numbers else "",
        memo=invoice.memo,
        tax_code="NON" if connection.country in ("", "US") else "",
        lines=[
            LineData(
                description=line.description or (line.service.name if line.service else ""),
                quantity=line.quantity,
                rate=line.rate,
                amount=line.amount,
                item_id=connection.service_item_id,
            )
            for line in invoice.lines.all()
        ],
    )


def _payment(item: Item, payment: Payment, customer: str) -> PaymentData:
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
    )
