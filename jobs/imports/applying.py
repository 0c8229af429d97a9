"""The second half of an import: the checked rows go into their table, a chunk at a time (SPEC B3).

Each chunk is one transaction with its own line in ImportChunk: whatever is killed when, a chunk is there with its
line, or neither is. With “all rows or none” one transaction holds all chunks.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import tenancy
from accounts.models import User
from exportcenter.common.database import try_lock_by_name
from jobs.datasets import Mode
from jobs.engine.context import RunContext
from jobs.engine.errors import JobError
from jobs.engine.states import Stage, Status
from jobs.imports import problems, running
from jobs.imports.counting import Counts, Groups
from jobs.imports.fields import importing_of
from jobs.imports.reading import Problem
from jobs.imports.running import Ended
from jobs.imports.target import Target
from jobs.models import ImportChunk, ImportJob, ImportRow
from jobs.models.importing import OnError

LOOK_AGAIN_SECONDS = 0.1
"""While another import writes into the same dataset."""
TRIES = 3
"""How often rows are looked at that appear, or vanish, between two statements."""


class RightsChanged(JobError):
    """What the owner may do is not what it was when the rows were checked."""

    code = "RIGHTS_CHANGED"
    default_message = gettext_noop("Your rights have changed since the rows were checked.")
    default_advice = gettext_noop("Start the import again: the rows are checked by the rights that you have now.")


class NotAllRows(JobError):
    """“All rows or none”, and one of them could not be written."""

    code = "NOT_ALL_ROWS"
    default_message = gettext_noop("A row could not be written, so none was.")
    default_advice = gettext_noop("Download the faulty rows, correct them and send the whole file again.")


@dataclass
class _Refusal(Exception):
    """Rows that could not be written, where all must be."""

    found: dict[int, Problem]


def write_rows(job: ImportJob, context: RunContext) -> Ended:
    """Write what was checked, from where an earlier attempt ended.

    Raises Forbidden, NotImportable, RightsChanged, NotAllRows; Aborted through ``context``.
    """
    context.enter(Stage.APPLYING)
    with running.step(job, context):
        target = _target(job)
        counts, groups = Counts.of(job.counts), Groups.of(job.problems)
        context.rows_expected = Counts.of(job.counts).valid
    writer = _Writer(job, target, counts, groups)
    if job.on_error == OnError.STOP:
        _write_all(writer, context)
    else:
        _write_chunks(writer, context)
    counts = writer.counts
    context.log(f"{counts.created} created, {counts.updated} updated, {counts.unchanged} unchanged")
    return Ended(rows=counts.written, status=Status.READY, counts=counts, values={"problems": writer.groups.stored()})


def _write_chunks(writer: "_Writer", context: RunContext) -> None:
    more = True
    while more:
        with running.step(writer.job, context), _alone(writer.target, context):
            more = writer.write_next()
            running.note(writer.job, context, writer.counts, writer.groups)
        context.advance(writer.counts.written)


def _write_all(writer: "_Writer", context: RunContext) -> None:
    try:
        with running.step(writer.job, context), _alone(writer.target, context):
            while writer.write_next():
                context.advance(writer.counts.written)
            running.note(writer.job, context, writer.counts, writer.groups)
    except _Refusal as refusal:
        with running.step(writer.job, context):
            kept = Counts.of(writer.job.counts)
            groups = Groups.of(writer.job.problems)
            _mark(writer.job, refusal.found, groups, importing_of(writer.target.dataset).key)
            running.note(writer.job, context, kept.plus(faulty=len(refusal.found)), groups)
        row, problem = next(iter(refusal.found.items()))
        raise NotAllRows(
            _("Row %(row)d could not be written, so none was: %(problem)s")
            % {"row": row, "problem": problems.sentence(problem.code, problem.params)}
        ) from refusal


def _target(job: ImportJob) -> Target:
    owner: User = running.owner_of(job)
    dataset = running.dataset_of(job)
    running.refuse_without_rights(owner, dataset, Mode(job.mode))
    if owner.authz_epoch != job.owner_epoch:
        raise RightsChanged()
    columns = running.columns_of(job, dataset, owner, kind="")
    return Target(dataset, owner, [each for _at, each in columns])


@contextmanager
def _alone(target: Target, context: RunContext) -> Iterator[None]:
    """One import at a time writes a chunk into a company's dataset: two can neither deadlock nor cross each other."""
    name = f"import {tenancy.require()} {target.dataset.key}"
    while not try_lock_by_name(name):
        context.check()
        time.sleep(LOOK_AGAIN_SECONDS)
    yield


class _Writer:
    """Writes the rows of one import, chunk by chunk, in the caller's transactions."""

    def __init__(self, job: ImportJob, target: Target, counts: Counts, groups: Groups) -> None:
        self.job, self.target, self.counts, self.groups = job, target, counts, groups
        self._mode = Mode(job.mode)
        self._after = self._written_to()

    def write_next(self) -> bool:
        """Write the next chunk and its line. False when there is none."""
        rows = list(
            ImportRow.objects.filter(job_id=self.job.pk, row__gt=self._after, problems=[])
            .order_by("row")
            .values_list("row", flat=True)[: settings.IMPORT_CHUNK_ROWS]
        )
        if not rows:
            return False
        before = self.counts
        failed = self._write(rows)
        if failed and self.job.on_error == OnError.STOP:
            raise _Refusal(failed)
        if failed:
            _mark(self.job, failed, self.groups, importing_of(self.target.dataset).key)
            self.counts = self.counts.plus(faulty=len(failed))
        self._after = rows[-1]
        ImportChunk.objects.create(
            job_id=self.job.pk,
            last_row=self._after,
            counts={
                name: value - before.stored().get(name, 0)
                for name, value in self.counts.stored().items()
                if value != before.stored().get(name, 0)
            },
            written_at=Now(),
        )
        return True

    def _written_to(self) -> int:
        with tenancy.tenant_scope(self.job.tenant_id):
            last = ImportChunk.objects.filter(job_id=self.job.pk).aggregate(last=Max("last_row"))["last"]
        return int(last or 0)

    def _write(self, rows: Sequence[int]) -> dict[int, Problem]:
        """Write these rows; those that could not be, and why. What the database refuses is cut in halves until the
        row is found."""
        kept = self.counts
        try:
            with transaction.atomic():
                return self._write_together(rows)
        except (IntegrityError, DataError) as error:
            self.counts = kept
            if len(rows) == 1:
                return {rows[0]: Problem("REFUSED", {"rule": _rule(error)})}
        middle = len(rows) // 2
        return self._write(rows[:middle]) | self._write(rows[middle:])

    def _write_together(self, rows: Sequence[int]) -> dict[int, Problem]:
        left = list(rows)
        for _number in range(TRIES):
            if self._mode is not Mode.CREATE and left:
                left = self._update(left)
            if self._mode is not Mode.UPDATE and left:
                left = self._insert(left)
            if not left or self._mode is not Mode.UPSERT:
                break
        return self._why_not(left) if left else {}

    def _source(self, rows: Sequence[int]) -> tuple[str, list[Any]]:
        """The rows, as ``s``. By the numbers of the first and the last: the planner knows nothing of rows that were
        written a moment ago, and of a list of numbers it would think that any index of the import does as well."""
        return (
            "WITH s AS MATERIALIZED (SELECT row, key, values AS vals FROM jobs_importrow "
            "WHERE tenant_id = %s AND job_id = %s AND row BETWEEN %s AND %s AND problems = '[]' "
            "AND row = ANY(%s)), ",
            [tenancy.require(), self.job.pk, rows[0], rows[-1], list(rows)],
        )

    def _update(self, rows: list[int]) -> list[int]:
        """Change the rows that exist; what is left."""
        target = self.target
        pk = target.pk
        source, params = self._source(rows)
        matched, more = target.matched("FROM s")
        with connection.cursor() as cursor:
            cursor.execute(
                f"{source} l AS (SELECT 1 FROM s JOIN {target.table} t ON t.tenant_id = %s AND t.{target.key} = s.key "
                f"ORDER BY t.{target.key} FOR UPDATE OF t) SELECT count(*) FROM l",
                [*params, tenancy.require()],
            )
            cursor.execute(
                f"{source} "
                f"f AS MATERIALIZED (SELECT s.row, s.key, t.{pk} AS pk, to_jsonb(t) AS before, n.rec, "
                f"  n.rec IS NOT DISTINCT FROM t AS same {matched} WHERE t.{pk} IS NOT NULL AND v.seen), "
                f"u AS (UPDATE {target.table} t SET {target.assignments()} FROM f WHERE t.{pk} = f.pk AND NOT f.same "
                f"  RETURNING f.row, f.key, t.{pk}::text AS target, f.before, md5(to_jsonb(t)::text) AS after), "
                f"j AS (INSERT INTO jobs_importchange (tenant_id, job_id, row, key, target, before, after, outcome) "
                f"  SELECT %s, %s, row, key, target, before, after, '' FROM u ORDER BY row) "
                f"SELECT (SELECT count(*) FROM u), ARRAY(SELECT row FROM f)",
                [*params, *more, tenancy.require(), self.job.pk],
            )
            changed, found = cursor.fetchone()
        self.counts = self.counts.plus(updated=changed, unchanged=len(found) - changed)
        done = set(found)
        return [row for row in rows if row not in done]

    def _insert(self, rows: list[int]) -> list[int]:
        """Add the rows that do not exist; what is left.

        Rows of the file are found again by one JSON object, key → row: a join of what was inserted with what was to be
        inserted has no statistics, and PostgreSQL would compare each with each.
        """
        target = self.target
        pk = target.pk
        source, params = self._source(rows)
        matched, more = target.matched("FROM s")
        with connection.cursor() as cursor:
            cursor.execute(
                f"{source} "
                f"f AS MATERIALIZED (SELECT s.row, s.key, n.rec {matched} WHERE t.{pk} IS NULL ORDER BY s.key), "
                f"m AS (INSERT INTO {target.table} AS t ({target.names()}) "
                f"  SELECT {target.new_values()} FROM f n ORDER BY n.key ON CONFLICT DO NOTHING "
                f"  RETURNING t.{pk}::text AS target, t.{target.key} AS key, md5(to_jsonb(t)::text) AS after), "
                f"k AS MATERIALIZED (SELECT jsonb_object_agg(key, row) AS rows FROM f), "
                f"c AS MATERIALIZED (SELECT (k.rows->>m.key)::int AS row, m.* FROM m, k), "
                f"j AS (INSERT INTO jobs_importchange (tenant_id, job_id, row, key, target, before, after, outcome) "
                f"  SELECT %s, %s, row, key, target, NULL, after, '' FROM c ORDER BY row) "
                f"SELECT ARRAY(SELECT row FROM c)",
                [*params, *more, tenancy.require(), self.job.pk],
            )
            (made,) = cursor.fetchone()
        self.counts = self.counts.plus(created=len(made))
        done = set(made)
        return [row for row in rows if row not in done]

    def _why_not(self, rows: list[int]) -> dict[int, Problem]:
        source, params = self._source(rows)
        matched, more = self.target.matched("FROM s")
        with connection.cursor() as cursor:
            cursor.execute(
                f"{source} a AS (SELECT s.row, s.key, t.{self.target.pk} IS NOT NULL AND v.seen AS seen {matched}) "
                "SELECT row, key, seen FROM a ORDER BY row",
                [*params, *more],
            )
            return {
                row: Problem("MISSING" if self._mode is Mode.UPDATE else "EXISTS" if seen else "TAKEN", {"text": key})
                for row, key, seen in cursor.fetchall()
            }


def _mark(job: ImportJob, found: dict[int, Problem], groups: Groups, key: str) -> None:
    """Rows that were right when they were checked, and could not be written all the same."""
    rows = list(ImportRow.objects.filter(job_id=job.pk, row__in=list(found)).order_by("row"))
    for row in rows:
        problem = found[row.row]
        row.problems = [problems.stored("" if problem.code == "REFUSED" else key, problem, row.key)]
        groups.add(row.row, row.problems)
    ImportRow.objects.bulk_update(rows, ["problems"])


def _rule(error: Exception) -> str:
    """Which rule of the database a row breaks, without its values."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return str(getattr(diagnosis, "constraint_name", None) or getattr(diagnosis, "column_name", None) or "?")
