"""Jobs, live events, webhooks, and the processes that do the work."""

from django.core.exceptions import ImproperlyConfigured

from exportcenter.settings.keys import VAR_DIR, env

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
IDEMPOTENCY_KEEP_HOURS = env.float("IDEMPOTENCY_KEEP_HOURS", default=24)
"""How long a repeated request with the same Idempotency-Key gets the first answer."""
EXPORT_REUSE_SECONDS = env.int("EXPORT_REUSE_SECONDS", default=600)
"""How old a job may be that an identical request joins when it asks for that."""
EXPORT_WAITS_PER_USER = env.int("EXPORT_WAITS_PER_USER", default=5)
"""Requests of one person that wait for the end of a job (?wait=), per web process."""
if IDEMPOTENCY_KEEP_HOURS <= 0 or EXPORT_REUSE_SECONDS < 0 or EXPORT_WAITS_PER_USER < 1:
    raise ImproperlyConfigured("IDEMPOTENCY_KEEP_HOURS, EXPORT_REUSE_SECONDS or EXPORT_WAITS_PER_USER is too small")

# --- live events (jobs.events) --------------------------------------------------------------------------
EVENT_POLL_SECONDS = env.float("EVENT_POLL_SECONDS", default=0.2)
"""How often a web process looks for new events while anybody listens."""
EVENT_RECHECK_SECONDS = env.float("EVENT_RECHECK_SECONDS", default=2)
"""How often it looks whether the rights of its listeners still are what they were."""
EVENT_HEARTBEAT_SECONDS = env.float("EVENT_HEARTBEAT_SECONDS", default=15)
EVENT_STREAMS_PER_USER = env.int("EVENT_STREAMS_PER_USER", default=10)
EVENT_STREAMS_MOST = env.int("EVENT_STREAMS_MOST", default=1000)
"""Open streams per web process."""
EVENT_KEEP_HOURS = env.float("EVENT_KEEP_HOURS", default=48)
"""Who was away for longer cannot read on and starts anew."""
if min(EVENT_POLL_SECONDS, EVENT_RECHECK_SECONDS, EVENT_HEARTBEAT_SECONDS, EVENT_KEEP_HOURS) <= 0:
    raise ImproperlyConfigured("EVENT_… periods must be more than 0")

# --- webhooks (jobs.webhooks) ---------------------------------------------------------------------------
WEBHOOK_SENDERS = env.int("WEBHOOK_SENDERS", default=4)
"""Messages that one process of `manage.py webhooks` sends at the same time, each to another webhook."""
WEBHOOK_PORTS = [int(port) for port in env.list("WEBHOOK_PORTS", default=["443"])]
WEBHOOK_ALLOW_PRIVATE = env.bool("WEBHOOK_ALLOW_PRIVATE", default=False)
"""Development only: http, any port, and addresses that are not public."""
WEBHOOK_TIME_SCALE = env.float("WEBHOOK_TIME_SCALE", default=1.0)
"""Divides the pauses between attempts, the patience with a failing receiver and the lease; tests use more than 1."""
if WEBHOOK_SENDERS < 1 or WEBHOOK_TIME_SCALE <= 0:
    raise ImproperlyConfigured("WEBHOOK_SENDERS must be 1 or more, WEBHOOK_TIME_SCALE more than 0")

# --- Celery ----------------------------------------------------------------------------------------------
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
