"""What a person asks of one account. Each verb answers at once: it changes the row and enqueues, on commit, once."""

from __future__ import annotations

from typing import cast

from django.db import transaction

from accounts.models import Account
from portal.models import User
from qbsync import wake
from qbsync.bulkrules import ask_of
from qbsync.models import AccountSync, Connection, Customer
from qbsync.selectors.undo import undoable
from qbsync.services.documents import to_be_moved
from qbsync.services.refusal import Refused
from qbsync.services.scope import judge_again, new_row
from qbsync.services.transitions import Transition, apply, lock
from qbsync.states import Ask, Event, Status


def account_sync(
    *, account: Account, by: User, customer: Customer | None = None, reactivate: bool = False
) -> AccountSync:
    """Ask for the account to be synced: to the customer given, to the remembered one, or to the one of its name.

    With ``reactivate`` the person knows that the customer is inactive: it is made active in QuickBooks first.

    Pressing it on an account that is Syncing changes nothing and enqueues nothing.

    Returns:
        the account's row, Syncing.

    Raises:
        Refused: no usable connection, or the customer is not to be had.
    """
    with transaction.atomic():
        row = _row_for_update(account)
        if customer is not None:
            customer = _available(customer, row, may_be_inactive=reactivate)
            return _ask(row, by, Ask.LINK if customer.active else Ask.ACTIVATE, customer)
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


def account_change_customer(
    *, account: Account, by: User, customer: Customer, reactivate: bool = False, move: bool = False
) -> AccountSync:
    """Link the account to another customer.

    Documents already in QuickBooks stay with the customer they have, unless ``move``: then they follow once the account
    is linked, payments together with the invoices that they pay. What cannot be moved stays, and says why.

    Raises:
        Refused: no usable connection, the customer is not to be had, or is the one that the account is linked to.
    """
    with transaction.atomic():
        row = _row_for_update(account)
        customer = _available(customer, row, may_be_inactive=reactivate)
        former = row.customer
        if former == customer and row.status == Status.SYNCED:
            raise Refused(f"{account.name} is linked to {customer} already. Choose another customer, or Cancel.")
        detail = {"former": former.pk, "former_name": str(former), "move": move} if former else {}
        ask = Ask.LINK if customer.active else Ask.ACTIVATE
        if apply([Transition(row, Event.ASKED, by=by, ask=ask, customer=customer, detail=detail)]):
            if move:
                to_be_moved(row, customer)
            wake.for_person(row.pk)
        return row


def account_undo(*, account: Account, by: User) -> AccountSync:
    """Take the last press on the account back: resume after Unsync, or go back to the customer it had before.

    What was moved to the other customer is moved back.

    Raises:
        Refused: there is nothing to be taken back, or the customer is not to be had any more.
    """
    done = undoable(account)
    if done is None:
        raise Refused(f"There is nothing to take back for {account.name}.")
    if done.customer is None:
        return account_sync(account=account, by=by)
    return account_change_customer(account=account, by=by, customer=done.customer, move=done.move)


def account_unsync(*, account: Account, by: User) -> AccountSync:
    """Skip the account at once: nothing more is sent for it until someone chooses Sync again.

    What is in QuickBooks stays there, and the link is remembered while the customer is free for others.

    Raises:
        Refused: the firm is not connected.
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


def _available(customer: Customer, row: AccountSync, *, may_be_inactive: bool = False) -> Customer:
    """The customer as it now is, if the account can be linked to it."""
    found = Customer.objects.filter(pk=customer.pk, connection_id=row.connection_id).first()
    taken = AccountSync.objects.filter(customer=customer.pk).exclude(pk=row.pk).select_related("account").first()
    if problem := why_not_to_be_had(found, taken.account if taken else None, may_be_inactive=may_be_inactive):
        raise Refused(problem)
    return cast(Customer, found)


def why_not_to_be_had(customer: Customer | None, taken_by: Account | None, *, may_be_inactive: bool = False) -> str:
    """Return why an account cannot be linked to this customer, which is ``taken_by`` another one; empty if it can."""
    if customer is None or customer.merged_into:
        return "That customer is no longer in your QuickBooks company. Choose another one."
    if not customer.active and not may_be_inactive:
        return (
            f"“{customer.display_name}” has been made inactive in QuickBooks. "
            "Choose it again to reactivate it, or choose another one."
        )
    if taken_by is not None:
        return f"“{customer.full_name}” is already linked to {taken_by.name} ({taken_by.code})."
    return ""
