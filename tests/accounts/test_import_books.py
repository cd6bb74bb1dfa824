"""The ``import_books`` command: three files as one, dry runs, and every bad row on the terminal."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account, Invoice, Payment
from portal.models import Firm
from tests.accounts.ledgers import Ledger

FILES = {
    "accounts": "ID,Name\nC1,Carla Cruz\n",
    "invoices": "Number,Account ID,Date,Description,Rate\nX-1,C1,2026-01-05,Work,100\n",
    "payments": "Number,Account ID,Date,Amount,Invoice\nP-1,C1,2026-01-06,100,X-1\n",
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """The options that name a file of each kind."""
    for kind, content in FILES.items():
        (tmp_path / f"{kind}.csv").write_text(content)
    return {kind: str(tmp_path / f"{kind}.csv") for kind in FILES}


def run(firm: str, files: dict[str, str], **options: bool) -> tuple[str, str]:
    """Run the command; return what it said, and what it complained of."""
    out, complaints = io.StringIO(), io.StringIO()
    paths = {kind: Path(path) for kind, path in files.items()}
    try:
        call_command("import_books", firm=firm, stdout=out, stderr=complaints, **paths, **options)
    except CommandError as error:
        complaints.write(str(error))
    return out.getvalue(), complaints.getvalue()


def counts() -> tuple[int, int, int]:
    """How many accounts, invoices and payments there are."""
    return Account.objects.count(), Invoice.objects.count(), Payment.objects.count()


def test_later_files_build_on_earlier_ones(ledger: Ledger, files: dict[str, str]) -> None:
    said, complaints = run("Maple & Rowe", files)
    assert complaints == ""
    assert "accounts.csv: accounts: 1 added, 0 changed, 0 as before." in said
    assert counts() == (2, 1, 1)
    assert Account.objects.get(code="C1").balance_due == 0


def test_a_dry_run_says_what_would_happen_and_changes_nothing(ledger: Ledger, files: dict[str, str]) -> None:
    said, complaints = run(str(ledger.firm.pk), files, dry_run=True)
    assert complaints == ""
    assert "payments.csv: payments: 1 to add, 0 to change, 0 as before." in said
    assert "This was a dry run. Nothing was changed." in said
    assert counts() == (1, 0, 0)


def test_bad_rows_are_named_and_none_of_the_files_is_imported(ledger: Ledger, files: dict[str, str]) -> None:
    Path(files["invoices"]).write_text(FILES["invoices"] + "X-2,C1,yesterday,Work,1\nX-3,C9,2026-01-05,Work,1\n")
    _, complaints = run("Maple & Rowe", files)
    assert "invoices.csv, line 3, Date: “yesterday” is not a date such as 2026-01-31 or 1/31/2026." in complaints
    assert "invoices.csv, line 4, Account ID: There is no account with the ID “C9”." in complaints
    assert "payments.csv: not looked at, as it may build on the file before it." in complaints
    assert complaints.endswith("2 errors. Nothing was imported.")
    assert counts() == (1, 0, 0)


def test_a_repeated_import_leaves_everything_as_it_was(ledger: Ledger, files: dict[str, str]) -> None:
    run("Maple & Rowe", files)
    said, _ = run("Maple & Rowe", files)
    assert said.count("0 added, 0 changed, 1 as before") == 3


def test_an_unknown_firm_a_missing_file_and_no_file_are_said(ledger: Ledger, files: dict[str, str]) -> None:
    assert "There is no firm “Nobody”. Known are:" in run("Nobody", files)[1]
    assert "nowhere.csv cannot be read: No such file or directory." in run(
        "Maple & Rowe", {"accounts": "/tmp/nowhere.csv"}
    )[1]  # fmt: skip
    assert "Name at least one file" in run("Maple & Rowe", {})[1]


def test_two_firms_of_one_name_are_told_apart_by_number(ledger: Ledger, files: dict[str, str]) -> None:
    twin = Firm.objects.create(name="Maple & Rowe")
    assert f"Give one's number instead: {ledger.firm.pk}, {twin.pk}." in run("Maple & Rowe", files)[1]
    assert run(str(twin.pk), files)[1] == ""
