"""Settings, from the environment only (table: docs/settings.md). No value here is a secret."""

import secrets
from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from exportcenter import external_databases
from exportcenter.database_url import django_config
from exportcenter.environment import BASE_DIR, var_dir

env = environ.Env()
VAR_DIR = var_dir()


def local_secret(name: str) -> str:
    """A random secret kept in VAR_DIR, so that a laptop works without configuration. 0600, made once."""
    path = VAR_DIR / "secrets" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        fresh = path.with_name(f"{name}.{secrets.token_hex(4)}")
        fresh.write_text(secrets.token_urlsafe(48))
        fresh.chmod(0o600)
        try:
            path.hardlink_to(fresh)  # first writer wins, also between processes
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text()


DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or local_secret("secret_key")
AUDIT_KEY = env.str("AUDIT_KEY", default="") or local_secret("audit_key")
DOWNLOAD_KEYS: dict[str, str] = env.dict("DOWNLOAD_KEYS", default={}) or {"local": local_secret("download_key")}
"""Key id → secret of download handles. The first signs, all verify: rotation = put the new one in front."""

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)
"""True behind TLS: secure cookies, HSTS, and X-Forwarded-Proto is believed."""
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
"""Addresses whose X-Forwarded-For is believed when the client's address is recorded."""

EXTRA_APPS = env.list("EXTRA_APPS", default=[])
"""A company's own apps: their ready() registers datasets and job kinds."""

INSTALLED_APPS = [
    "exportcenter.apps.ExportCenterConfig",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "django_celery_beat",
    "allauth",
    "allauth.account",
    "accounts",
    "jobs",
    "jobs.records",
    "reports",
    *EXTRA_APPS,
]

MIDDLEWARE = [
    "exportcenter.common.request_id.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "exportcenter.common.admin_csp.AdminCSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.TenantMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "exportcenter.urls"
ASGI_APPLICATION = "exportcenter.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- database -------------------------------------------------------------------------------------------
UNSET = "postgresql://unset@127.0.0.1:1/unset"  # commands that need no database run without one
DATABASE_URL = env.str("DATABASE_URL", default=UNSET)
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", default=DATABASE_URL)
DATABASE_POOL = env.int("DATABASE_POOL", default=0)
"""Size of the connection pool of this process; 0 = none. Web processes need one: ASGI uses a thread a request."""

DATABASES = {"default": django_config(DATABASE_URL)}
DATABASES["default"]["OPTIONS"] |= {
    # libpq's own options: they must hold whatever server we are pointed at. A process that freezes in the middle of
    # a transaction holds its locks; 15 s later the server ends it and the rest goes on.
    "options": "-c lock_timeout=5s -c idle_in_transaction_session_timeout=15s -c timezone=UTC",
    "keepalives_idle": 10,
    "tcp_user_timeout": 15000,
}
if DATABASE_POOL:
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": DATABASE_POOL, "timeout": 10}
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # else each pooled connection fails once after a restart

EXTERNAL_STATEMENT_TIMEOUT_SECONDS = env.int("EXTERNAL_STATEMENT_TIMEOUT_SECONDS", default=600)
EXTERNAL_CONNECTIONS = env.int("EXTERNAL_CONNECTIONS", default=2)
"""Exports that read from one external database at the same time, over all workers."""
if min(EXTERNAL_STATEMENT_TIMEOUT_SECONDS, EXTERNAL_CONNECTIONS) < 1:
    raise SystemExit("error: EXTERNAL_STATEMENT_TIMEOUT_SECONDS and EXTERNAL_CONNECTIONS must be 1 or more.")
try:
    DATABASES |= external_databases.parse(
        env.str("EXTERNAL_DATABASES", default=""), statement_seconds=EXTERNAL_STATEMENT_TIMEOUT_SECONDS
    )
except ValueError as error:
    raise SystemExit(f"error: EXTERNAL_DATABASES: {error}") from None
DATABASE_ROUTERS = ["jobs.datasets.router.SourceRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- people ---------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.signin.backend.PasswordBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.signin.passwords.CharacterClassesValidator"},
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/admin/"
LOGOUT_REDIRECT_URL = reverse_lazy("account_login")
ACCOUNT_ADAPTER = "accounts.signin.adapter.ClosedSignupAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "60/m/ip"}
"""Courtesy only (per process). The lock that protects is in the user row: accounts.signin.lockout."""
CSRF_FAILURE_VIEW = "exportcenter.error_pages.csrf_failure"
SESSION_ENGINE = "exportcenter.common.sessions"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.signin.jwt.TenantJWTAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["exportcenter.common.api.StrictJSONParser"],
    "EXCEPTION_HANDLER": "exportcenter.common.api.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(hours=2),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "ALGORITHM": "HS256",
    "SIGNING_KEY": SECRET_KEY,
    "AUDIENCE": "exportcenter",
    "ISSUER": "exportcenter",
    "USER_ID_CLAIM": "sub",
    "TOKEN_OBTAIN_SERIALIZER": "accounts.signin.jwt.ObtainSerializer",
    "TOKEN_REFRESH_SERIALIZER": "accounts.signin.jwt.RefreshSerializer",
}

# --- security headers -----------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
ADMIN_CSP_UPDATE = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}
"""The admin theme evaluates Alpine expressions and sets styles inline; no other page may."""
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 20

# --- language, time, static files -----------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="Asia/Shanghai")
"""Zone of job numbers, of day borders in filters, and of people who chose none."""
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = ["exportcenter.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = True

# --- files ----------------------------------------------------------------------------------------------
SPOOL_DIR = Path(env.str("SPOOL_DIR", default=str(VAR_DIR / "spool")))
"""Where a worker writes before it publishes; private, on the worker's own disk."""
S3_BUCKET = env.str("S3_BUCKET", default="")
"""Set it to keep exported files in an S3-compatible store; otherwise they live under VAR_DIR/files."""
EXPORT_SEGMENT_ROWS = env.int("EXPORT_SEGMENT_ROWS", default=69_905)
"""Rows that are written as one unit, a fifteenth of a sheet: parts, chunks, sheets, row groups end at its borders."""
if not 1 <= EXPORT_SEGMENT_ROWS < 1_048_576:
    raise ImproperlyConfigured("EXPORT_SEGMENT_ROWS must be from 1 to 1048575, the rows of a sheet")
EXPORT_CHUNK_ROWS = env.int("EXPORT_CHUNK_ROWS", default=15 * EXPORT_SEGMENT_ROWS)
"""An export of more than twice so many rows is written by several workers at once, in chunks; 0 = never."""
EXPORT_SPLIT_BYTES = env.int("EXPORT_SPLIT_BYTES", default=5 << 30)
"""A larger result becomes several files …"""
EXPORT_PART_BYTES = env.int("EXPORT_PART_BYTES", default=1 << 30)
"""… of at most this size."""
X_ACCEL_PREFIX = env.str("X_ACCEL_PREFIX", default="")
"""Internal nginx location of VAR_DIR/files, e.g. /protected/: nginx then sends the bytes of local files."""
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": VAR_DIR / "uploads"},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
    "exports": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.str("S3_ENDPOINT_URL", default="") or None,
            "region_name": env.str("S3_REGION", default="") or None,
            "access_key": env.str("S3_ACCESS_KEY", default="") or None,
            "secret_key": env.str("S3_SECRET_KEY", default="") or None,
            "default_acl": None,
            "file_overwrite": False,
            "signature_version": "s3v4",
        },
    }
    if S3_BUCKET
    else {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": VAR_DIR / "files",
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}

# --- the job engine (jobs.engine.config) ----------------------------------------------------------------
ENGINE_TIME_SCALE = env.float("ENGINE_TIME_SCALE", default=1.0)
"""Divides lease, heartbeat, sweep and poll; fault tests use 30. 1 in production."""
ENGINE_TIME_LIMIT_SECONDS = env.float("ENGINE_TIME_LIMIT_SECONDS", default=20 * 60)
ENGINE_STOP_GRACE_SECONDS = env.float("ENGINE_STOP_GRACE_SECONDS", default=20)
"""After SIGTERM a running job may go on so long before it is released to another worker."""
QUEUED_PER_USER = env.int("QUEUED_PER_USER", default=200)
"""Jobs one user may have waiting. Tenants carry their own cap."""
EXPORT_COUNT_TIMEOUT_SECONDS = env.float("EXPORT_COUNT_TIMEOUT_SECONDS", default=10)
"""How long an exact count before an export may take; then the estimate is answered."""
DOWNLOAD_LINK_SECONDS = env.int("DOWNLOAD_LINK_SECONDS", default=15 * 60)

BROKER_DIR = VAR_DIR / "broker"
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://")
if CELERY_BROKER_URL.startswith("filesystem://"):
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "control_folder": str(BROKER_DIR / "control"),
        "polling_interval": 0.2,
    }
    for folder in ("queue", "control"):  # the transport does not make them
        (BROKER_DIR / folder).mkdir(parents=True, exist_ok=True)
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "socket_timeout": 5,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
    }
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = int(ENGINE_TIME_LIMIT_SECONDS + 90)
CELERY_WORKER_MAX_TASKS_PER_CHILD = 50
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 1_000_000  # KiB
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "bells"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "exportcenter.common.request_id.LogContextFilter"}},
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s request=%(request_id)s %(message)s"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["context"]}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "kombu.connection": {"level": "ERROR"},  # warns that filesystem:// has no host, at every start
    },
}

UNFOLD = {
    "SITE_TITLE": _("Export Center"),
    "SITE_HEADER": _("Export Center"),
    "SITE_SYMBOL": "download",
    "SHOW_LANGUAGES": False,
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": "exportcenter.navigation.sidebar"},
}
