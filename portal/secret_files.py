"""Reads secrets from files, as Docker and Kubernetes hand them over: SECRET_KEY_FILE names the file of SECRET_KEY."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

FROM_FILES = (
    "DATABASE_URL",
    "EMAIL_URL",
    "METRICS_TOKEN",
    "QBO_CLIENT_ID",
    "QBO_CLIENT_SECRET",
    "QBO_WEBHOOK_VERIFIER_TOKEN",
    "REDIS_URL",
    "SECRET_KEY",
    "SENTRY_DSN",
    "TOKEN_ENCRYPTION_KEYS",
)
"""The variables that may be given as a file: those that hold a password, a key or a token."""


def load(environment: MutableMapping[str, str]) -> None:
    """Set each variable of FROM_FILES to the content of the file that its ``…_FILE`` names; the file wins.

    White space around the content is left out, the line's end among it.

    Raises:
        ImproperlyConfigured: a file cannot be read, or is empty. The variable is named, the content never is.
    """
    for name in FROM_FILES:
        path = environment.get(f"{name}_FILE")
        if not path:
            continue
        try:
            value = Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{name}_FILE is {path!r}, which cannot be read: {_why(error)}.") from None
        if not value:
            raise ImproperlyConfigured(f"{name}_FILE is {path!r}, which is empty.")
        environment[name] = value


def _why(error: Exception) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else "it is no text"
