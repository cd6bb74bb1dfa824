"""The state machine of an account's sync: statuses, reasons, and which event may lead from where to where. Pure.

Writing a status is the business of ``qbsync.services`` alone; everybody else reads.
"""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What the QuickBooks column says of an account."""

    SYNCED = "synced"
    NOT_SYNCED = "not_synced"
    SKIPPED = "skipped"
    FAILED = "failed"
    SYNCING = "syncing"


class Reason(StrEnum):
    """Why an account is Not synced or Failed. Each has its sentence and remedy in ``qbsync.wording``."""

    NONE = ""
    # Not synced
    NOT_CONNECTED = "not_connected"
    CUSTOMER_INACTIVE = "customer_inactive"
    CUSTOMER_MERGED = "customer_merged"
    # Failed for its name; judged again when the mirror or the name changes
    NO_MATCH = "no_match"
    SEVERAL_MATCHES = "several_matches"
    NAMESAKE_ACCOUNT = "namesake_account"
    NAMESAKE_LINKED = "namesake_linked"
    CUSTOMER_TAKEN = "customer_taken"
    HELD_BY_VENDOR = "held_by_vendor"
    HELD_BY_EMPLOYEE = "held_by_employee"
    HELD_BY_INACTIVE = "held_by_inactive"
    HELD_BY_CUSTOMER = "held_by_customer"
    NAME_INVALID = "name_invalid"
    # Failed for other causes
    CUSTOMER_GONE = "customer_gone"
    INACTIVE_NAME_TAKEN = "inactive_name_taken"
    REFUSED = "refused"
    CONNECTION = "connection"
    UNAVAILABLE = "unavailable"
    NO_WORKER = "no_worker"


NAME_REASONS = frozenset(
    {
        Reason.NO_MATCH,
        Reason.SEVERAL_MATCHES,
        Reason.NAMESAKE_ACCOUNT,
        Reason.NAMESAKE_LINKED,
        Reason.CUSTOMER_TAKEN,
        Reason.HELD_BY_VENDOR,
        Reason.HELD_BY_EMPLOYEE,
        Reason.HELD_BY_INACTIVE,
        Reason.HELD_BY_CUSTOMER,
        Reason.NAME_INVALID,
    }
)
"""Failures that end when the account's name or the customers in QuickBooks change."""

WAITING_REASONS = frozenset({Reason.CONNECTION, Reason.UNAVAILABLE})
"""Failures that end by themselves when QuickBooks answers again."""

LOST_REASONS = frozenset({Reason.CUSTOMER_INACTIVE, Reason.CUSTOMER_MERGED})
"""Why a link was lost; only a person restores it."""


class Ask(StrEnum):
    """What a Syncing account waits for."""

    NOTHING = ""
    MATCH = "match"  # find the customer of the same name
    LINK = "link"  # link to the customer that a person chose
    ACTIVATE = "activate"  # make the customer that a person chose active again, and link to it
    CREATE = "create"  # create a customer of the account's name
    RESUME = "resume"  # the link is there; send what is due


class Event(StrEnum):
    """Something that may move an account from one status to another."""

    ENTERED_SCOPE = "entered_scope"
    ASKED = "asked"
    UNSYNCED = "unsynced"
    LINKED = "linked"
    REFUSED = "refused"
    LINK_LOST = "link_lost"
    FOLLOWED = "followed"
    JUDGED_AGAIN = "judged_again"


TRANSITIONS: dict[Event, tuple[frozenset[Status], Status]] = {
    Event.ENTERED_SCOPE: (frozenset({Status.NOT_SYNCED}), Status.SYNCING),
    Event.ASKED: (
        frozenset({Status.NOT_SYNCED, Status.SKIPPED, Status.FAILED, Status.SYNCED}),
        Status.SYNCING,
    ),
    Event.UNSYNCED: (
        frozenset({Status.NOT_SYNCED, Status.FAILED, Status.SYNCED, Status.SYNCING}),
        Status.SKIPPED,
    ),
    Event.LINKED: (frozenset({Status.SYNCING}), Status.SYNCED),
    Event.REFUSED: (frozenset({Status.SYNCING}), Status.FAILED),
    Event.LINK_LOST: (
        frozenset({Status.SYNCED, Status.SYNCING, Status.FAILED, Status.NOT_SYNCED}),
        Status.NOT_SYNCED,
    ),
    Event.FOLLOWED: (frozenset({Status.NOT_SYNCED}), Status.SYNCED),
    Event.JUDGED_AGAIN: (frozenset({Status.FAILED}), Status.SYNCING),
}


def next_status(status: Status, event: Event) -> Status | None:
    """Return the status that follows, or None where the event changes nothing (Sync pressed on Syncing, say)."""
    sources, target = TRANSITIONS[event]
    return target if status in sources else None


class DocumentStatus(StrEnum):
    """What the QuickBooks column says of an invoice or payment."""

    WAITING = "waiting"
    SYNCED = "synced"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_SYNCED = "not_synced"


class DocumentReason(StrEnum):
    """Why a document is not Synced."""

    NONE = ""
    WAITS_FOR_INVOICE = "waits_for_invoice"
    INVOICE_BEFORE_SYNC_DATE = "invoice_before_sync_date"
    WAITS_FOR_ANSWER = "waits_for_answer"
    WAITS_FOR_NUMBER = "waits_for_number"
    MOVING = "moving"
    UNAVAILABLE = "unavailable"
    NUMBER_TAKEN = "number_taken"
    NUMBER_TOO_LONG = "number_too_long"
    REFUSED = "refused"
    CHANGED_IN_QUICKBOOKS = "changed_in_quickbooks"
    TOTAL_DIFFERS = "total_differs"
    TAX_NOT_USED = "tax_not_used"
    TAX_CODE_MISSING = "tax_code_missing"
    CUSTOMER_CURRENCY = "customer_currency"
    COMPANY_CURRENCY = "company_currency"
    EDITED_THERE = "edited_there"
    VOIDED_THERE = "voided_there"
    DELETED_THERE = "deleted_there"
    BEFORE_SYNC_DATE = "before_sync_date"
    ACCOUNT_NOT_SYNCED = "account_not_synced"
    VOID_BEFORE_SENT = "void_before_sent"


DRIFT_REASONS = frozenset({DocumentReason.EDITED_THERE, DocumentReason.VOIDED_THERE, DocumentReason.DELETED_THERE})
"""Why a document that was in step is not any more: somebody changed its copy in QuickBooks."""
