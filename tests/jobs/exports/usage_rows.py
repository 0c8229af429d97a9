"""Exports and downloads at chosen times, and the overview of them by hand: plain loops over what was made."""

import itertools
import math
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from accounts.audit import Operation
from accounts.models import AuditEntry
from jobs import datasets
from jobs.datasets import CUSTOM
from jobs.models import ExportJob
from tests.world import World

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Made:
    """An export as it was made."""

    owner: str
    type: str
    status: str
    at: datetime
    seconds: float
    size: int

    @property
    def has_file(self) -> bool:
        return self.status in ("ready", "expired")


@dataclass(frozen=True)
class Fetched:
    """A transfer as it was recorded."""

    who: str
    type: str
    at: datetime
    first: int
    size: int


def make(world: World, made: Made) -> ExportJob:
    """The export, along the legal edges."""
    number = next(_numbers)
    key = uuid.uuid4()
    dataset = "orders" if made.type == CUSTOM else made.type
    with world.scope(made.owner):
        job = ExportJob(
            id=key,
            root_id=key,
            owner_id=world.users[made.owner][1],
            job_no=f"E20260101{number:06}",
            created_at=made.at,
            available_at=made.at,
            type=made.type,
            sensitivity=datasets.get(dataset).sensitivity,
            file_type="csv",
            params={"dataset": dataset},
        )
        job.save(force_insert=True)
        rows = ExportJob.objects.filter(pk=key)
        started = made.at + timedelta(seconds=3)
        ended = started + timedelta(seconds=made.seconds)
        if made.status == "canceled":
            rows.update(status="canceled", stage="done", finished_at=made.at)
        elif made.status != "queued":
            later = datetime.max.replace(tzinfo=ended.tzinfo, year=2100)
            rows.update(status="processing", started_at=started, slot=1, lease_until=later, deadline_at=later)
            gone: dict[str, Any] = {"slot": None, "lease_until": None, "deadline_at": None, "finished_at": ended}
            if made.status == "failed":
                rows.update(status="failed", stage="done", **gone)
            else:
                file = {"file_key": f"k{number}", "file_name": "f.csv", "file_sha256": "a" * 64, "row_count": 1}
                rows.update(status="ready", stage="done", file_size=made.size, expires_at=ended, **file, **gone)
                if made.status == "expired":
                    rows.update(status="expired")
        job.refresh_from_db()
    return job


def record(world: World, fetched: Fetched, *, result: str = "success", **details: Any) -> None:
    """Its entry in the audit trail."""
    number = next(_numbers)
    said = {"first": fetched.first, "bytes": fetched.size, "size": 10**6, "type": fetched.type} | details
    with world.scope(fetched.who):
        AuditEntry.objects.create(
            seq=10**9 + number,
            audit_id=f"A{number}",
            user_id=world.users[fetched.who][1],
            username=fetched.who,
            operation=Operation.EXPORT_FILE_DOWNLOAD,
            timestamp=fetched.at,
            result=result,
            details={name: value for name, value in said.items() if value is not None},
            mac=b"",
        )


# --- by hand --------------------------------------------------------------------------------------------
def volume(made: list[Made]) -> tuple:
    """started, ready, failed, canceled, bytes, median, p95."""
    files = [one for one in made if one.has_file]
    seconds = sorted(one.seconds for one in files)
    return (
        len(made),
        len(files),
        sum(one.status == "failed" for one in made),
        sum(one.status == "canceled" for one in made),
        sum(one.size for one in files),
        quantile(seconds, 0.5),
        quantile(seconds, 0.95),
    )


def quantile(ordered: list[float], share: float) -> float | None:
    """Between the two nearest values, as spreadsheets do it."""
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return round(ordered[low] + (ordered[high] - ordered[low]) * (place - low), 3)


def downloads(fetched: list[Fetched]) -> tuple[int, int]:
    """How often, how many bytes."""
    return sum(one.first == 0 for one in fetched), sum(one.size for one in fetched)


def day_of(at: datetime, zone: ZoneInfo) -> Any:
    """The day on the wall."""
    return at.astimezone(zone).date()
