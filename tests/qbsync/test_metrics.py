"""The metrics: who may read them, and that they tell what a sync did."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from qbsync.models import AccountSync
from tests.qbsync.conftest import Office

pytestmark = pytest.mark.django_db(transaction=True)


def read(client: Client) -> dict[tuple[str, str], float]:
    """The samples by name and value of their only label; none has a label of a firm."""
    answer = client.get("/metrics", headers={"Authorization": "Bearer the-token"})
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    samples = [sample for family in families for sample in family.samples]
    assert {name for sample in samples for name in sample.labels} <= {
        "waits_for", "kind", "status", "queue", "code", "outcome", "of",
    }  # fmt: skip
    return {(sample.name, "".join(sample.labels.values())): sample.value for sample in samples}


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer wrong", "the-token"])
def test_without_the_token_there_are_no_metrics(client: Client, settings: Settings, given: str) -> None:
    settings.METRICS_TOKEN = "the-token"
    assert client.get("/metrics", headers={"Authorization": given}).status_code == 404
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_they_tell_what_a_sync_did(office: Office, client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "the-token"
    acme = office.account("Acme", invoices=3, payments=2)
    office.account("Zed", invoices=1)
    office.connect(Customer=[{"DisplayName": "Acme"}])
    AccountSync.objects.filter(account=acme).update(due_at=timezone.now() - timedelta(seconds=500))
    before = read(client)
    assert before["portal_queue_accounts", "link"] == 2
    assert 500 <= before["portal_queue_age_seconds", "link"] < 560
    assert before["portal_connections", "active"] == 1

    office.simulator.faults(office.realm, {"match": {"endpoint": "query"}, "times": 1, "kind": "expire_token"})
    office.sync()
    after = read(client)
    assert after["portal_queue_accounts", "link"] == 0
    assert after["portal_documents_pushed_total", "invoice"] == 3
    assert after["portal_documents_pushed_total", "payment"] == 2
    assert after["portal_runs_total", ""] == 1
    assert after["portal_parked", "account"] == 1
    assert after["portal_token_refreshes_total", "done"] == before["portal_token_refreshes_total", "done"] + 1
    faults = sum(value for (name, _), value in after.items() if name == "portal_faults_total")
    assert faults == 1 + sum(value for (name, _), value in before.items() if name == "portal_faults_total")
    assert 0 < after["portal_quota_left_min", "requests"] < 500
    assert after["portal_redis_up", ""] == 1

    AccountSync.objects.filter(account=acme).update(
        due_at=timezone.now(), claimed_until=timezone.now() - timedelta(minutes=6)
    )
    assert read(client)["portal_stuck_leases", ""] == 1


def test_without_redis_those_of_the_database_are_told(office: Office, client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "the-token"
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    told = read(client)
    assert told["portal_redis_up", ""] == 0
    assert told["portal_parked", "invoice"] == 0


OPS = Path(__file__).resolve().parents[2] / "docs" / "ops"


def test_alerts_and_board_ask_for_metrics_that_there_are_and_each_alert_has_its_section(
    office: Office, client: Client, settings: Settings
) -> None:
    settings.METRICS_TOKEN = "the-token"
    rules = [rule for group in yaml.safe_load((OPS / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
    board = json.loads((OPS / "grafana.json").read_text())
    asked = [rule["expr"] for rule in rules]
    asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    answer = client.get("/metrics", headers={"Authorization": "Bearer the-token"}).text
    declared = set(re.findall(r"^# TYPE (\w+)", answer, re.MULTILINE))
    named = set(re.findall(r"\bportal_\w+", " ".join(asked)))
    assert len(named) > 10
    assert named <= declared
    sections = re.findall(r"^## (\w+)$", (OPS / "runbook.md").read_text(), re.MULTILINE)
    assert sections == [rule["alert"] for rule in rules]
