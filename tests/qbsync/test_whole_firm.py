"""What is done to a firm as a whole: all of it is exported, all of it is erased, and nothing of another firm."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from accounts import services as books
from portal.models import Firm, Invitation, Membership, Role, User
from portal.ownership import APPS, GLOBAL, rows_of, ways_to_firm
from qbsync.gateway import oauth
from qbsync.gateway.faults import Fault, FaultKind
from qbsync.models import (
    Connection,
)
from tests.qbsync.desk import Desk, make_desk
from tests.qbsync.full import fill
from tests.simulated import Simulator

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)
FORMULA = '=HYPERLINK("https://evil.example";"VIP")'


@pytest.fixture
def full(desk: Desk) -> Desk:
    """Olivia's firm with a row at least in every table; Nadia's firm beside it, with books of its own."""
    fill(desk, tag=FORMULA)
    books.account_create(firm=desk.nadia.firm, name="Elsewhere")
    return desk


def counted(firm: Firm) -> Counter[str]:
    """How many rows of the firm each table has."""
    return Counter({model._meta.label: rows_of(firm, model).count() for model in ways_to_firm()})


def test_every_table_leads_to_a_firm_or_says_why_not() -> None:
    ours = {model._meta.label for model in apps.get_models(include_auto_created=True) if model._meta.app_label in APPS}
    owned = {model._meta.label for model in ways_to_firm()}
    assert owned.isdisjoint(GLOBAL)
    assert owned | set(GLOBAL) == ours, "say in portal.ownership why its rows are of no firm"


def test_erasing_leaves_nothing_of_the_firm_and_all_of_the_other(full: Desk) -> None:
    assert not [label for label, count in counted(full.firm).items() if not count], "this test fills every table"
    elsewhere = counted(full.nadia.firm)
    Membership.objects.create(user=full.adam.user, firm=full.nadia.firm, role=Role.EMPLOYEE)
    key, everything = full.firm.pk, counted(full.firm)

    call_command("erase_firm", key, name="Hartwell & Moss")

    assert not +counted(Firm(pk=key))
    assert sum(everything.values()) > len(everything) - 1
    assert counted(full.nadia.firm) == elsewhere + Counter({"portal.Membership": 1})
    left = set(User.objects.values_list("email", flat=True))
    assert left == {full.adam.user.email, full.nadia.user.email}, "Adam works for the other firm too"


@pytest.mark.parametrize("typed", ["", "hartwell & moss", "Hartwell & Moss "])
def test_erasing_wants_the_name_to_the_letter(full: Desk, typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = counted(full.firm)
    monkeypatch.setattr("builtins.input", lambda _: typed)
    with pytest.raises(CommandError, match="Nothing was erased"):
        call_command("erase_firm", full.firm.pk)
    assert counted(full.firm) == before


@pytest.mark.django_db(transaction=True)
def test_erasing_ends_the_grant_at_intuit_first(simulator: Simulator) -> None:
    desk = make_desk()
    desk.join(simulator, "Acme")
    token = Connection.objects.get(pk=desk.connection.pk).refresh_token
    call_command("erase_firm", desk.firm.pk, name=desk.firm.name)
    with pytest.raises(Fault) as refused:
        oauth.refresh(token)
    assert refused.value.kind == FaultKind.GRANT_REVOKED


@pytest.mark.django_db(transaction=True)
def test_the_export_has_every_row_of_the_firm_and_none_of_another(full: Desk, tmp_path: Path) -> None:
    file = tmp_path / "firm.zip"
    call_command("export_firm", full.firm.pk, to=file)
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        tables = {name.removesuffix(".csv"): _table(archive, name) for name in archive.namelist() if ".csv" in name}
    assert manifest["firm"] == "Hartwell & Moss"
    assert {name: len(rows) for name, rows in tables.items()} == manifest["rows"]
    assert manifest["rows"] == {**counted(full.firm), "portal.User": 3}
    assert {row["email"] for row in tables["portal.User"]} == {
        one.user.email for one in (full.olivia, full.adam, full.erin)
    }
    assert [row["name"] for row in tables["accounts.Tag"]] == [f"'{FORMULA}"], "no spreadsheet takes it for a formula"


@pytest.mark.django_db(transaction=True)
def test_no_secret_leaves_with_the_export(full: Desk, tmp_path: Path) -> None:
    Connection.objects.filter(pk=full.connection.pk).update(access_token="acc-token", refresh_token="ref-token")
    file = tmp_path / "firm.zip"
    call_command("export_firm", full.firm.pk, to=file)
    with zipfile.ZipFile(file) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    for secret in ("acc-token", "ref-token", full.olivia.user.password, str(Invitation.objects.get().key)):
        assert secret not in everything


def test_an_export_does_not_write_over_a_file(full: Desk, tmp_path: Path) -> None:
    (tmp_path / "firm.zip").write_text("precious")
    with pytest.raises(CommandError, match="is there already"):
        call_command("export_firm", full.firm.pk, to=tmp_path / "firm.zip")
    assert (tmp_path / "firm.zip").read_text() == "precious"


@pytest.mark.parametrize(
    "command", [lambda: call_command("erase_firm", 0), lambda: call_command("export_firm", 0, to="x.zip")]
)
def test_a_firm_that_is_not_there_is_named(command: Callable[[], None]) -> None:
    with pytest.raises(CommandError, match="There is no firm 0"):
        command()


def _table(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"), newline="")))
