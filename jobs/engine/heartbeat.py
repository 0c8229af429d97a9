"""The heartbeat: renews the lease, hears of a cancel, carries progress and log lines.

It runs beside the body, in a thread with a connection of its own.
"""

import json
import logging
import threading
import time
from typing import Any

import psycopg

from exportcenter.common.database import connection_parameters
from jobs.engine import stopping
from jobs.engine.config import clock
from jobs.engine.context import Reason, RunContext

log = logging.getLogger(__name__)

TICK = 0.25


class Heartbeat:
    """Context manager round a body. Leaving it writes the last progress and all log lines."""

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self.clock = clock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"heartbeat-{context.claim.job.job_no}", daemon=True)
        self._connection: psycopg.Connection[Any] | None = None
        self._last_good = time.monotonic()
        self._written: tuple[Any, ...] = ()

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        try:
            self._beat()
        except Exception:
            # Without a heartbeat the lease runs out: stop the body now rather than let it be overtaken.
            log.exception("heartbeat of %s died", self.context.claim.job.job_no)
            self._abort(Reason.LOST)
        finally:
            self._close()

    def _beat(self) -> None:
        renewed = polled = time.monotonic()
        noted = 0.0
        while not self._stop.wait(TICK):
            now = time.monotonic()
            try:
                if now - renewed >= self.clock.renew:
                    self._renew()
                    renewed = polled = now
                elif now - polled >= self.clock.cancel_poll:
                    self._look_for_cancel()
                    polled = now
                if now - noted >= self.clock.progress:
                    self._write_progress()
                    noted = now
                self._write_lines()
            except psycopg.Error as error:
                log.warning("heartbeat of %s: %s", self.context.claim.job.job_no, error)
                self._close()
            if time.monotonic() - self._last_good > self.clock.give_up:
                self._abort(Reason.LOST)
            if time.monotonic() > self.context.ends_at:
                self._abort(Reason.TIMEOUT)
            if stopping.must_release():
                self._abort(Reason.RELEASED)
        self._finish()

    def _finish(self) -> None:
        for write in (self._write_lines, self._write_progress):
            try:
                write()
            except psycopg.Error as error:
                log.warning("last words of %s were not written: %s", self.context.claim.job.job_no, error)
                self._close()

    def _abort(self, reason: str) -> None:
        try:
            self.context.abort(reason)
        except psycopg.Error as error:
            log.warning("the running query of %s could not be canceled: %s", self.context.claim.job.job_no, error)

    def _renew(self) -> None:
        """Prolong the lease. No row means that somebody else owns the job now."""
        row = self._execute(
            "UPDATE {table} SET lease_until = now() + %(lease)s * interval '1 second' "
            "WHERE id = %(id)s AND fence = %(fence)s AND status = 'processing' AND deadline_at > now() "
            "RETURNING cancel_requested_at IS NOT NULL",
            lease=self.clock.lease,
        )
        self._judge(row)

    def _look_for_cancel(self) -> None:
        row = self._execute(
            "SELECT cancel_requested_at IS NOT NULL FROM {table} "
            "WHERE id = %(id)s AND fence = %(fence)s AND status = 'processing'"
        )
        self._judge(row)

    def _judge(self, row: tuple[Any, ...] | None) -> None:
        if row is None:
            self._abort(Reason.LOST)
        elif row[0]:
            self._abort(Reason.CANCELED)

    def _write_progress(self) -> None:
        """Rows and stage, when they changed; the live stream samples them. Never backwards within an attempt (J4)."""
        current = (self.context.rows_done, self.context.rows_expected, self.context.stage)
        if current == self._written:
            return
        self._execute(
            "UPDATE {table} SET rows_done = greatest(rows_done, %(done)s), rows_expected = %(expected)s, "
            "stage = %(stage)s WHERE id = %(id)s AND fence = %(fence)s AND status = 'processing'",
            done=current[0],
            expected=current[1],
            stage=str(current[2]),
        )
        self._written = current

    def _write_lines(self) -> None:
        batch = list(self.context.lines)
        if not batch:
            return
        rows = json.dumps([{"at": at, "level": level, "message": text.replace("\0", "")} for at, level, text in batch])
        self._execute(
            "INSERT INTO jobs_joblog (tenant_id, kind, job_id, at, level, message) "
            "SELECT %(tenant)s, %(kind)s, %(id)s, to_timestamp(l.at), l.level, l.message "
            "FROM json_to_recordset(%(rows)s) l(at double precision, level text, message text)",
            rows=rows,
        )
        for _line in batch:  # only now: what could not be written stays for the next try
            self.context.lines.popleft()

    def _execute(self, statement: str, **values: Any) -> tuple[Any, ...] | None:
        """One statement in one transaction of the job's tenant. Returns its first row."""
        claim = self.context.claim
        if self._connection is None or self._connection.closed:
            self._connection = own_connection()
        with self._connection.transaction():
            self._connection.execute("SELECT set_config('app.tenant_id', %s, true)", [str(claim.tenant_id)])
            cursor = self._connection.execute(
                statement.replace("{table}", claim.job._meta.db_table),
                {"id": claim.job.pk, "fence": claim.fence, "tenant": claim.tenant_id, "kind": claim.kind.key, **values},
            )
            row = cursor.fetchone() if cursor.description else None
        self._last_good = time.monotonic()
        return row

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def own_connection() -> psycopg.Connection[Any]:
    """A connection beside Django's, with the same parameters, in autocommit mode."""
    return psycopg.connect(**connection_parameters(), autocommit=True)
