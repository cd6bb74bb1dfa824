"""The only writers of the firm's books. Each verb is one transaction that ends by announcing ``books_changed``.

What always holds afterwards: an invoice's total is the sum of its lines, each quantity times rate rounded half-up to
the cent, and its sales tax, which needs a taxable line; ``paid`` is the sum of the allocations of payments that are not
void; allocations are at most the payment and at most the invoice, of the same account; ``balance_due`` is what
``ledger.settle_accounts`` says. A document's ``revision`` grows with each change to the document itself; paying an
invoice does not change the invoice.
"""

from accounts.services.bulk import books_import
from accounts.services.clients import (
    ContactInput,
    account_archive,
    account_create,
    account_edit,
    account_restore,
    account_seen,
    account_update,
    contacts_replace,
)
from accounts.services.errors import BooksError
from accounts.services.invoices import invoice_delete, invoice_record, invoice_update, invoice_void
from accounts.services.payments import payment_delete, payment_record, payment_update, payment_void
from accounts.services.rules import LineInput
from accounts.services.tags import tag_create, tag_delete, tag_update
from accounts.services.teams import member_assign, member_take_off

__all__ = [
    "BooksError",
    "ContactInput",
    "LineInput",
    "account_archive",
    "account_create",
    "account_edit",
    "account_restore",
    "account_seen",
    "account_update",
    "books_import",
    "contacts_replace",
    "invoice_delete",
    "invoice_record",
    "invoice_update",
    "invoice_void",
    "member_assign",
    "member_take_off",
    "payment_delete",
    "payment_record",
    "payment_update",
    "payment_void",
    "tag_create",
    "tag_delete",
    "tag_update",
]
