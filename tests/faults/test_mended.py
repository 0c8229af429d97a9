"""Faults that were found by attacking the engine, and must not come back."""

import os
import threading

import psycopg
import pytest
from django.db import connection

from accounts import audit
from accounts.audit import anchors
from accounts.models import AuditEntry
from jobs.engine import kinds, lifecycle, queue, runner, stopping, sweeps
from jobs.exports import services
from jobs.models import ExportJob
from tests.processes import wait_for
from tests.world import PASSWORD


def test_a_database_that_hangs_up_in_the_middle_of_a_copy_means_another_try(live, members, superuser):
    members(live, 2_000)
    with live.scope("admin"):
        job = services.request_export(dataset="slow", file_type="csv", params={}, actor=live.user("admin"))
    thread = threading.Thread(target=lambda: (runner.run_one_due(kinds.get("export"), ring=False), connection.close()))
    thread.start()
    victim = wait_for(
        lambda: superuser.execute("SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY (%%'").fetchone(),
        20,
        "no COPY",
    )
    superuser.execute("SELECT pg_terminate_backend(%s)", victim)
    thread.join(30)
    with live.scope("admin"):
        row = ExportJob.objects.get(pk=job.pk)
    assert (row.status, row.attempt, row.error_code) == ("queued", 1, "")


def test_a_text_that_the_database_refuses_still_ends_the_job(live, echo, reload, monkeypatch):
    def break_off(self, job, context):
        raise ValueError("a\0b \ud800")

    monkeypatch.setattr(type(kinds.get("echo")), "run", break_off)
    job = echo(live, "finance")
    runner.run_one_due(kinds.get("echo"), ring=False)
    ended = reload(live, job)
    assert (ended.status, ended.error["code"]) == ("failed", "INTERNAL_ERROR")
    assert "ab" in ended.error_stack


def test_one_job_that_cannot_be_swept_does_not_stop_the_others(live, echo, reload, superuser, monkeypatch):
    jobs = [echo(live, name) for name in ("finance", "risk", "globex_admin")]
    for _job in jobs:
        assert queue.claim(kinds.get("echo"), worker="dead:1")
    superuser.execute("UPDATE echo_echojob SET lease_until = now() - interval '1 s'")
    recover = lifecycle.recover

    def stumble(kind, job):
        if job.pk == jobs[0].pk:
            raise KeyError("a bug with this row only")
        recover(kind, job)

    monkeypatch.setattr(lifecycle, "recover", stumble)
    assert sweeps.sweep(ring=False)["recovered"] == 2
    assert [reload(live, job).status for job in jobs] == ["processing", "queued", "queued"]


def test_a_company_whose_trail_is_locked_does_not_hold_up_the_others(live, echo):
    echo(live, "finance")
    other = echo(live, "globex_admin")
    with psycopg.connect(os.environ["TEST_SUPERUSER_URL"]) as frozen:
        frozen.execute("SELECT 1 FROM accounts_tenanthead WHERE tenant_id = %s FOR UPDATE", [live.tenants["platform"]])
        assert queue.claim(kinds.get("echo"), worker="test:1").job.pk == other.pk
        frozen.rollback()


def test_the_bell_is_not_rung_for_owners_without_a_free_slot(live, echo):
    kind = kinds.get("echo")
    for _number in range(5):
        echo(live, "finance")
    assert queue.due(kind) == 1
    for _number in range(3):
        queue.claim(kind, worker="busy:1")
    assert queue.due(kind) == 0


def test_a_torn_line_of_anchors_is_passed_over(live, tmp_path, settings):
    settings.VAR_DIR = tmp_path
    with live.scope("platform"):
        audit.record(audit.Operation.DEMO_DATA, actor=None)
    assert anchors.write() >= 1
    with open(anchors.path(), "a") as out:
        out.write('{"tenant": "torn')
    with live.scope("platform"):
        audit.record(audit.Operation.DEMO_DATA, actor=None)
    assert anchors.write() == 1
    assert len(anchors.read(live.tenants["platform"])) == 2
    assert audit.verify_tenant(live.tenants["platform"])[1] == []


def test_a_session_of_one_company_cannot_take_a_token_of_another(world, sign_in):
    client = sign_in("acme_admin")
    answer = client.post(
        "/api/v1/auth/token", {"username": "globex_admin", "password": PASSWORD}, content_type="application/json"
    )
    assert answer.status_code == 401
    with world.scope("acme_admin"):
        assert not AuditEntry.objects.filter(username="globex_admin").exists()


@pytest.mark.parametrize("cookie", ['"abcdefgh\\000x"', "x" * 500, "../../etc", "%00"])
def test_a_strange_session_cookie_is_no_session(world, client, cookie):
    client.cookies["sessionid"] = "x"
    answer = client.get("/api/v1/exports", headers={"Cookie": f"sessionid={cookie}"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body",
    ['{"type": "orders", "params": {"keyword": 1e400}}', '{"type": "orders", "params": {"amount_min": "1e-99999999"}}'],
)
def test_numbers_that_no_column_holds_are_refused(world, sign_in, body):
    client = sign_in("finance")
    answer = client.post("/api/v1/exports", body, content_type="application/json")
    assert answer.status_code == 400, answer.content


def test_the_wish_to_stop_takes_no_lock(monkeypatch):
    monkeypatch.setattr(stopping, "_requested", type(stopping._requested)(False))
    child = os.fork()
    if child == 0:
        while not stopping.requested():
            pass
        os._exit(0)
    os.kill(child, 9)  # perhaps in the middle of looking
    os.waitpid(child, 0)
    stopping.request()
    assert stopping.requested()
