"""SQL that makes a table a job table: what the database refuses, whatever the code does.

A kind's migration runs ``job_table(table)``; the shared trigger functions come with jobs.0002.
"""

from collections.abc import Iterable, Mapping

from django.db import migrations

from exportcenter.common.rls import secure_tenant_table
from jobs.engine.states import EDGES, FROZEN, REVIEW_EDGES, Status

FENCE_SEQUENCE = "jobs_fence_seq"


def _edges(edges: Iterable[tuple[Status, Status]]) -> str:
    return ", ".join(f"('{start}', '{end}')" for start, end in sorted(edges))


def _frozen() -> str:
    return ", ".join(f"'{status}'" for status in sorted(FROZEN))


GUARD = f"""
CREATE OR REPLACE FUNCTION jobs_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'queued' OR NEW.fence <> 0 THEN
            RAISE EXCEPTION 'a job begins as queued, not as %', NEW.status USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        IF OLD.status <> 'expired' AND NOT (coalesce(TG_ARGV[0], '') = 'internal' AND OLD.status IN ({_frozen()})) THEN
            RAISE EXCEPTION 'job % is %; only expired jobs are deleted', OLD.job_no, OLD.status
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.status IN ({_frozen()}) THEN
        RAISE EXCEPTION 'job % is %: nothing about it changes any more', OLD.job_no, OLD.status
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.fence < OLD.fence THEN
        RAISE EXCEPTION 'the fence of job % would fall from % to %', OLD.job_no, OLD.fence, NEW.fence
            USING ERRCODE = 'check_violation';
    END IF;
    IF (OLD.id, OLD.tenant_id, OLD.owner_id, OLD.job_no, OLD.root_id, OLD.retry_no, OLD.created_at)
       IS DISTINCT FROM
       (NEW.id, NEW.tenant_id, NEW.owner_id, NEW.job_no, NEW.root_id, NEW.retry_no, NEW.created_at) THEN
        RAISE EXCEPTION 'job % cannot change its identity', OLD.job_no USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status <> NEW.status THEN
        IF (OLD.status, NEW.status) NOT IN ({_edges(EDGES)})
           AND NOT (coalesce(TG_ARGV[0], '') = 'reviewed'
                    AND (OLD.status, NEW.status) IN ({_edges(REVIEW_EDGES)})) THEN
            RAISE EXCEPTION 'job % cannot go from % to %', OLD.job_no, OLD.status, NEW.status
                USING ERRCODE = 'check_violation';
        END IF;
        NEW.version := OLD.version + 1;
    END IF;
    RETURN NEW;
END $$;
"""


def engine_functions() -> list[migrations.RunSQL]:
    """The fence's sequence and the guard; once, in the jobs app."""
    return [
        migrations.RunSQL(
            f"CREATE SEQUENCE {FENCE_SEQUENCE}; GRANT USAGE ON SEQUENCE {FENCE_SEQUENCE} TO exportcenter_engine",
            f"DROP SEQUENCE {FENCE_SEQUENCE}",
        ),
        migrations.RunSQL(GUARD, "DROP FUNCTION jobs_guard()"),
    ]


def job_table(
    table: str, *, references: Mapping[str, str] | None = None, internal: bool = False, reviewed: bool = False
) -> list[migrations.RunSQL]:
    """Guard, row-level security and composite keys of a kind's table; rows of an ``internal`` kind can be deleted
    however they ended, those of a ``reviewed`` one may wait for a person half way."""
    argument = "'internal'" if internal else "'reviewed'" if reviewed else ""
    return [
        secure_tenant_table(
            table, references={"owner_id": "accounts_user", **(references or {})}, engine="SELECT, UPDATE"
        ),
        migrations.RunSQL(
            f"CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION jobs_guard({argument})",
            f"DROP TRIGGER guard ON {table}",
        ),
    ]
