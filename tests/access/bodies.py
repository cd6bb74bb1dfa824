"""What the form of each address sends, by the address's name; ``of`` gives the ids of objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Account
from accounts.services import account_seen
from tests.portal.people import PASSWORD

NEW = "an-entirely-new-phrase"
Body = Callable[[Mapping[str, Any]], dict[str, Any]]


ONCE = "0f8fad5b-d9cb-469f-a165-70867728950e"
"""The key of the form, which counts once."""


def _credentials(of: Mapping[str, Any]) -> dict[str, Any]:
    return {"login": "tessa@example.com", "password": PASSWORD}


def _account(of: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "once": ONCE,
        "name": "Acme Anew",
        "type": "company",
        "tags": [of["tag"]],
        "team": [of["member"]],
        "contacts-TOTAL_FORMS": 1,
        "contacts-INITIAL_FORMS": 0,
        "contacts-0-name": "Pat Doe",
        "contacts-0-email": "pat@example.com",
        "primary": 0,
    }


def _invoice(of: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "once": ONCE,
        "number": "INV-7",
        "date": "2026-03-01",
        "revision": 1,
        "lines-TOTAL_FORMS": 1,
        "lines-INITIAL_FORMS": 0,
        "lines-0-service": of["service"],
        "lines-0-description": "Advice",
        "lines-0-quantity": 1,
        "lines-0-rate": "80.00",
    }


def _payment(of: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "once": ONCE,
        "number": "PAY-7",
        "amount": "40.00",
        "date": "2026-03-01",
        "method": "check",
        "revision": 1,
        f"pay-{of['invoice']}": "40.00",
    }


def _scope(of: Mapping[str, Any]) -> dict[str, Any]:
    return {"scope": "all_accounts", "sync_date": "2026-01-01"}


BODIES: dict[str, Body] = {
    "sign_in": _credentials,
    "account_login": _credentials,
    "account_reset_password": lambda of: {"email": "tessa@example.com"},
    "account_change_password": lambda of: {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW},
    "account_reauthenticate": lambda of: {"password": PASSWORD},
    "mfa_activate_totp": lambda of: {"code": "000000"},
    "profile": lambda of: {"name": "Somebody Anew"},
    "mfa_index": lambda of: {"name": "Somebody Anew"},
    "firm_switch": lambda of: {"membership": of["member"]},
    "invitation": lambda of: {"name": "Ivy Invited", "password": NEW},
    "team_invite": lambda of: {"email": "jo@example.com", "role": "employee"},
    "team_member": lambda of: {"role": "employee", "view_all_accounts": "on"},
    "team_two_factor": lambda of: {"required": "yes"},
    "member_accounts": lambda of: {"account": [of["linked"]]},
    "account_create": _account,
    "account_edit": lambda of: {**_account(of), "seen": account_seen(Account.objects.get(pk=of["account"]))},
    "tag_create": lambda of: {"name": "Quarterly", "color": "teal"},
    "tag_edit": lambda of: {"name": "Monthly bookkeeping", "color": "blue"},
    "account_columns": lambda of: {"column": ["tags", "quickbooks"]},
    "invoice_create": _invoice,
    "invoice_edit": _invoice,
    "payment_create": _payment,
    "payment_edit": _payment,
    "books_import": lambda of: {"kind": "accounts", "file": SimpleUploadedFile("clients.csv", b"Name\nJane Green\n")},
    "quickbooks_sync": lambda of: {"choose": "yes", "customer": of["customer"]},
    "quickbooks_change": lambda of: {"customer": of["customer"]},
    "quickbooks_bulk": lambda of: {"account": [of["account"]], "seen_at": of["seen_at"]},
    "quickbooks_bulk_undo": lambda of: {"at": of["seen_at"]},
    "quickbooks_match_account": lambda of: {"do": "link", "customer": of["customer"]},
    "quickbooks_match_sure": lambda of: {"pair": [f"{of['account']}:{of['customer']}"]},
    "quickbooks_settings_edit": _scope,
    "quickbooks_connect_accounts": _scope,
}
