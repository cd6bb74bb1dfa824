"""The one settings file: everything that differs between places comes from the environment.

It holds no secret. While QBO_ENVIRONMENT is ``simulator`` (the default) it gives safe local values; with Intuit's
sandbox or production it refuses to start when one that matters is missing, and says which.
"""

import os
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env

from portal import secret_files
from portal.local import addresses

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent
env.read_env(BASE_DIR / ".env", recurse=False)
# Compose hands on what nobody has set as an empty text. That is no number, no URL and no choice: it is unset.
for _empty in [name for name, value in os.environ.items() if not value]:
    del os.environ[_empty]
secret_files.load(os.environ)

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


def _rotated(name: str, local: str) -> list[str]:
    """The values of a variable that holds several while a secret is replaced: the newest first, between commas."""
    values = [value.strip() for value in _required(name, local).split(",") if value.strip()]
    if not values:
        raise ImproperlyConfigured(f"{name} holds nothing but commas.")
    return values


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
# Intuit takes a plain http redirect address for localhost alone, where its sandbox may be tried without a certificate.
SERVED_OVER_HTTPS = QBO_REDIRECT_URI.startswith("https://")
QBO_WEBHOOK_VERIFIER_TOKENS = _rotated("QBO_WEBHOOK_VERIFIER_TOKEN", "simulator-verifier")
QBO_API_BASE_URL: str = (env.str("QBO_API_BASE_URL", "") or _urls["api"]).rstrip("/")
QBO_OAUTH_BASE_URL: str = (env.str("QBO_OAUTH_BASE_URL", "") or _urls["oauth"]).rstrip("/")
QBO_DISCOVERY_URL = QBO_OAUTH_BASE_URL + _urls["discovery"]
QBO_BROWSER_BASE_URL: str = (env.str("QBO_BROWSER_BASE_URL", "") or _urls["browser"]).rstrip("/")
QBO_APP_BASE_URL: str = (env.str("QBO_APP_BASE_URL", "") or _urls["app"]).rstrip("/")
# Intuit cuts a request off after 120 s, so nothing sent more than this long ago can still be executing there.
QBO_EXECUTION_WINDOW_S: float = env.float("QBO_EXECUTION_WINDOW_S", 130.0)
# The metered reads (Intuit's CorePlus) a month that the plan of the Intuit workspace includes; this is its free plan's.
QBO_INCLUDED_READS: int = env.int("QBO_INCLUDED_READS", 500_000)
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
TOKEN_ENCRYPTION_KEYS = _rotated("TOKEN_ENCRYPTION_KEYS", "bG9jYWwtb25seS1rZXktZm9yLXRoZS1zaW11bGF0b3I=")
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
    "csp",
    "django_htmx",
    "heroicons",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "portal",
    "accounts",
    "qbsync",
]
MIDDLEWARE = [
    "portal.probes.ProbeMiddleware",
    "portal.logs.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
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
    "allauth.account.middleware.AccountMiddleware",
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
ACCOUNT_ADAPTER = "portal.signing_in.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = str
# An invitation has proven the address before there is a user of it.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # our form tells them; django-allauth's words are about signing up
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # here; everywhere else the old password's sessions end
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {
    "login": "portal.signing_in.forms.SignInForm",
    "reset_password": "portal.signing_in.forms.ForgottenPasswordForm",
    "reset_password_from_key": "portal.signing_in.forms.NewPasswordForm",
    "change_password": "portal.signing_in.forms.ChangePasswordForm",
    "reauthenticate": "portal.signing_in.forms.ConfirmPasswordForm",
}
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "20/m/ip,5/5m/key"}
# Whoever serves over https has a proxy in front that says from where a request came; otherwise nobody is believed.
ALLAUTH_TRUSTED_PROXY_COUNT = int(env.str("TRUSTED_PROXIES", "") or SERVED_OVER_HTTPS)
MFA_ADAPTER = "portal.signing_in.adapters.MFAAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_FORMS = {
    "authenticate": "portal.signing_in.forms.CodeForm",
    "reauthenticate": "portal.signing_in.forms.ConfirmCodeForm",
    "activate_totp": "portal.signing_in.forms.FirstCodeForm",
}
MFA_TOTP_ISSUER = "Firm portal"

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
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "pool_class": "portal.circuit.Pool",
            "socket_connect_timeout": 2.0,  # seconds; a person may be waiting
            "socket_timeout": 2.0,
        },
    }
}
# Read from Redis, kept in PostgreSQL: without Redis people stay signed in.
SESSION_ENGINE = "portal.sessions"

# --- What browsers are told -----------------------------------------------------------------------------------------

if QBO_ENVIRONMENT == "production" and not SERVED_OVER_HTTPS:
    raise ImproperlyConfigured("QBO_REDIRECT_URI must start with https:// while QBO_ENVIRONMENT=production.")
# Pages load nothing but our own files, and hold no script and no style of their own.
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Bootstrap's icons, and the QR code of the second factor
        "font-src": [SELF],
        "connect-src": [SELF],
        # The button that connects QuickBooks is a form, and browsers ask this of every redirect that follows on one.
        "form-action": [SELF, QBO_BROWSER_BASE_URL, *([] if IS_LOCAL else ["https://*.intuit.com"])],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "upgrade-insecure-requests": SERVED_OVER_HTTPS,
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in (
        "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media", "fullscreen",
        "geolocation", "gyroscope", "magnetometer", "microphone", "midi", "payment", "publickey-credentials-get",
        "screen-wake-lock", "usb", "xr-spatial-tracking",
    )
}  # fmt: skip
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"  # names of accounts are searched for in addresses
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SERVED_OVER_HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True  # no script reads them; htmx sends the token of the page
SESSION_COOKIE_SAMESITE = "Lax"  # Intuit sends the browser back with a top-level GET, which Lax lets through.
if SERVED_OVER_HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^metrics$"]  # Prometheus asks beside the proxy, not through it
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
# Browsers' preload lists hold whole domains and are left only after months: for the domain's owner to decide.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

# --- E-mail ---------------------------------------------------------------------------------------------------------

# The start of every link in an e-mail. Intuit sends browsers back to the portal's own address, so that one is right.
PORTAL_BASE_URL: str = (env.str("PORTAL_BASE_URL", "") or urljoin(QBO_REDIRECT_URI, "/")).rstrip("/")
if not PORTAL_BASE_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured(f"PORTAL_BASE_URL is {PORTAL_BASE_URL!r}; it starts with http:// or https://.")
_email: dict[str, Any] = env.dj_email_url("EMAIL_URL", _required("EMAIL_URL", "file:"))
if "EMAIL_BACKEND" not in _email:
    raise ImproperlyConfigured("EMAIL_URL starts with submission://, smtp://, file:/ or console:.")
EMAIL_BACKEND: str = _email["EMAIL_BACKEND"]
# With EMAIL_URL=file: each e-mail becomes a file in this folder, for where there is no mail server.
EMAIL_FILE_PATH: str = _email["EMAIL_FILE_PATH"] or str(DATA_DIR / "mail")
EMAIL_HOST: str = _email["EMAIL_HOST"] or "localhost"
EMAIL_PORT: int = _email["EMAIL_PORT"] or 25
EMAIL_HOST_USER: str = _email["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD: str = _email["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_SSL: bool = _email["EMAIL_USE_SSL"]
EMAIL_USE_TLS: bool = _email["EMAIL_USE_TLS"]
EMAIL_TIMEOUT: float = _email["EMAIL_TIMEOUT"] or 10.0  # seconds; a person may be waiting
DEFAULT_FROM_EMAIL: str = (
    env.str("DEFAULT_FROM_EMAIL", "") or f"Firm portal <portal@{urlsplit(PORTAL_BASE_URL).hostname}>"
)
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Celery ---------------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = addresses.broker_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# The broker keeps messages apart per installation, so that two portals may share a Redis server (tests do).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": env.str("CELERY_KEY_PREFIX", "portal:"),
    "visibility_timeout": 900,
    "socket_timeout": 10,
}
CELERY_IMPORTS = ["portal.workers"]  # by which workers say that they are there
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_DEFAULT_QUEUE = "background"
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 6.0
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_ROUTES = {"qbsync.tasks.sync_requested": {"queue": "people"}}
# What nobody takes does not pile up for ever. It is dropped by the clock of whoever takes it, which may be many minutes
# ahead of beat's.
_EXPIRES = {"expires": 3600}
CELERY_BEAT_SCHEDULE = {
    "find work whose message was lost": {
        "task": "qbsync.tasks.sweep",
        "schedule": env.float("SWEEP_EVERY_S", 20.0),
        "options": _EXPIRES,
    },
    "send the digests whose time has come": {
        "task": "qbsync.tasks.send_digests",
        "schedule": 300.0,
        "options": _EXPIRES,
    },
    "forget what nobody needs any more": {
        "task": "qbsync.tasks.forget",
        "schedule": crontab(hour="3", minute="17"),
        "options": _EXPIRES,
    },
}

# --- Metrics --------------------------------------------------------------------------------------------------------

# Whoever sends it may read /metrics; without one there are none.
METRICS_TOKEN: str = env.str("METRICS_TOKEN", "")

# --- Errors ---------------------------------------------------------------------------------------------------------

# Where Sentry takes errors, and what it calls the version that runs here; without the first nothing is sent.
SENTRY_DSN: str = env.str("SENTRY_DSN", "")
SENTRY_RELEASE: str = env.str("SENTRY_RELEASE", "")

# --- Logs -----------------------------------------------------------------------------------------------------------

LOG_FORMAT: str = env.str("LOG_FORMAT", "") or ("line" if IS_LOCAL else "json")
if LOG_FORMAT not in ("line", "json"):
    raise ImproperlyConfigured(f"LOG_FORMAT is {LOG_FORMAT!r}; it is line or json.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"fields": {"()": "portal.logs.AddFields"}},
    "formatters": {
        "line": {"()": "portal.logs.LineFormatter", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": "portal.logs.JsonFormatter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["fields"]}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "INFO").upper()},
    "loggers": {
        # Django's own handlers would write the same once more.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # At DEBUG these print tokens, addresses and bodies.
        **{name: {"level": "INFO"} for name in ("requests_oauthlib", "oauthlib", "urllib3", "intuitlib")},
    },
}
