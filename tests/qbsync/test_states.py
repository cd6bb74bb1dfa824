"""The table of statuses, and the sentences of their reasons."""

import pytest

from qbsync import wording
from qbsync.plan import Copies, Operation, PaidInvoice, operation_for, payment_waits_for, share_out
from qbsync.states import TRANSITIONS, DocumentReason, Event, Reason, Status, next_status

EXPECTED = {
    (Status.NOT_SYNCED, Event.ENTERED_SCOPE): Status.SYNCING,
    (Status.NOT_SYNCED, Event.ASKED): Status.SYNCING,
    (Status.SKIPPED, Event.ASKED): Status.SYNCING,
    (Status.FAILED, Event.ASKED): Status.SYNCING,
    (Status.SYNCED, Event.ASKED): Status.SYNCING,
    (Status.NOT_SYNCED, Event.UNSYNCED): Status.SKIPPED,
    (Status.FAILED, Event.UNSYNCED): Status.SKIPPED,
    (Status.SYNCED, Event.UNSYNCED): Status.SKIPPED,
    (Status.SYNCING, Event.UNSYNCED): Status.SKIPPED,
    (Status.SYNCING, Event.LINKED): Status.SYNCED,
    (Status.SYNCING, Event.REFUSED): Status.FAILED,
    (Status.SYNCED, Event.LINK_LOST): Status.NOT_SYNCED,
    (Status.SYNCING, Event.LINK_LOST): Status.NOT_SYNCED,
    (Status.FAILED, Event.LINK_LOST): Status.NOT_SYNCED,
    (Status.NOT_SYNCED, Event.LINK_LOST): Status.NOT_SYNCED,
    (Status.NOT_SYNCED, Event.FOLLOWED): Status.SYNCED,
    (Status.FAILED, Event.JUDGED_AGAIN): Status.SYNCING,
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("event", Event)
def test_each_event_leads_where_the_product_says_and_nowhere_else(status: Status, event: Event) -> None:
    assert next_status(status, event) == EXPECTED.get((status, event))


def test_skipped_is_left_only_because_a_person_asks() -> None:
    assert {event for event, (sources, _) in TRANSITIONS.items() if Status.SKIPPED in sources} == {Event.ASKED}


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason])
def test_every_reason_of_an_account_has_a_sentence_and_a_remedy(reason: Reason) -> None:
    names = ("name", "holder", "customer", "survivor", "account", "problem", "count", "message", "remedy")
    detail = dict.fromkeys(names, "x")
    sentence, remedy = wording.explain(reason, {**detail, "others": ["Acme (A1)", "Acme (A2)"]})
    assert sentence
    assert remedy
    assert "{" not in sentence + remedy
    assert "…" not in sentence


@pytest.mark.parametrize("reason", [reason for reason in DocumentReason if reason])
def test_every_reason_of_a_document_has_a_sentence(reason: DocumentReason) -> None:
    sentence, _ = wording.explain_document(reason, {})
    assert sentence


def test_the_message_for_no_match_is_the_one_people_know() -> None:
    sentence, _ = wording.explain(Reason.NO_MATCH, {"name": "O'Brien {Ltd}"})
    assert sentence == 'No exact match found for "O\'Brien {Ltd}" in your QuickBooks account'


@pytest.mark.parametrize(
    ("revision", "settled", "here", "there", "operation"),
    [
        (1, 0, "", "none", Operation.CREATE),
        (1, 1, "", "sent", None),
        (2, 1, "", "sent", Operation.UPDATE),
        (2, 1, "void", "sent", Operation.VOID),
        (2, 0, "void", "none", None),
        (3, 2, "void", "void", None),
        (3, 2, "", "void", None),
        (2, 0, "deleted", "none", None),
        (2, 1, "deleted", "sent", Operation.DELETE),
        (3, 2, "deleted", "void", Operation.DELETE),
        (3, 3, "deleted", "void", None),
    ],
)
def test_a_document_gets_the_operation_it_needs(
    revision: int, settled: int, here: str, there: str, operation: Operation | None
) -> None:
    copies = Copies(
        revision=revision,
        settled_revision=settled,
        is_void=here in ("void", "deleted"),
        is_deleted=here == "deleted",
        in_quickbooks=there != "none",
        is_void_there=there == "void",
    )
    assert operation_for(copies) == operation


def test_a_payment_is_never_sent_without_all_its_invoices() -> None:
    there, missing = PaidInvoice("1", "77", True), PaidInvoice("2", "", True)
    old = PaidInvoice("3", "", False)
    assert payment_waits_for([]) is None
    assert payment_waits_for([there]) is None
    assert payment_waits_for([there, missing]) == (DocumentReason.WAITS_FOR_INVOICE, {"invoice": "2"})
    assert payment_waits_for([missing, old]) == (DocumentReason.INVOICE_BEFORE_SYNC_DATE, {"invoice": "3"})


def test_a_batch_is_filled_in_order() -> None:
    assert share_out([["a", "b"], ["c"], ["d", "e"]], size=4) == ["a", "b", "c", "d"]
    assert share_out([], size=4) == []
