"""The client against a real server and worker: ask, follow, list, read logs, download; both clients alike."""

import asyncio
import hashlib
import inspect
import json
import threading

import pytest
from django.utils import timezone

from exportcenter_client import (
    AsyncClient,
    Client,
    Conflict,
    Forbidden,
    InvalidParameters,
    NotFound,
    WaitTimeout,
    aio,
    client,
)
from exportcenter_client.effects import Request
from exportcenter_client.reading import as_object
from exportcenter_client.sending import send
from jobs.models import JobLog
from tests.world import PASSWORD

pytestmark = pytest.mark.processes

FEW = {"params": {"status": ["completed"]}, "columns": ["order_no", "status"], "options": {"raw": True}}


def test_create_wait_download_and_verify(center, tmp_path):
    seen, arrived = [], []
    with center.client() as signed:
        made = signed.exports.create("orders", **FEW)
        ready = signed.exports.wait(made.job_id, timeout=60, progress=seen.append).must_be_ready()
        got = signed.exports.download(made.job_id, tmp_path, progress=arrived.append)
        again = signed.exports.download(made.job_id, tmp_path)
    assert made.status == "queued"
    assert [one.status for one in seen][-1] == "ready"
    content = got.paths[0].read_bytes()
    assert hashlib.sha256(content).hexdigest() == ready.sha256 == got.sha256
    assert got.paths[0].name == ready.file_name
    assert len(content.splitlines()) == ready.rows + 1
    assert (arrived[-1].done, arrived[-1].total) == (len(content), len(content))
    assert (got.fetched, again.fetched) == (len(content), 0)
    assert got.paths[0].stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [ready.file_name]


@pytest.mark.parametrize("live", [True, False])
def test_waiting_hears_of_the_end(center, live):
    with center.client() as signed:
        made = signed.exports.create("orders", **FEW)
        assert signed.exports.wait(made.job_id, timeout=60, live=live).status == "ready"


def test_polling_costs_an_answer_without_a_body(center, proxy):
    """A job that nothing happens to: the first answer is whole, all others are 304."""
    job = center.exports.make("finance", status="processing")
    told = []
    with center.client(url=proxy.address) as signed:
        with pytest.raises(WaitTimeout):
            signed.exports.wait(job.job_no, live=False, timeout=6, progress=told.append)
        with center.world.scope("finance"):
            center.exports.fail(job)
        assert signed.exports.wait(job.job_no, live=False, timeout=30).status == "failed"
    looks = [one for one in proxy.seen if one.line.endswith(job.job_no)]
    unchanged = [one for one in looks if one.status == 304]
    assert len(unchanged) >= 3
    assert len(looks) - len(unchanged) == 3  # before polling, its first answer, and the end
    assert all(one.headers["if-none-match"].startswith("W/") for one in unchanged)
    assert len(told) == 2


def test_several_parts_each_verified(center, tmp_path):
    with center.client() as signed:
        made = signed.exports.create("orders")
        ready = signed.exports.wait(made.job_id, timeout=60).must_be_ready()
        got = signed.exports.download(made.job_id, tmp_path)
    parts = ready.raw["parts"]
    assert len(parts) > 2
    assert [path.name for path in got.paths] == [part["name"] for part in parts]
    for path, part in zip(got.paths, parts, strict=True):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == part["sha256"]
    assert json.loads(got.manifest.read_text())["rows"] == ready.rows
    assert got.size == ready.file_size == sum(path.stat().st_size for path in got.paths)
    assert len(list(tmp_path.iterdir())) == len(parts) + 1


def test_a_list_over_many_pages_while_others_are_made_and_deleted(center, proxy):
    kept = [center.exports.make("finance", status="canceled").job_no for _ in range(12)]
    gone = [center.exports.make("finance", status="expired").job_no for _ in range(8)]
    new = []
    with center.client(url=proxy.address) as signed, center.client("admin") as admin:
        met = []
        for number, export in enumerate(signed.exports.list(page_size=4, created_by=code_of(center, "finance"))):
            met.append(export.job_id)
            if number == 9:  # what was met already vanishes: by number, the next page would begin eight rows too late
                deleted = delete_expired(admin)
            if number % 3 == 0:
                new.append(center.exports.make("finance", status="canceled").job_no)
    assert deleted >= len(gone)
    assert len(met) == len(set(met))
    assert set(kept) <= set(met)
    assert len(new) > 4
    assert not set(new) & set(met)  # what is newer than the beginning of the walk is not in it
    pages = [one.line for one in proxy.seen if "/exports?" in one.line]
    assert len(pages) > 4
    assert all("cursor=" in line and "&page=" not in line for line in pages)


def delete_expired(admin):
    request = Request("POST", "/exports/batch_delete_expired", body={})
    return as_object(admin._driver.run(send(admin._session, request)))["deleted"]


def code_of(center, who):
    with center.world.scope(who):
        return center.world.user(who).code


def test_more_exports_in_one_second_than_fit_on_a_page(center):
    one = center.exports.make("finance", status="canceled")
    names = {one.job_no}
    for _ in range(7):
        names.add(center.exports.make("finance", status="canceled", created_at=one.created_at).job_no)
    with center.client() as signed:
        met = [export.job_id for export in signed.exports.list(page_size=3, status="canceled")]
    assert len(met) == len(set(met))
    assert names <= set(met)


def test_the_log_is_followed_to_its_end(center, proxy):
    with center.client(url=proxy.address) as signed:
        made = signed.exports.create("orders", **FEW)
        followed = [(line.number, line.text) for line in signed.exports.logs(made.job_id, follow=True)]
        whole = [(line.number, line.text) for line in signed.exports.logs(made.job_id)]
        assert signed.exports.get(made.job_id).status == "ready"
    assert followed == whole
    assert len(whole) >= 2
    assert all(isinstance(number, int) for number, _text in whole)
    assert proxy.count(f"/exports/{made.job_id}/logs\\?after=") >= 1


def test_a_log_of_many_pages_comes_whole_while_it_grows(center, proxy):
    """Lines before the last hundred are for those who may download whole logs."""
    job = center.exports.make("admin", status="processing")

    def write(first, last):
        with center.world.scope("admin"):
            JobLog.objects.bulk_create(
                JobLog(kind="export", job_id=job.pk, at=timezone.now(), message=f"line {number}")
                for number in range(first, last)
            )

    write(0, 450)
    met = []
    with center.client("admin", url=proxy.address) as signed:
        for line in signed.exports.logs(job.job_no, follow=True):
            met.append(line.text.rpartition("line ")[2])
            if len(met) == 430:  # while the third page is read
                write(450, 700)
            if len(met) == 700:
                with center.world.scope("admin"):
                    center.exports.fail(job)
    assert met == [str(number) for number in range(700)]
    assert proxy.count("/logs") >= 4
    looks = [one.status for one in proxy.seen if one.line.endswith(job.job_no)]
    assert looks[0] == looks[-1] == 200


def test_cancel_retry_accelerate_and_what_is_refused(center):
    failed = center.exports.make("finance", status="failed")
    with center.client() as signed, center.client("admin") as admin:
        again = signed.exports.retry(failed.job_no)
        assert signed.exports.get(again).raw["retry_of"] == failed.job_no
        with pytest.raises(Conflict) as soon:
            signed.exports.retry(failed.job_no)
        assert soon.value.retry_after > 0
        with pytest.raises(Conflict):
            signed.exports.cancel(failed.job_no)
        with pytest.raises(Forbidden):
            signed.exports.accelerate(failed.job_no)
        waiting = [admin.exports.create("orders") for _ in range(5)][-1]
        admin.exports.accelerate(waiting.job_id)
        admin.exports.cancel(waiting.job_id)
        assert admin.exports.wait(waiting.job_id, timeout=60).status == "canceled"
        with pytest.raises(NotFound):
            signed.exports.get("E20200101001")
        with pytest.raises(InvalidParameters) as wrong:
            signed.exports.create("orders", params={"colour": "red"})
    assert list(wrong.value.details) == ["params.colour"]
    assert wrong.value.request_id
    assert wrong.value.advice


def test_estimates_and_definitions(center):
    body = {"columns": [{"key": "order_no"}]}
    named = {"name": "Mine", "dataset": "orders", "body": body}
    with center.client() as signed:
        assert signed.exports.estimate("orders", exact=True)["exact"] is True
        made = as_object(signed._driver.run(send(signed._session, Request("POST", "/export-definitions", body=named))))
        assert [one["id"] for one in signed.definitions.list(page_size=1)] == [made["id"]]
        assert signed.definitions.get(made["id"])["name"] == "Mine"
        export = signed.definitions.run(made["id"], options={"raw": True})
        assert signed.exports.wait(export.job_id, timeout=60).status == "ready"


def test_datasets(center):
    with center.client() as signed, center.client("acme_user") as outsider:
        said = signed.datasets()
        theirs = outsider.datasets()["items"]
    items = {item["key"]: item for item in said["items"]}
    assert items["orders"]["may_export"] is True
    assert "order_no" in [column["key"] for column in items["orders"]["columns"]]
    assert {"csv", "xlsx", "json"} <= {one["key"] for one in said["file_types"]}
    assert said["limits"]["attempt_seconds"] > 0
    assert all(item["columns"] if item["may_export"] else item["reason"] for item in theirs)


def test_both_clients_have_the_same_methods():
    for name in ("Client", "Exports", "Definitions", "Tasks", "Webhooks", "Tokens", "Imports"):
        ours = getattr(client, name)
        theirs = getattr(aio, "AsyncClient" if name == "Client" else f"Async{name}")
        for method, function in inspect.getmembers(ours, inspect.isfunction):
            twin = getattr(theirs, method.replace("__enter__", "__aenter__").replace("__exit__", "__aexit__"))
            assert list(inspect.signature(twin).parameters) == list(inspect.signature(function).parameters)
            assert twin.__doc__ == function.__doc__


def test_the_asynchronous_client_does_the_same(center, tmp_path):
    async def everything():
        async with AsyncClient(center.web.address, username="finance", password=PASSWORD) as signed:
            made = await signed.exports.create("orders", **FEW)
            log = asyncio.create_task(_collected(signed.exports.logs(made.job_id, follow=True)))
            ready = (await signed.exports.wait(made.job_id, timeout=60)).must_be_ready()
            got = await asyncio.gather(
                signed.exports.download(made.job_id, tmp_path / "a.csv"),
                signed.exports.download(made.job_id, tmp_path / "b.csv"),
            )
            first = await anext(aiter(signed.exports.list(page_size=1)))
            return ready, got, await log, first

    ready, got, log, first = asyncio.run(everything())
    assert [hashlib.sha256(one.paths[0].read_bytes()).hexdigest() for one in got] == [ready.sha256] * 2
    assert len(log) >= 2
    assert first.job_id == ready.job_id


async def _collected(items):
    return [item async for item in items]


def test_one_client_may_be_shared_by_threads(center):
    job, found = center.exports.make("finance", status="canceled"), []
    with center.client() as signed:
        threads = [threading.Thread(target=lambda: found.append(signed.exports.get(job.job_no))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert [one.job_id for one in found] == [job.job_no] * 8


def test_nothing_secret_is_shown_or_logged(center, tmp_path, caplog):
    caplog.set_level("DEBUG")
    job = center.exports.make("finance", status="ready")
    with center.client() as signed:
        export = signed.exports.get(job.job_no)
        signed.exports.download(job.job_no, tmp_path)
        session = signed._session
        shown = f"{signed!r} {session!r} {session.credentials!r} {export!r} {caplog.text}"
        pair = session.credentials.pair
    assert "/download?token=***" in caplog.text
    link = export.raw["download_url"].partition("token=")[2]
    assert [secret for secret in (PASSWORD, pair.access, pair.refresh, link) if secret in shown] == []
    assert isinstance(signed, Client)
