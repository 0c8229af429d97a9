"""How long a new export would wait for a worker. Rough: nobody knows how many workers there will be."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from accounts.models import User
from exportcenter.common import clock
from jobs.engine.config import SLOTS_PER_OWNER
from jobs.engine.states import Status
from jobs.models import ExportJob

MOST_JOBS = 2_000
"""A longer queue is long, whatever its exact length: the estimate stops here."""


def wait_seconds(owner: User, *, typical: float) -> float:
    """Seconds until a normal export of ``owner`` would start, as the company's queue is now.

    Owners take turns, so of everybody else at most as many jobs come first as the owner has waiting, and one. Jobs
    without an estimate count ``typical`` seconds. As many are taken to run side by side as run now.
    """
    now = clock.now()
    running = [
        (owner_id, max(0.0, (typical if seconds is None else seconds) - (now - started).total_seconds()))
        for owner_id, seconds, started in _jobs(Status.PROCESSING, "started_at")
    ]
    queued = [
        (owner_id, typical if seconds is None else seconds)
        for owner_id, seconds, _due in _jobs(Status.QUEUED, "available_at")
    ]
    turns = Counter(owner_id for owner_id, _seconds in queued)
    mine = turns.pop(owner.pk, 0)
    ahead = mine + sum(min(jobs, mine + 1) for jobs in turns.values())
    if ahead:
        work = ahead * sum(seconds for _owner, seconds in queued) / len(queued) + sum(left for _owner, left in running)
        return round(work / max(1, len(running)), 1)
    own: list[float] = [left for owner_id, left in running if owner_id == owner.pk]
    return round(min(own), 1) if len(own) >= SLOTS_PER_OWNER else 0.0


def _jobs(status: Status, moment: str) -> list[tuple[UUID, float | None, datetime]]:
    found = ExportJob.objects.filter(status=status).order_by().values_list("owner_id", "estimated_seconds", moment)
    return list(found[:MOST_JOBS])
