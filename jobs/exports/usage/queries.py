"""The statements behind the overview: each reads its table once, whatever is asked of it.

Days are told apart by their borders, which Python computes, so that no statement has an opinion of its own on when a
day begins. Everything about an export belongs to the day on which it was asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts import tenancy
from jobs.exports.usage.figures import Downloads, Volume

_JOBS = """
FROM (SELECT width_bucket(created_at, %(borders)s::timestamptz[]) AS day, type, status, file_size,
             status IN ('ready', 'expired') AS made, date_part('epoch', finished_at - started_at) AS took
      FROM jobs_exportjob
      WHERE tenant_id = %(tenant)s AND created_at >= %(start)s AND created_at < %(end)s) j
"""
_VOLUME = """
count(*), count(*) FILTER (WHERE made), count(*) FILTER (WHERE status = 'failed'),
count(*) FILTER (WHERE status = 'canceled'), coalesce(sum(file_size) FILTER (WHERE made), 0)::bigint,
percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY took) FILTER (WHERE made)
"""
VOLUMES = f"SELECT grouping(day, type), day, type, {_VOLUME} {_JOBS} GROUP BY GROUPING SETS ((day), (type), ())"
VOLUME = f"SELECT {_VOLUME} {_JOBS}"
OWNERS = """
SELECT owner_id, count(*) FROM jobs_exportjob
WHERE tenant_id = %(tenant)s AND created_at >= %(start)s AND created_at < %(end)s GROUP BY owner_id
"""
# An entry names the type of its export; one that was written before they did so is looked up while the export exists.
_DOWNLOADS = """
FROM (SELECT width_bucket(timestamp, %(borders)s::timestamptz[]) AS day, user_id,
             coalesce(details ->> 'type', (SELECT j.type FROM jobs_exportjob j
                 WHERE j.tenant_id = a.tenant_id AND j.job_no = a.details ->> 'job_id'), '') AS type,
             details ->> 'first' = '0' AS begun, (details ->> 'bytes')::bigint AS bytes
      FROM accounts_auditentry a
      WHERE tenant_id = %(tenant)s AND operation = 'export_file_download' AND result = 'success'
        AND timestamp >= %(start)s AND timestamp < %(end)s) d
"""
_FETCHED = "count(*) FILTER (WHERE begun), coalesce(sum(bytes), 0)::bigint"
DOWNLOADS = (
    f"SELECT grouping(day, type, user_id), day, type, user_id, {_FETCHED} {_DOWNLOADS} "
    "GROUP BY GROUPING SETS ((day), (type), (user_id), ())"
)
DOWNLOADED = f"SELECT {_FETCHED} {_DOWNLOADS}"
EVENTS = """
SELECT name, width_bucket(at, %(borders)s::timestamptz[]) AS day, count(*) FROM jobs_uievent
WHERE tenant_id = %(tenant)s AND at >= %(start)s AND at < %(end)s GROUP BY name, day
"""

# What grouping() answers: a bit for each column that a row is not grouped by, the first column's the highest.
BY_DAY, BY_TYPE = 0b01, 0b10
FETCHED_BY_DAY, FETCHED_BY_TYPE, FETCHED_BY_USER = 0b011, 0b101, 0b110


@dataclass
class Volumes:
    """Exports by day (counted from 1) and by type, and all of them."""

    total: Volume = field(default_factory=Volume)
    days: dict[int, Volume] = field(default_factory=dict)
    types: dict[str, Volume] = field(default_factory=dict)


@dataclass
class Fetched:
    """Downloads by day (counted from 1), by type and by person, and all of them."""

    total: Downloads = field(default_factory=Downloads)
    days: dict[int, Downloads] = field(default_factory=dict)
    types: dict[str, Downloads] = field(default_factory=dict)
    people: dict[UUID, Downloads] = field(default_factory=dict)


def volumes(borders: Sequence[datetime]) -> Volumes:
    """Exports asked for between the borders."""
    found = Volumes()
    for group, day, type_key, *figures in _rows(VOLUMES, borders):
        volume = _volume(figures)
        if group == BY_DAY:
            found.days[day] = volume
        elif group == BY_TYPE:
            found.types[type_key] = volume
        else:
            found.total = volume
    return found


def volume_of(start: datetime, end: datetime) -> Volume:
    """The same without days and types."""
    return _volume(_rows(VOLUME, [start, end])[0])


def owners(borders: Sequence[datetime]) -> dict[UUID, int]:
    """How many exports each person asked for."""
    return dict(_rows(OWNERS, borders))


def downloads(borders: Sequence[datetime]) -> Fetched:
    """What was fetched between the borders."""
    found = Fetched()
    for group, day, type_key, user_id, *figures in _rows(DOWNLOADS, borders):
        fetched = Downloads(*figures)
        if group == FETCHED_BY_DAY:
            found.days[day] = fetched
        elif group == FETCHED_BY_TYPE:
            found.types[type_key] = fetched
        elif group == FETCHED_BY_USER:
            found.people[user_id] = fetched
        else:
            found.total = fetched
    return found


def downloads_of(start: datetime, end: datetime) -> Downloads:
    """The same, all together."""
    return Downloads(*_rows(DOWNLOADED, [start, end])[0])


def events(borders: Sequence[datetime]) -> dict[str, list[int]]:
    """Name of a page event → how many on each day."""
    found: dict[str, list[int]] = {}
    for name, day, count in _rows(EVENTS, borders):
        found.setdefault(name, [0] * (len(borders) - 1))[day - 1] = count
    return found


def _volume(figures: Sequence[Any]) -> Volume:
    *counts, percentiles = figures
    return Volume(*counts, *(round(seconds, 3) for seconds in percentiles or ()))


def _rows(statement: str, borders: Sequence[datetime]) -> list[Any]:
    values: dict[str, Any] = {
        "tenant": tenancy.require(),
        "borders": list(borders),
        "start": borders[0],
        "end": borders[-1],
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[Any] = cursor.fetchall()
        return rows
