"""The other database is away, slow, busy or closed to us: what becomes of the job, and what people read."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from jobs.engine import kinds, runner
from jobs.engine.config import MAX_WAITS
from jobs.exports import services
from jobs.models import Attempt, ExportJob, JobLog
from tests.exports_helpers import API, post, signed_in
from tests.external import crm
from tests.external.conftest import reload
from tests.processes import wait_for

SLOT = "SELECT pg_advisory_lock(hashtextextended('exportcenter source crm ' || n, 0)) FROM generate_series(0, 1) n"


@contextmanager
def closed():
    """The source takes no connections and has dropped those it had."""
    with crm.admin("postgres") as direct:
        direct.execute("ALTER DATABASE crm ALLOW_CONNECTIONS false")
        direct.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'crm'")
        try:
            yield
        finally:
            direct.execute("ALTER DATABASE crm ALLOW_CONNECTIONS true")


@contextmanager
def slow(seconds: float):
    """Every row of the source takes its time."""
    with crm.admin() as direct:
        direct.execute("ALTER VIEW contract_export RENAME TO quick")
        direct.execute(
            "CREATE VIEW contract_export AS SELECT q.* FROM quick q "
            f"WHERE pg_sleep({seconds}) IS NOT NULL AND q.id IS NOT NULL"
        )
        direct.execute("GRANT SELECT ON contract_export TO exportcenter_reader")
        try:
            yield
        finally:
            direct.execute("DROP VIEW contract_export")
            direct.execute("ALTER VIEW quick RENAME TO contract_export")


@contextmanager
def meanwhile(action):
    """``action(pid)`` is called once an export's query runs in the source."""
    failed: list[BaseException] = []

    def watch() -> None:
        try:
            with crm.admin("postgres") as direct:
                find = (
                    "SELECT pid FROM pg_stat_activity WHERE datname = 'crm' AND application_name = 'exportcenter' "
                    "AND state = 'active' AND query LIKE '%contract_export%'"
                )
                action(wait_for(lambda: direct.execute(find).fetchone(), 30, "no query in the source")[0])
        except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        thread.join(60)
    assert failed == []


def run_until(world, job, status: str):
    """Attempts until the job has this status. It comes back by itself; only the pauses are left out."""
    slug = next(slug for slug, tenant_id in world.tenants.items() if tenant_id == job.tenant_id)

    def look():
        with world.scope(slug):
            waiting = ExportJob.objects.filter(pk=job.pk, status="queued")
            waiting.update(available_at=timezone.now() - timedelta(seconds=1))
        runner.run_one_due(kinds.get("export"), ring=False)
        found = reload(world, job)
        return found if found.status == status else None

    return wait_for(look, 60, f"never {status}")


def attempts(world, job) -> list[tuple[int, str, str]]:
    with world.scope("acme"):
        found = Attempt.objects.filter(job_id=job.pk).order_by("id")
        return list(found.values_list("number", "outcome", "error_code"))


def words_for_people(world, job) -> str:
    with world.scope("acme"):
        lines = list(JobLog.objects.filter(job_id=job.pk).values_list("message", flat=True))
        tries = list(Attempt.objects.filter(job_id=job.pk).values_list("error_message", flat=True))
    return "\n".join([*lines, *tries, str(job.error)])


def test_a_source_that_is_away_is_tried_again_until_it_is_back(source, ask, run):
    with closed():
        job = run(ask("acme_admin"))
        assert (job.status, job.attempt) == ("queued", 1)
        assert attempts(source, job) == [(1, "retry", "SOURCE_UNAVAILABLE")]
    job = run_until(source, job, "ready")
    assert (job.attempt, job.row_count) == (2, 10_000)


def test_one_that_stays_away_fails_the_job_with_a_sentence(source, ask):
    with closed():
        job = run_until(source, ask("acme_admin"), "failed")
    assert (job.attempt, job.error["code"]) == (4, "SOURCE_UNAVAILABLE")
    assert job.error["message"] == "存放此数据的数据库没有响应。"
    assert job.error_stack == ""


def test_nothing_waits_for_a_source_that_is_away(source):
    """Asking for a file, its page and the probes work without the source, whatever it answers or does not."""
    with closed():
        client = signed_in(source, "finance")
        made = post(client, API, {"type": crm.KEY, "params": {"status": ["signed"], "amount_min": 5}})
        assert made.status_code == 201
        wrong = post(client, API, {"type": crm.KEY, "params": {"company_code": "globex"}})
        assert (wrong.status_code, list(wrong.json()["details"])) == (400, ["params.company_code"])
        assert client.get(f"{API}/{made.json()['job_id']}").status_code == 200
        assert client.get("/admin/jobs/exportjob/").status_code == 200
        assert Client().get("/readyz").status_code == 200
        with crm.admin("postgres") as direct:
            found = direct.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = 'crm'").fetchone()
        assert found == (0,)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://exportcenter_reader:hidden-word@127.0.0.1:1/crm",
        "postgresql://exportcenter_reader:hidden-word@no-such-host.invalid:5432/crm",
    ],
    ids=["nobody listens", "no such name"],
)
def test_people_read_no_names_of_hosts_and_nobody_reads_passwords(source, ask, run, caplog, address):
    job = ask("acme_admin")
    with crm.alias("crm", address):
        job = run(job)
    words = words_for_people(source, job)
    assert attempts(source, job) == [(1, "retry", "SOURCE_UNAVAILABLE")]
    assert "没有响应" in words
    for secret in ("hidden-word", "127.0.0.1", "no-such-host", "exportcenter_reader"):
        assert secret not in words
    (line,) = [record.getMessage() for record in caplog.records if record.name == "jobs.exports.sources"]
    assert "source crm" in line
    assert "hidden-word" not in line


BROKEN = {
    "no right to the view": (
        "REVOKE SELECT ON contract_export FROM exportcenter_reader",
        "GRANT SELECT ON contract_export TO exportcenter_reader",
    ),
    "no such view": (
        "ALTER VIEW contract_export RENAME TO gone",
        "ALTER VIEW gone RENAME TO contract_export",
    ),
    "no such column": (
        "ALTER VIEW contract_export RENAME COLUMN phone TO mobile",
        "ALTER VIEW contract_export RENAME COLUMN mobile TO phone",
    ),
    "may not sign in": (
        "ALTER ROLE exportcenter_reader NOLOGIN",
        "ALTER ROLE exportcenter_reader LOGIN",
    ),
    "may not connect": (
        "REVOKE CONNECT ON DATABASE crm FROM PUBLIC, exportcenter_reader",
        "GRANT CONNECT ON DATABASE crm TO PUBLIC, exportcenter_reader",
    ),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_what_only_an_admin_can_mend_fails_at_once(source, ask, run, broken):
    change, back = BROKEN[broken]
    with crm.admin() as direct:
        direct.execute(change)
        try:
            job = run(ask("acme_admin"))
        finally:
            direct.execute(back)
    assert (job.status, job.attempt, job.error["code"]) == ("failed", 1, "SOURCE_REFUSED")
    assert job.error["advice"]
    assert "contract_export" not in words_for_people(source, job)
    assert run(ask("acme_admin")).status == "ready"


@pytest.mark.parametrize("address", ["nobody@/crm", "exportcenter_reader@/no_such_database"])
def test_an_unknown_role_or_database_is_for_the_admin_too(source, ask, run, address):
    role, database = address.split("@/")
    job = ask("acme_admin")
    with crm.alias("crm", crm.url(role, database)):
        assert run(job).error["code"] == "SOURCE_REFUSED"


def test_a_statement_that_takes_too_long_fails_with_advice(source, ask, run, settings):
    settings.EXTERNAL_STATEMENT_TIMEOUT_SECONDS = 1
    with slow(0.01):
        job = run(ask("acme_admin"))
    assert (job.status, job.attempt, job.error["code"]) == ("failed", 1, "SOURCE_TIMEOUT")
    assert job.error["message"] == "存放此数据的数据库用时过长。"


def test_a_connection_that_is_lost_in_the_middle_is_tried_again(source, ask, run):
    def kill(pid: int) -> None:
        with crm.admin("postgres") as direct:
            direct.execute("SELECT pg_terminate_backend(%s)", [pid])

    with slow(0.002), meanwhile(kill):
        job = run(ask("acme_admin"))
    assert attempts(source, job) == [(1, "retry", "SOURCE_UNAVAILABLE")]
    assert run_until(source, job, "ready").row_count == 10_000


def test_a_query_that_the_source_s_admin_stops_is_tried_again(source, ask, run):
    def stop(pid: int) -> None:
        with crm.admin("postgres") as direct:
            direct.execute("SELECT pg_cancel_backend(%s)", [pid])

    with slow(0.002), meanwhile(stop):
        job = run(ask("acme_admin"))
    assert attempts(source, job) == [(1, "retry", "SOURCE_UNAVAILABLE")]


def test_cancelling_interrupts_the_query_in_the_source(source, ask, run):
    job = ask("acme_admin")

    def cancel(pid: int) -> None:
        with source.scope("acme_admin"):
            services.cancel_export(job.job_no, actor=source.user("acme_admin"))

    with slow(1), meanwhile(cancel):  # three hours, if nobody interrupted it
        done = run(job)
    assert done.status == "canceled"
    with crm.admin("postgres") as direct:
        find = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'crm' AND application_name = 'exportcenter'"
        wait_for(lambda: direct.execute(find).fetchone() == (0,), 10, "a session is left behind")


def test_no_more_read_at_a_time_than_there_are_slots(source, ask, run, superuser):
    """Both slots are taken: the job comes back without losing a try, and runs when one is free."""
    superuser.execute(SLOT)
    job = run(ask("acme_admin"))
    assert (job.status, job.attempt) == ("queued", 0)
    assert attempts(source, job) == [(1, "retry", "SOURCE_BUSY")]
    superuser.execute("SELECT pg_advisory_unlock(hashtextextended('exportcenter source crm 1', 0))")
    assert run_until(source, job, "ready").attempt == 1


def test_the_slot_of_a_dead_worker_is_free(source, ask, run):
    with psycopg.connect(crm.url("postgres", connection.settings_dict["NAME"]), autocommit=True) as worker:
        worker.execute(SLOT)
        job = run(ask("acme_admin"))
        assert job.status == "queued"
        with crm.admin("postgres") as direct:
            direct.execute("SELECT pg_terminate_backend(%s)", [worker.info.backend_pid])
        assert run_until(source, job, "ready").row_count == 10_000


def test_an_export_holds_its_slot_while_it_reads(source, ask, run, superuser, settings):
    settings.EXTERNAL_CONNECTIONS = 1
    take = "SELECT pg_try_advisory_lock(hashtextextended('exportcenter source crm 0', 0))"
    seen = []

    def look(pid: int) -> None:
        seen.append(superuser.execute(take).fetchone())
        with crm.admin("postgres") as direct:
            direct.execute("SELECT pg_cancel_backend(%s)", [pid])

    with slow(0.002), meanwhile(look):
        run(ask("acme_admin"))
    seen.append(superuser.execute(take).fetchone())
    assert seen == [(False,), (True,)]


def test_waiting_ends_some_day(source, ask, run, superuser):
    job = ask("acme_admin")
    superuser.execute(SLOT)
    with source.scope("acme"):
        made = {"kind": "export", "job_id": job.pk, "number": 1, "worker": "test", "started_at": job.created_at}
        Attempt.objects.bulk_create([Attempt(fence=-number, **made) for number in range(1, MAX_WAITS)])
    job = run(job)
    assert (job.status, job.error["code"]) == ("failed", "SOURCE_BUSY")


def test_a_role_that_has_no_connection_left_waits_too(source, ask, run):
    with crm.admin() as direct:
        direct.execute("ALTER ROLE exportcenter_reader CONNECTION LIMIT 1")
        try:
            with psycopg.connect(crm.url()):
                job = run(ask("acme_admin"))
        finally:
            direct.execute("ALTER ROLE exportcenter_reader CONNECTION LIMIT 4")
    assert (job.status, job.attempt) == ("queued", 0)
    assert attempts(source, job) == [(1, "retry", "SOURCE_BUSY")]
