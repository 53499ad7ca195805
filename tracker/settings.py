"""All of Django's settings, from the environment that ``tracker.environment`` reads."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from tracker.environment import BadEnvironment, data_dir, read_environment
from tracker.secret import secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
try:
    ENVIRONMENT = read_environment()
except BadEnvironment as error:
    raise ImproperlyConfigured(str(error)) from None

DATA_DIR = data_dir(ENVIRONMENT, BASE_DIR)
ARTIFACT_ROOT = DATA_DIR / "artifacts"
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = ENVIRONMENT.TRACKER_DEBUG
SECRET_KEY = ENVIRONMENT.TRACKER_SECRET_KEY or secret_key(DATA_DIR / "secret-key")

# ------------------------------------------------------------------ Who may ask, and from where

_PUBLIC = urlsplit(ENVIRONMENT.TRACKER_URL)
PUBLIC_URL = ENVIRONMENT.TRACKER_URL.rstrip("/")
ALLOWED_HOSTS = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    *filter(None, [_PUBLIC.hostname, ENVIRONMENT.HOST if ENVIRONMENT.HOST != "0.0.0.0" else ""]),
    *filter(None, (host.strip() for host in ENVIRONMENT.TRACKER_ALLOWED_HOSTS.split(","))),
]
CSRF_TRUSTED_ORIGINS = [f"{_PUBLIC.scheme}://{_PUBLIC.netloc}"] if PUBLIC_URL else []
CSRF_FAILURE_VIEW = "core.errorpages.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
if ENVIRONMENT.TRACKER_BEHIND_HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

# ------------------------------------------------------------------ The rooms

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_filters",
    "django_htmx",
    "core",
    "workspaces",
    "experiments",
    "runs",
    "registry",
    "mlflow_api",
    "tracker",
]
MIDDLEWARE = [
    "core.middleware.head.HeadersOnly",
    "core.middleware.gate.CrossSiteGate",
    "core.middleware.policy.SecurityPolicy",
    "core.middleware.compression.PageCompression",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.middleware.refusals.RefusalPages",
]
ROOT_URLCONF = "tracker.urls"
WSGI_APPLICATION = "tracker.wsgi.application"
# MLflow's paths have no slash at the end and must not be redirected.
APPEND_SLASH = True
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
                "core.context.page",
            ],
        },
    },
]
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# ------------------------------------------------------------------ The database

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if ENVIRONMENT.DATABASE_URL:
    DATABASES = {"default": dj_database_url.parse(ENVIRONMENT.DATABASE_URL)}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "tracker.sqlite3",
        }
    }
_DATABASE = DATABASES["default"]
if _DATABASE["ENGINE"].endswith("sqlite3"):
    # One connection a thread, kept: opening one costs more than most queries.
    _DATABASE["CONN_MAX_AGE"] = None
    _DATABASE["OPTIONS"] = {
        # Writers take their turn at BEGIN, so none fails half-way for another's sake.
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        # FULL: what was acknowledged survives a power cut, not just a crash.
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32768;"
            "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=1073741824;"
        ),
    }
elif _DATABASE["ENGINE"].endswith("postgresql"):
    _DATABASE["CONN_MAX_AGE"] = 0
    _DATABASE["OPTIONS"] = {
        **_DATABASE.get("OPTIONS", {}),
        "pool": {"min_size": 2, "max_size": 16, "timeout": 10, "max_lifetime": 1800},
    }

# ------------------------------------------------------------------ Time, words, files

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "core.staticfinder.PlotlyFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "core.assets.BundledStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
if DEBUG or "PYTEST_VERSION" in os.environ:
    # Straight from the source folders, so that nothing has to be collected first.
    STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True

# Artifacts are streamed by their own views; forms are small.
DATA_UPLOAD_MAX_MEMORY_SIZE = ENVIRONMENT.TRACKER_MAX_JSON_MB * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# ------------------------------------------------------------------ The log

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "core.logs.LineFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": ENVIRONMENT.TRACKER_LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        # Refused requests are ordinary; what broke is logged where it is turned into a page.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
