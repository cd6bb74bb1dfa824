"""The verbs of the sync. These modules are the only writers of an account's sync status.

``accounts``     what a person asks of one account: sync, create, unsync, change customer
``bulk``         what a person asks of many accounts at once
``documents``    what a person asks of one invoice or payment
``connections``  set-up, settings, and what follows from a connection's end or return
``companies``    leaving a company for another one, and taking it up again
``operations``   what whoever runs the workers asks of a connection, from the admin site
``reconciliations``  comparisons of the two sides
``validations``  validations of all links
``scope``        what follows from a change in the firm's books
``transitions``  the one place where a status is written
"""

from qbsync.services.accounts import (
    account_change_customer,
    account_create_customer,
    account_sync,
    account_undo,
    account_unsync,
)
from qbsync.services.bulk import (
    accounts_create_customers,
    accounts_link,
    accounts_sync,
    accounts_unsync,
    accounts_unsync_undo,
)
from qbsync.services.companies import company_leave
from qbsync.services.connections import (
    connection_resumed,
    connection_set_up,
    connection_settings_update,
    connection_try_again,
)
from qbsync.services.documents import document_accept, document_skip, document_sync, documents_move
from qbsync.services.reconciliations import reconciliation_ask
from qbsync.services.refusal import Refused
from qbsync.services.scope import books_changed, enrol
from qbsync.services.validations import links_validate

__all__ = [
    "Refused",
    "account_change_customer",
    "account_create_customer",
    "account_sync",
    "account_undo",
    "account_unsync",
    "accounts_create_customers",
    "accounts_link",
    "accounts_sync",
    "accounts_unsync",
    "accounts_unsync_undo",
    "books_changed",
    "company_leave",
    "connection_resumed",
    "connection_set_up",
    "connection_settings_update",
    "connection_try_again",
    "document_accept",
    "document_skip",
    "document_sync",
    "documents_move",
    "enrol",
    "links_validate",
    "reconciliation_ask",
]
