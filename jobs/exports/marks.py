"""What tells that nothing has changed: one cheap question in the place of an answer (exportcenter.common.etag).

Every change of an export's status, also that it is new, is an event of its company, in the same transaction
(jobs.engine.record); what else can change what is seen of exports is listed here. A mark may change for nothing; it
must never stay where an answer has changed.
"""

from typing import Any

from django.db import connection
from django.utils import timezone

from accounts import tenancy
from accounts.audit import Operation

# xmin and ctid are another pair after any UPDATE of a row, whatever column it was, also within one transaction.
OF_LIST = """
SELECT h.event_seq,
    (SELECT max(a.seq) FROM accounts_auditentry a WHERE a.tenant_id = h.tenant_id AND a.operation = %(deleted)s),
    (SELECT max(a.seq) FROM accounts_auditentry a WHERE a.tenant_id = h.tenant_id AND a.operation = %(revoked)s),
    (SELECT md5(string_agg(j.id::text || j.xmin || j.ctid, ',' ORDER BY j.id)) FROM jobs_exportjob j
     WHERE j.tenant_id = h.tenant_id AND j.status = 'processing'),
    (SELECT max(j.expires_at) FROM jobs_exportjob j
     WHERE j.tenant_id = h.tenant_id AND j.status = 'ready' AND j.expires_at <= %(now)s)
FROM accounts_tenanthead h WHERE h.tenant_id = %(tenant)s
"""
OF_JOB = """
SELECT j.id, j.xmin::text, j.ctid::text, coalesce(j.expires_at <= %(now)s, false), l.lines, l.last
FROM jobs_exportjob j
CROSS JOIN LATERAL (SELECT count(*) AS lines, max(l.id) AS last FROM jobs_joblog l
    WHERE l.tenant_id = j.tenant_id AND l.job_id = j.id) l
WHERE j.tenant_id = %(tenant)s AND j.job_no = %(number)s
"""


def of_list() -> tuple[Any, ...]:
    """Another one whenever a list of the current tenant's exports may have changed for anybody, by whatever filter.

    Beside events: progress of running jobs; expired ones deleted; links revoked, so that those in an answer are dead;
    files whose time is over before the sweep has seen them.
    """
    return _ask(
        OF_LIST, deleted=Operation.EXPORT_JOB_DELETE_EXPIRED.value, revoked=Operation.EXPORT_JOB_REVOKE_LINKS.value
    )


def of_job(job_no: str) -> tuple[Any, ...]:
    """Another one whenever the detail of the export with this number may have changed; empty when there is none.

    It says nothing about who may see it: put the reader's rights beside it.
    """
    return () if "\0" in job_no else _ask(OF_JOB, number=job_no[:30])


def _ask(statement: str, **values: Any) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        # The clock of presenting: whether a file is over is judged by the web host.
        cursor.execute(statement, {"tenant": tenancy.require(), "now": timezone.now(), **values})
        return cursor.fetchone() or ()
