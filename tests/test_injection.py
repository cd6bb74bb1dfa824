"""What a hostile address, name or form would put into an answer, tried at every address; each test prints how often.

That every POST wants its CSRF token is in ``test_access_matrix``.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from django.db import transaction

from accounts.models import Account, Invoice
from qbsync.models import Reconciliation, ReconciliationDifference
from tests.access.world import World
from tests.qbsync.desk import NOON
from tests.test_access_matrix import ASKED, POSTED, Line
from tests.test_access_matrix import made as made
from tests.test_access_matrix import world as world

ELSEWHERE = [
    "https://elsewhere.example/",
    "//elsewhere.example/",
    "///elsewhere.example/",
    "/\\elsewhere.example/",
    "\\\\elsewhere.example/",
    "https:elsewhere.example",
    "http://testserver@elsewhere.example/",
    "http://testserver.elsewhere.example/",
    "javascript:alert(1)",
    "\thttps://elsewhere.example/",
    "/\r\nLocation: https://elsewhere.example/",
]
"""Addresses that a link could carry as the page to go on to."""
FORMULAS = ["=1+1", "+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1"]
TAKES_NEXT = {"sign_in", "account_login", "account_reauthenticate"}
"""Pages that go on to one that their address names: tried with each of ELSEWHERE, all others with one."""
CODES = ['a"; x="y', "a\r\nX-Y: z", "a\nSet-C: d", "a\\..\\b", "../../etc", "ä;*=utf-8"]
"""IDs of an account, which a file's name holds; 12 characters at most."""
EXPORTS = [
    "account_export",
    "quickbooks_reconciliation_export",
    "quickbooks_account_reconciliation_export",
]


def _is_ours(line: Line) -> bool:
    """Whether people see it in a browser; of the pages of Django's admin site, many and alike, one stands for all."""
    return line.name not in ("healthz", "readyz") and (not line.name.startswith("admin:") or line.name == "admin:index")


def _leads_elsewhere(answer: Any) -> bool:
    for header in ("Location", "HX-Redirect", "HX-Location"):
        target = urlsplit(urljoin("http://testserver/", answer.headers.get(header, "")))
        if target.scheme != "http" or target.netloc != "testserver":
            return True
    return False


def test_no_address_leads_to_another_site(world: World) -> None:
    tried, found = 0, []
    for target in ELSEWHERE:
        query = "?" + urlencode({"next": target})
        for line in ASKED:
            if line.name in TAKES_NEXT or (target == ELSEWHERE[0] and _is_ours(line)):
                tried += 1
                if _leads_elsewhere(world.ask("owner", "GET", line.name, line.words.split("?")[0] + " " + query)):
                    found.append(f"GET {line.name} {target!r}")
        for role, name in (("nobody", "sign_in"), ("owner", "account_reauthenticate"), ("assigned", "firm_switch")):
            with transaction.atomic():
                tried += 1
                body = {**world.body(name), "next": target}
                if _leads_elsewhere(world.ask(role, "POST", name, "", body=body)):
                    found.append(f"POST {name} {target!r}")
                transaction.set_rollback(True)
    print(f"{tried} redirects tried, {len(ELSEWHERE)} ways of writing another site")  # noqa: T201
    assert not found
    assert tried > len(POSTED)


def test_every_answer_may_be_shown_in_no_frame_and_is_what_it_says(world: World) -> None:
    tried = 0
    for line in filter(_is_ours, [*ASKED, *POSTED]):
        with transaction.atomic():
            answer = world.ask("owner", "POST" if line.get == "nobody" else "GET", line.name, line.words)
            transaction.set_rollback(True)
        tried += 1
        assert answer.headers["X-Frame-Options"] == "DENY", line.name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", line.name
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], line.name
        assert "unsafe" not in answer.headers["Content-Security-Policy"], line.name
    print(f"{tried} answers looked at")  # noqa: T201


def test_every_export_is_known() -> None:
    exports = {line.name for line in ASKED if line.name.endswith("_export")}
    assert exports == set(EXPORTS)


@pytest.mark.parametrize("name", EXPORTS)
def test_no_cell_of_an_export_is_a_formula(world: World, name: str) -> None:
    with transaction.atomic():
        account = _compared(world)
        for formula in FORMULAS:
            Account.objects.filter(pk=account.pk).update(name=formula, code=formula)
            ReconciliationDifference.objects.update(number=formula)
            cells = [cell for row in _rows(world, name) for cell in row]
            assert f"'{formula}" in cells, formula
            assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r")) or cell == formula]
        transaction.set_rollback(True)
    print(f"{len(FORMULAS)} formulas tried")  # noqa: T201


@pytest.mark.parametrize("code", CODES)
def test_no_name_adds_a_header_to_a_download_or_leaves_its_quotation_marks(world: World, code: str) -> None:
    with transaction.atomic():
        account = _compared(world)
        Account.objects.filter(pk=account.pk).update(code=code)
        for name in EXPORTS:
            answer = world.ask("owner", "GET", name, "linked" if "account_rec" in name else "")
            assert answer.status_code == 200, name
            disposition = answer.headers["Content-Disposition"]
            kind, _, file = disposition.partition("; filename")
            assert kind == "attachment"
            assert not set(file.removeprefix("*=utf-8''").strip('="')) & set('"\r\n;/\\'), disposition
        transaction.set_rollback(True)


def _compared(world: World) -> Account:
    """The linked account, with a difference that comparing the firm found, and comparing itself."""
    account = Account.objects.get(pk=world.objects["linked"])
    invoice = Invoice.objects.get(pk=world.objects["invoice"])
    for of in (None, account):
        found = Reconciliation.objects.create(
            connection=world.desk.connection, account=of, asked_at=NOON, ended_at=NOON
        )
        found.differences.create(
            account=account, verdict="amount", kind="invoice", invoice=invoice, day=invoice.date, qbo_id="77",
            here_amount=Decimal(100), here_open=Decimal(100), there_amount=Decimal(50), there_open=Decimal(50),
        )  # fmt: skip
    return account


def _rows(world: World, name: str) -> list[list[str]]:
    answer = world.ask("owner", "GET", name, "linked" if "account_rec" in name else "")
    assert answer.status_code == 200
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content, newline="")))
