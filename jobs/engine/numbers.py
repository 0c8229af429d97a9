"""Numbers of jobs."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from accounts import tenancy


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
