"""Background work: what Celery does when, in which queue, and how long it may take."""

from parallagon.settings.place import (
    DATA_DIR,
    REDIS_IS_EMBEDDED,
    REDIS_PREFIX,
    REDIS_SOCKET,
    REDIS_URL,
)

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
