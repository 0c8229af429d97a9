"""Time of one claim with 50,000 queued jobs of 50 owners, one of whom has 40,000."""

import statistics
import time
from typing import Any

from bench import environment

QUEUED = """
INSERT INTO jobs_exportjob (id, tenant_id, owner_id, job_no, status, stage, priority, version, attempt, max_attempts,
    crash_count, fence, lease_owner, available_at, cancel_requested_by, rows_done, created_at, error_code,
    error_message, error_advice, error_stack, retry_of, root_id, retry_no, policy_tag, request_id, type, sensitivity,
    file_type, params, options, source, language, time_zone, file_name, file_sha256, file_rights, parts)
SELECT gen_random_uuid(), %(tenant)s, o.id, 'Q' || o.n || '-' || g, 'queued', 'queued', 0, 1, 0, 4, 0, 0, '',
    now() - g * interval '1 ms', '', 0, now(), '', '', '', '', '', gen_random_uuid(), 0, '', '', 'orders', 'amount',
    'csv', '{}', '{}', '', 'zh-hans', 'Asia/Shanghai', '', '', '[]', '[]'
FROM (SELECT gen_random_uuid() AS id, n FROM generate_series(1, 50) n) o
CROSS JOIN LATERAL generate_series(1, CASE WHEN o.n = 1 THEN 40000 ELSE 10000 / 49 + 1 END) g
"""


def measure(rounds: int = 200) -> dict[str, Any]:
    """Milliseconds of a claim (median, p95), and that owners are served in turn."""
    from django.db import connection, transaction

    from accounts import tenancy
    from jobs.engine import kinds
    from jobs.engine.config import SLOTS_PER_OWNER
    from jobs.engine.queue import CLAIM

    tenant_id, _user = environment.actor()
    with environment.superuser() as direct:
        direct.execute("SET session_replication_role = replica")  # owners need not exist for this
        direct.execute("DELETE FROM jobs_exportjob")
        direct.execute("DELETE FROM jobs_turn")
        direct.execute(QUEUED, {"tenant": tenant_id})
        direct.execute(
            "INSERT INTO jobs_turn (id, kind, tenant_id, owner_id) "
            "SELECT DISTINCT ON (owner_id) gen_random_uuid(), 'export', tenant_id, owner_id FROM jobs_exportjob"
        )
        direct.execute("VACUUM ANALYZE jobs_exportjob, jobs_turn")
        queued = direct.execute("SELECT count(*) FROM jobs_exportjob").fetchone()
    statement = CLAIM.format(table=kinds.get("export").model._meta.db_table)
    values = {"kind": "export", "worker": "bench", "slots": SLOTS_PER_OWNER, "lease": 60, "limit": 1200, "skip": []}
    times = []
    for _number in range(rounds):
        started = time.perf_counter()
        with transaction.atomic(), tenancy.role_scope(tenancy.ENGINE_ROLE), connection.cursor() as cursor:
            cursor.execute(statement, values)
            found = cursor.fetchone()
        times.append((time.perf_counter() - started) * 1000)
        if found is None:
            break
    with environment.superuser() as direct:
        owners = direct.execute(
            "SELECT count(DISTINCT owner_id) FROM jobs_exportjob WHERE status = 'processing'"
        ).fetchone()
        direct.execute("SET session_replication_role = replica")
        direct.execute("DELETE FROM jobs_exportjob")
        direct.execute("DELETE FROM jobs_turn")
    times.sort()
    return {
        "queued": queued[0] if queued else 0,
        "claims": len(times),
        "owners_served": owners[0] if owners else 0,
        "claim_ms": statistics.median(times),
        "claim_p95_ms": times[int(len(times) * 0.95) - 1],
    }
