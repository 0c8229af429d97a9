"""A result of several files, from the worker's run to the last byte and the end of its time."""

import csv
import gzip
import hashlib
import io
import json
import subprocess
import zipfile
from datetime import timedelta
from urllib.parse import quote

import openpyxl
import pytest
from django.utils import timezone

from accounts.services import set_roles
from jobs import storage
from jobs.engine import sweeps
from jobs.models import DownloadHandle, FileRemoval, JobLog
from tests.exports_helpers import API, ENGLISH, Trail, body_of, in_scope_of, link, path_of, post
from tests.jobs.exports.runs import ask, content, in_store, run, stored

COLUMNS = ["order_no", "buyer_name", "amount", "created_at"]


@pytest.fixture(autouse=True)
def small(settings, local_store):
    """Parts of kilobytes."""
    settings.EXPORT_SPLIT_BYTES, settings.EXPORT_PART_BYTES, settings.EXPORT_SEGMENT_ROWS = 30_000, 25_000, 100


@pytest.fixture
def job(live, orders):
    """An export of finance that became several files."""
    return run(live, ask(live, "finance", columns=COLUMNS))


@pytest.fixture
def client(live, sign_in):
    return sign_in("finance")


@pytest.fixture
def user(live):
    with live.scope("finance"):
        return live.user("finance")


def numbered(job) -> list[dict]:
    """The parts without the manifest."""
    return job.parts[1:]


def rows_of(text: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.decode("utf-8-sig"), newline="")))


class TestWorker:
    def test_every_part_is_a_whole_file_and_together_they_are_the_result(self, live, job, orders, settings):
        assert job.status == "ready"
        assert [part["number"] for part in job.parts] == list(range(len(job.parts)))
        assert len(numbered(job)) > 3
        found = []
        for part in numbered(job):
            text = stored(part["key"])
            assert (part["size"], part["sha256"]) == (len(text), hashlib.sha256(text).hexdigest())
            assert part["size"] <= 25_000
            heading, *rows = rows_of(text)
            assert heading == ["订单号", "买家", "金额", "下单时间"]
            assert len(rows) == part["rows"]
            found += rows
        assert len(found) == job.row_count == orders
        settings.EXPORT_SPLIT_BYTES = 10**9
        whole = run(live, ask(live, "finance", columns=COLUMNS))
        assert whole.parts == []
        assert rows_of(content(whole))[1:] == found

    def test_the_row_of_the_job(self, job):
        assert job.file_key == job.parts[0]["key"]
        assert job.file_name == f"订单_{job.job_no}.manifest.json"
        assert job.file_size == sum(part["size"] for part in numbered(job))
        assert job.file_sha256 == hashlib.sha256(content(job)).hexdigest()
        names = [f"订单_{job.job_no}-{number}.csv" for number in range(1, len(job.parts))]
        assert [part["name"] for part in numbered(job)] == names
        assert in_store(job) == set(job.stored_keys) == {part["key"] for part in job.parts}
        assert len(job.stored_keys) == len(job.parts)

    def test_the_manifest_says_what_there_is(self, job, orders):
        manifest = json.loads(content(job))
        assert manifest["rows"] == sum(part["rows"] for part in manifest["parts"]) == orders
        assert manifest["size"] == job.file_size
        assert manifest["facts"] == job.facts
        assert manifest["parts"] == [
            {name: part[name] for name in ("name", "size", "sha256", "number", "rows")} for part in numbered(job)
        ]
        assert "curl -C -" in manifest["advice"]
        assert "SHA-256" in manifest["advice"]
        assert b"exports/" not in content(job)  # no key of the store

    def test_the_log_names_each_part(self, live, job):
        with live.scope("platform"):
            lines = "\n".join(JobLog.objects.filter(job_id=job.pk).values_list("message", flat=True))
        for part in numbered(job):
            assert f"Part {part['number']}: {part['rows']} rows, {part['size']} bytes, sha256 {part['sha256']}" in lines

    def test_no_unfinished_file_is_left(self, job, settings):
        assert list(settings.SPOOL_DIR.iterdir()) == []

    def test_gzip_parts(self, live, orders, tmp_path):
        job = run(live, ask(live, "finance", options={"compression": "gzip"}))
        found = []
        for part in numbered(job):
            assert part["name"].endswith(f"-{part['number']}.csv.gz")
            path = tmp_path / "part.csv.gz"
            path.write_bytes(stored(part["key"]))
            text = subprocess.run(["zcat", path], check=True, capture_output=True).stdout
            assert text == gzip.decompress(path.read_bytes())
            found += rows_of(text)[1:]
        assert len(found) == len({row[0] for row in found}) == orders

    def test_excel_parts(self, live, orders):
        job = run(live, ask(live, "finance", file_type="xlsx", columns=COLUMNS, options={"about": True}))
        assert len(numbered(job)) > 1
        found = []
        for part in numbered(job):
            book = openpyxl.load_workbook(io.BytesIO(stored(part["key"])))
            assert book.sheetnames == ["说明", "1"]
            said = dict(book.worksheets[0].iter_rows(values_only=True))
            assert str(part["rows"]) in said["本文件"].replace(",", "")
            rows = list(book["1"].iter_rows(values_only=True))[1:]
            assert len(rows) == part["rows"]
            found += rows
        assert len({row[0] for row in found}) == len(found) == orders

    def test_a_zip_is_one_file_whatever_is_in_it(self, live, orders, tmp_path):
        job = run(live, ask(live, "finance", options={"compression": "zip"}))
        assert job.parts == []
        assert job.file_name == f"订单_{job.job_no}.csv.zip"
        path = tmp_path / "orders.zip"
        path.write_bytes(content(job))
        assert job.file_size == path.stat().st_size
        assert subprocess.run(["unzip", "-tqq", path], check=False).returncode == 0
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            assert archive.namelist() == [part["name"] for part in manifest["parts"]] + ["manifest.json"]
            assert len(manifest["parts"]) > 1
            assert manifest["parts"][0]["name"] == f"订单_{job.job_no}.csv"
            assert manifest["parts"][1]["name"] == f"订单_{job.job_no}-2.csv"
            found = []
            for part in manifest["parts"]:
                info = archive.getinfo(part["name"])
                assert (part["size"], part["crc32"]) == (info.file_size, f"{info.CRC:08x}")
                rows = rows_of(archive.read(part["name"]))[1:]
                assert len(rows) == part["rows"]
                found += rows
        assert manifest["facts"] == job.facts
        assert "part=1" not in manifest["advice"]
        assert len({row[0] for row in found}) == len(found) == orders

    def test_a_small_zip_holds_the_file_alone(self, live, orders, settings):
        settings.EXPORT_SPLIT_BYTES = 10**9
        job = run(live, ask(live, "finance", file_type="json", columns=COLUMNS, options={"compression": "zip"}))
        with zipfile.ZipFile(io.BytesIO(content(job))) as archive:
            assert archive.namelist() == [f"订单_{job.job_no}.json"]
            assert len(json.loads(archive.read(archive.namelist()[0]))) == orders

    def test_no_rows_are_one_file(self, live, orders):
        job = run(live, ask(live, "finance", params={"keyword": "nothing begins so"}))
        assert (job.parts, job.row_count) == ([], 0)
        assert len(rows_of(content(job))) == 1


class TestDownload:
    def test_without_a_number_comes_the_manifest(self, client, job, user):
        for number in ("", "&part=0", "&part="):
            response = client.get(link(job, user) + number)
            assert (response.status_code, response["Content-Type"]) == (200, "application/json")
            assert body_of(response) == content(job)
            assert response["ETag"] == f'"{job.file_sha256}"'
            assert response["Content-Length"] == str(len(content(job)))

    def test_every_part_by_its_number(self, client, job, user):
        for part in numbered(job):
            response = client.get(f"{link(job, user)}&part={part['number']}")
            assert (response.status_code, response["Content-Type"]) == (200, "text/csv; charset=utf-8")
            assert hashlib.sha256(body_of(response)).hexdigest() == part["sha256"] == response["X-Content-SHA256"]
            plain = f"{job.job_no}-{part['number']}.csv"
            assert response["Content-Disposition"] == (
                f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(part['name'])}"
            )

    def test_the_detail_lists_them_with_addresses_that_work(self, client, job):
        detail = client.get(f"{API}/{job.job_no}").json()
        assert [part["number"] for part in detail["parts"]] == list(range(1, len(job.parts)))
        assert all("key" not in part for part in detail["parts"])
        for part in detail["parts"]:
            got = body_of(client.get(path_of(part["download_url"])))
            assert (len(got), hashlib.sha256(got).hexdigest()) == (part["size"], part["sha256"])
        assert body_of(client.get(path_of(detail["download_url"]))) == content(job)

    def test_resume_across_parts(self, client, job, user):
        """Each part breaks off in the middle and goes on, as a client with bad luck would have it."""
        url = link(job, user)
        for part in numbered(job):
            address, whole = f"{url}&part={part['number']}", stored(part["key"])
            half = part["size"] // 2
            first = client.get(address, HTTP_RANGE=f"bytes=0-{half - 1}")
            assert (first.status_code, first["Content-Range"]) == (206, f"bytes 0-{half - 1}/{part['size']}")
            rest = client.get(address, HTTP_RANGE=f"bytes={half}-", HTTP_IF_RANGE=first["ETag"])
            assert rest.status_code == 206
            assert body_of(first) + body_of(rest) == whole

    def test_a_range_for_another_part_gives_the_whole(self, client, job, user):
        one, two = numbered(job)[:2]
        headers = {"HTTP_RANGE": "bytes=10-", "HTTP_IF_RANGE": f'"{one["sha256"]}"'}
        response = client.get(f"{link(job, user)}&part=2", **headers)
        assert response.status_code == 200
        assert body_of(response) == stored(two["key"])

    def test_a_range_beyond_the_part(self, client, job, user):
        part = numbered(job)[0]
        response = client.get(f"{link(job, user)}&part=1", HTTP_RANGE=f"bytes={part['size']}-")
        assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{part['size']}")
        assert response.json()["code"] == "RANGE_NOT_SATISFIABLE"

    def test_head_of_a_part(self, live, client, job, user):
        trail = Trail(live, "finance")
        response = client.head(f"{link(job, user)}&part=2")
        assert (response.status_code, response["Content-Length"]) == (200, str(numbered(job)[1]["size"]))
        assert response["ETag"] == f'"{numbered(job)[1]["sha256"]}"'
        assert body_of(response) == b""
        assert trail.downloads() == []

    @pytest.mark.parametrize("number", ["99", "abc", "-1", "01", "1.0", "+1", "%201", "%D9%A1", "1%00", "9" * 400])
    def test_a_part_that_is_not_there(self, live, client, job, user, number):
        trail = Trail(live, "finance")
        response = client.get(f"{link(job, user)}&part={number}", **ENGLISH)
        assert response.status_code == 404
        body = response.json()
        assert set(body) >= {"code", "message", "request_id"}
        assert (body["code"], body["message"]) == ("NOT_FOUND", f"This export has {len(numbered(job))} files.")
        assert trail.downloads() == []  # no byte, no download

    def test_a_single_file_is_its_own_first_part(self, client, live, job, user, settings):
        settings.EXPORT_SPLIT_BYTES = 10**9
        whole = run(live, ask(live, "finance", columns=COLUMNS))
        assert body_of(client.get(f"{link(whole, user)}&part=1")) == content(whole)
        for number in ("0", "2"):
            response = client.get(f"{link(whole, user)}&part={number}", **ENGLISH)
            assert (response.status_code, response.json()["message"]) == (404, "This export has 1 file.")

    def test_the_trail_names_the_part(self, live, client, job, user):
        trail = Trail(live, "finance")
        body_of(client.get(link(job, user)))
        body_of(client.get(f"{link(job, user)}&part=2", HTTP_RANGE="bytes=5-14"))
        details = [entry.details for entry in trail.downloads()]
        assert [one["file"] for one in details] == [job.file_name, numbered(job)[1]["name"]]
        assert [(one["first"], one["bytes"], one["size"]) for one in details] == [
            (0, job.parts[0]["size"], job.parts[0]["size"]),
            (5, 10, numbered(job)[1]["size"]),
        ]

    def test_a_part_that_vanished_from_the_store_is_gone(self, client, job, user):
        storage.delete(numbered(job)[0]["key"])
        assert client.get(f"{link(job, user)}&part=1").status_code == 410
        assert client.get(f"{link(job, user)}&part=2").status_code == 200


class TestRights:
    def test_each_file_is_one_use_of_a_limited_link(self, live, client, job):
        url = path_of(post(client, f"{API}/{job.job_no}/links", {"max_uses": 2}).json()["download_url"])
        trail = Trail(live, "finance")
        assert client.get(f"{url}&part=99").status_code == 404  # counts nothing
        assert client.head(f"{url}&part=1").status_code == 200
        assert body_of(client.get(url)) == content(job)
        assert body_of(client.get(f"{url}&part=1")) == stored(numbered(job)[0]["key"])
        assert client.get(f"{url}&part=2").status_code == 403
        with in_scope_of(job):
            assert DownloadHandle.objects.get().uses == 2
        last = trail.downloads()[-1]
        assert (last.result, last.details["file"]) == ("refused", numbered(job)[1]["name"])

    def test_a_revoked_link_opens_no_part(self, client, job, user):
        urls = [link(job, user), path_of(post(client, f"{API}/{job.job_no}/links").json()["download_url"])]
        assert client.delete(f"{API}/{job.job_no}/links").status_code == 200
        for url in urls:
            assert [client.get(f"{url}&part={part['number']}").status_code for part in job.parts] == [403] * len(
                job.parts
            )

    def test_a_link_of_somebody_else_opens_no_part(self, sign_in, job, user):
        response = sign_in("admin").get(f"{link(job, user)}&part=1")
        assert (response.status_code, response.json()["code"]) == (403, "LINK_INVALID")

    def test_a_right_that_was_withdrawn_closes_every_part(self, live, client, job, user):
        url = link(job, user)
        with live.scope("finance"):
            set_roles(user=live.user("finance"), roles=["operator"], actor=live.user("admin"))
        try:
            assert client.get(f"{url}&part=1").status_code == 403
            with live.scope("finance"):
                fresh = link(job, live.user("finance"))
            assert client.get(f"{fresh}&part=1").status_code == 403
        finally:
            with live.scope("finance"):
                set_roles(user=live.user("finance"), roles=["finance"], actor=live.user("admin"))

    def test_who_may_not_download_sees_neither_addresses_nor_sums(self, live, orders, sign_in, settings):
        settings.EXPORT_SPLIT_BYTES, settings.EXPORT_PART_BYTES = 5_000, 5_000
        own = run(live, ask(live, "operator", columns=COLUMNS))  # amounts are for finance and admin
        detail = sign_in("operator").get(f"{API}/{own.job_no}").json()
        assert len(detail["parts"]) > 1
        assert {part["download_url"] for part in detail["parts"]} == {None}
        assert detail["download_url"] is None
        assert (detail["facts"]["rows"], detail["facts"]["totals"]) == (own.row_count, {})
        with live.scope("operator"):
            url = link(own, live.user("operator"))
        assert sign_in("operator").get(f"{url}&part=1").status_code == 403
        detail = sign_in("admin").get(f"{API}/{own.job_no}").json()
        assert list(detail["facts"]["totals"]) == ["amount"]
        assert None not in {part["download_url"] for part in detail["parts"]}


class TestTheEnd:
    def test_expiry_removes_every_file(self, live, job, client, user, superuser):
        url = link(job, user)
        self.let_expire(superuser, job)
        assert client.get(f"{url}&part=1").status_code in (403, 410)  # the row's own time counts
        assert sweeps.expire() == 1
        with live.scope("platform"):
            removals = FileRemoval.objects.filter(key__in=job.stored_keys)
            assert removals.count() == len(job.parts)
            removals.update(not_before=timezone.now() - timedelta(seconds=1))
        assert in_store(job) == set(job.stored_keys)
        assert storage.remove_due() == len(job.parts)
        assert in_store(job) == set()
        detail = client.get(f"{API}/{job.job_no}").json()
        assert detail["status"] == "expired"
        assert {part["download_url"] for part in detail["parts"]} == {None}

    def test_the_sweep_of_orphans_knows_parts(self, job, monkeypatch):
        (first, *_others) = numbered(job)
        forgotten = first["key"].replace("/" + first["key"].rsplit("/", 1)[1], "/1-" + "ab" * 16 + ".csv")
        storage.store().save(forgotten, io.BytesIO(b"left behind by a dead worker"))
        monkeypatch.setattr(storage, "ORPHAN_AGE", timedelta(seconds=-5))
        assert storage.sweep_orphans() == 1
        assert in_store(job) == set(job.stored_keys)

    @staticmethod
    def let_expire(superuser, job) -> None:
        superuser.execute("ALTER TABLE jobs_exportjob DISABLE TRIGGER USER")
        superuser.execute("UPDATE jobs_exportjob SET expires_at = now() - interval '1 s' WHERE id = %s", [job.pk])
        superuser.execute("ALTER TABLE jobs_exportjob ENABLE TRIGGER USER")


def test_parts_in_an_object_store(live, orders, s3_store, sign_in, user):
    job = run(live, ask(live, "finance", columns=COLUMNS))
    assert job.status == "ready"
    assert in_store(job) == set(job.stored_keys)
    assert len(numbered(job)) > 3
    client, url = sign_in("finance"), link(job, user)
    assert json.loads(body_of(client.get(url)))["rows"] == orders
    for part in numbered(job):
        whole = body_of(client.get(f"{url}&part={part['number']}"))
        assert (len(whole), hashlib.sha256(whole).hexdigest()) == (part["size"], part["sha256"])
        middle = client.get(f"{url}&part={part['number']}", HTTP_RANGE="bytes=100-199")
        assert (middle.status_code, body_of(middle)) == (206, whole[100:200])
    storage.delete(job.parts[1]["key"])
    assert client.get(f"{url}&part=1").status_code == 410
