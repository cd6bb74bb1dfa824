"""The settings, each time read by a new process with variables of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INTUIT = {
    "QBO_ENVIRONMENT": "production",
    "QBO_CLIENT_ID": "id",
    "QBO_CLIENT_SECRET": "secret",
    "QBO_REDIRECT_URI": "https://portal.example.com/settings/integrations/quickbooks/callback",
    "QBO_WEBHOOK_VERIFIER_TOKEN": "token",
    "SECRET_KEY": "x" * 60,
    "TOKEN_ENCRYPTION_KEYS": "bG9jYWwtb25seS1rZXktZm9yLXRoZS1zaW11bGF0b3I=",
    "ALLOWED_HOSTS": "portal.example.com",
}


def read(expression: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Print an expression of the settings, read with these variables and none of ours."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("QBO_", "SECRET_", "TOKEN_"))}
    program = f"from portal import settings; print({expression})"
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={**clean, **variables}, capture_output=True, text=True
    )


def test_the_simulator_needs_no_variable() -> None:
    assert read("settings.IS_LOCAL, settings.SESSION_COOKIE_SECURE").stdout == "True False\n"


def test_intuits_production_is_strict_about_https() -> None:
    values = "settings.SESSION_COOKIE_SECURE, settings.SECURE_SSL_REDIRECT, settings.QBO_API_BASE_URL"
    assert read(values, **INTUIT).stdout == "True True https://quickbooks.api.intuit.com\n"


@pytest.mark.parametrize("missing", [name for name in INTUIT if name != "QBO_ENVIRONMENT"])
def test_a_missing_variable_is_named_at_the_start(missing: str) -> None:
    answer = read("1", **{name: value for name, value in INTUIT.items() if name != missing})
    assert f"{missing} must be set while QBO_ENVIRONMENT=production." in answer.stderr
    assert answer.returncode == 1


def test_production_over_plain_http_is_refused() -> None:
    answer = read("1", **{**INTUIT, "QBO_REDIRECT_URI": "http://portal.example.com/callback"})
    assert "QBO_REDIRECT_URI must start with https://" in answer.stderr


def test_a_typing_error_in_the_environments_name_is_refused() -> None:
    assert "QBO_ENVIRONMENT is 'sandbux'" in read("1", QBO_ENVIRONMENT="sandbux").stderr
