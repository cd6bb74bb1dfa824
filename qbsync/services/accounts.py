"""What a person asks of one account. Each verb answers at once: it changes the row and enqueues, on commit, once."""

from __future__ import annotations

from django.db import transaction

from accounts.models import Account
from portal.models import User
from qbsync import wake
from qbsync.bulkrules import ask_of
from qbsync.models import AccountSync, Connection, Customer
from qbsync.services.refusal import Refused
from qbsync.services.scope import judge_again, new_row
from qbsync.services.transitions import Transition, apply, lock
from qbsync.states import Ask, Event, Status


def account_sync(*, account: Account, by: User, customer: Customer | None = None) -> AccountSync:
    """Ask for the account to be synced: to the customer given, to the remembered one, or to the one of its name.

    Pressing it on an account that is Syncing changes nothing and enqueues nothing.

    Returns:
        the account's row, Syncing.

    Raises:
        Refused: no usable connection, or the customer is not to be had.
    """
    with transaction.atomic():
        row = _row_for_update(account)
        if customer is not None:
            customer = _available(customer, row)
            return _ask(row, by, Ask.LINK, customer)
        linked, remembered = row.customer_id is not None, row.remembered_customer
        ask = ask_of(Status(row.status), is_linked=linked, is_remembered=remembered is not None)
        return _ask(row, by, ask, remembered if ask == Ask.LINK else None)


def account_create_customer(*, account: Account, by: User) -> AccountSync:
    """Ask for a new customer of the account's name to be created in QuickBooks, and the account linked to it.

    Raises:
        Refused: no usable connection, or the account is linked already.
    """
    with transaction.atomic():
        row = _row_for_update(account)
        if row.customer_id is not None:
            raise Refused(f"{account.name} is already linked to a customer in QuickBooks.")
        return _ask(row, by, Ask.CREATE)


def account_change_customer(*, account: Account, by: User, customer: Customer) -> AccountSync:
    """Link the account to another customer; documents already in QuickBooks stay with the customer they have.

    Raises:
        Refused: no usable connection, or the customer is not to be had.
    """
    return account_sync(account=account, by=by, customer=customer)


def account_unsync(*, account: Account, by: User) -> AccountSync:
    """Skip the account at once: nothing more is sent for it until someone chooses Sync again.

    What is in QuickBooks stays there, and the link is remembered while the customer is free for others.

    Raises:
        Refused: the firm has never been connected.
    """
    with transaction.atomic():
        row = _row_for_update(account, must_be_usable=False)
        apply([Transition(row, Event.UNSYNCED, by=by)])
        judge_again(row.connection, [row.folded_name])
        return row


def connection_for(firm_id: int, *, must_be_usable: bool = True) -> Connection:
    """Return the firm's connection.

    Raises:
        Refused: the firm is not connected, or (where it must be usable) it cannot sync at the moment.
    """
    connection = Connection.objects.filter(firm_id=firm_id).first()
    if connection is None or connection.status == "disconnected":
        raise Refused("The firm is not connected to QuickBooks.")
    if must_be_usable and not connection.is_ready:
        raise Refused(
            "QuickBooks is connected, but not set up yet."
            if connection.is_active
            else "The connection to QuickBooks needs attention; reconnect it first."
        )
    return connection


def _row_for_update(account: Account, *, must_be_usable: bool = True) -> AccountSync:
    """The account's locked row, made where there was none. Needs a transaction."""
    connection = connection_for(account.firm_id, must_be_usable=must_be_usable)
    row, _ = AccountSync.objects.get_or_create(account=account, defaults=new_row(connection, account))
    return lock([row])[row.pk]


def _ask(row: AccountSync, by: User, ask: Ask, customer: Customer | None = None) -> AccountSync:
    if apply([Transition(row, Event.ASKED, by=by, ask=ask, customer=customer)]):
        wake.for_person(row.pk)
    return row


def _available(customer: Customer, row: AccountSync) -> Customer:
    """The customer as it now is, if the account can be linked to it."""
    found = Customer.objects.filter(pk=customer.pk, connection_id=row.connection_id).first()
    if found is None or found.merged_into:
        raise Refused("That customer is no longer in your QuickBooks company. Choose another one.")
    if not found.active:
        raise Refused(
            f"“{found.display_name}” is inactive in QuickBooks. Make it active there first, or choose another."
        )
    taken = AccountSync.objects.filter(customer=found).exclude(pk=row.pk).select_related("account").first()
    if taken is not None:
        raise Refused(f"“{found.full_name}” is already linked to {taken.account.name} ({taken.account.code}).")
    return found
