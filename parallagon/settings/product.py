"""What missions, notifications and agents may be told by an operator."""

from decimal import Decimal

from parallagon.settings.place import env
from parallagon.settings.work import LONGEST_RUN

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
