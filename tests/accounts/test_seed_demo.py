"""The ``seed_demo`` command against a real simulator: what it makes, and that running it again changes nothing."""

import io
from dataclasses import replace
from uuid import uuid4

import pytest
import redis
import requests
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import Account, Invoice, Payment
from accounts.services import account_update
from portal.models import Firm, Membership, Role, User
from qbsync.demo import people
from qbsync.management.commands import seed_demo
from qbsync.models import AccountSync, Connection
from tests.simulated import Simulator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def fresh_companies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Companies of each test's own, because the simulator keeps them for as long as the tests run."""
    for name in ("HARTWELL", "BIRCH"):
        demo = getattr(people, name)
        monkeypatch.setattr(seed_demo, name, replace(demo, realm_id=str(uuid4().int)[:16]))


def seed(*options: str) -> str:
    """Run the command and return what it printed."""
    out = io.StringIO()
    call_command("seed_demo", *options, stdout=out)
    return out.getvalue()


def test_the_seed_makes_two_firms_with_sign_ins_books_and_companies(simulator: Simulator, broker: redis.Redis) -> None:
    said = seed("--simulator-url", simulator.url)
    assert "Hartwell & Lane CPAs: 300 accounts, 900 invoices, 700 payments." in said
    assert "Hartwell & Lane CPAs: connected; its first sync begins." in said
    assert "Birch Street Tax: 60 accounts, 180 invoices, 140 payments." in said
    for email in ("owner@demo.test", "admin@demo.test", "employee@demo.test", "newcomer@demo.test"):
        assert User.objects.get(email=email).check_password("demo-portal")
    employee = Membership.objects.get(user__email="employee@demo.test")
    assert employee.role == Role.EMPLOYEE
    assert 40 <= Account.objects.visible_to(employee).count() <= 45

    connection = Connection.objects.get()
    assert connection.firm.name == "Hartwell & Lane CPAs"
    assert connection.is_ready
    assert {row["status"] for row in AccountSync.objects.values("status")} == {"syncing", "skipped"}
    assert AccountSync.objects.filter(status="skipped").count() == 4
    assert simulator.stats(connection.realm_id)["entities"]["Customer"] > 300
    assert any(
        customer["DisplayName"].endswith("(deleted)")
        for customer in simulator.entities(connection.realm_id, "Customer")
    )


def test_run_again_it_doubles_nothing_and_keeps_what_people_changed(simulator: Simulator, broker: redis.Redis) -> None:
    seed("--simulator-url", simulator.url, "--accounts", "60")
    account = Account.objects.get(name="Smith & Sons")
    account_update(account=account, name="Smith & Daughters", type="company", tags=[], team=[])
    olivia = User.objects.get(email="owner@demo.test")
    olivia.set_password("her own by now")
    olivia.save()
    before = [model.objects.count() for model in (Firm, User, Account, Invoice, Payment, Connection)]
    customers = simulator.stats(Connection.objects.get().realm_id)["entities"]["Customer"]

    assert "was connected before" in seed("--simulator-url", simulator.url, "--accounts", "60")

    assert [model.objects.count() for model in (Firm, User, Account, Invoice, Payment, Connection)] == before
    assert simulator.stats(Connection.objects.get().realm_id)["entities"]["Customer"] == customers
    account.refresh_from_db()
    olivia.refresh_from_db()
    assert (account.name, olivia.check_password("her own by now")) == ("Smith & Daughters", True)


def test_without_connecting_both_firms_are_left_unconnected(simulator: Simulator) -> None:
    assert "connected" not in seed("--simulator-url", simulator.url, "--accounts", "60", "--skip-connect")
    assert not Connection.objects.exists()


def test_without_a_simulator_the_sign_ins_and_books_are_there_and_the_next_run_goes_on(
    simulator: Simulator, broker: redis.Redis
) -> None:
    with pytest.raises(CommandError, match=r"The QuickBooks simulator at http://127\.0\.0\.1:1 does not answer\."):
        seed("--simulator-url", "http://127.0.0.1:1", "--accounts", "60")
    assert User.objects.filter(email="newcomer@demo.test").exists()
    assert {firm.accounts.count() for firm in Firm.objects.all()} == {60}
    assert "connected; its first sync begins" in seed("--simulator-url", simulator.url, "--accounts", "60")


def test_a_simulator_that_refuses_is_quoted(simulator: Simulator) -> None:
    assert requests.get(f"{simulator.url}/_sim/health", timeout=5).ok
    with pytest.raises(CommandError, match="The QuickBooks simulator refused: 404"):
        seed("--simulator-url", f"{simulator.url}/nowhere", "--accounts", "60")


@pytest.mark.parametrize("environment", ["sandbox", "production"])
def test_beside_intuits_environments_there_is_no_demonstration(settings: Settings, environment: str) -> None:
    settings.QBO_ENVIRONMENT = environment
    with pytest.raises(CommandError, match=f"QBO_ENVIRONMENT is {environment}"):
        seed()
    assert not User.objects.exists()


@pytest.mark.parametrize("count", ["0", "49", "100001"])
def test_a_size_out_of_bounds_is_refused(count: str) -> None:
    with pytest.raises(CommandError, match="--accounts must be from 50 to 100,000"):
        seed("--accounts", count)
