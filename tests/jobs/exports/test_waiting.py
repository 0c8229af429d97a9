"""``?wait=``: answers that come when the job has ended, from a real server (SPEC A2)."""

import asyncio
import contextlib
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from accounts.services import set_roles
from jobs.engine import kinds
from jobs.engine.record import note_change
from jobs.exports import definitions
from jobs.models import ExportJob, KeptAnswer
from tests.exports_helpers import API, Web, in_scope_of, in_thread, post, signed_in
from tests.jobs.exports.callers import EXPORTS, caller, headers_of
from tests.jobs.exports.test_idempotency import BODY
from tests.processes import Processes, wait_for

AT_ONCE = 3
"""Seconds within which somebody who waits hears of the end, on a busy machine."""


@pytest.fixture
def web(live, tmp_path):
    server = Web(tmp_path, environment={"EXPORT_WAITS_PER_USER": "3", "EVENT_RECHECK_SECONDS": "0.5"})
    yield server
    server.close()


@pytest.fixture
def client(web, live):
    with caller(web, live, "finance") as one:
        yield one


@pytest.fixture
def later():
    """later(function, …) → a future."""
    with ThreadPoolExecutor(8) as pool:
        yield pool.submit


def only_job(world, name="finance") -> ExportJob:
    """The one there is, as soon as it is there."""

    def look():
        with world.scope(name):
            return ExportJob.objects.first()

    return wait_for(look, 10, "no job was made")


def end(exports, job, status="failed") -> float:
    """The job ends, and whoever listens hears of it. Returns when."""
    with in_scope_of(job):
        if status == "canceled":
            exports.move(job, status)
        else:
            exports.move(job, "processing")
            exports.move_on(job, status)
        note_change(kinds.get("export"), job, before="processing")
    return time.monotonic()


@contextlib.contextmanager
def ask_and_go_away(web, world, **headers):
    """Sends a request that waits; at the end of the block the line is cut."""
    lines = {
        "Host": "127.0.0.1",
        "Content-Type": "application/json",
        "Content-Length": "18",
        **headers_of(world, "finance"),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection(("127.0.0.1", web.port)) as raw:
        raw.sendall(f'POST {EXPORTS}?wait=30 HTTP/1.1\r\n{head}\r\n{{"type": "orders"}}'.encode())
        yield


def timed(client, *args, **options):
    answer = client.post(*args, **options)
    return answer, time.monotonic()


@pytest.mark.processes
class TestServer:
    @pytest.mark.parametrize("status", ["ready", "failed", "canceled"])
    def test_the_answer_comes_when_the_job_ends(self, live, exports, client, later, status):
        asked = later(timed, client, EXPORTS, json=BODY, params={"wait": 20})
        job = only_job(live)
        time.sleep(0.5)
        assert not asked.done()
        ended = end(exports, job, status)
        answer, came = asked.result(10)
        assert came - ended < AT_ONCE
        assert (answer.status_code, answer.json()["status"], answer.json()["job_id"]) == (201, status, job.job_no)
        assert answer.headers["Location"] == f"{EXPORTS}/{job.job_no}"
        assert "Retry-After" not in answer.headers
        assert (answer.json()["download_url"] is None) == (status != "ready")

    def test_or_when_the_time_is_over(self, live, client):
        began = time.monotonic()
        answer, came = timed(client, EXPORTS, json=BODY, params={"wait": 1})
        assert 1 <= came - began < 1 + AT_ONCE
        body = answer.json()
        assert (answer.status_code, body["status"]) == (202, "queued")
        assert answer.headers["Location"] == f"{EXPORTS}/{body['job_id']}"
        assert 1 <= int(answer.headers["Retry-After"]) <= 30
        assert client.get(answer.headers["Location"]).json() == body

    def test_both_calls_of_the_door_are_one_request(self, live, client):
        answer = client.post(EXPORTS, json=BODY, params={"wait": 1}, headers={"X-Request-ID": "trace-12345"})
        assert answer.headers["X-Request-ID"] == "trace-12345"
        made = client.post(EXPORTS, json=BODY, params={"wait": 1})
        with live.scope("finance"):
            job = ExportJob.objects.get(job_no=made.json()["job_id"])
            assert (ExportJob.objects.count(), job.request_id) == (2, made.headers["X-Request-ID"])

    def test_retry_and_run(self, live, exports, client, later):
        old = exports.make("finance", status="failed")
        with live.scope("finance"):
            made = definitions.create_definition(
                dataset="orders", name="n", body={"columns": [{"key": "order_no"}]}, actor=live.user("finance")
            )
        doors = {f"{EXPORTS}/{old.job_no}/retry": 200, f"/api/v1/export-definitions/{made.pk}/run": 201}
        for number, (path, status) in enumerate(doors.items()):
            asked = later(timed, client, path, json={}, params={"wait": 20})
            job = self.newest(live, number + 2)
            ended = end(exports, job)
            answer, came = asked.result(10)
            assert came - ended < AT_ONCE
            assert (answer.status_code, answer.json()["job_id"]) == (status, job.job_no)
            assert answer.json()["status"] == "failed"
            assert answer.json().get("new_job_id") == (job.job_no if status == 200 else None)

    @staticmethod
    def newest(world, count):
        def look():
            with world.scope("finance"):
                return ExportJob.objects.first() if ExportJob.objects.count() == count else None

        return wait_for(look, 10, "no job was made")

    def test_so_many_waits_of_one_person(self, live, client, later, web):
        waiting = [later(client.post, EXPORTS, json=BODY, params={"wait": 4}) for _number in range(3)]
        wait_for(lambda: self.count(live) == 3, 10, "three jobs were not made")
        refused = client.post(EXPORTS, json=BODY, params={"wait": 4})
        assert (refused.status_code, refused.json()["code"], self.count(live)) == (429, "THROTTLED", 3)
        assert refused.headers["Retry-After"] == "1"
        assert client.post(EXPORTS, json=BODY).status_code == 201
        assert client.post(EXPORTS, json=BODY, params={"wait": 0}).status_code == 202
        with caller(web, live, "admin") as other:
            assert other.post(EXPORTS, json=BODY, params={"wait": 1}).status_code == 202
        assert {one.result(10).status_code for one in waiting} == {202}
        assert client.post(EXPORTS, json=BODY, params={"wait": 1}).status_code == 202

    @staticmethod
    def count(world):
        with world.scope("finance"):
            return ExportJob.objects.count()

    def test_refusals_take_no_seat(self, client):
        for _number in range(5):
            assert client.post(EXPORTS, json={"type": "x"}, params={"wait": 5}).status_code == 400
        assert client.post(EXPORTS, json=BODY, params={"wait": 1}).status_code == 202

    def test_who_goes_away_gives_the_seat_back(self, live, client, web):
        for number in range(3):
            with ask_and_go_away(web, live):
                wait_for(lambda number=number: self.count(live) == number + 1, 10, "no job was made")

        def free():
            return client.post(EXPORTS, json=BODY, params={"wait": 1}).status_code == 202

        wait_for(free, 10, "the seats are still taken")

    def test_who_loses_the_rights_is_judged_anew(self, live, client, later):
        asked = later(timed, client, EXPORTS, json=BODY, params={"wait": 20})
        only_job(live)
        try:
            with live.scope("finance"):
                set_roles(user=live.user("finance"), roles=["operator"], actor=live.user("admin"))
            changed = time.monotonic()
            answer, came = asked.result(10)
        finally:
            with live.scope("finance"):
                set_roles(user=live.user("finance"), roles=["finance"], actor=live.user("admin"))
        assert answer.status_code == 401
        assert came - changed < 5

    def test_a_server_that_is_told_to_stop_does_not_wait(self, live, client, later, web):
        asked = later(timed, client, EXPORTS, json=BODY, params={"wait": 30})
        only_job(live)
        time.sleep(0.5)
        told = time.monotonic()
        web.process.terminate()
        answer, came = asked.result(10)
        assert (answer.status_code, answer.json()["status"]) == (202, "queued")
        assert came - told < AT_ONCE
        assert web.process.wait(10) in (0, -15)

    def test_with_a_real_worker(self, live, client, orders, tmp_path):
        processes = Processes(tmp_path)
        try:
            processes.worker()
            answer = client.post(EXPORTS, json={"type": "orders"}, params={"wait": 30})
        finally:
            processes.close()
        assert (answer.status_code, answer.json()["status"], answer.json()["rows"]) == (201, "ready", orders)


@pytest.mark.processes
class TestWithKey:
    def test_the_answer_after_the_wait_is_the_one_that_is_kept(self, live, exports, client, later):
        options = {"json": BODY, "params": {"wait": 20}, "headers": {"Idempotency-Key": "k"}}
        asked = later(client.post, EXPORTS, **options)
        job = only_job(live)
        meanwhile = client.post(EXPORTS, **options)
        assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "IDEMPOTENCY_IN_PROGRESS")
        assert 1 <= int(meanwhile.headers["Retry-After"]) <= 5
        other = client.post(EXPORTS, **options | {"json": {"type": "orders"}})
        assert other.status_code == 422
        end(exports, job)
        first = asked.result(10)
        assert (first.status_code, first.json()["status"]) == (201, "failed")
        for query in ({"wait": 20}, {}, {"wait": 0}):
            again = client.post(EXPORTS, **options | {"params": query})
            assert (again.status_code, again.content) == (201, first.content)
            assert again.headers["Idempotency-Replayed"] == "true"

    def test_of_who_went_away_a_true_answer_is_kept(self, live, web, client):
        with ask_and_go_away(web, live, Idempotency_Key="k"):
            job = only_job(live)

        def settled():
            with live.scope("finance"):
                return KeptAnswer.objects.filter(settles_at=None).exists()

        wait_for(settled, 10, "the answer stays open")
        options = {"json": {"type": "orders"}, "params": {"wait": 30}, "headers": {"Idempotency-Key": "k"}}
        again = client.post(EXPORTS, **options)
        assert (again.status_code, again.json()["job_id"]) == (202, job.job_no)
        assert again.headers["Idempotency-Replayed"] == "true"

    def test_of_a_server_that_died_the_provisional_answer_holds_after_the_time(self, live, web, later, tmp_path):
        options = {"json": BODY, "params": {"wait": 1}, "headers": {"Idempotency-Key": "k"}}
        with caller(web, live, "finance") as client:
            asked = later(client.post, EXPORTS, **options)
            job = only_job(live)
            web.close()
            with pytest.raises(httpx.TransportError):
                asked.result(10)
        (tmp_path / "next").mkdir()
        with contextlib.closing(Web(tmp_path / "next")) as server, caller(server, live, "finance") as client:
            answers = []

            def replayed():
                answers.append(client.post(EXPORTS, **options))
                return answers[-1].status_code != 409

            wait_for(replayed, 15, "the key stays taken")
        assert (answers[-1].status_code, answers[-1].json()["job_id"]) == (202, job.job_no)
        assert answers[-1].headers["Idempotency-Replayed"] == "true"


@pytest.mark.processes
def test_many_who_wait_hold_neither_threads_nor_connections(live, exports, tmp_path, superuser):
    """Sixty wait on a server with a pool of three connections; it serves others meanwhile, and ends all at once."""
    many = 60
    environment = {"DATABASE_POOL": "3", "EXPORT_WAITS_PER_USER": str(many), "QUEUED_PER_USER": "500"}
    with contextlib.closing(Web(tmp_path, environment=environment)) as web:
        with caller(web, live, "finance") as client:
            client.get(EXPORTS)
            before = threads(web)

            headers = headers_of(live, "finance")

            async def all_of_them():
                limits = httpx.Limits(max_connections=many + 1)
                async with httpx.AsyncClient(base_url=web.address, headers=headers, limits=limits, timeout=90) as one:
                    first = await one.post(EXPORTS, json=BODY | {"reuse": True})
                    body = BODY | {"reuse": True}
                    asked = [
                        asyncio.create_task(one.post(EXPORTS, json=body, params={"wait": 30})) for _ in range(many)
                    ]
                    await asyncio.sleep(12)
                    seen = threads(web), await asyncio.to_thread(connections, superuser), sum(t.done() for t in asked)
                    quick = time.monotonic()
                    await one.get(EXPORTS)
                    quick = time.monotonic() - quick
                    still = sum(not task.done() for task in asked)
                    job = await asyncio.to_thread(in_thread, only_job, live)
                    assert first.json()["job_id"] == job.job_no
                    ended = await asyncio.to_thread(in_thread, end, exports, job)
                    answers = await asyncio.gather(*asked)
                    return seen, quick, still, answers, time.monotonic() - ended

            (during, (open_now, in_transaction), done), quick, still, answers, took = asyncio.run(all_of_them())
        assert done == 0
        assert {(answer.status_code, answer.json()["status"]) for answer in answers} == {(200, "failed")}
        print(f"threads {before} → {during}; connections {open_now}; a list took {quick:.3f} s, all ends {took:.2f} s")
        assert during - before <= 10
        assert open_now <= 3 + 1
        assert in_transaction == 0
        assert still == many, "others were served only after those who waited"


def threads(web: Web) -> int:
    return int(re.search(r"Threads:\s+(\d+)", Path(f"/proc/{web.process.pid}/status").read_text())[1])


def connections(superuser) -> tuple[int, int]:
    """(of the app role but the tests' own, those in a transaction)"""
    return superuser.execute(
        "SELECT count(*), count(*) FILTER (WHERE state LIKE 'idle in%%') FROM pg_stat_activity "
        "WHERE usename = 'exportcenter_app' AND datname = current_database()"
    ).fetchone()


class TestWords:
    @pytest.mark.parametrize("wait", ["", "-1", "31", "1.5", "x", "٣", "1e1", "0x1", " 5", "9" * 400])
    def test_what_is_no_time_is_refused_by_name(self, world, sign_in, wait):
        client = sign_in("finance")
        response = client.post(f"{API}?wait={wait}", BODY, content_type="application/json")
        assert (response.status_code, list(response.json()["details"])) == (400, ["wait"])
        with world.scope("finance"):
            assert ExportJob.objects.count() == 0

    def test_zero_does_not_wait(self, world, sign_in):
        began = time.monotonic()
        response = post(sign_in("finance"), f"{API}?wait=0", BODY)
        assert (response.status_code, response.json()["status"]) == (202, "queued")
        assert time.monotonic() - began < 2

    def test_without_it_nothing_changes_but_a_hint(self, world, exports, sign_in):
        client = sign_in("finance")
        made = post(client, API, BODY)
        assert (made.status_code, made["Location"]) == (201, f"{API}/{made.json()['job_id']}")
        assert 1 <= int(made["Retry-After"]) <= 30
        old = exports.make("finance", status="failed")
        again = post(client, f"{API}/{old.job_no}/retry")
        assert (again.status_code, list(again.json())) == (200, ["new_job_id"])
        assert "Retry-After" in again.headers


class TestThread:
    """Django's test client is no ASGI server of ours: the request's own thread polls, briefly."""

    def test_it_hears_of_the_end(self, live, exports, later_in_thread):
        client = signed_in(live, "finance")
        asked = later_in_thread(lambda: post(client, f"{API}?wait=20", BODY))
        job = only_job(live)
        end(exports, job)
        answer = asked.result(10)
        assert (answer.status_code, answer.json()["status"]) == (201, "failed")

    def test_but_waits_briefly(self, live, monkeypatch):
        monkeypatch.setattr("jobs.exports.waiting_doors.THREAD_LONGEST", 1.0)
        began = time.monotonic()
        answer = post(signed_in(live, "finance"), f"{API}?wait=20", BODY, HTTP_IDEMPOTENCY_KEY="k")
        assert answer.status_code == 202
        assert 1 <= time.monotonic() - began < 1 + AT_ONCE + 1
        with live.scope("finance"):
            assert KeptAnswer.objects.filter(settles_at=None).count() == 1

    def test_the_person_is_judged_anew(self, live, later_in_thread):
        client = signed_in(live, "finance")
        asked = later_in_thread(lambda: post(client, f"{API}?wait=20", BODY))
        only_job(live)
        with live.scope("finance"):
            live.user("finance")
            user = live.user("finance")
            user.is_active = False
            user.save(update_fields=["is_active"])
        try:
            assert asked.result(10).status_code in (401, 403)
        finally:
            with live.scope("finance"):
                user.is_active = True
                user.save(update_fields=["is_active"])


@pytest.fixture
def later_in_thread():
    with ThreadPoolExecutor(2) as pool:
        yield lambda function: pool.submit(in_thread, function)
