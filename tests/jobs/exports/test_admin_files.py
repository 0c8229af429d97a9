"""What the page of an export shows of its files, and to whom."""

import hashlib
import re
import shlex
import subprocess
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from jobs import storage
from jobs.admin import files
from jobs.exports.facts import Facts
from jobs.models import ExportJob
from tests.exports_helpers import ENGLISH, Trail, Web, body_of, path_of
from tests.jobs.exports.runs import ask, run, stored
from tests.world import PASSWORD


@pytest.fixture(autouse=True)
def small(settings):
    """Parts of kilobytes."""
    settings.EXPORT_SPLIT_BYTES, settings.EXPORT_PART_BYTES, settings.EXPORT_SEGMENT_ROWS = 30_000, 25_000, 100


@pytest.fixture
def job(live, orders):
    """An export of finance that became several files."""
    made = run(live, ask(live, "finance", params={"amount_min": "1"}))
    yield made
    for key in made.stored_keys:
        storage.delete(key)


def page(client: Client, job: ExportJob, **headers: str) -> str:
    response = client.get(reverse("admin:jobs_exportjob_change", args=[job.pk]), **headers)
    assert response.status_code == 200
    return response.content.decode()


def section(text: str, name: str) -> str:
    """One section of the page, or nothing."""
    found = re.search(rf'<section class="job-section" id="{name}">(.*?)</section>', text, re.DOTALL)
    return found[1] if found else ""


def resume_command(text: str) -> list[str]:
    """The command as a shell would take it apart."""
    return shlex.split(unescape(re.search(r"<pre[^>]*>(.*?)</pre>", section(text, "resume"), re.DOTALL)[1]))


def test_what_the_file_is(sign_in, job):
    shown = section(page(sign_in("finance"), job), "about-file")
    assert "说明" in shown
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", shown, re.DOTALL)
    said = {unescape(label): unescape(text) for label, text in pairs}
    facts = Facts.read(job.facts)
    assert said["数据集"] == "订单"
    assert said["行数"].replace(",", "") == str(job.row_count)
    assert said["金额合计"].replace(",", "") == facts.totals["amount"]
    assert said["是否截断"] == "否：所有行和文本均完整"
    assert said["金额下限"] == "1"


def test_labels_follow_the_reader(live, sign_in, job):
    with live.scope("admin"):
        User.objects.filter(pk=live.user("admin").pk).update(language="en")
    try:
        shown = page(sign_in("admin"), job, **ENGLISH)
        assert "Requested by" in section(shown, "about-file")
        assert "Every part is a whole file" in section(shown, "parts")
    finally:
        with live.scope("admin"):
            User.objects.filter(pk=live.user("admin").pk).update(language="zh-hans")


def test_every_part_with_a_link_that_is_made_when_it_is_clicked(live, sign_in, job):
    client = sign_in("finance")
    shown = section(page(client, job), "parts")
    links = [unescape(link) for link in re.findall(r'href="([^"]+)"', shown)]
    assert len(links) == len(job.parts) - 1
    assert "token" not in shown
    trail = Trail(live, "finance")
    for part, link in zip(job.parts[1:], links, strict=True):
        assert part["sha256"] in shown
        assert part["name"] in shown
        answer = client.get(link)
        assert answer.status_code == 302
        got = body_of(client.get(path_of(answer["Location"])))
        assert hashlib.sha256(got).hexdigest() == part["sha256"]
    assert [entry.details["file"] for entry in trail.downloads()] == [part["name"] for part in job.parts[1:]]


def test_a_part_in_the_address_is_only_a_part(sign_in, job):
    """Whatever stands there becomes one parameter of the link, never another."""
    client = sign_in("finance")
    answer = client.get(reverse("admin:jobs_exportjob_download", args=[job.pk]), {"part": "1&token=x#"})
    assert answer["Location"].endswith("&part=1%26token%3Dx%23")
    assert client.get(path_of(answer["Location"])).status_code == 404


def test_who_may_not_download_sees_names_only(live, orders, sign_in, settings, local_store):
    settings.EXPORT_SPLIT_BYTES = settings.EXPORT_PART_BYTES = 15_000
    own = run(live, ask(live, "operator"))
    shown = page(sign_in("operator"), own)
    assert "合计" not in section(shown, "about-file")  # sums are for finance and admin
    assert "是否截断" in section(shown, "about-file")
    assert section(shown, "resume") == ""
    assert own.parts[1]["name"] in section(shown, "parts")
    assert "href" not in section(shown, "parts")
    answer = sign_in("operator").get(reverse("admin:jobs_exportjob_download", args=[own.pk]) + "?part=1")
    assert "token" not in answer["Location"]


def test_a_small_file_needs_no_advice(live, orders, sign_in, settings, local_store, monkeypatch):
    settings.EXPORT_SPLIT_BYTES = 10**9
    whole = run(live, ask(live, "finance"))
    shown = page(sign_in("finance"), whole)
    assert section(shown, "parts") == section(shown, "resume") == ""
    assert section(shown, "about-file")
    monkeypatch.setattr(files, "LARGE", whole.file_size)
    assert whole.file_name in resume_command(page(sign_in("finance"), whole))


def test_an_expired_export_still_says_what_it_was(sign_in, job, superuser):
    superuser.execute("ALTER TABLE jobs_exportjob DISABLE TRIGGER USER")
    superuser.execute("UPDATE jobs_exportjob SET expires_at = now() - interval '1 s' WHERE id = %s", [job.pk])
    superuser.execute("ALTER TABLE jobs_exportjob ENABLE TRIGGER USER")
    shown = page(sign_in("finance"), job)
    assert section(shown, "about-file")
    assert "href" not in section(shown, "parts")
    assert section(shown, "resume") == ""


@pytest.mark.processes
def test_the_command_goes_on_where_a_transfer_stopped(live, sign_in, job, tmp_path):
    """The printed command, run by a shell with curl against a real server, over the first half of a part."""
    part = job.parts[1]
    whole = stored(part["key"])
    command = resume_command(page(sign_in("finance"), job))
    assert command[:3] == ["curl", "-C", "-"]
    web = Web(tmp_path)
    try:
        signed = Client().post(
            "/api/v1/auth/token", {"username": "finance", "password": PASSWORD}, content_type="application/json"
        )
        address = web.address + path_of(command[-1])
        (tmp_path / part["name"]).write_bytes(whole[: len(whole) // 2])
        words = [*(shlex.quote(word) for word in command[:5]), "-H", '"Authorization: Bearer $TOKEN"', "-sS"]
        assert command[5:7] == ["-H", "Authorization: Bearer $TOKEN"]
        done = subprocess.run(
            " ".join([*words, shlex.quote(address)]),
            shell=True,
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "TOKEN": signed.json()["access"], "NO_PROXY": "*"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    finally:
        web.close()
    assert (tmp_path / part["name"]).read_bytes() == whole
