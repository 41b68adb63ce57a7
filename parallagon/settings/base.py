"""Every setting of Parallagon, read from the environment; ``.env.example`` documents each.

Where the installation is stands in ``place``, its background work in ``work``, what missions,
notifications and agents are told in ``product``. Here: security, apps, accounts, web, database,
cache and live layer, languages, API, logs.
"""

from datetime import timedelta
from typing import Any

import django_stubs_ext
from corsheaders.defaults import default_headers
from csp.constants import NONCE
from django.utils.crypto import salted_hmac

from parallagon.settings import databases
from parallagon.settings.logs import hide_secrets, logging_of
from parallagon.settings.place import *  # noqa: F403
from parallagon.settings.place import (
    BASE_DIR,
    DATA_DIR,
    HOST,
    PORT,
    REDIS_PREFIX,
    REDIS_URL,
    SECRET_KEY,
    env,
)
from parallagon.settings.product import *  # noqa: F403
from parallagon.settings.product import PARALLAGON_LANGUAGE
from parallagon.settings.work import *  # noqa: F403

# Django's generic classes take type arguments at run time too.
django_stubs_ext.monkeypatch()

# -- security ----------------------------------------------------------------------------------
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
