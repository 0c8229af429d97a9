"""Mail, and the address that it links to."""

from pathlib import Path
from urllib.parse import quote, urlsplit

from exportcenter.settings.keys import VAR_DIR, env

mail = env.email_url("EMAIL_URL", default=f"filemail:///{quote(str(VAR_DIR / 'mail'))}")
EMAIL_BACKEND: str = mail["EMAIL_BACKEND"]
EMAIL_FILE_PATH: str = mail["EMAIL_FILE_PATH"]
EMAIL_HOST: str = mail["EMAIL_HOST"] or "127.0.0.1"
EMAIL_USE_TLS: bool = mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL: bool = mail.get("EMAIL_USE_SSL", False)
EMAIL_PORT: int = mail["EMAIL_PORT"] or (465 if EMAIL_USE_SSL else 587 if EMAIL_USE_TLS else 25)
EMAIL_HOST_USER: str = mail["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD: str = mail["EMAIL_HOST_PASSWORD"] or ""
EMAIL_TIMEOUT = 20
"""Seconds for each step of a conversation with the mail server."""
if EMAIL_BACKEND.endswith(".filebased.EmailBackend"):
    Path(EMAIL_FILE_PATH).mkdir(mode=0o700, parents=True, exist_ok=True)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Export Center <exportcenter@localhost>")
SITE_URL: str = env.str("SITE_URL", default="http://127.0.0.1:8000")
SITE_URL = SITE_URL.rstrip("/")
"""Where people reach the site: mails link there."""
if urlsplit(SITE_URL).scheme not in ("http", "https") or not urlsplit(SITE_URL).hostname:
    raise SystemExit("error: SITE_URL must be an address such as https://exports.example.com.")
