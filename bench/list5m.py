"""The API over 5,000,000 jobs of three years: whole answers of list, detail and polls, in one process."""

import itertools
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench import environment, usage
from bench.page import OF_TRANSACTIONS

JOBS = 5_000_000
DEEP = 1_000_000
"""Rows before the page that is compared with the first one."""
DAYS = 1095
LOGGED = 200_000
"""The newest jobs have three lines of log each."""
LIST = "/api/v1/exports"
LISTS = {
    "page 1": {},
    "page 1, by cursor": {"cursor": ""},
    "page 1, by cursor, with total": {"cursor": "", "total": "true"},
    "page 50": {"page": "50"},
    "200 rows": {"page_size": "200"},
    "largest first": {"ordering": "-file_size"},
    "last ended first": {"ordering": "-finished_at"},
    "failed": {"status": "failed"},
    "running": {"status": "processing"},
    "failed, one type": {"status": "failed", "type": "members"},
    "oldest first, by cursor": {"cursor": "", "ordering": "created_at"},
}
PEOPLE = ("admin", "finance", "operator")
"""Who sees all, a class and the own ones, the own ones."""

FILL = """
INSERT INTO jobs_exportjob (id, tenant_id, owner_id, job_no, status, stage, priority, version, attempt, max_attempts,
    crash_count, fence, lease_owner, available_at, cancel_requested_by, rows_done, rows_expected, created_at,
    started_at, finished_at, expires_at, error_code, error_message, error_advice, error_stack, retry_of, root_id,
    retry_no, policy_tag, request_id, type, sensitivity, file_type, params, options, source, language, time_zone,
    file_name, file_key, file_size, file_sha256, row_count, file_rights, parts, facts)
SELECT gen_random_uuid(), %(tenant)s, (%(owners)s::uuid[])[1 + floor(cardinality(%(owners)s::uuid[])
        * power(hashint8(g) / 4294967296.0 + 0.5, 3))::int],
    'E' || to_char(t.at AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD') || lpad(g::text, 8, '0'),
    s.status, 'done', 0, 3, 1, 4, 0, g, 'w', t.at, '', 100, 100, t.at, t.at + interval '2 s',
    CASE WHEN s.status = 'queued' THEN NULL ELSE t.at + interval '1 s' * (3 + g %% 600) END,
    CASE WHEN s.filed THEN t.at + interval '1 day' + interval '1 s' * (3 + g %% 600) END,
    CASE WHEN s.status = 'failed' THEN 'EXPORT_TIMEOUT' ELSE '' END, '', '', '', '', gen_random_uuid(), 0, '', '',
    d.type, d.class, (ARRAY['csv','csv','csv','xlsx','xlsx','json'])[1 + g %% 6],
    '{"start": "2026-09-01", "end": "2026-09-30"}', '{}', '/' || d.type, 'zh-hans', 'Asia/Shanghai',
    CASE WHEN s.filed THEN 'f.csv' ELSE '' END, CASE WHEN s.filed THEN 'k' || %(tenant)s || g END,
    CASE WHEN s.filed THEN (g * 7919::bigint) %% 50000000 END,
    CASE WHEN s.filed THEN repeat('a', 64) ELSE '' END, CASE WHEN s.filed THEN 100 END, '[]', '[]',
    CASE WHEN s.filed THEN f.facts END
FROM generate_series(1, %(rows)s) g
CROSS JOIN LATERAL (SELECT now() - interval '1 day' * (%(days)s * power(g / %(rows)s::float8, 1.3)) AS at) t
CROSS JOIN LATERAL (SELECT CASE WHEN g <= 200 THEN 'queued' WHEN g %% 100 < 6 THEN 'failed'
    WHEN g %% 100 < 9 THEN 'canceled' WHEN t.at > now() - interval '23 hours' THEN 'ready'
    ELSE 'expired' END) s0(status)
CROSS JOIN LATERAL (SELECT s0.status, s0.status IN ('ready', 'expired') AS filed) s
CROSS JOIN (SELECT jsonb_build_object('totals', '{}'::jsonb, 'filters', '[]'::jsonb, 'columns', jsonb_agg(
    jsonb_build_object('key', 'column' || n, 'mask', '', 'kind', 'text', 'title', '标题' || n))) AS facts
    FROM generate_series(1, 5) n) f
CROSS JOIN LATERAL (SELECT 1 + (g / 7) %% cardinality(%(types)s::text[]) AS number) n
CROSS JOIN LATERAL (SELECT (%(types)s::text[])[n.number] AS type, (%(classes)s::text[])[n.number] AS class) d
"""
RUN = """
UPDATE jobs_exportjob SET status = 'processing', slot = 1, lease_until = now() + interval '1 day',
    deadline_at = now() + interval '1 day', rows_done = 40
WHERE id IN (SELECT DISTINCT ON (owner_id) id FROM jobs_exportjob
    WHERE status = 'queued' ORDER BY owner_id, id LIMIT 40)
"""
LOG = """
INSERT INTO jobs_joblog (tenant_id, kind, job_id, at, level, message)
SELECT j.tenant_id, 'export', j.id, j.created_at, 'info', 'Line ' || n
FROM (SELECT * FROM jobs_exportjob ORDER BY created_at DESC LIMIT %(logged)s) j, generate_series(1, 3) n
"""
INDEXES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
WHERE i.indrelid = 'jobs_exportjob'::regclass
    AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)
"""
SHARES = {"admin": 17, "acme_admin": 3}
"""Somebody of each company → its twentieths of all jobs."""

Client = Any


def measure(jobs: int = JOBS, rounds: int = 60) -> dict[str, Any]:
    """Milliseconds (p50, p95; by the clock, and worked) and queries: lists and details by person, deep pages
    against the first, polls."""
    fill(jobs)
    try:
        return {"rows": jobs, "rounds": rounds} | _measure(rounds)
    finally:
        clear()


def _measure(rounds: int) -> dict[str, Any]:
    found: dict[str, Any] = {"lists": {}, "details": {}, "polls": {}}
    clients = {name: _client(name) for name in PEOPLE}
    for name, client in clients.items():
        for title, query in LISTS.items():
            found["lists"][f"{name}: {title}"] = _time(client, [_address(query)], rounds)
        numbers = _numbers(name, 500)
        found["details"][name] = _time(client, [f"{LIST}/{number}" for number in numbers], rounds * 3)
        found["polls"][f"{name}: list"] = _poll(client, LIST, rounds)
        found["polls"][f"{name}: detail"] = _poll(client, f"{LIST}/{numbers[0]}", rounds)
    found["deep"] = _deep(clients["admin"], rounds)
    for part, name in (("lists", "list"), ("details", "detail"), ("polls", "poll")):
        for kind in ("p95_ms", "worked_p95_ms"):
            found[f"{name}_{kind}"] = max(one[kind] for one in found[part].values())
    found["poll_queries"] = max(one["queries"] for one in found["polls"].values())
    return found


def _deep(client: Client, rounds: int) -> dict[str, Any]:
    """Page 1 and the page after DEEP rows, in turns."""
    first, deep = _address({"cursor": ""}), _address({"cursor": _cursor_behind(DEEP)})
    times = {first: Times(), deep: Times()}
    for _number in range(rounds + 1):
        for address, kept in times.items():
            kept.once(client, address)
    shown = {name: times[address].spread(1) for name, address in (("first", first), ("deep", deep))}
    return shown | {"ratio": round(shown["deep"]["worked_p50_ms"] / shown["first"]["worked_p50_ms"], 2)}


def _cursor_behind(rows: int) -> str:
    """The cursor that somebody has after walking over so many rows."""
    from accounts.models import User
    from accounts.tenancy import tenant_scope
    from exportcenter.common import keyset
    from jobs.exports.filters import ORDERINGS
    from jobs.models import ExportJob

    tenant_id, user_id = environment.actor()
    keys = ORDERINGS["-created_at"]
    with tenant_scope(tenant_id):
        seen = ExportJob.objects.visible_to(User.objects.get(pk=user_id)).order_by(*(key.order() for key in keys))
        last = seen.values_list(*(key.name for key in keys))[rows - 1 : rows][0]
    return keyset.cursor_behind(last, keys, belongs_to=["exports", str(user_id), []])


def _client(name: str) -> Client:
    from django.test import Client as TestClient

    from accounts.models import User
    from accounts.tenancy import tenant_scope

    tenant_id, user_id = environment.actor(name)
    client = TestClient(REMOTE_ADDR="127.0.0.1", SERVER_NAME="127.0.0.1")
    with tenant_scope(tenant_id):
        client.force_login(User.objects.get(pk=user_id))
    return client


def _numbers(name: str, most: int) -> list[str]:
    """Numbers of jobs that the person sees, from all three years."""
    from accounts.models import User
    from accounts.tenancy import tenant_scope
    from jobs.models import ExportJob

    tenant_id, user_id = environment.actor(name)
    with tenant_scope(tenant_id):
        seen = ExportJob.objects.visible_to(User.objects.get(pk=user_id)).order_by("id")
        return list(seen.values_list("job_no", flat=True)[:most])


def _address(query: dict[str, str]) -> str:
    return f"{LIST}?{urlencode(query)}"


@dataclass
class Times:
    """Of one address or a few: milliseconds by the clock, and those in which this process or its database worked.

    On a busy machine the clock tells of the others; what was worked is ours alone.
    """

    clock: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)

    def once(self, client: Client, address: str, status: int = 200, **headers: str) -> bool:
        """Ask; whether the answer had ``status``, and counts."""
        began, busy = time.perf_counter(), _busy()
        response = client.get(address, **headers)
        busy, took = _busy() - busy, (time.perf_counter() - began) * 1000
        assert response.status_code in (200, status), response.content[:300]
        if response.status_code == status:
            self.clock.append(took)
            self.worked.append(busy)
        return response.status_code == status

    def spread(self, first: int = 0) -> dict[str, float]:
        """Median and p95 of both, the ``first`` ones left out."""
        found = {}
        for name, times in (("", sorted(self.clock[first:])), ("worked_", sorted(self.worked[first:]))):
            found[f"{name}p50_ms"] = round(times[len(times) // 2], 1)
            found[f"{name}p95_ms"] = round(times[max(0, int(len(times) * 0.95) - 1)], 1)
        return found


def _busy() -> float:
    """Milliseconds for which this process and the backend of its connection have had a core so far."""
    from django.db import connection

    connection.ensure_connection()
    backend = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text().split()
    return time.process_time() * 1000 + int(backend[0]) / 1e6


def _time(client: Client, addresses: list[str], rounds: int) -> dict[str, Any]:
    in_turns, times = itertools.cycle(addresses), Times()
    for _number in range(rounds + 2):
        times.once(client, next(in_turns))
    return times.spread(2) | {"queries": _queries(client, next(in_turns))}


def _poll(client: Client, address: str, rounds: int) -> dict[str, Any]:
    """Polls that find nothing changed; the tag is taken anew when its window has ended meanwhile."""
    times, headers = Times(), {"HTTP_IF_NONE_MATCH": client.get(address)["ETag"]}
    while len(times.clock) < rounds:
        if not times.once(client, address, 304, **headers):
            headers = {"HTTP_IF_NONE_MATCH": client.get(address)["ETag"]}
    return times.spread() | {"queries": _queries(client, address, **headers)}


def _queries(client: Client, address: str, **headers: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        client.get(address, **headers)
    return sum(not query["sql"].startswith(OF_TRANSACTIONS) for query in captured)


def fill(jobs: int) -> None:
    """Jobs of two companies, of few who export much and many who export little, without their triggers."""
    from jobs.datasets import all_datasets

    with environment.superuser() as direct:
        direct.execute("SET session_replication_role = replica")
        direct.execute("SET maintenance_work_mem = '512MB'")
        clear()
        indexes = direct.execute(INDEXES).fetchall()
        for name, _definition in indexes:
            direct.execute(f"DROP INDEX {name}")
        try:
            for name, share in SHARES.items():
                tenant_id, user_id = environment.actor(name)
                values: dict[str, Any] = {
                    "tenant": tenant_id,
                    "rows": jobs * share // 20,
                    "days": DAYS,
                    "people": usage.PEOPLE,
                    "types": [one.key for one in all_datasets()],
                    "classes": [one.sensitivity for one in all_datasets()],
                }
                if name == "admin":
                    direct.execute(usage.PERSON, values)
                    known = [environment.actor(one)[1] for one in ("admin", "finance", "risk", "operator")]
                    values["owners"] = [*known, *direct.execute(usage.OWNERS, values).fetchone()[0]]
                else:
                    values["owners"] = [user_id]
                direct.execute(FILL, values)
            direct.execute(RUN)
            direct.execute(LOG, {"logged": LOGGED})
        finally:
            for _name, definition in indexes:
                direct.execute(definition)
        direct.execute("VACUUM ANALYZE jobs_exportjob")
        direct.execute("VACUUM ANALYZE jobs_joblog")


def clear() -> None:
    """Leave nothing of it."""
    with environment.superuser() as direct:
        direct.execute("SET session_replication_role = replica")
        direct.execute("TRUNCATE jobs_exportjob, jobs_joblog CASCADE")
