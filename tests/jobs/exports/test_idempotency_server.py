"""Repeated requests against a real server: many at once, and a server that is killed."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.models import ExportJob, KeptAnswer
from tests.exports_helpers import Web
from tests.jobs.exports.callers import EXPORTS, caller
from tests.jobs.exports.test_idempotency import BODY, one_at_a_time

pytestmark = pytest.mark.processes


@pytest.fixture
def start(live, tmp_path):
    """start("a") → a server; with ``application`` another one than the product's."""
    running = []

    def _start(name, **options):
        folder = tmp_path / name
        folder.mkdir()
        running.append(Web(folder, **options))
        return running[-1]

    yield _start
    for server in running:
        server.close()


def test_twenty_at_once_on_two_servers_make_one_job(live, start):
    servers = [start("a"), start("b")]
    clients = [caller(servers[number % 2], live, "finance") for number in range(20)]
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(20) as pool:
        for client in clients:
            stack.enter_context(client)
        for number in range(5):
            headers = {"Idempotency-Key": f"k-{number}"}
            answers = list(
                pool.map(lambda one, headers=headers: one.post(EXPORTS, json=BODY, headers=headers), clients)
            )
            one_at_a_time(live, answers, jobs_before=number)


@pytest.mark.parametrize("wait", [None, 0])
def test_a_kill_between_commit_and_reply_leaves_one_job_and_the_answer(live, start, wait):
    query = {} if wait is None else {"wait": wait}
    headers = {"Idempotency-Key": "k-1"}
    doomed = start("doomed", application="tests.jobs.exports.killed_before_reply:application")
    with caller(doomed, live, "finance") as client, pytest.raises(Exception, match="disconnected"):
        client.post(EXPORTS, json=BODY, params=query, headers=headers | {"X-Die": "now"})
    assert doomed.process.wait(10) == -9
    with live.scope("finance"):
        (job,) = ExportJob.objects.all()
        (kept,) = KeptAnswer.objects.all()
    with caller(start("next"), live, "finance") as client:
        answers = [client.post(EXPORTS, json=BODY, params=query, headers=headers) for _number in range(2)]
    for answer in answers:
        assert answer.status_code == (201 if wait is None else 202)
        assert answer.headers["Idempotency-Replayed"] == "true"
        assert (answer.json()["job_id"], answer.content) == (job.job_no, bytes(kept.body))
        assert answer.headers["Location"] == f"{EXPORTS}/{job.job_no}"
    with live.scope("finance"):
        assert ExportJob.objects.count() == 1


def test_without_a_key_the_same_kill_makes_two(live, start):
    """What the key is for; and that the server above was killed after the commit, not before."""
    doomed = start("doomed", application="tests.jobs.exports.killed_before_reply:application")
    with caller(doomed, live, "finance") as client, pytest.raises(Exception, match="disconnected"):
        client.post(EXPORTS, json=BODY, headers={"X-Die": "now"})
    with caller(start("next"), live, "finance") as client:
        assert client.post(EXPORTS, json=BODY).status_code == 201
    with live.scope("finance"):
        assert ExportJob.objects.count() == 2
