"""Settings of FirstRead, read from the environment; docs/settings.md lists them.

Without any variable set, everything points at the embedded services that `manage.py up` starts under `var/`.
A bad value stops the boot with a sentence that names the variable.
"""

import secrets
import sys
from importlib.util import find_spec
from pathlib import Path

import environ

from deploy.local import addresses

ROOT = Path(__file__).resolve().parent.parent
env = environ.Env()


def setting(name, default, cast=str, *, check=lambda value: True, need="another value"):
    """The environment's FIRSTREAD_<name> as `cast`; a value that does not fit ends the boot with a sentence."""
    variable = f"FIRSTREAD_{name}"
    try:
        value = getattr(env, cast.__name__)(variable, default=default)
        fits = check(value) and (cast is not bool or known_bool(variable))
    except (ValueError, TypeError, ImportError):
        fits = False
    if not fits:
        sys.exit(f"{variable}={env.str(variable, '')!r} does not fit: it needs {need}.")
    return value


def known_bool(variable):
    """Whether the variable is unset or one of the usual words; django-environ reads any other word as False."""
    return env.str(variable, "no").lower() in {*env.BOOLEAN_TRUE_STRINGS, "false", "off", "no", "n", "0"}


def positive(value):
    return value > 0


DEBUG = setting("DEBUG", False, bool, need="yes or no")
VAR = Path(setting("VAR", str(ROOT / "var"))).resolve()
PORT = setting("PORT", 8000, int, check=lambda port: 0 < port < 65536, need="a port number, 1 to 65535")


def secret_key():
    """The given key, or one that is drawn once and kept readable by its owner alone."""
    given = setting("SECRET_KEY", "", check=lambda key: not key or len(key) >= 32, need="at least 32 characters")
    if given:
        return given
    kept = VAR / "secret_key"
    if not kept.exists():
        VAR.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(48))
    return kept.read_text()


SECRET_KEY = secret_key()
ALLOWED_HOSTS = setting("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"], list)
CSRF_TRUSTED_ORIGINS = setting("TRUSTED_ORIGINS", [], list)
# Behind a proxy that ends TLS; it must set X-Forwarded-Proto itself.
BEHIND_TLS = setting("BEHIND_TLS", False, bool, need="yes or no")
# Where people reach the portal, for the links in e-mails.
PORTAL_URL = setting("PORTAL_URL", "").rstrip("/")


def mail_settings():
    """Django's EMAIL_ settings of FIRSTREAD_EMAIL_URL; none where it is not set, and then nothing is mailed."""
    url = setting(
        "EMAIL_URL", "", check=lambda url: not url or url.startswith("smtp"), need="smtp://user:password@host:25"
    )
    return env.email_url_config(url) if url else {}


MAIL = mail_settings()
vars().update({name: value for name, value in MAIL.items() if name.startswith("EMAIL_")})
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = setting("EMAIL_FROM", "firstread@localhost")

INSTALLED_APPS = [
    "screening",
    "workers",
    "webportal",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "webportal.bounds.Bounds",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "webportal.idle.Idle",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "webportal.urls"
WSGI_APPLICATION = "webportal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "webportal.context.product",
            ]
        },
    }
]

# The ledger. PostgreSQL alone: the lease and the order of the worklist are SQL.
try:
    DATABASES = {"default": env.db_url("DATABASE_URL", default=addresses.database_url(VAR))}
    fits = DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql"
except (ValueError, KeyError, environ.ImproperlyConfigured):
    fits = False
if not fits:
    sys.exit("DATABASE_URL does not fit: FirstRead keeps its ledger in PostgreSQL alone (postgres://user@host/name).")
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
# A server behind a line that is cut is given up within half a minute; the kernel alone would wait for hours. Unset by
# a unix socket, which has no line.
PATIENCE = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
DATABASES["default"].setdefault("OPTIONS", {}).update(PATIENCE | {"tcp_user_timeout": 20_000})
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Twelve synthetic phantoms at a site of their own, for a first look: where the embedded services run, and nowhere else.
EMBEDDED = env.str("DATABASE_URL", addresses.database_url(VAR)) == addresses.database_url(VAR)
DEMO = setting("DEMO", EMBEDDED, bool, need="yes or no")

# A folder whose films `manage.py up` takes in, and the site that a watched folder's films belong to.
WATCH = setting("WATCH", "")
WATCH = WATCH and str(Path(WATCH).resolve())
WATCH_SITE = setting("WATCH_SITE", "")

# The doorbell. Celery's settings live in workers/config.py.
REDIS_URL = setting(
    "REDIS_URL",
    addresses.redis_url(VAR),
    check=lambda url: url.startswith(("redis://", "rediss://", "redis+socket://")),
    need="redis://host:port/number or redis+socket:///path",
)
# Another broker in its place: Redis behind Sentinels, or RabbitMQ.
BROKER_URL = setting(
    "BROKER_URL",
    REDIS_URL,
    check=lambda url: url == REDIS_URL or url.startswith(("sentinel://", "amqp://", "amqps://")),
    need="sentinel://host:26379;sentinel://host:26379, amqp://user:password@host:5672/name or amqps://...",
)
SENTINEL_MASTER = setting("SENTINEL_MASTER", "mymaster")

# The lease of a screening, and how often the sweep looks: what a killed worker held is free after at most L + S.
LEASE_S = setting("LEASE_S", 60, int, check=positive, need="whole seconds above 0")
SWEEP_S = setting("SWEEP_S", 15, int, check=positive, need="whole seconds above 0")
if SWEEP_S >= LEASE_S:
    sys.exit(f"FIRSTREAD_SWEEP_S={SWEEP_S} does not fit: it needs less than FIRSTREAD_LEASE_S={LEASE_S}.")
# Films a batch: 32 keeps a CPU or GPU busy and a stat film's wait below two batches.
BATCH_SIZE = setting("BATCH_SIZE", 32, int, check=lambda n: 1 <= n <= 256, need="1 to 256 films")
# Below so much free space on the disk of the films nothing new is taken; 0 takes until it is full.
DISK_FLOOR_B = 2**20 * setting("DISK_FLOOR_MB", 1024, int, check=lambda mb: mb >= 0, need="megabytes, 0 or more")
# A reader's claim, renewed by the reader's activity.
CLAIM_MINUTES = setting("CLAIM_MINUTES", 15, int, check=positive, need="whole minutes above 0")
# The module whose `load(card)` gives the model: auto chooses TensorFlow or OpenVINO by the machine; a stub in tests.
RUNTIME = setting("RUNTIME", "ml.runtime.auto", check=find_spec, need="the name of a module with load(card)")
FLOWER_URL = setting(
    "FLOWER_URL",
    "http://127.0.0.1:5555/",
    check=lambda url: url.startswith(("http://", "https://", "/")),
    need="an address, http://... or /path/",
)

AUTH_USER_MODEL = "screening.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
# Ten bad passwords lock a name for 15 minutes; the counters are rows, so all portal processes share them.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_LOCKOUT_TEMPLATE = "webportal/locked.html"
AXES_VERBOSE = False
# A lock by address would shut out a whole department behind one router.
SILENCED_SYSTEM_CHECKS = ["axes.W006"]
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_S = 60 * setting("IDLE_MINUTES", 30, int, check=positive, need="whole minutes above 0")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = BEHIND_TLS
if BEHIND_TLS:  # browsers take such names from this host alone, and with TLS alone
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SECURE_HSTS_SECONDS = 365 * 86400 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español"), ("fr", "Français"), ("hi", "हिन्दी"), ("sw", "Kiswahili")]
LOCALE_PATHS = [ROOT / "webportal" / "locale"]
# Whoever chose a language once keeps it, also over the next login.
LANGUAGE_COOKIE_AGE = 365 * 86400
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = BEHIND_TLS
# For languages of which Django does not know how they write numbers.
NUMBER_GROUPING = 3
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = Path(setting("STATIC", str(VAR / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(VAR / "media")}},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# Uploads stay on disk above 1 MB; how much a file may hold is intake's to say.
FILE_UPLOAD_MAX_MEMORY_SIZE = 2**20
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler", "webportal.spooled.Nameless"]
DATA_UPLOAD_MAX_NUMBER_FILES = 1000
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["webportal.api.parsers.Json"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "webportal.api.errors.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "FirstRead",
    "DESCRIPTION": (
        "Chest X-ray prioritisation: upload, screening, worklist, reading. Research use only. A prioritisation aid: "
        "it does not diagnose or rule out pneumonia; every study must be read."
    ),
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "BatchState": "screening.models.batches.Batch.State",
        "FindingEnum": "screening.models.reads.Finding",
        "JobState": "screening.models.screenings.Job.State",
    },
    # The docs are served without the internet.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # pydicom quotes the values it warns of, and those may be a patient's.
    "loggers": {"pydicom": {"level": "CRITICAL"}, "py.warnings": {"level": "ERROR"}},
}
