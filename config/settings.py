"""Lading's settings: the only reader of the environment and of .env.

Every name is documented in the README and in .env.example. A wrong value stops the start with a
sentence that says which name it is and what it may be.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from dotenv import load_dotenv

from operations.reach import Reach

BASE_DIR = Path(__file__).resolve().parent.parent
load_dotenv(BASE_DIR / ".env")


def env_text(name: str, default: str) -> str:
    """The value of a name, stripped; the default where it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, default: bool) -> bool:  # noqa: FBT001
    """`true` or `false`, and nothing else."""
    match env_text(name, "true" if default else "false"):
        case "true" | "false" as value:
            return value == "true"
        case value:
            raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def env_int(name: str, default: int, least: int, most: int) -> int:
    """A whole number between `least` and `most`."""
    value = env_text(name, str(default))
    if not value.isdecimal() or not least <= int(value) <= most:
        raise ImproperlyConfigured(
            f"{name} must be a whole number from {least} to {most}, not {value!r}."
        )
    return int(value)


def env_match(name: str, default: str, pattern: str, hint: str) -> str:
    """A text of a given form; `hint` says which."""
    value = env_text(name, default)
    if not re.fullmatch(pattern, value):
        raise ImproperlyConfigured(f"{name} must be {hint}, not {value!r}.")
    return value


def env_list(name: str, default: str) -> list[str]:
    """Texts separated by commas."""
    return [part.strip() for part in env_text(name, default).split(",") if part.strip()]


# Where Lading keeps what it owns, and who it is

LADING_DATA = Path(env_text("LADING_DATA", str(BASE_DIR / "data"))).absolute()
LADING_ACCOUNT_ID = env_match("LADING_ACCOUNT_ID", "000000000000", r"\d{12}", "12 digits")
LADING_REGION = env_match(
    "LADING_REGION", "us-east-1", r"[a-z0-9-]{1,32}", "a region name such as us-east-1"
)
LADING_BIND = env_match("LADING_BIND", "127.0.0.1:8000", r"\S+:\d{1,5}", "host:port")
LADING_WORKERS = env_int("LADING_WORKERS", 2, 1, 64)
LADING_ACTIVE_JOBS = env_int("LADING_ACTIVE_JOBS", 6, 1, 1000)
LADING_LEASE_SECONDS = env_int("LADING_LEASE_SECONDS", 30, 3, 600)
LADING_THREADS = env_int("LADING_THREADS", 16, 1, 256)
LADING_CONNECTIONS = env_int("LADING_CONNECTIONS", 512, 1, 900)

try:
    LADING_ENDPOINTS = Reach.parse(env_list("LADING_ENDPOINTS", ""))
except ValueError as error:
    raise ImproperlyConfigured(
        "LADING_ENDPOINTS must be host names (*.example.org for all below one), addresses and "
        f"networks such as 10.0.0.0/8, separated by commas, without scheme or port; {error}."
    ) from None

DEBUG = env_bool("LADING_DEBUG", default=False)
ALLOWED_HOSTS = env_list("LADING_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("LADING_TRUSTED_ORIGINS", "")
LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
LADING_HTTPS = env_bool(
    "LADING_HTTPS", default=not DEBUG and not LOOPBACK.issuperset(ALLOWED_HOSTS)
)

LADING_PROXIES = env_int("LADING_PROXIES", 1 if LADING_HTTPS else 0, 0, 9)

SECRET_KEY = env_text("LADING_SECRET_KEY", "")
SECRET_KEY_FALLBACKS = env_list("LADING_SECRET_KEY_FALLBACKS", "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "LADING_SECRET_KEY is not set. Set it to a long random text that stays the same "
        "(python -c 'import secrets; print(secrets.token_urlsafe(50))'); "
        "the make targets make one by themselves."
    )

# Applications

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "django_q",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "heroicons",
    "rest_framework",
    "jobs",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "jobs.s3control.middleware.AnyHost",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jobs.pages.sessions.Sessions",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "jobs.pages.middleware.PageErrors",
    "jobs.rest.middleware.ConditionalAnswers",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

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
                "jobs.pages.access.rights",
            ],
            "libraries": {"lading": "jobs.pages.tags"},
        },
    }
]

# Database: SQLite under LADING_DATA until DATABASE_URL says otherwise (design decision 14)

SQLITE_OPTIONS = {
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;"
    ),
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
}
POSTGRESQL_OPTIONS = {
    # A machine that is lost in the middle of a transaction says nothing: its locks would keep
    # everybody else waiting until TCP notices, after two hours.
    "options": "-c idle_in_transaction_session_timeout=20s"
}
try:
    DATABASES = {
        "default": dict(
            dj_database_url.parse(
                env_text("DATABASE_URL", f"sqlite:///{LADING_DATA / 'lading.sqlite3'}"),
                conn_max_age=60,
            )
        )
    }
except ValueError as error:
    raise ImproperlyConfigured(f"DATABASE_URL is not a database URL: {error}.") from None
match DATABASES["default"]["ENGINE"]:
    case "django.db.backends.sqlite3":
        DATABASES["default"] |= {"ENGINE": "jobs.sqlite", "OPTIONS": SQLITE_OPTIONS}
    case "django.db.backends.postgresql":
        DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
        given = DATABASES["default"].get("OPTIONS")
        DATABASES["default"]["OPTIONS"] = POSTGRESQL_OPTIONS | (
            given if isinstance(given, dict) else {}
        )
    case engine:
        raise ImproperlyConfigured(f"DATABASE_URL must name SQLite or PostgreSQL, not {engine}.")

# The queue that carries doorbells (design decision 8); nothing depends on a message arriving

LADING_BROKER = env_match(
    "LADING_BROKER", "orm", r"orm|rediss?://\S+", "orm or redis://host:port/db"
)
Q_CLUSTER = {
    "name": "lading",
    "label": "Doorbells",
    "workers": LADING_WORKERS,
    "queue_limit": LADING_WORKERS,
    "save_limit": -1,
    "recycle": 50,
    "timeout": 3600,
    "retry": 3700,
    "ack_failures": True,
    "max_attempts": 1,
    "catch_up": False,
    "scheduler": False,
    "log_level": "WARNING",
    **({"orm": "default"} if LADING_BROKER == "orm" else {"redis": LADING_BROKER}),
}

# What web processes count together: in Redis where there is one, else each of them for itself

LADING_API_RATE = env_int("LADING_API_RATE", 6000, 0, 1_000_000)
CACHES: dict[str, dict[str, object]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
    if LADING_BROKER == "orm"
    else {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": LADING_BROKER,
        "KEY_PREFIX": "lading",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

# The spool: task, result and report files (design decision 3)

LADING_SPOOL = env_text("LADING_SPOOL", str(LADING_DATA / "spool"))


def spool_storage(location: str) -> dict[str, object]:
    """The Django storage of the spool: a folder, or
    s3://bucket/prefix[?endpoint_url=…&region_name=…&addressing_style=…].
    """
    if not location.startswith("s3://"):
        return {"BACKEND": "jobs.spool.FolderSpool", "OPTIONS": {"location": location}}
    parts = urlsplit(location)
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    if unknown := set(options) - {"endpoint_url", "region_name", "addressing_style"}:
        raise ImproperlyConfigured(
            f"LADING_SPOOL has an unknown option: {', '.join(sorted(unknown))}."
        )
    # No name stands before that of most hosts that are not AWS.
    options.setdefault("addressing_style", "path" if "endpoint_url" in options else "auto")
    if not parts.netloc or options["addressing_style"] not in ("auto", "path", "virtual"):
        raise ImproperlyConfigured(
            "LADING_SPOOL must be s3://bucket/prefix; addressing_style is auto, path or virtual."
        )
    return {
        "BACKEND": "jobs.bucket_spool.BucketSpool",
        "OPTIONS": {
            "bucket_name": parts.netloc,
            "location": parts.path.strip("/"),
            **options,
        },
    }


STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(LADING_DATA / "files")},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
    "spool": spool_storage(LADING_SPOOL),
}

# The web

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
FILE_UPLOAD_TEMP_DIR = None
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

AUTHENTICATION_BACKENDS = ["jobs.pages.login.ThrottledBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "job_list"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
# Length is what counts against guessing; 8 characters are within reach of whoever gets hold of the
# hashes, and rules about kinds of characters only make passwords that people write down.
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
CSRF_FAILURE_VIEW = "jobs.pages.refilling.refused"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# A session ends after half a day in which nobody used it, and after a week whatever happens.
SESSION_IDLE_SECONDS = 12 * 3600
SESSION_COOKIE_AGE = 7 * 24 * 3600
# Browsers take such a cookie from HTTPS on this very host alone, so that no other can plant one.
SESSION_COOKIE_NAME = "__Host-sessionid" if LADING_HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if LADING_HTTPS else "csrftoken"
# Plain HTTP is for loopback alone: any other allowed host makes LADING_HTTPS the default.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = LADING_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if LADING_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = LADING_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if LADING_HTTPS else None
SILENCED_SYSTEM_CHECKS = (
    [] if LADING_HTTPS else ["security.W004", "security.W008", "security.W012", "security.W016"]
)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "jobs.rest.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["jobs.rest.parsers.ObjectParser"],
    "DEFAULT_THROTTLE_CLASSES": ["jobs.rest.throttling.PerKey"],
    "DEFAULT_SCHEMA_CLASS": "jobs.rest.schema.Operations",
    "EXCEPTION_HANDLER": "jobs.rest.errors.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Lading",
    "DESCRIPTION": "Everything that the pages can do, for programs. See docs/api.md.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "POSTPROCESSING_HOOKS": ["jobs.rest.schema.components"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django-q": {"level": "WARNING"},
        "botocore": {"level": "WARNING"},
        "boto3": {"level": "WARNING"},
        "urllib3": {"level": "ERROR"},
        "s3transfer": {"level": "WARNING"},
    },
}
