"""The one settings file: everything that differs between places comes from the environment.

It holds no secret. While QBO_ENVIRONMENT is ``simulator`` (the default) it gives safe local values; with Intuit's
sandbox or production it refuses to start when one that matters is missing, and says which.
"""

import os
from importlib.resources import files
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from environs import Env

from portal.local import addresses

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent
env.read_env(BASE_DIR / ".env", recurse=False)

# --- Which QuickBooks -----------------------------------------------------------------------------------------------

QBO_ENVIRONMENT: str = env.str("QBO_ENVIRONMENT", "simulator")
if QBO_ENVIRONMENT not in ("simulator", "sandbox", "production"):
    raise ImproperlyConfigured(f"QBO_ENVIRONMENT is {QBO_ENVIRONMENT!r}; it is one of simulator, sandbox, production.")
IS_LOCAL = QBO_ENVIRONMENT == "simulator"


def _required(name: str, local: str) -> str:
    """The variable's value; the local one where it is unset and the portal runs against the simulator."""
    value: str = env.str(name, "")
    if value:
        return value
    if IS_LOCAL:
        return local
    raise ImproperlyConfigured(f"{name} must be set while QBO_ENVIRONMENT={QBO_ENVIRONMENT}.")


PORT: int = env.int("PORT", 8000)
SIMULATOR_PORT: int = env.int("SIMULATOR_PORT", 9000)
_simulator = f"http://127.0.0.1:{SIMULATOR_PORT}"
_intuit: dict[str, dict[str, str]] = {
    "simulator": {
        "api": _simulator,
        "oauth": _simulator,
        "discovery": "/.well-known/openid_configuration",
        "browser": _simulator,
        "app": f"{_simulator}/app",
    },
    "sandbox": {
        "api": "https://sandbox-quickbooks.api.intuit.com",
        "oauth": "https://developer.api.intuit.com",
        "discovery": "/.well-known/openid_sandbox_configuration",
        "browser": "https://appcenter.intuit.com",
        "app": "https://sandbox.qbo.intuit.com/app",
    },
    "production": {
        "api": "https://quickbooks.api.intuit.com",
        "oauth": "https://developer.api.intuit.com",
        "discovery": "/.well-known/openid_configuration",
        "browser": "https://appcenter.intuit.com",
        "app": "https://qbo.intuit.com/app",
    },
}
_urls = _intuit[QBO_ENVIRONMENT]
QBO_CLIENT_ID = _required("QBO_CLIENT_ID", "simulator-client")
QBO_CLIENT_SECRET = _required("QBO_CLIENT_SECRET", "simulator-secret")
QBO_REDIRECT_URI = _required("QBO_REDIRECT_URI", f"http://127.0.0.1:{PORT}/settings/integrations/quickbooks/callback")
QBO_WEBHOOK_VERIFIER_TOKEN = _required("QBO_WEBHOOK_VERIFIER_TOKEN", "simulator-verifier")
QBO_API_BASE_URL: str = (env.str("QBO_API_BASE_URL", "") or _urls["api"]).rstrip("/")
QBO_OAUTH_BASE_URL: str = (env.str("QBO_OAUTH_BASE_URL", "") or _urls["oauth"]).rstrip("/")
QBO_DISCOVERY_URL = QBO_OAUTH_BASE_URL + _urls["discovery"]
QBO_BROWSER_BASE_URL: str = (env.str("QBO_BROWSER_BASE_URL", "") or _urls["browser"]).rstrip("/")
QBO_APP_BASE_URL: str = (env.str("QBO_APP_BASE_URL", "") or _urls["app"]).rstrip("/")
# Intuit cuts a request off after 120 s, so nothing sent more than this long ago can still be executing there.
QBO_EXECUTION_WINDOW_S: float = env.float("QBO_EXECUTION_WINDOW_S", 130.0)
QBO_TIMEOUT_S: float = env.float("QBO_TIMEOUT_S", 60.0)
# How long a claim on an account holds without being renewed; a crashed worker's accounts are free again after it.
SYNC_LEASE_S: float = env.float("SYNC_LEASE_S", 45.0)
# Intuit's quota is fixed; a simulator's throttles can be multiplied, and then so is what we keep to.
QBO_QUOTA_SCALE: float = env.float("QBO_QUOTA_SCALE", 1.0) if IS_LOCAL else 1.0
if IS_LOCAL:
    # requests-oauthlib refuses plain http, which the simulator on the loopback interface speaks.
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

# --- Django ---------------------------------------------------------------------------------------------------------

SECRET_KEY = _required("SECRET_KEY", "local-only-secret-key-of-a-portal-that-talks-to-the-simulator")
TOKEN_ENCRYPTION_KEYS: list[str] = [
    key for key in _required("TOKEN_ENCRYPTION_KEYS", "bG9jYWwtb25seS1rZXktZm9yLXRoZS1zaW11bGF0b3I=").split(",") if key
]
DEBUG: bool = env.bool("DEBUG", False)
ALLOWED_HOSTS: list[str] = [
    host.strip() for host in _required("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",") if host.strip()
]
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
DATA_DIR = addresses.data_dir()

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "heroicons",
    "portal",
    "accounts",
    "qbsync",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.htmx.HtmxSignInMiddleware",
    "portal.access.FirmMiddleware",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
DATABASES: dict[str, Any] = {
    "default": {
        **env.dj_db_url("DATABASE_URL", addresses.database_url(), conn_max_age=60, conn_health_checks=True),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "portal.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS: list[Any] = [
    BASE_DIR / "static",
    # bootstrap-wrapper carries Bootstrap's files as a folder without code, so that no finder of Django's sees it.
    *((f"bootstrap/{folder}", files("bootstrap") / folder) for folder in ("css", "js")),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Local runs serve straight from the packages, so that nothing has to be collected first.
WHITENOISE_USE_FINDERS = IS_LOCAL
if IS_LOCAL:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

REDIS_URL: str = env.str("REDIS_URL", addresses.redis_url())
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
# Read from Redis, kept in PostgreSQL: without Redis people stay signed in.
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
# Intuit takes a plain http redirect address for localhost alone, where its sandbox may be tried without a certificate.
SERVED_OVER_HTTPS = QBO_REDIRECT_URI.startswith("https://")
if QBO_ENVIRONMENT == "production" and not SERVED_OVER_HTTPS:
    raise ImproperlyConfigured("QBO_REDIRECT_URI must start with https:// while QBO_ENVIRONMENT=production.")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SERVED_OVER_HTTPS
SESSION_COOKIE_SAMESITE = "Lax"  # Intuit sends the browser back with a top-level GET, which Lax lets through.
if SERVED_OVER_HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000

EMAIL_BACKEND: str = env.str("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")

# --- Celery ---------------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = addresses.broker_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# The broker keeps messages apart per installation, so that two portals may share a Redis server (tests do).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": env.str("CELERY_KEY_PREFIX", "portal:"),
    "visibility_timeout": 900,
    "socket_timeout": 10,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_DEFAULT_QUEUE = "background"
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 6.0
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_ROUTES = {"qbsync.tasks.sync_requested": {"queue": "people"}}
CELERY_BEAT_SCHEDULE = {
    "find work whose message was lost": {
        "task": "qbsync.tasks.sweep",
        "schedule": env.float("SWEEP_EVERY_S", 20.0),
        "options": {"expires": 60},
    },
}

# --- Logs -----------------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "INFO")},
}
