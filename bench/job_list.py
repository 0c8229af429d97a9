"""The list of 20 jobs out of 1,000,000: database time of page and total, for every filter of S0 §9."""

import itertools
import time
from typing import Any

from bench import environment

FILTERS = {
    "none": "",
    "status=processing": "status=processing",
    "status=failed": "status=failed",
    "status=ready": "status=ready",
    "type=orders": "type=orders",
    "type=members": "type=members",
    "status and type": "status=processing&type=orders",
    "rare status and type": "status=canceled&type=users",
    "two statuses": "status=queued&status=processing",
    "file type": "file_type=csv",
    "creator": "created_by=U1001",
    "source": "source=/orders",
    "number": "q=E20261003",
    "period": "created_from=2026-09-01T00:00:00%2B08:00&created_to=2026-09-08T00:00:00%2B08:00",
    "size": "size_min=1000000&size_max=1100000",
}
ORDERINGS = ["-created_at", "created_at", "-finished_at", "-file_size"]

FILL = """
INSERT INTO jobs_exportjob (id, tenant_id, owner_id, job_no, status, stage, priority, version, attempt, max_attempts,
    crash_count, fence, lease_owner, available_at, cancel_requested_by, rows_done, rows_expected, created_at,
    started_at, finished_at, expires_at, error_code, error_message, error_advice, error_stack, retry_of, root_id,
    retry_no, policy_tag, request_id, type, sensitivity, file_type, params, options, source, language, time_zone,
    file_name, file_key, file_size, file_sha256, row_count, slot, lease_until, deadline_at, file_rights, parts)
SELECT gen_random_uuid(), %(tenant)s, (%(owners)s::uuid[])[1 + g %% 4],
    'E' || to_char(t.at AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD') || lpad((g %% 9000)::text, 4, '0') || g,
    s.status, 'done', 0, 3, 1, 4, 0, g, 'w',
    t.at, '', 100, 100, t.at, t.at,
    CASE WHEN s.status IN ('queued', 'processing') THEN NULL ELSE t.at + interval '40 s' END,
    CASE WHEN s.status IN ('ready', 'expired') THEN t.at + interval '1 day' END,
    CASE WHEN s.status = 'failed' THEN 'EXPORT_TIMEOUT' ELSE '' END, '', '', '', '', gen_random_uuid(), 0, '', '',
    d.type, d.class, (ARRAY['csv','xlsx','json'])[1 + g %% 3], '{"start": "2026-09-01"}', '{}',
    (ARRAY['/orders','/reports','/wallet'])[1 + g %% 3], 'zh-hans', 'Asia/Shanghai',
    CASE WHEN s.status IN ('ready', 'expired') THEN 'f.csv' ELSE '' END,
    CASE WHEN s.status IN ('ready', 'expired') THEN 'k' || g END,
    CASE WHEN s.status IN ('ready', 'expired') THEN (g * 7919::bigint) %% 50000000 END,
    CASE WHEN s.status IN ('ready', 'expired') THEN repeat('a', 64) ELSE '' END,
    CASE WHEN s.status IN ('ready', 'expired') THEN 100 END,
    CASE WHEN s.status = 'processing' THEN 1 END,
    CASE WHEN s.status = 'processing' THEN now() + interval '1 day' END,
    CASE WHEN s.status = 'processing' THEN now() + interval '1 day' END, '[]', '[]'
FROM generate_series(1, %(rows)s) g
CROSS JOIN LATERAL (SELECT timestamptz '2026-10-31' - g * interval '15 s' AS at) t
CROSS JOIN LATERAL (SELECT CASE WHEN g %% 1000 < 800 THEN 'expired' WHEN g %% 1000 < 900 THEN 'ready'
    WHEN g %% 1000 < 970 THEN 'failed' WHEN g %% 1000 < 995 THEN 'canceled' ELSE 'queued' END AS status) s
CROSS JOIN LATERAL (SELECT (ARRAY['orders','members','risk_hits','users'])[1 + (g / 7) %% 4] AS type,
    (ARRAY['amount','general','risk','general'])[1 + (g / 7) %% 4] AS class) d
"""


def measure(rows: int, rounds: int = 20) -> dict[str, Any]:
    """p95 in milliseconds of page 1, by filter and ordering, for admin, finance and operator."""
    from django.db import connection
    from django.http import QueryDict

    from accounts.models import User
    from accounts.tenancy import tenant_scope
    from exportcenter.common.paging import paginate
    from jobs.exports.filters import narrow
    from jobs.exports.filters import ordering as order_of
    from jobs.models import ExportJob

    fill(rows)
    slowest: dict[str, float] = {}
    people = {name: environment.actor(name) for name in ("admin", "finance", "operator")}
    for name, (query, ordering) in itertools.product(people, itertools.product(FILTERS, ORDERINGS)):
        tenant_id, user_id = people[name]
        words = QueryDict(f"{FILTERS[query]}&ordering={ordering}")
        times = []
        for _number in range(rounds):
            with tenant_scope(tenant_id):
                viewer = User.objects.select_related("tenant").get(pk=user_id)
                visible = ExportJob.objects.visible_to(viewer).select_related("owner")
                started = time.perf_counter()
                found = narrow(visible, words, also=frozenset({"ordering"}))
                paginate(found.order_by(*order_of(words)), words, walk=("-created_at", "-id"))
                times.append((time.perf_counter() - started) * 1000)
        times.sort()
        slowest[f"{name}: {query}, {ordering}"] = times[int(len(times) * 0.95) - 1]
    connection.close()
    worst = sorted(slowest.items(), key=lambda item: -item[1])
    return {"rows": rows, "list_p95_ms": worst[0][1], "worst": dict(worst[:8]), "combinations": len(slowest)}


def fill(rows: int) -> None:
    """1,000,000 jobs in every state, without their triggers."""
    tenant_id, _user = environment.actor()
    owners = [environment.actor(name)[1] for name in ("admin", "finance", "risk", "operator")]
    with environment.superuser() as direct:
        direct.execute("SET session_replication_role = replica")
        direct.execute("DELETE FROM jobs_exportjob")
        direct.execute(FILL, {"tenant": tenant_id, "owners": owners, "rows": rows})
        direct.execute("VACUUM ANALYZE jobs_exportjob")
