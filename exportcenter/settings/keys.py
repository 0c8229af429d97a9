"""Secrets, and whom the site believes."""

import environ

from exportcenter.environment import var_dir
from exportcenter.local_secrets import local_secret

env = environ.Env()
VAR_DIR = var_dir()

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or local_secret("secret_key")
AUDIT_KEY = env.str("AUDIT_KEY", default="") or local_secret("audit_key")
DOWNLOAD_KEYS: dict[str, str] = env.dict("DOWNLOAD_KEYS", default={}) or {"local": local_secret("download_key")}
"""Key id → secret of download handles. The first signs, all verify: rotation = put the new one in front."""
EVENT_KEYS: dict[str, str] = env.dict("EVENT_KEYS", default={}) or {"local": local_secret("event_key")}
"""Key id → secret that the signatures and ids of live events go by. Rotation as above."""
WEBHOOK_KEYS: dict[str, str] = env.dict("WEBHOOK_KEYS", default={}) or {"local": local_secret("webhook_key")}
"""Key id → secret that the secrets of webhooks are derived from. The first makes new ones, all keep signing."""

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)
"""True behind TLS: secure cookies, HSTS, and X-Forwarded-Proto is believed."""
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
"""Addresses whose X-Forwarded-For is believed when the client's address is recorded."""
