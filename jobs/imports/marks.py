"""What tells that nothing has changed of imports; see jobs.exports.marks, which explains the craft.

Every change of an import's status, also that it is new, is an event of its company, in the same transaction
(jobs.engine.record); what else can change what is seen of imports is listed here.
"""

from typing import Any

from django.db import connection

from accounts import tenancy

# xmin and ctid are another pair after any UPDATE of a row, whatever column it was, also within one transaction.
OF_LIST = """
SELECT h.event_seq,
    (SELECT md5(string_agg(j.id::text || j.xmin || j.ctid, ',' ORDER BY j.id)) FROM jobs_importjob j
     WHERE j.tenant_id = h.tenant_id AND j.status = 'processing')
FROM accounts_tenanthead h WHERE h.tenant_id = %(tenant)s
"""
OF_JOB = """
SELECT j.id, j.xmin::text, j.ctid::text, f.xmin::text, f.ctid::text, f.expires_at <= now(), l.lines, l.last, o.others,
    EXISTS (SELECT 1 FROM jobs_importchange c WHERE c.tenant_id = j.tenant_id AND c.job_id = j.id)
FROM jobs_importjob j
JOIN jobs_importfile f ON f.tenant_id = j.tenant_id AND f.id = j.file_id
CROSS JOIN LATERAL (SELECT count(*) AS lines, max(l.id) AS last FROM jobs_joblog l
    WHERE l.tenant_id = j.tenant_id AND l.job_id = j.id) l
CROSS JOIN LATERAL (SELECT md5(string_agg(o.id::text || o.status, ',' ORDER BY o.id)) AS others FROM jobs_importjob o
    WHERE o.tenant_id = j.tenant_id AND o.file_id = j.file_id AND o.id <> j.id) o
WHERE j.tenant_id = %(tenant)s AND j.job_no = %(number)s
"""


def of_list() -> tuple[Any, ...]:
    """Another one whenever a list of the current tenant's imports may have changed for anybody, by whatever filter.
    Beside events: progress of running ones."""
    return _ask(OF_LIST)


def of_job(job_no: str) -> tuple[Any, ...]:
    """Another one whenever the detail of the import with this number may have changed; empty when there is none.

    Beside its row: the file's (how long it is kept, and whether that is over), its log, whether the way back is still
    there, and the other jobs of the file: retries, and what takes it back. It says nothing about who may see it: put
    the reader's rights beside it.
    """
    return () if "\0" in job_no else _ask(OF_JOB, number=job_no[:30])


def _ask(statement: str, **values: Any) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"tenant": tenancy.require(), **values})
        return cursor.fetchone() or ()
