"""The database refuses every edge that is not in the table, whatever the code does."""

import itertools

import psycopg
import pytest

from jobs.engine.states import EDGES, FROZEN, REVIEW_EDGES, Status
from jobs.models import ImportJob
from tests.accounts import rows

HAND_WRITTEN = {
    ("queued", "processing"),
    ("queued", "canceled"),
    ("processing", "ready"),
    ("processing", "failed"),
    ("processing", "canceled"),
    ("processing", "queued"),
    ("ready", "expired"),
}
LEASE = ", slot = 1, lease_until = now() + interval '1 min', deadline_at = now() + interval '1 min'"
NO_LEASE = ", slot = NULL, lease_until = NULL, deadline_at = NULL"
PATHS = {
    "queued": [],
    "processing": ["processing"],
    "ready": ["processing", "ready"],
    "failed": ["processing", "failed"],
    "canceled": ["canceled"],
    "expired": ["processing", "ready", "expired"],
}


REVIEWED = {("processing", "review"), ("review", "queued"), ("review", "canceled")}
"""More of them, for kinds that ask a person half way."""


def go(connection, job, status: str, table: str = "echo_echojob") -> None:
    lease = LEASE if status == "processing" else NO_LEASE
    connection.execute(f"UPDATE {table} SET status = '{status}'{lease} WHERE id = %s", [job.pk])


def test_the_code_and_this_test_agree_on_the_edges():
    assert {(str(a), str(b)) for a, b in EDGES} == HAND_WRITTEN
    assert {(str(a), str(b)) for a, b in REVIEW_EDGES} == REVIEWED


@pytest.mark.parametrize(("start", "end"), list(itertools.permutations(Status.values, 2)))
def test_a_kind_that_asks_half_way_has_three_edges_more(live, superuser, start, end):
    with live.scope("admin"):
        job = rows.one_of(ImportJob, live.user("admin"))
    path = ["processing", "review"] if start == "review" else PATHS[start]
    for status in path:
        go(superuser, job, status, "jobs_importjob")
    if (start, end) in HAND_WRITTEN | REVIEWED:
        go(superuser, job, end, "jobs_importjob")
        return
    with pytest.raises(psycopg.errors.CheckViolation):
        go(superuser, job, end, "jobs_importjob")


@pytest.mark.parametrize(("start", "end"), [(a, b) for a in PATHS for b in Status.values if a != b])
def test_only_legal_edges_pass_the_trigger(live, echo, superuser, start, end):
    job = echo(live, "finance")
    for status in PATHS[start]:
        go(superuser, job, status)
    if (start, end) in HAND_WRITTEN:
        go(superuser, job, end)
        assert superuser.execute("SELECT status FROM echo_echojob").fetchone() == (end,)
    else:
        with pytest.raises(psycopg.errors.CheckViolation):
            go(superuser, job, end)
        assert superuser.execute("SELECT status FROM echo_echojob").fetchone() == (start,)


@pytest.mark.parametrize("status", sorted(FROZEN))
def test_a_finished_row_is_frozen(live, echo, superuser, status):
    job = echo(live, "finance")
    for step in PATHS[status]:
        go(superuser, job, step)
    with pytest.raises(psycopg.errors.CheckViolation):
        superuser.execute("UPDATE echo_echojob SET rows_done = 5")


@pytest.mark.parametrize(
    "change",
    ["fence = -1", "job_no = 'X1'", "owner_id = gen_random_uuid()", "root_id = gen_random_uuid()", "retry_no = 9"],
)
def test_fence_never_falls_and_identity_never_changes(live, echo, superuser, change):
    echo(live, "finance")
    with pytest.raises(psycopg.errors.CheckViolation):
        superuser.execute(f"UPDATE echo_echojob SET {change}")


def test_processing_without_a_lease_is_refused(live, echo, superuser):
    echo(live, "finance")
    with pytest.raises(psycopg.errors.CheckViolation):
        superuser.execute("UPDATE echo_echojob SET status = 'processing'")


def test_a_job_is_born_queued_and_only_expired_ones_are_deleted(live, echo, superuser):
    job = echo(live, "finance")
    with pytest.raises(psycopg.errors.CheckViolation):
        superuser.execute("DELETE FROM echo_echojob")
    for status in PATHS["expired"]:
        go(superuser, job, status)
    assert superuser.execute("DELETE FROM echo_echojob").rowcount == 1


def test_a_fourth_running_job_of_one_owner_cannot_exist(live, echo, superuser):
    jobs = [echo(live, "finance") for _number in range(4)]

    def start(job, slot: int) -> None:
        lease = LEASE.replace("slot = 1", f"slot = {slot}")
        superuser.execute(f"UPDATE echo_echojob SET status = 'processing'{lease} WHERE id = %s", [job.pk])

    for slot, job in enumerate(jobs[:3], start=1):
        start(job, slot)
    for slot in (1, 2, 3):
        with pytest.raises(psycopg.errors.UniqueViolation):
            start(jobs[3], slot)
    with pytest.raises(psycopg.errors.CheckViolation):
        start(jobs[3], 4)
