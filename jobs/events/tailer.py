"""The tailer: one task and one database connection per web process, which read for all its streams (SPEC T3).

Every look is a short transaction under the engine role. There is no LISTEN: NOTIFY takes a lock of the whole database
at each commit, and a poll of one small table finds the same.
"""

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from psycopg import sql
from psycopg.rows import class_row

from accounts.tenancy import ENGINE_ROLE
from exportcenter.common.database import connection_parameters
from jobs.engine import kinds
from jobs.engine.states import Status
from jobs.events.facts import PROGRESS, Fact
from jobs.events.hub import Channel, Hub, Subscriber
from jobs.events.reading import Reset
from jobs.models.job import percentage

log = logging.getLogger(__name__)

APPLICATION_NAME = "exportcenter-events"
"""How the connection is called in pg_stat_activity."""
CHUNK = 200
"""Events that are read at once."""
PROGRESS_SECONDS = 0.5
"""Running jobs are looked at so often; they write no oftener themselves."""
PATIENCE_SECONDS = 10
"""A look that takes longer is given up, and the connection with it."""
BACKOFF_SECONDS = (0.2, 5.0)
"""Between attempts to reach the database: the first wait, doubling up to the second."""

SESSIONS = "SELECT session_key FROM django_session WHERE session_key = ANY(%s) AND expire_date > now()"
"""Asked as the app role: sessions are no business of the engine's."""
ENGINE = f"SET LOCAL ROLE {ENGINE_ROLE}"
RIGHTS = "SELECT id, authz_epoch FROM accounts_user WHERE id = ANY(%s) AND is_active"
TOKENS = "SELECT id FROM accounts_accesstoken WHERE id = ANY(%s) AND revoked_at IS NULL AND expires_at > now()"
FAMILIES = "SELECT id FROM accounts_tokenfamily WHERE id = ANY(%s) AND ended_at IS NULL AND expires_at > now()"
HEADS = "SELECT tenant_id, event_seq FROM accounts_tenanthead WHERE tenant_id = ANY(%s)"
EVENTS = """
SELECT tenant_id, seq, type, subject, data, owner_id, sensitivity, at FROM jobs_event
WHERE tenant_id = %s AND seq > %s AND seq <= %s ORDER BY seq LIMIT %s
"""
RUNNING = """
SELECT now() AS at, tenant_id, id, job_no, owner_id, {sensitivity} AS sensitivity, stage, rows_done, rows_expected
FROM {table}
WHERE status = {status} AND tenant_id = ANY(%(tenants)s)
"""


async def tail(hub: Hub) -> None:
    """Feed ``hub`` until canceled. While the database does not answer, it is asked again and again."""
    tailer = Tailer(hub)
    shortest, longest = BACKOFF_SECONDS
    wait = shortest
    while True:
        try:
            async with await _connect() as connection:
                tailer.begin()
                while True:
                    began = time.monotonic()
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        await tailer.look(connection)
                    wait = shortest
                    await asyncio.sleep(max(0.0, began + settings.EVENT_POLL_SECONDS - time.monotonic()))
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.warning("live events wait for the database: %s: %s", type(error).__name__, error)
        await asyncio.sleep(wait)
        wait = min(longest, wait * 2)


async def _connect() -> "psycopg.AsyncConnection[Any]":
    # Without prepared statements: a pooler in front may give each transaction another server connection.
    parameters = connection_parameters() | {"application_name": APPLICATION_NAME, "prepare_threshold": None}
    return await psycopg.AsyncConnection.connect(**parameters, autocommit=True)


class Tailer:
    """What is looked at, and when it is due."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._rights_due = 0.0
        self._progress_due = 0.0

    def begin(self) -> None:
        """A new connection: rights may have changed while there was none, so they come before any event."""
        self._rights_due = self._progress_due = 0.0

    async def look(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        """One look: rights, new events, progress."""
        readers = list(self.hub.subscribers()) if time.monotonic() >= self._rights_due else []
        async with connection.transaction():
            sessions = await self._live_sessions(connection, readers) if readers else set()
            await connection.execute(ENGINE)
            if readers:
                await self._close_changed(connection, readers, sessions)
                self._rights_due = time.monotonic() + settings.EVENT_RECHECK_SECONDS
            heads = await connection.execute(HEADS, [list(self.hub.channels)])
            for tenant_id, head in await heads.fetchall():
                if (channel := self.hub.channels.get(tenant_id)) is not None:
                    await self._advance(connection, tenant_id, channel, head)
            fresh = any(not channel.sampled for channel in self.hub.channels.values())
            if fresh or time.monotonic() >= self._progress_due:
                await self._sample(connection)
                self._progress_due = time.monotonic() + PROGRESS_SECONDS

    async def _live_sessions(self, connection: "psycopg.AsyncConnection[Any]", readers: list[Subscriber]) -> set[str]:
        keys = list({reader.credential.session for reader in readers if reader.credential.session})
        found = await connection.execute(SESSIONS, [keys]) if keys else None
        return {key for (key,) in await found.fetchall()} if found is not None else set()

    async def _close_changed(
        self, connection: "psycopg.AsyncConnection[Any]", readers: list[Subscriber], sessions: set[str]
    ) -> None:
        """Close streams of people whose rights have changed, who were disabled, whose session or token is over."""
        found = await connection.execute(RIGHTS, [list({reader.viewer.user_id for reader in readers})])
        epochs: dict[UUID, int] = dict(await found.fetchall())
        credentials = [reader.credential for reader in readers]
        tokens = await _living(connection, TOKENS, {one.token for one in credentials})
        families = await _living(connection, FAMILIES, {one.family for one in credentials})
        for reader in readers:
            changed = epochs.get(reader.viewer.user_id) != reader.viewer.epoch
            credential = reader.credential
            signed_out = credential.session != "" and credential.session not in sessions
            signed_out |= credential.family is not None and credential.family not in families
            expired = credential.expires is not None and credential.expires <= time.time()
            revoked = credential.token is not None and credential.token not in tokens
            if changed or signed_out or expired or revoked:
                reader.close()

    async def _advance(
        self, connection: "psycopg.AsyncConnection[Any]", tenant_id: UUID, channel: Channel, head: int
    ) -> None:
        """Offer everything up to ``head``; numbers are in commit order, so nothing can appear behind it later."""
        if head < channel.position:  # the database was put back to an older state
            channel.start_anew(Reset.UNKNOWN, head)
        while channel.position < head:
            found = await connection.execute(EVENTS, [tenant_id, channel.position, head, CHUNK])
            facts = [Fact(*row) for row in await found.fetchall()]
            if not facts or facts[0].seq != channel.position + 1:  # deleted while we could not look
                channel.start_anew(Reset.TOO_OLD, head)
                return
            for fact in facts:
                channel.offer(fact)
            await asyncio.sleep(0)  # readers send what they have before the next chunk

    async def _sample(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        """How far the running jobs of every tenant that somebody listens to are."""
        channels = dict(self.hub.channels)
        samples: dict[UUID, dict[UUID, Fact]] = {tenant_id: {} for tenant_id in channels}
        async with connection.cursor(row_factory=class_row(Running)) as cursor:
            await cursor.execute(_running(), {"tenants": list(channels)})
            for job in await cursor.fetchall():
                samples[job.tenant_id][job.id] = job.fact()
        for tenant_id, channel in channels.items():
            channel.sample(samples[tenant_id])


def _running() -> sql.Composed:
    """The running jobs of every kind that people know of."""
    return sql.SQL(" UNION ALL ").join(_running_of(kind) for kind in kinds.all_kinds() if not kind.internal)


def _running_of(kind: kinds.JobKind) -> sql.Composed:
    model = kind.model
    classified = any(field.name == "sensitivity" for field in model._meta.fields)
    return sql.SQL(RUNNING).format(
        table=sql.Identifier(model._meta.db_table),
        sensitivity=sql.Identifier("sensitivity") if classified else sql.Literal(""),
        status=sql.Literal(Status.PROCESSING.value),
    )


@dataclass(frozen=True)
class Running:
    """A row of RUNNING."""

    at: datetime
    tenant_id: UUID
    id: UUID
    job_no: str
    owner_id: UUID
    sensitivity: str
    stage: str
    rows_done: int
    rows_expected: int | None

    def fact(self) -> Fact:
        """How far the job is."""
        data = {
            "job_id": self.job_no,
            "progress": percentage(self.rows_done, self.rows_expected),
            "stage": self.stage,
            "rows_done": self.rows_done,
            "rows_expected": self.rows_expected,
        }
        return Fact(self.tenant_id, None, PROGRESS, self.job_no, data, self.owner_id, self.sensitivity, self.at)


async def _living(connection: "psycopg.AsyncConnection[Any]", statement: str, keys: set[UUID | None]) -> set[UUID]:
    """Those of ``keys`` that ``statement`` still finds; no question when there are none."""
    asked = [key for key in keys if key is not None]
    found = await connection.execute(statement, [asked]) if asked else None
    return {key for (key,) in await found.fetchall()} if found is not None else set()
