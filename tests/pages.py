"""Every page of the portal as people meet it in the demonstration, for all that looks at pages one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from accounts import services as books
from accounts.models import Account, Invoice, Payment, Tag
from portal.invitations import token_of
from portal.models import Firm, Invitation, Membership, Role, User
from qbsync.demo.people import HARTWELL
from qbsync.models import AccountSync, Connection, ConnectionStatus, Customer
from qbsync.states import Reason, Status
from tests.simulated import Simulator


@dataclass(frozen=True)
class Page:
    """A page, who looks at it (nobody is signed in where this is empty), and a short name for its picture."""

    name: str
    address: str
    person: str = "owner"


NO_PAGE = {
    "home": "leads to the accounts",
    "account_login": "sign_in under the name that django-allauth knows",
    "mfa_index": "profile under the name that django-allauth knows",
    "mfa_authenticate": "only between the password and the code; leads to the sign-in before",
    "mfa_reauthenticate": "only with a second factor; leads to account_reauthenticate before",
    "mfa_deactivate_totp": "only with a second factor",
    "mfa_view_recovery_codes": "only with a second factor",
    "mfa_generate_recovery_codes": "only with a second factor",
    "mfa_download_recovery_codes": "a file",
    "password_reset_link": "leads to account_reset_password_from_key",
    "readyz": "for programs",
    "healthz": "for programs",
    "metrics": "for programs",
    "account_export": "a file",
    "books_import_template": "a file",
    "books_import_report": "only after a file was sent",
    "quickbooks_cells": "a part of the accounts' list",
    "quickbooks_panel": "a part of account_info",
    "quickbooks_numbers": "a part of the Sync dialog",
    "quickbooks_invoice_cell": "a part of the invoices' list",
    "quickbooks_payment_cell": "a part of the payments' list",
    "quickbooks_progress": "a part of quickbooks_settings",
    "quickbooks_links_validate": "a part of quickbooks_settings",
    "quickbooks_callback": "leads on; QuickBooks sends the browser there",
    "quickbooks_digest_stop": "leads on from the link in an e-mail",
    "quickbooks_undo": "only until something else was done to the account",
    "quickbooks_reconciliation_export": "a file",
    "quickbooks_account_reconciliation_export": "a file",
}
"""Addresses that answer to GET and are not looked at one by one, and why."""


def demo_pages() -> list[Page]:
    """Return the pages of the demonstration's firms, which must be made and, for the first, synced."""
    beginner()
    leaver()
    return pages_of(Firm.objects.get(name=HARTWELL.name))


def pages_of(firm: Firm) -> list[Page]:
    """Return the pages of a firm that has an account in each lasting status, one of them with documents.

    The pages of ``newcomer`` are those of another firm's owner, who has not connected QuickBooks, those of ``beginner``
    of a third one's, who has not finished doing it, and those of ``leaver`` of one's who has ended it.
    """
    return list(_pages(firm))


def _pages(firm: Firm) -> Iterator[Page]:
    employee = Membership.objects.filter(firm=firm, role=Role.EMPLOYEE).earliest("pk")
    failed = _account(firm, Status.FAILED, reason=Reason.NO_MATCH)
    synced = _account(firm, Status.SYNCED)
    skipped = _account(firm, Status.SKIPPED)
    theirs = _account(firm, Status.SYNCED, account__team=employee)
    invoice = Invoice.objects.filter(account=synced).latest("date", "pk")
    tag = Tag.objects.filter(firm=synced.firm_id, accounts__isnull=False)[0]
    payment = Payment.objects.filter(account=synced, voided_at=None).latest("date", "pk")

    yield Page("sign-in", reverse("sign_in"), "")
    yield Page("accounts", reverse("account_list"))
    yield Page("accounts-failed", reverse("account_list") + "?quickbooks=failed")
    yield Page("accounts-none-found", reverse("account_list") + "?q=nobody+of+this+name")
    yield Page("accounts-of-an-employee", reverse("account_list"), "employee")
    yield Page("account-synced", _of("account_info", synced))
    yield Page("account-failed", _of("account_info", failed))
    yield Page("account-skipped", _of("account_info", skipped))
    yield Page("account-of-an-employee", _of("account_info", theirs), "employee")
    yield Page("account-new", reverse("account_create"))
    yield Page("account-edit", _of("account_edit", synced))
    yield Page("account-activity", _of("account_activity", synced))
    yield Page("account-invoices", _of("account_invoices", synced))
    yield Page("account-payments", _of("account_payments", synced))
    yield Page("invoice", _of("invoice_info", synced, invoice))
    yield Page("invoice-new", _of("invoice_create", synced))
    yield Page("invoice-edit", _of("invoice_edit", synced, invoice))
    yield Page("invoice-void", _of("invoice_void", synced, invoice))
    yield Page("invoice-delete", _of("invoice_delete", synced, invoice))
    yield Page("payment", _of("payment_info", synced, payment))
    yield Page("payment-new", _of("payment_create", synced))
    yield Page("payment-edit", _of("payment_edit", synced, payment))
    yield Page("payment-void", _of("payment_void", synced, payment))
    yield Page("payment-delete", _of("payment_delete", synced, payment))
    yield Page("invoices", reverse("invoice_list"))
    yield Page("payments", reverse("payment_list"))
    yield Page("import", reverse("books_import"))

    yield Page("sync-dialog", _of("quickbooks_dialog", failed))
    yield Page("create-dialog", _of("quickbooks_create", failed))
    yield Page("unsync-dialog", _of("quickbooks_unsync", synced))
    yield Page("change-customer", _of("quickbooks_change", synced))
    yield Page("elsewhere", _of("quickbooks_elsewhere", synced))
    yield Page("bulk-preview", reverse("quickbooks_bulk", args=["unsync"]) + "?all=1&quickbooks=failed")
    yield Page("match-queue", reverse("quickbooks_match_queue"))
    yield Page("match-one", _of("quickbooks_match_account", failed))
    yield Page("match-sure", reverse("quickbooks_match_sure"))
    yield Page("how-matching-works", reverse("matching_help"), "employee")

    yield Page("quickbooks", reverse("quickbooks_settings"), "admin")
    yield Page("quickbooks-edit", reverse("quickbooks_settings_edit"))
    yield Page("quickbooks-errors", reverse("quickbooks_errors"))
    yield Page("quickbooks-errors-retry", reverse("quickbooks_errors_retry") + "?tab=accounts&cause=no_match")
    yield Page("quickbooks-runs", reverse("quickbooks_runs"))
    yield Page("quickbooks-disconnect", reverse("quickbooks_disconnect"))
    yield Page("quickbooks-none", reverse("quickbooks_settings"), "newcomer")
    yield Page("match-queue-not-connected", reverse("quickbooks_match_queue"), "newcomer")
    yield Page("connect-1", reverse("quickbooks_connect"), "newcomer")
    yield Page("connect-2", reverse("quickbooks_connect_accounts"), "newcomer")
    yield Page("accounts-not-connected", reverse("account_list"), "newcomer")
    yield Page("connect-4", reverse("quickbooks_setup"), "beginner")
    yield Page("quickbooks-not-set-up", reverse("quickbooks_settings"), "beginner")
    yield Page("quickbooks-disconnected", reverse("quickbooks_settings"), "leaver")
    yield Page("another-company", reverse("quickbooks_another_company"), "leaver")
    yield Page("reconciliation", reverse("quickbooks_reconciliation"))
    yield Page("account-reconciliation", _of("quickbooks_account_reconciliation", synced))
    yield Page("quickbooks-usage", reverse("quickbooks_usage"))
    yield Page("quickbooks-digest", reverse("quickbooks_digest"))

    yield Page("team", reverse("team"))
    yield Page("team-history", reverse("team_history"), "admin")
    yield Page("team-history-empty", reverse("team_history"), "newcomer")
    yield Page("team-invite", reverse("team_invite"))
    yield Page("team-member", _of("team_member", employee))
    yield Page("team-member-accounts", _of("member_accounts", employee))
    yield Page("team-remove", _of("team_remove", employee))
    yield Page("team-reset-two-factor", _of("team_reset_two_factor", _with_app(firm)))
    yield Page("tags", reverse("tag_list"))
    yield Page("tag-new", reverse("tag_create"))
    yield Page("tag-edit", _of("tag_edit", tag))
    yield Page("tag-delete", _of("tag_delete", tag))
    yield Page("profile", reverse("profile"))
    yield Page("profile-sessions", reverse("usersessions_list"))
    yield Page("password", reverse("account_change_password"))
    yield Page("confirm-it-is-you", reverse("account_reauthenticate"))
    yield Page("two-factor", reverse("mfa_activate_totp"))
    yield Page("password-forgotten", reverse("account_reset_password"), "")
    yield Page("password-sent", reverse("account_reset_password_done"), "")
    yield Page("password-link-ended", reverse("account_reset_password_from_key", args=["1", "set-password"]), "")
    yield Page("sign-in-inactive", reverse("account_inactive"), "")
    yield Page("invitation", reverse("invitation") + f"?invitation={token_of(_invitation(firm).key)}", "")
    yield Page("not-found", "/clients/accounts/0/info/")
    yield Page("no-permission", reverse("quickbooks_settings"), "employee")


def beginner() -> Membership:
    """Return the owner of a firm with some books whose connection is made and not set up; the first call makes them."""
    firm, is_new = Firm.objects.get_or_create(name="Cedar Bookkeeping")
    if is_new:
        person = User.objects.create_user("beginner@demo.test", "demo-portal", name="Bea Cedar")
        Membership.objects.create(user=person, firm=firm, role=Role.OWNER)
        for name in ("Cedar Mill Café", "Northgate Dental", "Ada Whitfield"):
            account = books.account_create(firm=firm, name=name)
            line = books.LineInput(None, "Monthly bookkeeping", Decimal(1), Decimal("350.00"))
            books.invoice_record(account=account, date=timezone.localdate(), lines=[line])
        simulator, now = Simulator(settings.QBO_API_BASE_URL), timezone.now()
        realm = simulator.company("Cedar Bookkeeping")
        tokens = simulator.tokens(realm)
        Connection.objects.create(
            firm=firm,
            realm_id=realm,
            company_name="Cedar Bookkeeping",
            status_changed_at=now,
            connected_by=person,
            access_token=tokens["access_token"],
            refresh_token=tokens["refresh_token"],
            access_expires_at=now + timedelta(hours=1),
            refresh_expires_at=now + timedelta(days=100),
            token_version=1,
        )
    return Membership.objects.get(firm=firm)


def leaver() -> Membership:
    """Return the owner of a firm that was synced and has disconnected its company; the first call makes them."""
    firm, is_new = Firm.objects.get_or_create(name="Dogwood Advisory")
    if is_new:
        person = User.objects.create_user("leaver@demo.test", "demo-portal", name="Lea Dogwood")
        Membership.objects.create(user=person, firm=firm, role=Role.OWNER)
        now = timezone.now()
        connection = Connection.objects.create(
            firm=firm,
            realm_id="9341455000000404",
            company_name="Dogwood Advisory",
            status=ConnectionStatus.DISCONNECTED,
            status_changed_at=now,
            connected_by=person,
            set_up_at=now,
        )
        for number, name in enumerate(("Harbor Freight Yard", "Ines Duarte", "Pine Street Diner")):
            account = books.account_create(firm=firm, name=name)
            customer = Customer.objects.create(
                connection=connection, qbo_id=str(number), display_name=name, full_name=name, folded_name=name.lower()
            )
            AccountSync.objects.create(
                connection=connection, account=account, customer=customer, status=Status.SYNCED, changed_at=now
            )
    return Membership.objects.get(firm=firm)


def _account(firm: Firm, status: Status, **sync: Any) -> Account:
    """The account of this status that has most to show."""
    rows = AccountSync.objects.filter(account__firm=firm, account__archived_at=None, status=status, **sync)
    open_invoices = Count("invoices", filter=Q(invoices__voided_at=None), distinct=True)
    found = Account.objects.filter(quickbooks__in=rows).annotate(size=open_invoices + Count("payments", distinct=True))
    return found.order_by("-size", "pk")[0]


def _invitation(firm: Firm) -> Invitation:
    """One that was sent, as the link in its e-mail shows it. The demonstration has invited nobody."""
    return Invitation.objects.get_or_create(firm=firm, email="new.colleague@demo.test")[0]


def _with_app(firm: Firm) -> Membership:
    """A colleague whose sign-in takes a code of an app. In the demonstration nobody's does."""
    user, _ = User.objects.get_or_create(email="lost.phone@demo.test", defaults={"name": "Lena Lost"})
    Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, defaults={"data": {}})
    return Membership.objects.get_or_create(user=user, firm=firm)[0]


def _of(name: str, *objects: Any) -> str:
    return reverse(name, args=[each.pk for each in objects])
