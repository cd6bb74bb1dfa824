"""``manage.py check --deploy``, run as the process that an operator starts, with variables of its own."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

from tests.portal.test_settings import INTUIT, OURS, ROOT

SAFE = {
    **INTUIT,
    "SECRET_KEY": secrets.token_urlsafe(60),
    "TOKEN_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "DATABASE_URL": f"postgresql://portal:{secrets.token_urlsafe(20)}@db.example.com/portal",
    "REDIS_URL": "redis://:a-long-password@redis.example.com/0",
}
THEIRS = (*OURS, "DATABASE_", "REDIS_", "ALLOWED_", "CSRF_", "DEBUG", "DJANGO_", "TRUSTED_")
EVERYTHING_OPEN = {
    "DEBUG": "true",
    "ALLOWED_HOSTS": "*",
    "PORTAL_BASE_URL": "http://portal.example.com",
    "QBO_API_BASE_URL": "http://proxy.example.com",
    "CSRF_TRUSTED_ORIGINS": "http://portal.example.com",
    "EMAIL_URL": "smtp://portal:secret@mail.example.com",
    "DATABASE_URL": "postgresql://portal:portal@db.example.com/portal",
    "REDIS_URL": "redis://redis.example.com/0",
}


def check(variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the check with these variables and none of ours; warnings fail it too."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(THEIRS)}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, cwd=ROOT, env={**clean, **variables}, capture_output=True, text=True)


def test_safe_settings_pass_without_a_warning() -> None:
    answer = check(SAFE)
    assert answer.returncode == 0, answer.stderr
    assert "WARNING" not in answer.stderr
    assert "no issues" in answer.stdout


@pytest.mark.parametrize(
    ("unsafe", "refused"),
    [
        ({**SAFE, **EVERYTHING_OPEN}, "E002 E005 E006 E008 E009 E011 E012 W001"),
        (INTUIT | {"DATABASE_URL": SAFE["DATABASE_URL"]}, "E003 E004"),
        ({**SAFE, "TOKEN_ENCRYPTION_KEYS": "bm90LWxvbmctZW5vdWdo", "ALLOWED_HOSTS": "other.example.com"}, "E004 E007"),
        ({}, "E001 E003 E004 E006 E010"),
    ],
    ids=["everything open", "keys of local runs", "a short key and another host", "nothing set at all"],
)
def test_what_is_unsafe_is_refused_with_how_to_mend_it(unsafe: dict[str, str], refused: str) -> None:
    answer = check(unsafe)
    assert answer.returncode == 1
    said = {line for line in answer.stderr.splitlines() if "(portal." in line}
    assert {match[1] for match in re.finditer(r"\(portal\.(\w+)\)", answer.stderr)} == set(refused.split())
    hints = [line for line in answer.stderr.splitlines() if line.strip().startswith("HINT: ")]
    assert len(hints) >= len(said)
    for secret in ("a-long-password", SAFE["SECRET_KEY"], SAFE["TOKEN_ENCRYPTION_KEYS"]):
        assert secret not in answer.stdout + answer.stderr
