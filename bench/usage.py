"""The usage overview over 1,000,000 jobs of 90 days, with their downloads, the audit trail around these, and what
people did on the pages."""

import statistics
import time
from typing import Any

from bench import environment

LENGTHS = (7, 30, 90)
DAYS = 90
PEOPLE = 200
DOWNLOADS_OF_TEN = 6
"""Jobs of ten that somebody downloaded; each job also leaves three entries in the audit trail that are no download."""

PERSON = """
INSERT INTO accounts_user (id, tenant_id, code, username, display_name, password, email, department, phone, regions,
    language, time_zone, is_active, authz_epoch, failed_logins, date_joined)
SELECT gen_random_uuid(), %(tenant)s, 'B' || n, 'bench' || n, 'Bench ' || n, '', '', '', '', '{}', 'zh-hans',
    'Asia/Shanghai', true, 1, 0, now()
FROM generate_series(1, %(people)s) n ON CONFLICT DO NOTHING
"""
OWNERS = "SELECT array_agg(id ORDER BY code) FROM accounts_user WHERE tenant_id = %(tenant)s"
JOBS = """
INSERT INTO jobs_exportjob (id, tenant_id, owner_id, job_no, status, stage, priority, version, attempt, max_attempts,
    crash_count, fence, lease_owner, available_at, cancel_requested_by, rows_done, rows_expected, created_at,
    started_at, finished_at, expires_at, error_code, error_message, error_advice, error_stack, retry_of, root_id,
    retry_no, policy_tag, request_id, type, sensitivity, file_type, params, options, source, language, time_zone,
    file_name, file_key, file_size, file_sha256, row_count, file_rights, parts, facts)
SELECT gen_random_uuid(), %(tenant)s, (%(owners)s::uuid[])[1 + (g::bigint * g) %% %(people)s],
    'E' || to_char(t.at AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD') || lpad(g::text, 7, '0'),
    s.status, 'done', 0, 3, 1, 4, 0, g, 'w', t.at, '', 100, 100, t.at, t.at + interval '1 s',
    CASE WHEN s.status = 'queued' THEN NULL ELSE t.at + interval '1 s' * (1 + exp(6 * random())) END,
    CASE WHEN s.status IN ('ready', 'expired') THEN t.at + interval '1 day' END,
    CASE WHEN s.status = 'failed' THEN 'EXPORT_TIMEOUT' ELSE '' END, '', '', '', '', gen_random_uuid(), 0, '', '',
    d.type, 'general', (ARRAY['csv','xlsx','json'])[1 + g %% 3], '{"start": "2026-09-01", "end": "2026-09-30"}', '{}',
    (ARRAY['/orders','/reports','/wallet'])[1 + g %% 3], 'zh-hans', 'Asia/Shanghai',
    CASE WHEN s.filed THEN 'f.csv' ELSE '' END, CASE WHEN s.filed THEN 'k' || g END,
    CASE WHEN s.filed THEN (g * 7919::bigint) %% 50000000 END,
    CASE WHEN s.filed THEN repeat('a', 64) ELSE '' END, CASE WHEN s.filed THEN 100 END, '[]', '[]',
    CASE WHEN s.filed THEN f.facts END
FROM generate_series(1, %(rows)s) g
CROSS JOIN LATERAL (SELECT now() - g * (interval '1 day' * %(days)s / %(rows)s) AS at) t
CROSS JOIN LATERAL (SELECT CASE WHEN g %% 1000 < 800 THEN 'expired' WHEN g %% 1000 < 900 THEN 'ready'
    WHEN g %% 1000 < 970 THEN 'failed' WHEN g %% 1000 < 995 THEN 'canceled' ELSE 'queued' END AS status,
    g %% 1000 < 900 AS filed) s
CROSS JOIN (SELECT jsonb_build_object('columns', jsonb_agg(jsonb_build_object(
    'key', 'column' || n, 'mask', '', 'kind', 'text', 'title', '标题' || n))) AS facts FROM generate_series(1, 16) n) f
CROSS JOIN LATERAL (SELECT (%(types)s::text[])[1 + (g / 7) %% cardinality(%(types)s::text[])] AS type) d
"""
TRAIL = """
INSERT INTO accounts_auditentry (id, tenant_id, seq, audit_id, user_id, username, operation, resource, ip_address,
    user_agent, timestamp, result, details, policy_tag, mac)
SELECT gen_random_uuid(), %(tenant)s, 10000000 + row_number() OVER (ORDER BY j.created_at, o.operation), 'A' || j.fence,
    j.owner_id, 'bench', o.operation, 'export:' || j.job_no, '127.0.0.1', 'bench', j.created_at + interval '5 min',
    'success',
    CASE o.operation WHEN 'export_file_download' THEN jsonb_build_object('job_id', j.job_no, 'bytes', j.file_size,
        'first', 0, 'size', j.file_size, 'user_id', 'B1', 'file', j.file_name, 'type', j.type)
        ELSE '{"from": "queued"}' END,
    'export.general', ''
FROM jobs_exportjob j
CROSS JOIN (VALUES ('export_job_create'), ('export_job_status_change'), ('export_job_status_change'),
    ('export_file_download')) o(operation)
WHERE j.tenant_id = %(tenant)s
    AND (o.operation <> 'export_file_download' OR (j.file_size IS NOT NULL AND j.fence %% 10 < %(downloads)s))
"""
EVENTS = """
INSERT INTO jobs_uievent (tenant_id, user_id, name, data, at)
SELECT j.tenant_id, j.owner_id,
    (ARRAY['page_view:exports', 'filter_change:exports', 'download_click'])[1 + j.fence %% 3],
    '{"field": "status", "from": "", "to": "ready"}', j.created_at
FROM jobs_exportjob j WHERE j.tenant_id = %(tenant)s
"""


def measure(rows: int, rounds: int = 40) -> dict[str, Any]:
    """Milliseconds of whole answers of the API: the first of each period, and p95 of those that follow."""
    from django.test import Client

    from accounts.models import User
    from accounts.tenancy import tenant_scope
    from jobs.exports.usage import overview

    fill(rows)
    tenant_id, user_id = environment.actor()
    client = Client(REMOTE_ADDR="127.0.0.1", SERVER_NAME="127.0.0.1")
    with tenant_scope(tenant_id):
        client.force_login(User.objects.get(pk=user_id))

    def answer(days: int) -> float:
        started = time.perf_counter()
        response = client.get("/api/v1/exports/usage", {"days": days})
        assert response.status_code == 200, response.content[:300]
        return (time.perf_counter() - started) * 1000

    found: dict[str, Any] = {"rows": rows, "days": DAYS, "downloads": rows * 9 // 10 * DOWNLOADS_OF_TEN // 10}
    answer(7)  # a process that has answered before
    for days in LENGTHS:
        first = []
        for _number in range(5):
            overview.forget()
            first.append(answer(days))
        kept = sorted(answer(days) for _number in range(rounds))
        found[f"{days} days"] = {
            "first_ms": round(statistics.median(first), 1),
            "first_worst_ms": round(max(first), 1),
            "kept_p95_ms": round(kept[int(len(kept) * 0.95) - 1], 1),
        }
    return found


def fill(rows: int) -> None:
    """Jobs in every state, without their triggers."""
    from jobs.datasets import all_datasets

    tenant_id, _user = environment.actor()
    values: dict[str, Any] = {
        "tenant": tenant_id,
        "rows": rows,
        "people": PEOPLE,
        "days": DAYS,
        "downloads": DOWNLOADS_OF_TEN,
        "types": [dataset.key for dataset in all_datasets()],
    }
    with environment.superuser() as direct:
        direct.execute("SET session_replication_role = replica")
        for table in ("jobs_exportjob", "jobs_uievent", "accounts_auditentry"):
            direct.execute(f"TRUNCATE {table} CASCADE")
        direct.execute(PERSON, values)
        values["owners"] = direct.execute(OWNERS, values).fetchone()[0]
        for statement in (JOBS, TRAIL, EVENTS):
            direct.execute(statement, values)
        direct.execute("VACUUM ANALYZE")
