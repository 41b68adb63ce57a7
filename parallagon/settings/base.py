"""Every setting of Parallagon, read from the environment; ``.env.example`` documents each.

Sections: where we are, security, apps, web, database, cache and live layer, background work,
missions, agents, languages, API, logs.
"""

import secrets
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import django_stubs_ext
from corsheaders.defaults import default_headers
from csp.constants import NONCE
from django.core.exceptions import ImproperlyConfigured
from django.utils.crypto import salted_hmac

from parallagon.settings import databases
from parallagon.settings.env import Environment
from parallagon.settings.logs import hide_secrets, logging_of

# Django's generic classes take type arguments at run time too.
django_stubs_ext.monkeypatch()

# -- where we are ------------------------------------------------------------------------------
BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = Environment(BASE_DIR / ".env")
ENVIRONMENT = env.values
DATA_DIR = env.path("PARALLAGON_DATA_DIR", BASE_DIR / "var")
HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, least=1, most=65535)
DEBUG = env.flag("DEBUG")
IS_LOOPBACK = HOST in {"127.0.0.1", "localhost", "::1"}


def _secret_key() -> str:
    """Read ``SECRET_KEY``, or make one in the data directory when only this machine can reach us.

    Made once: written whole under another name, then linked, so that two first starts agree.
    """
    if key := env.secret("SECRET_KEY"):
        return key
    if not IS_LOOPBACK:
        raise ImproperlyConfigured(
            f"SECRET_KEY is not set and HOST is {HOST}: set SECRET_KEY (or SECRET_KEY_FILE) to a "
            "long random text before others can reach this installation."
        )
    file = DATA_DIR / "secret_key"
    try:
        if not file.exists():
            DATA_DIR.mkdir(parents=True, exist_ok=True)
            draft = file.with_name(f"secret_key.{secrets.token_hex(4)}")
            draft.touch(mode=0o600, exist_ok=False)
            draft.write_text(secrets.token_urlsafe(60), encoding="ascii")
            try:
                file.hardlink_to(draft)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The data directory {DATA_DIR} cannot be used ({error.strerror}): make it writable, "
            "or set PARALLAGON_DATA_DIR to a folder that is."
        ) from error


# -- security ----------------------------------------------------------------------------------
SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", ("127.0.0.1", "localhost", "[::1]", HOST))
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Two installations on one machine differ by port only; cookies do not know ports.
SESSION_COOKIE_NAME = f"parallagon_{PORT}"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "parallagon.accounts.store"
SESSION_COOKIE_AGE = env.integer("SESSION_IDLE_HOURS", 14 * 24, least=1) * 3600
SESSION_DAYS = env.integer("SESSION_DAYS", 60, least=1)  # in any case, however much it is used
CSRF_COOKIE_NAME = f"parallagon_csrf_{PORT}"
CSRF_COOKIE_SAMESITE = "Lax"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'", NONCE],
        "style-src": ["'self'", NONCE],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    },
}
# Other sites may call the API with a token, never with a session of ours.
CORS_ALLOWED_ORIGINS = env.items("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = (*default_headers, "idempotency-key", "if-match", "if-none-match")
CORS_EXPOSE_HEADERS = ("ETag", "Link", "Location", "Retry-After", "X-Request-Id")

# -- apps --------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "rest_framework",
    "rest_framework_simplejwt",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_prometheus",
    "django_vite",
    "csp",
    "parallagon.accounts",
    "parallagon.core",
    "parallagon.search",
    "parallagon",
    "missions",
    "notifications",
    "agents",
    "frontend",
]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "parallagon.core.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "parallagon.core.browsers.BrowserPolicyMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "parallagon.core.compression.CompressAnswers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "parallagon.accounts.sessions.SessionLimits",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "parallagon.urls"
ASGI_APPLICATION = "parallagon.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# -- accounts ----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "sesame.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/editor"
LOGOUT_REDIRECT_URL = "/signed-out"
# Signing in by an OpenID provider: on once issuer, client and secret are set (docs/security.md).
OIDC_ISSUER = env.text("OIDC_ISSUER")
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = env.secret("OIDC_CLIENT_SECRET")
OIDC_NAME = env.text("OIDC_NAME", "OpenID")  # on the button
OIDC_CREATE_ACCOUNTS = env.flag("OIDC_CREATE_ACCOUNTS")
# For a provider that does not describe itself at <issuer>/.well-known/openid-configuration.
OIDC_AUTHORIZATION_URL = env.text("OIDC_AUTHORIZATION_URL")
OIDC_TOKEN_URL = env.text("OIDC_TOKEN_URL")
OIDC_KEYS_URL = env.text("OIDC_KEYS_URL")
OIDC_USERINFO_URL = env.text("OIDC_USERINFO_URL")
SESAME_ONE_TIME = True
SESAME_MAX_AGE = 24 * 3600

# -- web ---------------------------------------------------------------------------------------
# A cache that is down must not keep people from signing in.
RATELIMIT_FAIL_OPEN = True
RATELIMIT_USE_CACHE = "limits"
# So many requests in so many seconds, by class; `parallagon/core/limits` says who counts what.
RATE_LIMITS = env.rates(
    "RATE_LIMITS",
    {
        "read": (600, 10), "write": (200, 10), "expensive": (60, 30), "control": (60, 60),
        "anonymous": (100, 10), "sign_in": (5, 60), "sign_in_address": (30, 60),
        "flood": (240, 3), "static": (400, 20), "address": (1500, 5),
    },
)  # fmt: skip
# While one answer in twenty is slower than this, everybody gets less, down to this share.
RATE_LIMITS_LEAST_PERCENT = env.integer("RATE_LIMITS_LEAST_PERCENT", 25, least=1, most=100)
RATE_LIMITS_SLOW_MS = env.integer("RATE_LIMITS_SLOW_MS", 1000, least=10)
STATIC_URL = "/static/"
STATIC_ROOT = env.path("PARALLAGON_STATIC_DIR", DATA_DIR / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
# Names that hold a hash of the content: Vite's, and Django's where files were collected.
WHITENOISE_IMMUTABLE_FILE_TEST = r"/frontend/assets/.+-[\w-]{8}\.|\.[0-9a-f]{12}\."
DJANGO_VITE = {
    "default": {
        "dev_mode": env.flag("PARALLAGON_VITE_DEV"),
        "static_url_prefix": "frontend",
        "manifest_path": BASE_DIR / "frontend/static/frontend/manifest.json",
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

# -- database ----------------------------------------------------------------------------------
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", "UTC")
DATABASE_URL = env.secret("DATABASE_URL")
SQLITE = databases.sqlite(DATA_DIR / "db.sqlite3")
DATABASES = {"default": databases.postgresql(DATABASE_URL, env) if DATABASE_URL else SQLITE}

# -- cache and live layer ----------------------------------------------------------------------
# Without REDIS_URL, `manage.py up` runs a Valkey of its own on a socket in the data directory.
REDIS_SOCKET = DATA_DIR / "sockets" / "valkey.sock"
REDIS_URL = env.secret("REDIS_URL") or f"unix://{quote(str(REDIS_SOCKET))}"
REDIS_IS_EMBEDDED = not env.secret("REDIS_URL")
REDIS_PREFIX = env.text("PARALLAGON_REDIS_PREFIX", "parallagon")
PARALLAGON_CACHE_BYTES = env.integer("PARALLAGON_CACHE_BYTES", 64 * 1024 * 1024, least=0)
PARALLAGON_CACHE_SECONDS = env.integer("PARALLAGON_CACHE_SECONDS", 900, least=1)
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_PREFIX,
        # A cache that is down is a slow page, never a broken one.
        "OPTIONS": {
            "IGNORE_EXCEPTIONS": True,
            "SOCKET_CONNECT_TIMEOUT": 2,
            "SOCKET_TIMEOUT": 2,
            "CONNECTION_POOL_KWARGS": {"max_connections": 100, "health_check_interval": 30},
        },
    },
    # What django-ratelimit counts: nobody waits for it, and nobody is refused without it.
    "limits": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_PREFIX}.counted",
        "OPTIONS": {
            "IGNORE_EXCEPTIONS": True,
            "SOCKET_CONNECT_TIMEOUT": 0.25,
            "SOCKET_TIMEOUT": 0.25,
            "CONNECTION_POOL_KWARGS": {"max_connections": 100, "health_check_interval": 30},
        },
    },
    # Contents of files, by hash: `missions/cache.py` checks them and goes on without.
    "contents": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_PREFIX}.contents",
        "TIMEOUT": PARALLAGON_CACHE_SECONDS,
        "OPTIONS": {
            "SERIALIZER": "parallagon.core.cache.RawBytes",
            "SOCKET_CONNECT_TIMEOUT": 0.25,
            "SOCKET_TIMEOUT": 0.25,
            "CONNECTION_POOL_KWARGS": {"max_connections": 100, "health_check_interval": 30},
        },
    },
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": f"{REDIS_PREFIX}.live"},
    }
}

# -- background work ---------------------------------------------------------------------------
LONGEST_RUN = 3600  # seconds
# Kombu spells a Unix socket redis+socket://; the rest of the world says unix://.
CELERY_BROKER_URL = (
    f"redis+socket://{REDIS_SOCKET}?virtual_host=0" if REDIS_IS_EMBEDDED else REDIS_URL
)
CELERY_BROKER_POOL_LIMIT = 10
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A cycle does not need the broker: it goes on while the connection comes back.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # A message that nobody acknowledged for so long comes again: no run may last as long.
    "visibility_timeout": 4 * LONGEST_RUN,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "global_keyprefix": f"{REDIS_PREFIX}.",
    "health_check_interval": 25,
}
CELERY_TASK_DEFAULT_QUEUE = "default"
# What takes long has a worker of its own: ticks and messages to people never wait behind it.
CELERY_TASK_ROUTES = {
    "agents.execute_run": {"queue": "cycles"},
    "agents.prune": {"queue": "upkeep"},
    "missions.expire_proposals": {"queue": "upkeep"},
    "missions.follow_files": {"queue": "upkeep"},
    "missions.prune_events": {"queue": "upkeep"},
    "missions.prune_locks": {"queue": "upkeep"},
    "missions.purge": {"queue": "upkeep"},
    "missions.sweep": {"queue": "upkeep"},
    "missions.thin": {"queue": "upkeep"},
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "sign-ins": {"task": "accounts.prune", "schedule": 3600.0, "options": {"expires": 3600}},
    "dispatch": {"task": "agents.dispatch", "schedule": 1.0, "options": {"expires": 5}},
    "forget": {"task": "agents.prune", "schedule": 24 * 3600.0, "options": {"expires": 3600}},
    "reap": {"task": "agents.reap", "schedule": 5.0, "options": {"expires": 10}},
    "follow-events": {"task": "notifications.follow", "schedule": 2.0, "options": {"expires": 4}},
    "alerts": {"task": "notifications.evaluate", "schedule": 10.0, "options": {"expires": 10}},
    "deliver": {"task": "notifications.deliver", "schedule": 2.0, "options": {"expires": 4}},
    "remind": {"task": "notifications.remind", "schedule": 3600.0, "options": {"expires": 3600}},
    "forget-told": {
        "task": "notifications.forget",
        "schedule": 24 * 3600.0,
        "options": {"expires": 3600},
    },
    "recover": {"task": "missions.recover", "schedule": 60.0, "options": {"expires": 60}},
    "thin": {"task": "missions.thin", "schedule": 24 * 3600.0, "options": {"expires": 3600}},
    "sweep": {"task": "missions.sweep", "schedule": 3600.0, "options": {"expires": 3600}},
    "follow": {"task": "missions.follow_files", "schedule": 300.0, "options": {"expires": 300}},
    "search": {"task": "search.update", "schedule": 2.0, "options": {"expires": 5}},
    "search-all": {"task": "search.repair", "schedule": 3600.0, "options": {"expires": 3600}},
    "prune": {"task": "missions.prune_events", "schedule": 3600.0, "options": {"expires": 3600}},
    "locks": {"task": "missions.prune_locks", "schedule": 3600.0, "options": {"expires": 3600}},
    "purge": {"task": "missions.purge", "schedule": 3600.0, "options": {"expires": 3600}},
    "invite": {"task": "missions.send_invitations", "schedule": 10.0, "options": {"expires": 20}},
    "expire": {
        "task": "missions.expire_proposals",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
}

# -- missions ----------------------------------------------------------------------------------
PARALLAGON_LOCKS = env.choice("PARALLAGON_LOCKS", "file", ("file", "redis"))
PARALLAGON_LOCK_TIMEOUT = float(env.decimal("PARALLAGON_LOCK_TIMEOUT", Decimal(2)))  # seconds
PARALLAGON_MAX_FILE_SIZE = env.integer("PARALLAGON_MAX_FILE_SIZE", 1024 * 1024, least=1024)
PARALLAGON_MAX_IMPORT_SIZE = env.integer("PARALLAGON_MAX_IMPORT_SIZE", 32 * 1024 * 1024, least=1024)
# Older than this, only one revision a day stays of what each agent or program wrote; 0: all do.
PARALLAGON_REVISION_DAYS = env.integer("PARALLAGON_REVISION_DAYS", 90, least=0)
PARALLAGON_PROPOSAL_DAYS = env.integer("PARALLAGON_PROPOSAL_DAYS", 14, least=0)  # 0: for ever
PARALLAGON_EXTENSIONS = env.items(
    "PARALLAGON_EXTENSIONS",
    (
        ".md", ".txt", ".rst", ".csv", ".json", ".yaml", ".yml", ".toml", ".xml",
        ".html", ".css", ".js", ".ts", ".py", ".sql", ".sh",
    ),
)  # fmt: skip
PARALLAGON_INVITATION_DAYS = env.integer("PARALLAGON_INVITATION_DAYS", 7, least=1, most=365)
PARALLAGON_EXTERNAL_ROOTS = env.paths("PARALLAGON_EXTERNAL_ROOTS")
PARALLAGON_DELETED_DAYS = env.integer("PARALLAGON_DELETED_DAYS", 30, least=1)
# Changes are told at once; a rescan finds what the system forgot to tell.
PARALLAGON_WATCH_RESCAN_SECONDS = env.integer("PARALLAGON_WATCH_RESCAN_SECONDS", 300, least=1)
PARALLAGON_WATCH_POLL_SECONDS = env.integer("PARALLAGON_WATCH_POLL_SECONDS", 5, least=1)
PARALLAGON_LANGUAGE = env.choice("PARALLAGON_LANGUAGE", "en", ("en", "fr"))

# -- notifications -----------------------------------------------------------------------------
PARALLAGON_NOTIFICATION_DAYS = env.integer("PARALLAGON_NOTIFICATION_DAYS", 90, least=1)
# People choose where webhooks and Slack lead; what only this network can reach is refused.
PARALLAGON_URL = env.text("PARALLAGON_URL").rstrip("/")  # in letters; empty: HOST and PORT
globals().update(env.mail("EMAIL_URL"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "parallagon@localhost")
PARALLAGON_WEBHOOK_HTTP = env.flag("PARALLAGON_WEBHOOK_HTTP")
PARALLAGON_WEBHOOK_PRIVATE = env.flag("PARALLAGON_WEBHOOK_PRIVATE")

# -- agents ------------------------------------------------------------------------------------
PARALLAGON_ROLES = env.items(
    "PARALLAGON_ROLES",
    (
        "agents.roles.specifications.Specifications",
        "agents.roles.production.Production",
        "agents.roles.management.Management",
        "agents.roles.evaluation.Evaluation",
        "agents.roles.suivi.Suivi",
        "agents.roles.duplication.Duplication",
    ),
)
PARALLAGON_MODEL = env.text("PARALLAGON_MODEL", "offline/writer")
PARALLAGON_CYCLES = env.integer("PARALLAGON_CYCLES", 8, least=1, most=200)
PARALLAGON_SANDBOX = env.choice("PARALLAGON_SANDBOX", "auto", ("auto", "landlock", "none"))
PARALLAGON_OFFLINE_PACE = env.integer("PARALLAGON_OFFLINE_PACE", 0, least=0)  # tokens a second
PARALLAGON_RUN_SECONDS = env.integer("PARALLAGON_RUN_SECONDS", 600, least=5, most=LONGEST_RUN)
PARALLAGON_STOP_SECONDS = env.integer("PARALLAGON_STOP_SECONDS", 5, least=0)
PARALLAGON_BREAKER_FAILURES = env.integer("PARALLAGON_BREAKER_FAILURES", 5, least=1)
PARALLAGON_BREAKER_WINDOW_SECONDS = env.integer("PARALLAGON_BREAKER_WINDOW_SECONDS", 120, least=1)
PARALLAGON_BREAKER_PAUSE_SECONDS = env.integer("PARALLAGON_BREAKER_PAUSE_SECONDS", 30, least=1)
# What a run said (log, transcript) is kept so long after its end; 0: for ever.
PARALLAGON_RUN_DAYS = env.integer("PARALLAGON_RUN_DAYS", 30, least=0, most=36_500)
# Budgets: US dollars, output tokens and calls of models that cost; "none" is no cap. A mission and
# an agent may have their own instead.
PARALLAGON_RUN_DOLLARS = env.dollars("PARALLAGON_RUN_DOLLARS", Decimal(1))
PARALLAGON_RUN_TOKENS = env.cap("PARALLAGON_RUN_TOKENS", 100_000)
PARALLAGON_RUN_CALLS = env.integer("PARALLAGON_RUN_CALLS", 8, least=1)
PARALLAGON_AGENT_DAY_DOLLARS = env.dollars("PARALLAGON_AGENT_DAY_DOLLARS")
PARALLAGON_AGENT_DAY_TOKENS = env.cap("PARALLAGON_AGENT_DAY_TOKENS")
PARALLAGON_AGENT_DAY_CALLS = env.cap("PARALLAGON_AGENT_DAY_CALLS")
PARALLAGON_MISSION_DAY_DOLLARS = env.dollars("PARALLAGON_MISSION_DAY_DOLLARS", Decimal(5))
PARALLAGON_MISSION_DAY_TOKENS = env.cap("PARALLAGON_MISSION_DAY_TOKENS", 400_000)
PARALLAGON_MISSION_DAY_CALLS = env.cap("PARALLAGON_MISSION_DAY_CALLS", 200)
PARALLAGON_MISSION_DOLLARS = env.dollars("PARALLAGON_MISSION_DOLLARS")
PARALLAGON_MISSION_TOKENS = env.cap("PARALLAGON_MISSION_TOKENS")
PARALLAGON_MISSION_CALLS = env.cap("PARALLAGON_MISSION_CALLS")
PARALLAGON_DAY_DOLLARS = env.dollars("PARALLAGON_DAY_DOLLARS", Decimal(20))
PARALLAGON_DAY_TOKENS = env.cap("PARALLAGON_DAY_TOKENS")
PARALLAGON_DAY_CALLS = env.cap("PARALLAGON_DAY_CALLS")
PARALLAGON_WHOLE_MODELS = env.items("PARALLAGON_WHOLE_MODELS")  # empty: those known to need it
PARALLAGON_PRICES = env.prices("PARALLAGON_PRICES")  # of models that no table knows
PARALLAGON_QUIET_SECONDS = env.integer("PARALLAGON_QUIET_SECONDS", 5, least=0)
PARALLAGON_QUIET_MOST_SECONDS = env.integer("PARALLAGON_QUIET_MOST_SECONDS", 60, least=0)

# -- languages ---------------------------------------------------------------------------------
USE_I18N = True
LANGUAGE_CODE = PARALLAGON_LANGUAGE
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "parallagon" / "locale"]

# -- API ---------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "parallagon.accounts.authentication.SessionAuthentication",
        "parallagon.accounts.authentication.KeyAuthentication",
        "parallagon.accounts.credentials.TokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "parallagon.accounts.scopes.WithinScope",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["parallagon.core.parsing.JSONBody"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "parallagon.core.api.Pages",
    "DEFAULT_THROTTLE_CLASSES": ["parallagon.core.limits.throttle.RateThrottle"],
    "EXCEPTION_HANDLER": "parallagon.core.api.exception_handler",
    "NUM_PROXIES": env.integer("TRUSTED_PROXIES", 0, least=0),
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=env.integer("JWT_ACCESS_MINUTES", 10, least=1)),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=env.integer("JWT_REFRESH_DAYS", 1, least=1)),
    "ROTATE_REFRESH_TOKENS": env.flag("JWT_ROTATE", default=True),
    "BLACKLIST_AFTER_ROTATION": env.flag("JWT_BLACKLIST", default=True),
    "CHECK_REVOKE_TOKEN": True,  # a new password ends the tokens of the old one
    "SIGNING_KEY": env.secret("JWT_SIGNING_KEY")
    or salted_hmac("jwt", "", SECRET_KEY, algorithm="sha256").hexdigest(),
}
PARALLAGON_SOCKETS_PER_USER = env.integer("PARALLAGON_SOCKETS_PER_USER", 20, least=1)  # a process
PARALLAGON_METRICS_TOKEN = env.secret("PARALLAGON_METRICS_TOKEN")
# With less room than this in the data directory the installation is not ready.
PARALLAGON_DISK_FREE_BYTES = env.integer("PARALLAGON_DISK_FREE_BYTES", 256 * 1024**2, least=0)
PARALLAGON_DISK_FREE_INODES = env.integer("PARALLAGON_DISK_FREE_INODES", 10_000, least=0)
SPECTACULAR_SETTINGS = {
    "TITLE": "Parallagon",
    "DESCRIPTION": "Missions, their files, and the agents that work on them.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "missions.api.schema.add_changes",
    ],
    "ENUM_NAME_OVERRIDES": {
        "MissionState": "missions.models.Mission.State",
        "AgentState": "agents.models.Agent.State",
        "RunState": "agents.models.AgentRun.State",
        "ProposalState": "missions.models.Proposal.State",
        "ProposalFileState": "missions.models.ProposalFile.State",
        "ProposalReason": "missions.models.Proposal.Reason",
        "RevisionOperation": "missions.models.Revision.Operation",
        "MemberRole": "missions.models.Membership.Role",
        "BudgetLevel": ["fine", "warning", "reached"],
        "NotificationLevel": "notifications.models.Notification.Level",
        "AlertState": "notifications.models.AlertRule.State",
        "NotificationChannel": "notifications.models.Channel",
        "DeliveryState": "notifications.models.Delivery.State",
        "KeyScope": "parallagon.accounts.models.ApiKey.Scope",
    },
}

# -- logs --------------------------------------------------------------------------------------
LOG_LEVEL = env.text("LOG_LEVEL", "INFO")
LOG_FILE = env.text("LOG_FILE")
LOGGING = logging_of(env)
hide_secrets(env, SECRET_KEY, str(SIMPLE_JWT["SIGNING_KEY"]))
DEFAULT_EXCEPTION_REPORTER = "parallagon.core.reports.ScrubbedReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "parallagon.core.reports.ScrubbingFilter"
