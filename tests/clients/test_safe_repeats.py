"""Asking twice and getting one: lost answers, two processes with one key, requests in progress, reuse."""

import contextlib
import json
import threading

import pytest
from django.db import connection

from exportcenter_client import InvalidParameters, Patience
from jobs.models import ExportJob
from tests.clients.conftest import SETTINGS, running
from tests.clients.proxy import Rule
from tests.processes import wait_for

pytestmark = pytest.mark.processes

FEW = {"params": {"status": ["completed"]}, "columns": ["order_no"]}
POST = r"POST /api/v1/exports(\?wait=\d+)?$"


@pytest.fixture(scope="module")
def center(_world, django_db_blocker, tmp_path_factory):
    """Only one request of a person may wait for the end of an export."""
    settings = SETTINGS | {"EXPORT_WAITS_PER_USER": "1"}
    with django_db_blocker.unblock(), running(_world, tmp_path_factory.mktemp("center"), settings) as built:
        yield built


@pytest.fixture
def signed(proxy, center):
    with center.client(url=proxy.address, patience=Patience(tries=6, first_wait=0.01, longest_wait=10)) as client:
        yield client


@pytest.fixture
def made(center):
    """made() → how many exports finance has made since the test began."""
    before = exports_of(center)
    yield lambda: exports_of(center) - before
    connection.close()


@contextlib.contextmanager
def all_places_taken(center):
    """While it lasts nothing new of finance's begins to run."""
    running_jobs = [center.exports.make("finance", status="processing") for _ in range(3)]
    try:
        yield
    finally:
        with center.world.scope("finance"):
            for job in running_jobs:
                center.exports.move_on(job, "failed")
        connection.close()


def exports_of(center):
    with center.world.scope("finance"):
        return ExportJob.objects.filter(owner=center.world.user("finance")).count()


def creations(proxy):
    return [one for one in proxy.seen if one.line.startswith("POST /api/v1/exports")]


def test_a_lost_answer_is_asked_for_again_and_one_export_is_made(proxy, signed, made):
    proxy.rules = [Rule(POST, times=2, cut_after=-1)]
    export = signed.exports.create("orders", **FEW)
    sent = creations(proxy)
    assert [one.status for one in sent] == [201, 201, 201]
    assert [one.answer.get("idempotency-replayed") for one in sent] == [None, "true", "true"]
    assert len({one.headers["idempotency-key"] for one in sent}) == 1
    assert made() == 1
    assert signed.exports.get(export.job_id).job_id == export.job_id


def test_so_it_is_with_retries(center, proxy, signed, made):
    failed = center.exports.make("finance", status="failed")
    proxy.rules = [Rule("POST .*/retry$", cut_after=-1)]
    again = signed.exports.retry(failed.job_no)
    assert signed.exports.get(again).raw["retry_of"] == failed.job_no
    assert proxy.count("POST .*/retry$") == 2
    assert made() == 2  # the failed one, and one retry


def test_two_processes_with_one_key_make_one_export(center, made, tmp_path):
    words = ("exports", "create", "orders", "--filter", "status=completed", "--idempotency-key", "night-1", "--json")
    first, second = (json.loads(center.command(*words, cwd=tmp_path).stdout) for _ in range(2))
    assert first["job_id"] == second["job_id"]
    assert made() == 1
    other = center.command(*words, "--columns", "order_no", cwd=tmp_path)
    assert other.returncode == 2
    assert "/docs/errors#IDEMPOTENCY_MISMATCH" in other.stderr


def test_a_key_of_something_else_is_refused(signed, made):
    signed.exports.create("orders", **FEW, idempotency_key="mine-1")
    with pytest.raises(InvalidParameters) as refusal:
        signed.exports.create("orders", idempotency_key="mine-1")
    assert (refusal.value.code, refusal.value.status) == ("IDEMPOTENCY_MISMATCH", 422)
    assert made() == 1


def test_a_request_in_progress_is_waited_for(center, proxy, signed, made):
    """The second sender of a key comes while the first one waits for the end: 409 IDEMPOTENCY_IN_PROGRESS."""
    answers = []
    with all_places_taken(center):
        first = threading.Thread(
            target=lambda: answers.append(signed.exports.create("orders", **FEW, idempotency_key="slow-1", wait=3))
        )
        first.start()
        wait_for(lambda: made() == 4, 20, "the first request did not arrive")
        answers.append(signed.exports.create("orders", **FEW, idempotency_key="slow-1"))
        first.join(30)
    assert len({one.job_id for one in answers}) == 1
    assert made() == 4  # the three that run, and one
    assert 409 in [one.status for one in creations(proxy)]


def test_a_creation_that_waits_brings_the_end_along(proxy, signed, made):
    export = signed.exports.create("orders", **FEW, wait=30)
    assert export.status == "ready"
    assert export.raw["download_url"]
    assert [one.line for one in proxy.seen if "/auth/" not in one.line] == ["POST /api/v1/exports?wait=30"]
    assert made() == 1


def test_who_may_not_wait_gets_the_export_without_waiting(center, proxy, signed, made):
    with all_places_taken(center):
        first = threading.Thread(target=lambda: signed.exports.create("orders", **FEW, wait=25))
        first.start()
        wait_for(lambda: made() == 4, 20, "the first request did not arrive")
        second = signed.exports.create("orders", **FEW, wait=25)
    assert second.status == "queued"
    assert made() == 5
    assert 429 in [one.status for one in creations(proxy)]
    first.join(30)


def test_an_identical_fresh_export_is_joined_when_asked_to(center, signed, made, tmp_path):
    columns = ["order_no", "status"]
    first = signed.exports.create("orders", params={"status": ["shipped"]}, columns=columns, reuse=True)
    second = signed.exports.create("orders", params={"status": ["shipped"]}, columns=columns, reuse=True)
    assert (first.raw["reused"], second.raw["reused"]) == (False, True)
    words = ("exports", "create", "orders", "--filter", 'status:=["shipped"]', "--columns", "order_no,status")
    joined = center.command(*words, "--reuse", "--wait", cwd=tmp_path)
    anew = center.command(*words, cwd=tmp_path)
    assert first.job_id == second.job_id == joined.stdout.strip() != anew.stdout.strip()
    assert f"Joined {first.job_id}." in joined.stderr
    assert made() == 2
