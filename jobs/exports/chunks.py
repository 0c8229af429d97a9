"""One huge export written by several workers at once: the same bytes as by one (SPEC J8).

The worker that runs the export is the coordinator. It cuts the rows into ranges of a key, each a whole number of
segments long, and queues a chunk for each: a job of its own, with lease, fence and attempts like any other. All read
the coordinator's snapshot. Any worker writes chunks, the coordinator too; finished ones are put together in order as
they come. A chunk whose worker died is done again alone. Should the coordinator die, the snapshot is gone with it:
the next attempt plans anew.
"""

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection
from django.db import Error as DatabaseError
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext_noop
from psycopg.sql import SQL

from accounts.models import User
from accounts.tenancy import tenant_scope
from exportcenter.common import clock
from jobs import storage
from jobs.datasets.query import Plan
from jobs.engine import kinds, lifecycle, queue, runner
from jobs.engine.context import RunContext
from jobs.engine.errors import JobError, StorageTrouble
from jobs.engine.heartbeat import own_connection
from jobs.engine.states import CANCELABLE, Status
from jobs.exports import planning, sources
from jobs.formats.apart import SegmentsApart, blocks_of
from jobs.formats.archive import Archive
from jobs.formats.base import Format
from jobs.formats.deflate import Segment
from jobs.formats.rows import rows_of
from jobs.formats.sink import SpoolFile
from jobs.formats.writing import write_rows
from jobs.models import ExportChunk, ExportJob

WAIT_SECONDS = 0.2
KEPT = timedelta(hours=1)
"""How long a chunk's file outlives its coordinator."""

_coordinator: ContextVar[RunContext | None] = ContextVar("coordinator", default=None)


class ChunkFailed(JobError):
    """A chunk could not be written, and trying again did not help."""

    code = "CHUNK_FAILED"
    default_message = gettext_noop("A part of the file could not be written.")
    default_advice = gettext_noop("Try the export again. If it fails again, ask an administrator to look at its log.")


class CoordinatorGone(JobError):
    """The attempt that planned the chunk is over: nobody needs it any more."""

    code = "COORDINATOR_GONE"
    default_message = gettext_noop("The export that this chunk belongs to has begun anew or has ended.")


@dataclass(frozen=True)
class Cut:
    """How the rows of an export are divided.

    Attributes:
        total: rows of the export
        rows: of each chunk but the last; a whole number of segments
        points: key of the first row of each
        snapshot: id of the exported snapshot
    """

    total: int
    rows: int
    points: Sequence[Any]
    snapshot: str

    def ranges(self) -> Iterator[tuple[Any, Any, int]]:
        """First key, first key behind (None at the end) and number of rows of each chunk."""
        last = len(self.points) - 1
        for number, first in enumerate(self.points):
            if number == last:
                yield first, None, self.total - number * self.rows
            else:
                yield first, self.points[number + 1], self.rows


@dataclass(frozen=True)
class ChunkFile:
    """What a chunk's body hands to the engine."""

    status: ClassVar = Status.READY
    rows: int
    key: str
    segments: list[Segment]

    def fields(self) -> dict[str, Any]:
        """Columns of the chunk's row."""
        return {
            "file_key": self.key,
            "segments": [asdict(segment) for segment in self.segments],
            "expires_at": Now() + KEPT,
        }

    def save_beside(self, job: Any) -> None:
        """There is nothing."""

    def discard(self) -> None:
        """Nobody will use the file."""
        storage.delete(self.key)


def rows_per_chunk(rows: int) -> int:
    """Rows of each chunk of an export of ``rows``, or 0 when one worker shall write it."""
    segment = settings.EXPORT_SEGMENT_ROWS
    chunk = settings.EXPORT_CHUNK_ROWS // segment * segment
    return chunk if chunk and rows > 2 * chunk else 0


def cut(plan: Plan, rows: int, context: RunContext, holding: ExitStack) -> Cut | None:
    """Where to cut the plan's rows, and the current transaction's snapshot for others; None: not worth it.

    The snapshot lives as long as ``holding``, whatever becomes of the current transaction.
    """
    chunk = rows_per_chunk(rows)
    if not chunk or plan.range_key is None or plan.rows.db != DEFAULT_DB_ALIAS:
        return None
    points = plan.cut_points(chunk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        (ours,) = cursor.fetchone()
    return Cut(rows, chunk, points, holding.enter_context(_held(ours, context.seconds_left)))


@contextmanager
def _held(snapshot: str, seconds: float) -> Iterator[str]:
    """Keep an exported snapshot alive, on a connection of its own. Gives the id to use from now on."""
    holder = own_connection()
    try:
        holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        holder.execute(SQL("SET TRANSACTION SNAPSHOT {}").format(snapshot))
        holder.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, true)", [str(int(seconds * 1000))])
        row = holder.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        yield row[0]
    finally:
        holder.close()


def coordinate(job: ExportJob, cut: Cut, archive: Archive, context: RunContext) -> None:
    """Have the chunks written, by everybody, and put them into ``archive`` in order.

    Raises ChunkFailed; Aborted through ``context``. Leaves no chunk waiting and none of their files.
    """
    kind = kinds.get("chunk")
    mine = {"export_id": job.pk, "generation": context.claim.fence}
    _drop(job, context, older=True)
    try:
        with tenant_scope(job.tenant_id):
            for number, span in enumerate(cut.ranges()):
                queue.enqueue(kind, _new_chunk(job, cut, number, span, context))
        context.log(f"{len(cut.points)} chunks of {cut.rows} rows")
        token = _coordinator.set(context)
        try:
            for number in range(len(cut.points)):
                _take(_ready(job, mine | {"number": number}, context), archive)
        finally:
            _coordinator.reset(token)
    finally:
        _drop(job, context)


def write_chunk(chunk: ExportChunk, context: RunContext) -> ChunkFile:
    """Write the chunk's rows as segments. Raises CoordinatorGone, StorageTrouble; Aborted through ``context``."""
    leader = _coordinator.get()
    if leader is not None:
        context.follow(leader)
    with tenant_scope(chunk.tenant_id):
        job: ExportJob = ExportJob.objects.get(pk=chunk.export_id)
    if job.status != Status.PROCESSING or job.fence != chunk.generation:
        raise CoordinatorGone()
    writer = planning.writer_of(job)
    target = SegmentsApart(writer, SpoolFile(storage.new_spool(chunk.pk, context.claim.fence)))
    try:
        with translation.override(job.language):
            written = _write(chunk, job, writer, target, context)
        target.finish()
        if written != chunk.rows_planned:
            raise ChunkFailed(f"{written} of {chunk.rows_planned} rows were written.")
        return _store(chunk, target, written, context)
    except OSError as error:
        context.log(f"{type(error).__name__}: {error.strerror or error}", "error")
        raise StorageTrouble() from error
    finally:
        target.close()


def _write(chunk: ExportChunk, job: ExportJob, writer: Format, target: SegmentsApart, context: RunContext) -> int:
    context.rows_expected = chunk.rows_planned
    with _picture_of(chunk):
        owner = User.objects.select_related("tenant").get(pk=job.owner_id)
        plan = planning.plan_for(job, owner).between(chunk.first, chunk.after)
        with sources.reading(planning.dataset_of(job), context), rows_of(plan, writer) as rows:
            return write_rows(rows, writer, plan.columns, target, context.advance).rows


@contextmanager
def _picture_of(chunk: ExportChunk) -> Iterator[None]:
    """The coordinator's snapshot. Raises CoordinatorGone when nobody holds it any more."""
    with ExitStack() as stack:
        try:
            stack.enter_context(tenant_scope(chunk.tenant_id, snapshot=chunk.snapshot))
        except DatabaseError as error:
            raise CoordinatorGone() from error
        yield


def _store(chunk: ExportChunk, target: SegmentsApart, rows: int, context: RunContext) -> ChunkFile:
    claim = context.claim
    key = storage.put(
        target.path, tenant_id=claim.tenant_id, job_id=chunk.export_id, fence=claim.fence, extension="chunk"
    )
    return ChunkFile(rows, key, target.segments)


def _new_chunk(job: ExportJob, cut: Cut, number: int, span: tuple[Any, Any, int], context: RunContext) -> ExportChunk:
    now = clock.now()
    generation = context.claim.fence
    chunk = ExportChunk(
        id=uuid.uuid4(),
        tenant_id=job.tenant_id,
        owner_id=job.owner_id,
        job_no=f"{job.job_no}.{generation:x}.{number + 1}",
        created_at=now,
        available_at=now + timedelta(microseconds=number),  # first come those that are needed first
        priority=job.priority,
        policy_tag=job.policy_tag,
        export_id=job.pk,
        generation=generation,
        number=number,
        snapshot=cut.snapshot,
    )
    chunk.root_id = chunk.id
    chunk.first, chunk.after, chunk.rows_planned = span
    return chunk


def _ready(job: ExportJob, which: dict[str, Any], context: RunContext) -> ExportChunk:
    """The chunk, once it is written; meanwhile this worker writes chunks, too."""
    kind = kinds.get("chunk")
    while True:
        with tenant_scope(job.tenant_id):
            chunk: ExportChunk = ExportChunk.objects.get(**which)
            everything = ExportChunk.objects.filter(export_id=job.pk, generation=which["generation"])
            done = sum(everything.values_list("rows_done", flat=True))
        context.advance(max(done, context.rows_done))
        if chunk.status == Status.READY:
            return chunk
        if chunk.status not in CANCELABLE:
            context.log(f"Chunk {chunk.number + 1}: {chunk.error_code or chunk.status}", "error")
            raise ChunkFailed(chunk.error_message)
        if not runner.run_one_due(kind, ring=False):
            time.sleep(WAIT_SECONDS)


def _take(chunk: ExportChunk, archive: Archive) -> None:
    segments = [Segment(**given) for given in chunk.segments]
    with storage.open_at(chunk.file_key, 0, max(0, sum(segment.stored for segment in segments) - 1)) as source:
        for segment in segments:
            archive.append(segment, blocks_of(segment, source))
    storage.delete(chunk.file_key)


def _drop(job: ExportJob, context: RunContext, *, older: bool = False) -> None:
    """Cancel what is not finished and remove what is: chunks of this attempt, or of all ``older`` ones."""
    kind = kinds.get("chunk")
    with tenant_scope(job.tenant_id):
        left = ExportChunk.objects.filter(export_id=job.pk, status__in=[*CANCELABLE, Status.READY])
        left = left.filter(generation__lt=context.claim.fence) if older else left.filter(generation=context.claim.fence)
        for chunk in left.select_for_update().select_related("owner"):
            if chunk.status == Status.READY:
                storage.delete(chunk.file_key)
                lifecycle.expire(kind, chunk)
            else:
                lifecycle.request_cancel(kind, chunk, actor=chunk.owner)
