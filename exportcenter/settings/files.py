"""Where files are written and kept."""

from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from exportcenter.settings.keys import VAR_DIR, env

SPOOL_DIR = Path(env.str("SPOOL_DIR", default=str(VAR_DIR / "spool")))
"""Where a worker writes before it publishes; private, on the worker's own disk."""
S3_BUCKET = env.str("S3_BUCKET", default="")
"""Set it to keep exported files in an S3-compatible store; otherwise they live under VAR_DIR/files."""
EXPORT_SEGMENT_ROWS = env.int("EXPORT_SEGMENT_ROWS", default=69_905)
"""Rows that are written as one unit, a fifteenth of a sheet: parts, chunks, sheets, row groups end at its borders."""
if not 1 <= EXPORT_SEGMENT_ROWS < 1_048_576:
    raise ImproperlyConfigured("EXPORT_SEGMENT_ROWS must be from 1 to 1048575, the rows of a sheet")
EXPORT_CHUNK_ROWS = env.int("EXPORT_CHUNK_ROWS", default=15 * EXPORT_SEGMENT_ROWS)
"""An export of more than twice so many rows is written by several workers at once, in chunks; 0 = never."""
EXPORT_SPLIT_BYTES = env.int("EXPORT_SPLIT_BYTES", default=5 << 30)
"""A larger result becomes several files …"""
EXPORT_PART_BYTES = env.int("EXPORT_PART_BYTES", default=1 << 30)
"""… of at most this size."""
IMPORT_FILE_BYTES = env.int("IMPORT_FILE_BYTES", default=500 << 20)
"""A larger file is not taken (SPEC C6)."""
IMPORT_KEEP = timedelta(hours=env.float("IMPORT_KEEP_HOURS", default=24))
"""How long a file, its faulty rows and the way back are kept after the last step of an import."""
IMPORT_CHUNK_ROWS = env.int("IMPORT_CHUNK_ROWS", default=1_000)
"""Rows that an import writes at once (SPEC B3)."""
if IMPORT_FILE_BYTES < 1 or timedelta() >= IMPORT_KEEP or not 1 <= IMPORT_CHUNK_ROWS <= 100_000:
    raise ImproperlyConfigured("IMPORT_FILE_BYTES, IMPORT_KEEP_HOURS or IMPORT_CHUNK_ROWS is out of range")
X_ACCEL_PREFIX = env.str("X_ACCEL_PREFIX", default="")
"""Internal nginx location of VAR_DIR/files, e.g. /protected/: nginx then sends the bytes of local files."""
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": VAR_DIR / "uploads"},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
    "exports": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.str("S3_ENDPOINT_URL", default="") or None,
            "region_name": env.str("S3_REGION", default="") or None,
            "access_key": env.str("S3_ACCESS_KEY", default="") or None,
            "secret_key": env.str("S3_SECRET_KEY", default="") or None,
            "default_acl": None,
            "file_overwrite": False,
            "signature_version": "s3v4",
        },
    }
    if S3_BUCKET
    else {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": VAR_DIR / "files",
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}
