"""Injection: what a hostile address, name or form would put into an answer, tried at every address.

That every POST wants its CSRF token is in ``test_access_matrix``.
"""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from itertools import product
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

import pytest
from django.apps import apps
from django.db import Error, models, transaction
from django.db.models.functions import Cast, Concat

from accounts.models import Account, Invoice
from portal import logs
from qbsync.crypto import EncryptedTextField
from qbsync.models import Reconciliation, ReconciliationDifference
from tests.access.world import World
from tests.qbsync.desk import NOON
from tests.test_access_matrix import ASKED, POSTED, Line
from tests.test_access_matrix import made as made
from tests.test_access_matrix import world as world
from tests.test_hostile_posts import NONSENSE

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
MARKUP = "\"><svg onload='x'>{{7*7}}{% now 'Y' %}"
OURS = {
    "status", "reason", "ask", "event", "kind", "time_zone", "currency", "password", "color", "trouble",
    "broken_reason",
}  # fmt: skip
"""Columns of text whose values are our own words."""
PARAMETERS = [
    "account", "all", "archived", "cause", "code", "column", "customer", "done", "error", "from", "id", "invitation",
    "invoice", "key", "next", "no_worker", "page", "q", "quickbooks", "reason", "show", "shown", "sort", "start",
    "state",
    "status", "tab", "tag", "team", "to", "type", "verb",
]  # fmt: skip
"""Names of parameters that addresses take."""
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


def _names(lines: Iterable[Line]) -> list[str]:
    return [line.name for line in lines]


def _assert_guarded(answer: Any, what: str) -> None:
    assert answer.headers["X-Frame-Options"] == "DENY", what
    assert answer.headers["X-Content-Type-Options"] == "nosniff", what
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], what
    assert "unsafe" not in answer.headers["Content-Security-Policy"], what


def _write_into_every_text(value: str) -> int:
    """Put it into every column of text that people or QuickBooks fill, as far as it goes; return into how many."""
    written = 0
    for model in apps.get_models():
        if model._meta.app_label not in ("portal", "accounts", "qbsync"):
            continue
        for field in model._meta.concrete_fields:
            is_text = isinstance(field, models.CharField | models.TextField)
            if (
                not is_text
                or isinstance(field, EncryptedTextField)
                or field.choices
                or field.name in OURS
                or not hasattr(model, "objects")
            ):
                continue
            with suppress(Error), transaction.atomic():  # a constraint that takes no such text
                fits = value[: (field.max_length or 100) - 10]
                each = Concat(models.Value(fits), Cast("pk", models.CharField()))  # as some must differ
                written += bool(model._base_manager.update(**{field.name: each}))
    return written


def _leads_elsewhere(answer: Any) -> bool:
    for header in ("Location", "HX-Redirect", "HX-Location"):
        target = urlsplit(urljoin("http://testserver/", answer.headers.get(header, "")))
        if target.scheme != "http" or target.netloc != "testserver":
            return True
    return False


def test_no_address_leads_to_another_site(world: World, tried: Callable[..., None]) -> None:
    asked, found = 0, []
    for target in ELSEWHERE:
        query = "?" + urlencode({"next": target})
        for line in ASKED:
            if line.name in TAKES_NEXT or (target == ELSEWHERE[0] and _is_ours(line)):
                asked += 1
                if _leads_elsewhere(world.ask("owner", "GET", line.name, line.words.split("?")[0] + " " + query)):
                    found.append(f"GET {line.name} {target!r}")
        for role, name in (("nobody", "sign_in"), ("owner", "account_reauthenticate"), ("assigned", "firm_switch")):
            with transaction.atomic():
                asked += 1
                body = {**world.body(name), "next": target}
                if _leads_elsewhere(world.ask(role, "POST", name, "", body=body)):
                    found.append(f"POST {name} {target!r}")
                transaction.set_rollback(True)
    tried(addresses=_names(ASKED), redirects=asked, sites_elsewhere=ELSEWHERE)
    assert not found
    assert asked > len(POSTED)


def test_every_answer_may_be_shown_in_no_frame_and_is_what_it_says(world: World, tried: Callable[..., None]) -> None:
    answers = 0
    for line in filter(_is_ours, [*ASKED, *POSTED]):
        with transaction.atomic():
            answer = world.ask("owner", "POST" if line.get == "nobody" else "GET", line.name, line.words)
            transaction.set_rollback(True)
        answers += 1
        _assert_guarded(answer, line.name)
    tried(answers_with_their_headers=answers)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/nowhere/", 404),
        ("/clients/accounts/0/info/", 404),
        ("/settings/team/", 403),
        ("/%00", 404),
        ("/sign-out/", 405),
    ],
)
def test_an_error_page_bears_the_same_headers(world: World, address: str, status: int) -> None:
    answer = world.request("assigned", "GET", address)
    assert answer.status_code == status
    _assert_guarded(answer, address)


def test_a_request_for_another_host_is_refused_and_never_put_into_a_page(world: World) -> None:
    for host in ("elsewhere.example", "testserver@elsewhere.example", "testserver\r\nX-Y: z", "<svg onload=1>"):
        answer = world.browser.get("/password/forgotten/", headers={"host": host})
        assert answer.status_code in (400, 404), host
        assert "elsewhere" not in answer.content.decode()


def test_no_text_of_anybody_is_taken_for_markup(world: World, tried: Callable[..., None]) -> None:
    with transaction.atomic():
        columns = _write_into_every_text(MARKUP)
        pages = 0
        for line in filter(_is_ours, ASKED):
            answer = world.ask("owner", "GET", line.name, line.words)
            assert answer.status_code < 500, line.name
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                pages += 1
                text = b"".join(answer).decode() if answer.streaming else answer.content.decode()
                assert "<svg onload" not in text and "{{49" not in text and "x'>49" not in text, line.name
        transaction.set_rollback(True)
    tried(columns_with_markup=columns, pages_with_it=pages)
    assert columns > 25 and pages > 80


@pytest.mark.parametrize("value", NONSENSE, ids=[repr(value)[:20] for value in NONSENSE])
def test_no_parameter_of_an_address_is_an_error_of_the_server(
    world: World, tried: Callable[..., None], value: str
) -> None:
    query = urlencode(dict.fromkeys(PARAMETERS, value))
    asked = 0
    for line in filter(_is_ours, ASKED):
        with transaction.atomic():
            answer = world.request("owner", "GET", f"{world.address(line.name, line.words).split('?')[0]}?{query}")
            transaction.set_rollback(True)
        asked += 1
        assert answer.status_code < 500, line.name
    tried(parameters=PARAMETERS, values_in_them=[value], addresses_with_them=asked)


def test_no_request_writes_a_line_of_its_own_into_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    forged = "2026-01-01 00:00:00,000 ERROR portal forged"
    caplog.set_level(logging.DEBUG)
    for separator in ("\n", "\r\n", "\x85", "\u2028"):
        world.request(
            "owner", "GET", "/nowhere" + quote(f"{separator}{forged}") + "/?" + urlencode({"q": separator + forged})
        )
        world.browser.get(
            "/sign-in/", headers={"User-Agent": f"x{separator}{forged}", "X-Request-ID": f"x{separator}{forged}"}
        )
        world.request("nobody", "POST", "/sign-in/", {"login": f"a@b.test{separator}{forged}", "password": "x"})
    formatters = [logs.LineFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"), logs.JsonFormatter()]
    assert any("forged" in record.getMessage() + str(logs.fields_of(record)) for record in caplog.records)
    for record, formatter in product(caplog.records, formatters):
        logs.AddFields().filter(record)
        assert not [line for line in formatter.format(record).splitlines() if line.startswith(forged)]


def test_every_export_is_known() -> None:
    exports = {line.name for line in ASKED if line.name.endswith("_export")}
    assert exports == set(EXPORTS)


@pytest.mark.parametrize("name", EXPORTS)
def test_no_cell_of_an_export_is_a_formula(world: World, tried: Callable[..., None], name: str) -> None:
    with transaction.atomic():
        account = _compared(world)
        for formula in FORMULAS:
            Account.objects.filter(pk=account.pk).update(name=formula, code=formula)
            ReconciliationDifference.objects.update(number=formula)
            cells = [cell for row in _rows(world, name) for cell in row]
            assert f"'{formula}" in cells, formula
            assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r")) or cell == formula]
        transaction.set_rollback(True)
    tried(formulas=FORMULAS)


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
