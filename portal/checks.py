"""Refuses settings that are not safe to serve people with, each with how to mend it: ``manage.py check --deploy``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import Error, Tags, Warning, register
from django.core.checks.messages import CheckMessage

LOCAL_KEY = "bG9jYWwtb25seS1rZXktZm9yLXRoZS1zaW11bGF0b3I="
"""The encryption key of local runs, which everybody can read."""
LOCAL_SECRET = "local-only-secret-key-of-a-portal-that-talks-to-the-simulator"  # noqa: S105
"""The secret key of local runs, which everybody can read."""
LONG_ENOUGH, VARIED_ENOUGH = 50, 10
"""Characters that a secret key has at least, and how many different ones."""
FEWEST_KEY_BYTES = 12
"""Different bytes of 32 that a random encryption key has at least; fewer happen once in more than 10**15 keys."""
DEFAULT_PASSWORDS = {"", "postgres", "portal", "password", "secret", "admin", "changeme", "123456"}
LOOPBACK = {"127.0.0.1", "localhost", "::1", ""}
_NEW_SECRET = 'python -c "import secrets; print(secrets.token_urlsafe(60))"'  # noqa: S105
_NEW_KEY = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'


@register(Tags.security, deploy=True)
def check_for_serving(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return what stands against serving people with these settings.

    What Django's own checks say of ``DEBUG``, of cookies and of https is not said again; it is an error here where
    data would be open to others.
    """
    return [*_quickbooks(), *_secrets(), *_addresses(), *_servers()]


def _quickbooks() -> Iterator[CheckMessage]:
    if settings.IS_LOCAL:
        yield Error(
            "QBO_ENVIRONMENT is simulator: the demonstration's passwords are shown at sign-in, and no books are real.",
            hint="Set QBO_ENVIRONMENT to production, or to sandbox for a trial, with the keys of your Intuit app.",
            id="portal.E001",
        )
    if settings.DEBUG:
        yield Error(
            "DEBUG is on: an error shows settings and books to whoever caused it.",
            hint="Take DEBUG out of the environment and of .env.",
            id="portal.E002",
        )


def _secrets() -> Iterator[CheckMessage]:
    secret = settings.SECRET_KEY
    weak = len(secret) < LONG_ENOUGH or len(set(secret)) < VARIED_ENOUGH
    if weak or secret == LOCAL_SECRET or secret.startswith("django-insecure-"):
        yield Error(
            f"SECRET_KEY is known or can be guessed: it needs {LONG_ENOUGH} random characters.",
            hint=f"Set SECRET_KEY to what this prints: {_NEW_SECRET}. Everybody has to sign in again.",
            id="portal.E003",
        )
    for place, key in enumerate(settings.TOKEN_ENCRYPTION_KEYS, start=1):
        if reason := _against_key(key):
            yield Error(
                f"Key {place} of TOKEN_ENCRYPTION_KEYS {reason}.",
                hint=f"Put a new one in front, which {_NEW_KEY} prints. Keep an old one behind it only to read "
                "what it encrypted.",
                id="portal.E004",
            )


def _against_key(key: str) -> str:
    """Why a key does not protect what it encrypts; empty for a good one."""
    try:
        Fernet(key)
    except ValueError:
        return "is not 32 bytes in base64"
    if key == LOCAL_KEY:
        return "is the one of local runs, which everybody can read"
    return "" if len(set(key)) >= FEWEST_KEY_BYTES else "can be guessed"


def _addresses() -> Iterator[CheckMessage]:
    hosts = set(settings.ALLOWED_HOSTS)
    if any(host.startswith("*") for host in hosts):
        yield Error(
            "ALLOWED_HOSTS allows every host: links in answers could be made to lead elsewhere.",
            hint="Name the portal's own hosts, such as ALLOWED_HOSTS=portal.example.com.",
            id="portal.E005",
        )
    for name in ("QBO_REDIRECT_URI", "PORTAL_BASE_URL"):
        address = urlsplit(getattr(settings, name))
        if address.scheme != "https":
            yield Error(
                f"{name} does not start with https://: passwords and books would travel in the open.",
                hint="Serve the portal behind a proxy with a certificate, and write its https address.",
                id="portal.E006",
            )
        if not _is_allowed(address.hostname or "", hosts):
            yield Error(
                f"The host of {name}, {address.hostname}, is not in ALLOWED_HOSTS: it would be answered with 400.",
                hint="Add it to ALLOWED_HOSTS, or correct the address.",
                id="portal.E007",
            )
    for name in ("QBO_API_BASE_URL", "QBO_OAUTH_BASE_URL", "QBO_BROWSER_BASE_URL", "QBO_APP_BASE_URL"):
        if not settings.IS_LOCAL and not getattr(settings, name).startswith("https://"):
            yield Error(
                f"{name} does not start with https://: tokens and books would travel in the open.",
                hint=f"Take {name} out of the environment, so that it is Intuit's own.",
                id="portal.E008",
            )
    if not all(origin.startswith("https://") for origin in settings.CSRF_TRUSTED_ORIGINS):
        yield Error(
            "CSRF_TRUSTED_ORIGINS trusts an address without https: whoever is on its way could send forms.",
            hint="Write each with https://, or leave the variable out; behind one proxy it is not needed.",
            id="portal.E009",
        )


def _is_allowed(host: str, allowed: set[str]) -> bool:
    return any(name in ("*", host) or (name.startswith(".") and f".{host}".endswith(name)) for name in allowed)


def _servers() -> Iterator[CheckMessage]:
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        yield Error(
            "There is no mail server: links to new passwords and invitations would reach nobody.",
            hint="Set EMAIL_URL, such as submission://user:password@mail.example.com.",
            id="portal.E010",
        )
    elif not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL) and settings.EMAIL_HOST not in LOOPBACK:
        yield Error(
            "E-mails, with their links to new passwords, go to the mail server in the open.",
            hint="Begin EMAIL_URL with submission:// or smtps:// instead of smtp://.",
            id="portal.E011",
        )
    database = settings.DATABASES["default"]
    host = database.get("HOST") or ""
    if not host.startswith("/") and database.get("PASSWORD", "") in DEFAULT_PASSWORDS | {database.get("USER")}:
        yield Error(
            "The database has no password, or one that everybody tries first.",
            hint="Give the database's user a random password, and write it into DATABASE_URL.",
            id="portal.E012",
        )
    redis = urlsplit(settings.REDIS_URL)
    if redis.scheme == "redis" and not redis.password and redis.hostname not in LOOPBACK:
        yield Warning(
            f"Redis at {redis.hostname} is asked without a password: whoever reaches it can have tasks run.",
            hint="Set requirepass there and write redis://:password@host/0 into REDIS_URL.",
            id="portal.W001",
        )
