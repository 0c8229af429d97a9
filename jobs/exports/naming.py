"""Names: of jobs and of files."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from accounts import tenancy

_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f\s]+')


def next_job_no(letter: str, now: datetime) -> str:
    """E + yyyymmdd + running number of the tenant's day, three digits or more (SPEC E1).

    The counter's row stays locked until commit: creating is one at a time per tenant, so limits counted after
    this call are exact.
    """
    day = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO jobs_daynumber (id, tenant_id, letter, day, last)
            VALUES (gen_random_uuid(), %s, %s, %s, 1)
            ON CONFLICT (tenant_id, letter, day) DO UPDATE SET last = jobs_daynumber.last + 1
            RETURNING last
            """,
            [tenancy.require(), letter, day],
        )
        number = cursor.fetchone()[0]
    return f"{letter}{day:%Y%m%d}{number:03d}"


def file_name(title: Any, params: Mapping[str, Any], job_no: str, extension: str, part: int = 0) -> str:
    """订单_2026-10-01_2026-10-31_E20261122014.csv: says what it is, from when, which job made it, and which part it is
    (…-2.csv)."""
    words = [str(title), *(str(params[name]) for name in ("start", "end") if params.get(name)), job_no]
    safe = "_".join(_UNSAFE.sub("-", word).strip(".-") for word in words)
    return f"{safe[:150]}{f'-{part}' if part else ''}.{extension}"
