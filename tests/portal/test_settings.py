"""The settings, each time read by a new process with variables of its own."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal.secret_files import FROM_FILES

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
    "EMAIL_URL": "submission://portal:p%40ss@mail.example.com",
}
OURS = ("QBO_", "SECRET_", "TOKEN_", "EMAIL_", "PORTAL_BASE_", "DEFAULT_FROM_")


def read(expression: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Print an expression of the settings, read with these variables and none of ours."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    program = f"from portal import settings; print({expression})"
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={**clean, **variables}, capture_output=True, text=True
    )


def test_the_simulator_needs_no_variable() -> None:
    assert read("settings.IS_LOCAL, settings.SESSION_COOKIE_SECURE").stdout == "True False\n"


def test_intuits_production_is_strict_about_https() -> None:
    assert read("settings.SECURE_REDIRECT_EXEMPT", **INTUIT).stdout == "['^metrics$']\n"
    values = "settings.SESSION_COOKIE_SECURE, settings.SECURE_SSL_REDIRECT, settings.QBO_API_BASE_URL"
    assert read(values, **INTUIT).stdout == "True True https://quickbooks.api.intuit.com\n"


@pytest.mark.parametrize("missing", [name for name in INTUIT if name != "QBO_ENVIRONMENT"])
def test_a_missing_variable_is_named_at_the_start(missing: str) -> None:
    answer = read("1", **{name: value for name, value in INTUIT.items() if name != missing})
    assert f"{missing} must be set while QBO_ENVIRONMENT=production." in answer.stderr
    assert answer.returncode == 1


def test_a_secret_that_is_replaced_is_the_new_one_and_the_old_one() -> None:
    values = read("settings.QBO_WEBHOOK_VERIFIER_TOKENS", **{**INTUIT, "QBO_WEBHOOK_VERIFIER_TOKEN": " new , old,"})
    assert values.stdout == "['new', 'old']\n"


@pytest.mark.parametrize("name", ["QBO_WEBHOOK_VERIFIER_TOKEN", "TOKEN_ENCRYPTION_KEYS"])
def test_a_secret_of_nothing_but_commas_is_refused(name: str) -> None:
    answer = read("1", **{**INTUIT, name: " , "})
    assert f"{name} holds nothing but commas." in answer.stderr


def test_production_over_plain_http_is_refused() -> None:
    answer = read("1", **{**INTUIT, "QBO_REDIRECT_URI": "http://portal.example.com/callback"})
    assert "QBO_REDIRECT_URI must start with https://" in answer.stderr


def test_a_typing_error_in_the_environments_name_is_refused() -> None:
    assert "QBO_ENVIRONMENT is 'sandbux'" in read("1", QBO_ENVIRONMENT="sandbux").stderr


def test_e_mails_are_files_until_a_mail_server_is_named() -> None:
    values = "settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH"
    expected = "('django.core.mail.backends.filebased.EmailBackend', '/tmp/some place/mail')\n"
    assert read(f"({values})", PORTAL_DATA_DIR="/tmp/some place").stdout == expected


def test_a_variable_that_is_empty_is_unset_whatever_its_kind() -> None:
    names = sorted(read_by_the_portal() - {"PORT", "PORTAL_DATA_DIR"})
    assert len(names) > 25
    assert read("settings.EMAIL_BACKEND, settings.DEBUG, settings.SYNC_LEASE_S", **dict.fromkeys(names, "")).stdout == (
        "django.core.mail.backends.filebased.EmailBackend False 45.0\n"
    )


def test_the_mail_server_is_one_address_with_its_password_quoted() -> None:
    values = "settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_HOST_PASSWORD, settings.EMAIL_USE_TLS"
    assert read(values, **INTUIT).stdout == "mail.example.com 587 p@ss True\n"


def test_a_kind_of_mail_server_that_nobody_knows_is_refused() -> None:
    assert "EMAIL_URL starts with submission://" in read("1", EMAIL_URL="pigeon://mail.example.com").stderr


def test_links_in_e_mails_start_where_intuit_sends_people_back_unless_told_otherwise() -> None:
    values = "settings.PORTAL_BASE_URL, settings.DEFAULT_FROM_EMAIL"
    assert read(values, **INTUIT).stdout == "https://portal.example.com Firm portal <portal@portal.example.com>\n"
    assert read(values, PORTAL_BASE_URL="https://other.example/", DEFAULT_FROM_EMAIL="a@b.example").stdout == (
        "https://other.example a@b.example\n"
    )
    assert "PORTAL_BASE_URL is 'other.example'" in read("1", PORTAL_BASE_URL="other.example").stderr


def test_a_secret_is_read_from_the_file_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-the-file\n")
    variables = {**INTUIT, "SECRET_KEY": "", "SECRET_KEY_FILE": str(tmp_path / "key")}
    assert read("settings.SECRET_KEY", **variables).stdout == "from-the-file\n"
    assert read("settings.SECRET_KEY", **{**variables, "SECRET_KEY": "stale"}).stdout == "from-the-file\n"


def test_the_databases_password_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://portal:pass@db.example.com/books")
    answer = read("settings.DATABASES['default']['PASSWORD']", DATABASE_URL_FILE=str(tmp_path / "url"))
    assert answer.stdout == "pass\n"


def test_a_secrets_file_that_is_missing_or_empty_is_refused_and_named(tmp_path: Path) -> None:
    missing = read("1", **{**INTUIT, "SECRET_KEY_FILE": str(tmp_path / "none")})
    assert "SECRET_KEY_FILE is" in missing.stderr
    assert "which cannot be read: No such file or directory." in missing.stderr
    (tmp_path / "empty").write_text("\n")
    assert "which is empty." in read("1", **{**INTUIT, "SECRET_KEY_FILE": str(tmp_path / "empty")}).stderr


def read_by_the_portal() -> set[str]:
    """The variables that the settings and the local addresses name when they read the environment."""
    found = set()
    for path in ("portal/settings.py", "portal/local/addresses.py"):
        for call in ast.walk(ast.parse((ROOT / path).read_text())):
            if not isinstance(call, ast.Call) or not call.args or not isinstance(call.args[0], ast.Constant):
                continue
            function = ast.unparse(call.func)
            if function.startswith("env.") or function in ("_required", "_rotated", "os.environ.get"):
                found.add(str(call.args[0].value))
    return found


def test_the_example_has_every_variable_and_no_other() -> None:
    example = (ROOT / ".env.example").read_text()
    assert set(re.findall(r"^# ([A-Z_]+)=", example, re.MULTILINE)) == read_by_the_portal()
    assert set(re.findall(r"\b([A-Z_]+)_FILE\b", example)) == set(FROM_FILES)
