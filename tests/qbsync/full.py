"""A firm with a row in every table, for tests of what is done with a firm as a whole."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

from accounts import services as books
from accounts.models import Allocation, Contact, Invoice, Payment, Service, Tag
from portal.models import Invitation, TeamEvent
from qbsync.models import (
    ArchivedCompany,
    ArchivedRow,
    Digest,
    DigestChoice,
    LinkValidation,
    NameHolder,
    PushIntent,
    Reconciliation,
    RequestCount,
    SyncRun,
)
from qbsync.models.reconciliation import ReconciliationDifference
from qbsync.services import account_unsync
from tests.qbsync.desk import NOON, Desk

DAY = date(2026, 3, 2)


def fill(desk: Desk, *, tag: str, mark: str = "") -> None:
    """Give each table a row of the firm at least; every text that people wrote ends in the mark."""
    account = desk.synced(f"Acme{mark}")
    account_unsync(account=desk.synced(f"Birch{mark}"), by=desk.olivia.user)
    invoice = desk.invoice(account, status="synced", qbo_id=f"7{mark}", settled_revision=1)
    Invoice.objects.filter(pk=invoice.pk).update(memo=f"By 5 PM{mark}")
    invoice.lines.update(description=f"Bookkeeping{mark}")
    payment = desk.payment(account, status="synced", qbo_id=f"8{mark}", settled_revision=1)
    Payment.objects.filter(pk=payment.pk).update(memo=f"By post{mark}")
    Allocation.objects.create(payment=payment, invoice=invoice, amount=1)
    books.payment_void(payment=desk.payment(account))
    Contact.objects.create(account=account, name=f"Ann{mark}")
    account.tags.add(Tag.objects.create(firm=desk.firm, name=tag))
    account.team.add(desk.erin)
    Service.objects.create(firm=desk.firm, name=f"Bookkeeping{mark}")
    Invitation.objects.create(firm=desk.firm, email=f"new{mark}@firm.test", invited_by=desk.olivia.user)
    TeamEvent.objects.create(
        firm=desk.firm, kind="invited", actor=desk.olivia.user, after="employee", email=f"ivy{mark}@firm.test"
    )
    of_it = {"connection": desk.connection}
    PushIntent.objects.create(
        **of_it, account_sync=account.quickbooks, operation="create", request_id=str(uuid4()), item_id="1",
        payload={"name": f"Acme{mark}"}, claim=1, sent_at=NOON,
    )  # fmt: skip
    compared = Reconciliation.objects.create(**of_it, asked_at=NOON, ended_at=NOON)
    ReconciliationDifference.objects.create(
        reconciliation=compared, account=account, verdict="amount", kind="invoice", day=DAY, number=f"9{mark}"
    )
    LinkValidation.objects.create(**of_it, asked_at=NOON, due_at=NOON)
    left = ArchivedCompany.objects.create(
        firm=desk.firm, realm_id="1", company_name=f"Left{mark}", archived_at=NOON, connection={"scope": "all"}
    )
    ArchivedRow.objects.create(company=left, model="qbsync.customer", key=1, fields={"display_name": f"Left{mark}"})
    holder = f"Vendor{mark}"
    NameHolder.objects.create(**of_it, kind="vendor", qbo_id="1", display_name=holder, folded_name=holder.casefold())
    SyncRun.objects.create(**of_it, started_at=NOON)
    RequestCount.objects.create(**of_it, day=DAY, endpoint="query")
    DigestChoice.objects.create(membership=desk.adam, is_wanted=True)
    Digest.objects.create(membership=desk.adam, day=DAY, claimed_until=NOON, looked_at=NOON)
