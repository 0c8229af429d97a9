"""Apps, pages, languages, security headers."""

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

from exportcenter.environment import BASE_DIR
from exportcenter.settings.keys import HTTPS, VAR_DIR, env

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
    "rest_framework_simplejwt",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
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
    "jobs.exports.waiting_doors.WaitingMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "exportcenter.common.static_files.StaticFilesMiddleware",
    "csp.middleware.CSPMiddleware",
    "exportcenter.common.admin_csp.AdminCSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.TenantMiddleware",
    "accounts.limits.middleware.LimitMiddleware",
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
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_100
"""A file to import has up to 1,000 columns, each with a field of its own in the form that says what they are."""

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
    "STYLES": [lambda request: static("css/tokens.css"), lambda request: static("css/center.css")],
    "SCRIPTS": [lambda request: static("js/offline.js")],
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": "exportcenter.navigation.sidebar"},
}
