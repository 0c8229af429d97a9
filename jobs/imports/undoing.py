"""Taking an import back (SPEC B4): what it created goes, what it changed is as before; whoever edited since, wins."""

from typing import Any

from django.conf import settings
from django.db import connection

from accounts import tenancy
from jobs.datasets import Mode
from jobs.engine.context import RunContext
from jobs.engine.states import Stage, Status
from jobs.imports import running
from jobs.imports.counting import Counts
from jobs.imports.running import Ended
from jobs.imports.target import Target
from jobs.models import ImportChange, ImportJob

COUNTED = {
    ImportChange.Outcome.REMOVED: "removed",
    ImportChange.Outcome.RESTORED: "restored",
    ImportChange.Outcome.EDITED: "kept",
    ImportChange.Outcome.USED: "kept",
    ImportChange.Outcome.GONE: "kept",
}


def take_back(job: ImportJob, context: RunContext) -> Ended:
    """Take back the import that ``job`` names, the last change first, from where an earlier attempt ended.

    Raises Forbidden, NotImportable; Aborted through ``context``.
    """
    context.enter(Stage.UNDOING)
    with running.step(job, context):
        owner, dataset = running.owner_of(job), running.dataset_of(job)
        running.refuse_without_rights(owner, dataset, Mode(job.mode))
        target = Target(dataset, owner, [])
        counts = Counts.of(job.counts)
        context.rows_expected = ImportChange.objects.filter(job_id=job.undoes_id).count()
        counts.rows = context.rows_expected
    more = True
    while more:
        with running.step(job, context):
            outcomes = _take_back_next(job, target)
            for outcome in outcomes:
                counts = counts.plus(**{COUNTED[ImportChange.Outcome(outcome)]: 1})
            running.note(job, context, counts)
            more = bool(outcomes)
        context.advance(counts.removed + counts.restored + counts.kept)
    context.log(f"{counts.removed} removed, {counts.restored} restored, {counts.kept} kept")
    return Ended(rows=counts.rows, status=Status.READY, counts=counts)


def _take_back_next(job: ImportJob, target: Target) -> list[str]:
    """The next chunk; what became of each change of it."""
    pk, table = target.pk, target.table
    chunk = (
        "WITH c AS MATERIALIZED (SELECT id, target, before, after FROM jobs_importchange "
        "WHERE tenant_id = %s AND job_id = %s AND outcome = '' ORDER BY id DESC LIMIT %s), "
    )
    params: list[Any] = [tenancy.require(), job.undoes_id, settings.IMPORT_CHUNK_ROWS]
    same_row = f"t.tenant_id = %s AND t.{pk} = c.target::{target.pk_type}"
    columns = [column for column in target.columns if column != target.pk_name]
    restored = ", ".join(f"{name} = (j.rec).{name}" for name in map(connection.ops.quote_name, columns))
    with connection.cursor() as cursor:
        cursor.execute(
            f"{chunk} l AS (SELECT 1 FROM c JOIN {table} t ON {same_row} ORDER BY t.{pk} FOR UPDATE OF t) "
            "SELECT count(*) FROM l",
            [*params, tenancy.require()],
        )
        cursor.execute(
            f"{chunk} j AS MATERIALIZED (SELECT c.id, t.{pk} AS pk, "
            f"  jsonb_populate_record(NULL::{table}, c.before) AS rec, "
            f"  CASE WHEN t.{pk} IS NULL THEN 'gone' WHEN md5(to_jsonb(t)::text) <> c.after THEN 'edited' "
            f"  WHEN c.before IS NOT NULL THEN 'restored' WHEN {_is_used(target)} THEN 'used' ELSE 'removed' END "
            f"  AS outcome FROM c LEFT JOIN {table} t ON {same_row}), "
            f"d AS (DELETE FROM {table} t USING j WHERE t.{pk} = j.pk AND j.outcome = 'removed'), "
            f"u AS (UPDATE {table} t SET {restored} FROM j WHERE t.{pk} = j.pk AND j.outcome = 'restored') "
            f"UPDATE jobs_importchange c SET outcome = j.outcome FROM j WHERE c.id = j.id RETURNING c.outcome",
            [*params, tenancy.require()],
        )
        return [outcome for (outcome,) in cursor.fetchall()]


def _is_used(target: Target) -> str:
    """SQL: whether a row of another table refers to ``t``."""
    relations: list[Any] = list(target.model._meta.get_fields(include_hidden=True))
    quoted = connection.ops.quote_name
    asked = [
        f"EXISTS (SELECT 1 FROM {quoted(relation.related_model._meta.db_table)} r "
        f"WHERE r.{quoted(relation.field.column)} = t.{target.pk})"
        for relation in relations
        if relation.auto_created and (relation.one_to_many or relation.one_to_one) and not relation.concrete
    ]
    return " OR ".join(asked) or "false"
