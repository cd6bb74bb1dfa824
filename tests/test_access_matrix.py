"""Who gets what: every address of the project, asked by every kind of person, by GET and by POST.

A new address needs a line in ``TABLE``, and in ``tests/access/bodies.py`` what its form sends. Each outcome is measured
by a request through Django's client with CSRF checks; after a POST that was refused nothing may have changed.

``managers/409`` are the managers as ``WHO`` has them, except that elsewhere gets a 409: the objects are not theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.access.addresses import url_names
from tests.access.world import ROLES, World, fingerprint, make_world, outcome
from tests.simulated import Simulator

WHO = """
                  anonymous  unassigned  assigned  views all  admin    owner    elsewhere

anybody           ok         ok          ok        ok         ok       ok       ok
members           sign-in    ok          ok        ok         ok       ok       ok
managers          sign-in    403         403       403        ok       ok       ok
owners            sign-in    403         403       403        403      ok       ok

who see it        sign-in    404         ok        ok         ok       ok       404
who manage it     sign-in    403         403       403        ok       ok       404
tessa             sign-in    404         ok        404        404      404      404
who has one       sign-in    404         404       404        404      404      404
staff             sign-in    sign-in     sign-in   sign-in    sign-in  sign-in  sign-in
to be staff       sign-in    403         403       403        403      403      403
nobody            405        405         405       405        405      405      405
"""

TABLE = """
name                          in the address                          GET             POST

home                          -                                       members         nobody
sign_in                       -                                       anybody         anybody
account_login                 -                                       anybody         anybody
mfa_authenticate              -                                       anybody         anybody
account_inactive              -                                       anybody         nobody
account_reset_password        -                                       anybody         anybody
account_reset_password_done   -                                       anybody         nobody
password_reset_link           ?key=1-abc                              anybody         nobody
account_reset_password_from_key  1 set-password                       anybody         anybody
invitation                    ?invitation={token}                     anybody         anybody
sign_out                      -                                       nobody          anybody

profile                       -                                       members         members
mfa_index                     -                                       members         members
usersessions_list             -                                       members         members
account_change_password       -                                       members         members
account_reauthenticate        -                                       members         members
mfa_reauthenticate            -                                       members         members
mfa_activate_totp             -                                       members         members
mfa_deactivate_totp           -                                       who has one     who has one
mfa_view_recovery_codes       -                                       who has one     nobody
mfa_generate_recovery_codes   -                                       members         members
mfa_download_recovery_codes   -                                       who has one     nobody
firm_switch                   -                                       nobody          tessa

team                          -                                       managers        nobody
team_history                  -                                       managers        nobody
team_two_factor               -                                       nobody          owners
team_invite                   -                                       managers        managers
team_resend                   invited                                 nobody          managers
team_revoke                   invited                                 nobody          managers
team_member                   member                                  who manage it   who manage it
team_remove                   member                                  who manage it   who manage it
team_reset_two_factor         with-app                                who manage it   who manage it
member_accounts               member                                  who manage it   who manage it

quickbooks_webhooks           -                                       nobody          401
healthz                       -                                       anybody         nobody
readyz                        -                                       503             nobody
metrics                       -                                       404             nobody
admin:login                   -                                       to be staff     to be staff
admin:logout                  -                                       anybody         anybody
admin:qbsync_connection_press  1 wake                                 staff           staff
admin:*                       -                                       staff           staff

account_list                  -                                       members         nobody
account_columns               -                                       nobody          members
account_export                -                                       members         nobody
account_create                -                                       managers        managers/422
account_info                  account                                 who see it      nobody
account_edit                  account                                 who manage it   who manage it
account_archive               account                                 nobody          who manage it
account_restore               archived                                nobody          who manage it
account_activity              account                                 who see it      nobody

tag_list                      -                                       managers        nobody
tag_create                    -                                       managers        managers
tag_edit                      tag                                     who manage it   who manage it
tag_delete                    tag                                     who manage it   who manage it

account_invoices              linked                                  who see it      nobody
invoice_create                linked                                  who manage it   who manage it
invoice_info                  linked invoice                          who see it      nobody
invoice_edit                  linked invoice                          who manage it   who manage it
invoice_void                  linked invoice                          who manage it   who manage it
invoice_delete                linked invoice                          who manage it   who manage it
invoice_list                  -                                       members         nobody
account_payments              linked                                  who see it      nobody
payment_create                linked                                  who manage it   who manage it
payment_info                  linked payment                          who see it      nobody
payment_edit                  linked payment                          who manage it   who manage it
payment_void                  linked payment                          who manage it   who manage it
payment_delete                linked payment                          who manage it   who manage it
payment_list                  -                                       members         nobody

books_import                  -                                       managers        managers
books_import_template         accounts                                managers        nobody
books_import_report           import                                  managers        managers

quickbooks_cells              -                                       members         nobody
quickbooks_panel              account                                 who see it      nobody
quickbooks_dialog             account                                 who manage it   nobody
quickbooks_numbers            account                                 who manage it   nobody
quickbooks_sync               account                                 nobody          who manage it
quickbooks_create             account                                 who manage it   who manage it
quickbooks_unsync             account                                 who manage it   who manage it
quickbooks_change             linked                                  who manage it   who manage it
quickbooks_elsewhere          linked                                  who manage it   who manage it
quickbooks_undo               account                                 who manage it   who manage it
quickbooks_bulk               sync ?account={account}                 managers/409    managers/409
quickbooks_bulk_undo          -                                       nobody          managers/409

quickbooks_invoice_cell       invoice                                 who manage it   nobody
quickbooks_invoice_sync       invoice                                 nobody          who manage it
quickbooks_invoice_skip       invoice                                 nobody          who manage it
quickbooks_invoice_remedy     invoice accept                          nobody          who manage it
quickbooks_payment_remedy     payment accept                          nobody          who manage it
quickbooks_payment_cell       payment                                 who manage it   nobody
quickbooks_payment_sync       payment                                 nobody          who manage it
quickbooks_payment_skip       payment                                 nobody          who manage it

quickbooks_settings           -                                       managers        nobody
quickbooks_settings_edit      -                                       managers        managers
quickbooks_progress           -                                       managers        nobody
quickbooks_links_validate     -                                       managers        managers
quickbooks_runs               -                                       managers        nobody
quickbooks_usage              -                                       managers        nobody
quickbooks_try_again          -                                       nobody          managers
quickbooks_digest             -                                       managers        managers
quickbooks_digest_stop        stop                                    anybody         anybody
quickbooks_reconciliation     -                                       managers        managers
quickbooks_reconciliation_export  -                                   managers        nobody
quickbooks_account_reconciliation  account                            who see it      who manage it
quickbooks_account_reconciliation_export  account                     who see it      nobody
quickbooks_errors             -                                       managers        nobody
quickbooks_errors_retry       ?tab=invoices&cause=refused-6210        who manage it   who manage it
quickbooks_error_retry        invoices invoice                        nobody          who manage it
quickbooks_error_accept       invoices invoice                        nobody          who manage it
quickbooks_error_skip         invoices invoice                        nobody          who manage it
quickbooks_connect            -                                       owners          nobody
quickbooks_connect_accounts   -                                       owners          owners
quickbooks_callback           -                                       owners          nobody
quickbooks_setup              -                                       owners          owners
quickbooks_reconnect          -                                       nobody          owners
quickbooks_disconnect         -                                       owners          owners
quickbooks_another_company    -                                       owners          owners
quickbooks_match_queue        -                                       managers        nobody
quickbooks_match_account      account                                 who manage it   who manage it
quickbooks_match_sure         -                                       managers        managers
matching_help                 -                                       members         nobody
"""


@dataclass(frozen=True)
class Line:
    """What the table says of one address, or of all whose names a pattern fits."""

    name: str
    words: str
    get: str
    post: str

    def expected(self, method: str) -> dict[str, str]:
        """What each kind of person gets."""
        who, _, elsewhere = (self.get if method == "GET" else self.post).partition("/")
        expected = AUDIENCES.get(who) or dict.fromkeys(ROLES, who)
        return {**expected, "elsewhere": elsewhere} if elsewhere else expected


def _rows(table: str) -> list[list[str]]:
    lines = [line for line in table.strip().splitlines()[1:] if line]
    return [re.split(r"\s{2,}", line.strip()) for line in lines]


AUDIENCES = {who: dict(zip(ROLES, outcomes, strict=True)) for who, *outcomes in _rows(WHO)}
LINES = [Line(name, "" if words == "-" else words, get, post) for name, words, get, post in _rows(TABLE)]


def _line_of(name: str) -> Line | None:
    return next((line for line in LINES if fnmatch(name, line.name)), None)


ASKED = [Line(name, line.words, line.get, line.post) for name in url_names() if (line := _line_of(name))]
# A mail program posts there by itself; the signed address is what permits it.
BY_SIGNATURE = ["quickbooks_digest_stop", "quickbooks_webhooks"]
POSTED = [
    line
    for line in ASKED
    if line.post != "nobody" and not line.name.startswith("admin:") and line.name not in BY_SIGNATURE
]


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """The world, made once for all lines and gone after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture
def world(made: World, db: None, simulator: Simulator) -> World:
    """The world as it was made, whatever other tests have done to it."""
    return made


def test_every_address_has_a_line() -> None:
    missing = [name for name in url_names() if _line_of(name) is None]
    assert not missing, (
        f"No line says who gets {', '.join(missing)}. Add one to TABLE in tests/test_access_matrix.py, and what its "
        "form sends, if it takes a POST, to BODIES in tests/access/bodies.py."
    )


def test_every_line_is_about_an_address() -> None:
    names = url_names()
    idle = [line.name for line in LINES if not any(fnmatch(name, line.name) for name in names)]
    assert not idle, (
        f"No address is named {', '.join(idle)}. Take the line out of TABLE in tests/test_access_matrix.py."
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("line", ASKED, ids=lambda line: line.name)
def test_each_person_gets_what_the_table_says(world: World, line: Line, method: str) -> None:
    before = fingerprint()
    got = {}
    for role in ROLES:
        with transaction.atomic():
            got[role] = outcome(world.ask(role, method, line.name, line.words))
            if method == "POST" and got[role] != "ok":
                assert fingerprint() == before, f"{role} was refused, and yet something changed"
            transaction.set_rollback(True)
    wanted = line.expected(method)
    wrong = [f"{role} got {got[role]} instead of {wanted[role]}" for role in ROLES if got[role] != wanted[role]]
    assert not wrong, f"{method} {line.name}: {'; '.join(wrong)}"


@pytest.mark.parametrize("line", POSTED, ids=lambda line: line.name)
def test_a_post_without_a_csrf_token_is_refused(world: World, line: Line) -> None:
    before = fingerprint()
    assert outcome(world.ask("owner", "POST", line.name, line.words, csrf=False)) == "403"
    assert fingerprint() == before
