"""Networks, proxies and servers at their worst: cuts, kills, limits, lies, ended tokens. The server behind is real."""

import hashlib
import json
import os
import signal
import subprocess
import time

import pytest

from exportcenter_client import (
    ChecksumMismatch,
    Client,
    Locked,
    NetworkError,
    NotAuthenticated,
    NotFound,
    Patience,
    ProtocolError,
    TargetExists,
    Throttled,
    Unavailable,
)
from exportcenter_client.credentials import Pair
from tests.clients.conftest import command_of
from tests.clients.proxy import Rule
from tests.world import PASSWORD

pytestmark = pytest.mark.processes

CONTENT = b"".join(b"%09d,row\r\n" % number for number in range(150_000))
HASTE = Patience(tries=4, first_wait=0.01, longest_wait=5.0)
FILE = r"GET /api/v1/exports/E\d+/download"


@pytest.fixture(scope="module")
def file(center):
    """A ready export of 2 MB."""
    return center.exports.make("finance", status="ready", content=CONTENT)


@pytest.fixture
def signed(proxy):
    with Client(proxy.address, username="finance", password=PASSWORD, patience=HASTE) as client:
        yield client


def content_of(got):
    return got.paths[0].read_bytes()


# --- downloads ---------------------------------------------------------------------------------------------
def test_a_connection_that_is_cut_again_and_again_goes_on_where_it_was(proxy, signed, file, tmp_path):
    proxy.rules = [Rule(FILE, cut_after=300_000) for _ in range(6)]
    got = signed.exports.download(file.job_no, tmp_path)
    assert content_of(got) == CONTENT
    assert got.fetched == len(CONTENT)  # no byte twice
    ranges = [one.headers.get("range") for one in proxy.seen if "/download" in one.line]
    assert ranges == [None, *(f"bytes={300_000 * n}-" for n in range(1, 7))]
    assert proxy.seen[-1].headers["if-range"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"'


def test_a_killed_process_is_continued_by_the_next_one(center, proxy, file, tmp_path):
    proxy.rules = [Rule(FILE, pause=0.02)]
    words = ("exports", "download", file.job_no, "--to", "here.csv", "--json")
    env = center.environment() | {"EXPORTCENTER_URL": proxy.address}
    part = tmp_path / "here.csv.part"
    with subprocess.Popen(command_of(words), cwd=tmp_path, env=env, stderr=subprocess.DEVNULL) as process:
        until(lambda: part.exists() and part.stat().st_size > 500_000)
        process.send_signal(signal.SIGKILL)
    kept = part.stat().st_size
    assert 0 < kept < len(CONTENT)
    done = center.command(*words, cwd=tmp_path, environment={"EXPORTCENTER_URL": proxy.address})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "here.csv").read_bytes() == CONTENT
    assert json.loads(done.stdout)["fetched"] == len(CONTENT) - kept
    assert os.listdir(tmp_path) == ["here.csv"]


def test_ctrl_c_leaves_a_part_and_says_how_to_go_on(center, proxy, file, tmp_path):
    proxy.rules = [Rule(FILE, pause=0.02)]
    env = center.environment() | {"EXPORTCENTER_URL": proxy.address}
    words = ("exports", "download", file.job_no, "--to", "here.csv")
    part = tmp_path / "here.csv.part"
    with subprocess.Popen(command_of(words), cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: part.exists() and part.stat().st_size > 100_000)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=20)[1]
    assert process.returncode == 130
    assert f"exportcenter exports download {file.job_no} --to here.csv" in said
    assert "Traceback" not in said
    assert part.stat().st_size > 100_000


def test_a_file_that_is_another_one_now_is_fetched_from_its_beginning(signed, file, tmp_path):
    (tmp_path / "a.csv.part").write_bytes(b"x" * 1000)
    (tmp_path / "a.csv.part.json").write_text(json.dumps({"sha256": "0" * 64, "size": 5, "etag": '"0"'}))
    assert content_of(signed.exports.download(file.job_no, tmp_path / "a.csv")) == CONTENT


def test_a_part_that_was_damaged_on_the_disk_is_found_out(signed, file, tmp_path):
    sha = hashlib.sha256(CONTENT).hexdigest()
    (tmp_path / "a.csv.part").write_bytes(b"x" * 1000)
    (tmp_path / "a.csv.part.json").write_text(json.dumps({"sha256": sha, "size": len(CONTENT), "etag": f'"{sha}"'}))
    with pytest.raises(ChecksumMismatch):
        signed.exports.download(file.job_no, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "lie",
    [
        lambda body: body[:1000] + b"X" + body[1001:],
        lambda body: body[:-1],
        lambda body: body + b"more",
    ],
    ids=["changed", "shorter", "longer"],
)
def test_a_wrong_file_is_never_handed_over(proxy, signed, file, tmp_path, lie):
    proxy.rules = [Rule(FILE, times=100, change=lie)]
    with pytest.raises((ChecksumMismatch, NetworkError, ProtocolError)):
        signed.exports.download(file.job_no, tmp_path / "a.csv")
    assert not (tmp_path / "a.csv").exists()


def test_a_server_that_forgets_the_range_is_read_from_the_beginning(proxy, signed, file, tmp_path):
    proxy.rules = [Rule(FILE, cut_after=1_000_000), Rule(FILE, status=416), Rule(FILE, cut_after=5)]
    assert content_of(signed.exports.download(file.job_no, tmp_path)) == CONTENT


def test_a_link_that_is_over_is_replaced(proxy, signed, file, tmp_path):
    over = json.dumps({"code": "LINK_INVALID", "message": "over"}).encode()
    proxy.rules = [Rule(FILE, cut_after=100_000), Rule(FILE, status=403, body=over)]
    assert content_of(signed.exports.download(file.job_no, tmp_path)) == CONTENT
    assert proxy.count(rf"GET /api/v1/exports/{file.job_no}$") == 2


def test_a_link_to_another_host_gets_no_token(proxy, signed, file, tmp_path):
    def elsewhere(body):
        said = json.loads(body)
        said["download_url"] = said["download_url"].replace(proxy.address, "http://evil.invalid")
        return json.dumps(
            said | {"download_url": said["download_url"].replace("http://127", "http://evil.127")}
        ).encode()

    proxy.rules = [Rule(rf"GET /api/v1/exports/{file.job_no}$", times=9, change=elsewhere)]
    assert content_of(signed.exports.download(file.job_no, tmp_path)) == CONTENT
    assert proxy.count(FILE) == 1


@pytest.mark.parametrize(
    "name", ["../../evil.csv", "/etc/cron.d/x", "..", "a\x00b\n.csv", "CON", "C:\\x.csv", "x" * 900, ""]
)
def test_hostile_names_stay_in_the_folder(proxy, signed, file, tmp_path, name):
    def renamed(body):
        return json.dumps(json.loads(body) | {"file_name": name}).encode()

    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    proxy.rules = [Rule(rf"GET /api/v1/exports/{file.job_no}$", change=renamed)]
    got = signed.exports.download(file.job_no, folder)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == list(got.paths)
    assert got.paths[0].parent == folder
    assert not got.paths[0].name.startswith(".")


def test_hostile_names_of_parts_stay_in_the_folder_and_apart(center, proxy, signed, tmp_path):
    with center.client() as direct:
        job = direct.exports.create("orders").job_id
        direct.exports.wait(job, timeout=90).must_be_ready()
    bodies = {}

    def manifest(body):
        said = json.loads(body)
        names = ["../x", "..\\X", "a.csv.part"] * 10
        for part, name in zip(said["parts"], names, strict=False):
            part["name"] = name
        bodies["manifest"] = json.dumps(said).encode()
        return bodies["manifest"]

    def detail(body):
        return json.dumps(json.loads(body) | {"sha256": hashlib.sha256(bodies["manifest"]).hexdigest()}).encode()

    proxy.rules = [Rule(rf"{FILE}\?token=[^&]+$", change=manifest)]
    with pytest.raises(ChecksumMismatch):  # a manifest that was changed is not believed
        signed.exports.download(job, tmp_path)
    proxy.rules = [Rule(rf"{FILE}\?token=[^&]+$", change=manifest), Rule(rf"{job}$", times=9, change=detail)]
    got = signed.exports.download(job, tmp_path)
    assert len({path.name.casefold() for path in got.paths}) == len(got.paths) > 2
    assert {path.parent for path in got.paths} == {tmp_path}
    assert sorted(tmp_path.iterdir()) == sorted([*got.paths, got.manifest])


def test_a_part_of_several_that_is_cut_goes_on(center, proxy, signed, tmp_path):
    with center.client() as direct:
        job = direct.exports.create("orders").job_id
        direct.exports.wait(job, timeout=90).must_be_ready()
    proxy.rules = [Rule(r"&part=2", cut_after=30_000), Rule(r"&part=2", status=503, headers={"Retry-After": "0"})]
    got = signed.exports.download(job, tmp_path)
    said = json.loads(got.manifest.read_text())["parts"]
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in got.paths] == [part["sha256"] for part in said]
    assert [one.headers.get("range") for one in proxy.seen if "&part=2" in one.line][-1] == "bytes=30000-"


def test_what_is_there_already_is_not_overwritten(signed, file, tmp_path):
    (tmp_path / "mine.csv").write_text("mine")
    with pytest.raises(TargetExists):
        signed.exports.download(file.job_no, tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text() == "mine"


def test_two_downloads_to_one_place_do_not_mix(proxy, signed, file, tmp_path):
    import fcntl

    with open(tmp_path / "a.csv.part", "wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(TargetExists):
            signed.exports.download(file.job_no, tmp_path / "a.csv")


def test_no_symlink_leads_out(signed, file, tmp_path):
    outside = tmp_path / "outside"
    (tmp_path / "a.csv.part").symlink_to(outside)
    with pytest.raises(OSError, match="symbolic"):
        signed.exports.download(file.job_no, tmp_path / "a.csv")
    assert not outside.exists()


# --- refusals that pass ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", [423, 429, 503])
def test_what_passes_is_waited_for_with_the_same_key(proxy, signed, status):
    proxy.rules = [Rule("POST /api/v1/exports$", times=2, status=status, headers={"Retry-After": "0"})]
    made = signed.exports.create("orders", params={"status": ["completed"]}, columns=["order_no"])
    sent = [one for one in proxy.seen if one.line == "POST /api/v1/exports"]
    assert len(sent) == 3
    assert len({one.headers["idempotency-key"] for one in sent}) == 1
    assert len({one.body for one in sent}) == 1
    assert signed.exports.wait(made.job_id, timeout=60).status == "ready"


def test_retry_after_is_kept(proxy, signed, file):
    proxy.rules = [Rule("GET /api/v1/exports/", status=429, headers={"Retry-After": "1"})]
    began = time.monotonic()
    signed.exports.get(file.job_no)
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize(("status", "kind"), [(423, Locked), (429, Throttled), (503, Unavailable)])
def test_patience_ends(proxy, signed, file, status, kind):
    proxy.rules = [Rule("GET /api/v1/exports/", times=99, status=status, headers={"X-Request-ID": "req_12345678"})]
    with pytest.raises(kind) as fault:
        signed.exports.get(file.job_no)
    assert proxy.count("GET /api/v1/exports/") == HASTE.tries
    assert fault.value.request_id == "req_12345678"


def test_nobody_waits_an_hour(proxy, signed, file):
    proxy.rules = [Rule("GET /api/v1/exports/", status=429, headers={"Retry-After": "3600"})]
    with pytest.raises(Throttled) as fault:
        signed.exports.get(file.job_no)
    assert fault.value.retry_after == 3600


@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 500])
def test_other_refusals_are_final(proxy, signed, file, status):
    proxy.rules = [Rule("POST /api/v1/exports$", times=99, status=status)]
    with pytest.raises(Exception, match=str(status)):
        signed.exports.create("orders")
    assert proxy.count("POST /api/v1/exports$") == 1


def test_a_lost_answer_is_asked_for_again_with_the_same_key(proxy, signed):
    proxy.rules = [Rule("POST /api/v1/exports$", cut_after=-1)]
    signed.exports.create("orders", params={"status": ["completed"]}, columns=["order_no"])
    sent = [one.headers["idempotency-key"] for one in proxy.seen if one.line == "POST /api/v1/exports"]
    assert len(sent) == 2
    assert len(set(sent)) == 1


def test_a_request_that_is_still_being_served_is_waited_for(proxy, signed):
    busy = json.dumps({"code": "IDEMPOTENCY_IN_PROGRESS", "message": "busy"}).encode()
    proxy.rules = [Rule("POST /api/v1/exports$", times=2, status=409, body=busy, headers={"Retry-After": "0"})]
    signed.exports.create("orders", params={"status": ["completed"]}, columns=["order_no"])
    assert proxy.count("POST /api/v1/exports$") == 3


def test_a_lost_answer_to_a_refresh_is_asked_for_again(proxy, file):
    with Client(proxy.address, username="finance", password=PASSWORD, patience=HASTE) as client:
        client.exports.get(file.job_no)
        end(client, client.signed_in_with.refresh)
        proxy.rules = [Rule("POST /api/v1/auth/token/refresh", cut_after=-1)]
        client.exports.get(file.job_no)
    assert proxy.count("POST /api/v1/auth/token/refresh$") == 2
    assert proxy.count("POST /api/v1/auth/token$") == 1


def test_a_list_by_cursors_and_logs_by_lines(proxy, signed):
    """What newer servers offer."""
    one = {"type": "orders", "status": "ready", "file_type": "csv"}
    for cursor, jobs, following in (("", ["E1", "E2"], "c+1"), ("c%2B1", ["E3"], None)):
        said = {"items": [one | {"job_id": job} for job in jobs], "next_cursor": following}
        pattern = rf"GET /api/v1/exports\?type=orders&cursor={cursor}&page_size=2$"
        proxy.rules.append(Rule(pattern, status=200, body=json.dumps(said).encode()))
    assert [export.job_id for export in signed.exports.list(type="orders", page_size=2)] == ["E1", "E2", "E3"]
    lines = [{"seq": number, "time": "2026-01-01", "level": "info", "message": f"m{number}"} for number in (5, 7)]
    pages = [{"lines": [line], "next": line["seq"], "more": line["seq"] == 5} for line in lines]
    proxy.rules = [
        Rule(r"GET /api/v1/exports/E9$", status=200, body=json.dumps(one | {"job_id": "E9"}).encode()),
        Rule(r"/E9/logs$", status=200, body=json.dumps(pages[0]).encode()),
        Rule(r"/E9/logs\?after=5$", status=200, body=json.dumps(pages[1]).encode()),
    ]
    said = [(line.text, line.number) for line in signed.exports.logs("E9", follow=True)]
    assert said == [("2026-01-01 INFO m5", 5), ("2026-01-01 INFO m7", 7)]


def test_a_lost_answer_to_a_cancel_is_not_asked_for_again(center, proxy, signed):
    job = center.exports.make("finance", status="canceled")
    proxy.rules = [Rule("POST .*/cancel$", cut_after=-1)]
    with pytest.raises(NetworkError):
        signed.exports.cancel(job.job_no)
    assert proxy.count("/cancel$") == 1


def test_nobody_listens():
    with Client("http://127.0.0.1:1", token="ec_x", patience=HASTE) as client, pytest.raises(NetworkError):
        client.exports.get("E20260101001")


def test_answers_that_are_none(proxy, signed, file):
    for body in (b"<html>", b"[]", b"[" * 100_000, b'{"job_id": 5}', b'{"job_id": "x", "type": "y", "status": null}'):
        proxy.rules = [Rule("GET /api/v1/exports/", status=200, body=body)]
        with pytest.raises(ProtocolError):
            signed.exports.get(file.job_no)
    proxy.rules = [Rule("GET /api/v1/exports/", status=302, headers={"Location": "http://evil.invalid/"})]
    with pytest.raises(ProtocolError):
        signed.exports.get(file.job_no)


# --- live events ----------------------------------------------------------------------------------------------
def test_waiting_survives_streams_that_break(center, proxy, signed):
    job = center.exports.make("finance", status="queued", available_at="2030-01-01T00:00:00Z")
    proxy.rules = [Rule("GET /api/v1/events", times=2, cut_after=60)]
    told = []

    def progress(seen):
        told.append(seen.status)
        if len(told) == 3:
            with center.world.scope("finance"):
                center.exports.move(job, "processing")
                center.exports.fail(job)

    ended = signed.exports.wait(job.job_no, timeout=30, progress=progress)
    assert ended.status == "failed"
    assert proxy.count("GET /api/v1/events") >= 2


@pytest.mark.parametrize("status", [404, 406, 429, 503])
def test_where_there_are_no_live_events_the_export_is_asked_for(proxy, signed, status):
    proxy.rules = [Rule("GET /api/v1/events", times=99, status=status)]
    made = signed.exports.create("orders", params={"status": ["completed"]}, columns=["order_no"])
    assert signed.exports.wait(made.job_id, timeout=60).status == "ready"
    assert proxy.count("GET /api/v1/events") == 1


def test_polling_says_what_it_knows(proxy, signed, file):
    job = file.job_no

    def running(body):
        return json.dumps(json.loads(body) | {"status": "processing"}).encode()

    proxy.rules = [
        Rule(f"GET .*{job}$", times=2, change=running, headers={"ETag": '"1"'}),
        Rule(f"GET .*{job}$", status=304),
    ]
    assert signed.exports.wait(job, live=False, timeout=30).status == "ready"
    assert [one.headers.get("if-none-match") for one in proxy.seen if one.line.endswith(job)] == [
        None, None, '"1"', '"1"',
    ]  # fmt: skip


# --- credentials ------------------------------------------------------------------------------------------------
def test_an_ended_token_is_renewed_in_the_middle_and_a_new_refresh_token_is_kept(proxy, center, file):
    def rotated(body):
        return json.dumps(json.loads(body) | {"refresh": "a-new-one"}).encode()

    with Client(proxy.address, username="finance", password=PASSWORD, patience=HASTE) as client:
        client.exports.get(file.job_no)
        pair = client.signed_in_with
        end(client, pair.refresh)  # the server refuses it
        proxy.rules = [Rule("POST /api/v1/auth/token/refresh", change=rotated)]
        client.exports.get(file.job_no)
        assert client.signed_in_with.refresh == "a-new-one"
        assert proxy.count("POST /api/v1/auth/token$") == 1
        # What is refused in turn is replaced by signing in anew: name and password are known.
        end(client, "ended, too")
        client.exports.get(file.job_no)
        assert proxy.count("POST /api/v1/auth/token$") == 2


def end(client, refresh):
    """The access token has ended."""
    who = client._session.credentials
    who.pair = Pair("ended", refresh)
    who.store.save(who.pair)


def test_a_wrong_password_and_a_wrong_token_are_said_once(proxy, file):
    with Client(proxy.address, username="finance2", password="wrong-password", patience=HASTE) as client:
        with pytest.raises(NotAuthenticated) as fault:
            client.exports.get(file.job_no)
    assert "wrong-password" not in f"{fault.value!r} {fault.value}"
    with Client(proxy.address, token="ec_wrong", patience=HASTE) as client:
        with pytest.raises(NotAuthenticated):
            client.exports.get(file.job_no)
    assert len(proxy.seen) == 2


def test_ids_are_no_addresses(signed):
    for job in ("../auth/token", "a/b", "", "x?y", ".."):
        with pytest.raises(ValueError, match="not an id"):
            signed.exports.get(job)
    with pytest.raises(NotFound):
        signed.exports.get("no-such")


def until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
