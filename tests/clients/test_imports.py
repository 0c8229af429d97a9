"""Imports through the client and the command: a real server checks and writes, a real worker takes back."""

import asyncio
import hashlib
import json
import re
import signal
import subprocess
import tracemalloc

import pytest
from django.db import connection

from exportcenter_client import (
    AsyncClient,
    Conflict,
    Forbidden,
    InvalidParameters,
    NetworkError,
    NotFound,
    Patience,
    ProtocolError,
    TargetExists,
    WaitTimeout,
)
from exportcenter_client.cli import mapping, words
from exportcenter_client.effects import Answer
from exportcenter_client.importing import import_of
from exportcenter_client.saving import name_of
from exportcenter_client.uploading import upload_of
from jobs.models import ImportFile, ImportJob
from jobs.records.models import Member
from tests.clients.conftest import SETTINGS, command_of, running
from tests.clients.proxy import Rule
from tests.processes import wait_for
from tests.world import PASSWORD

HEADER = "会员号,姓名,手机号,会员等级,地区,积分,注册时间,备注\r\n"
MEMBERS = {"dataset": "members", "mode": "create"}
FROM_FILE = ("--dataset", "members")
needs_server = pytest.mark.processes
LARGE = 30 << 20


def line(number, *, name="张三", points="5", phone="13800001234"):
    return f"{number},{name},{phone},金卡,华东,{points},2025-01-03 10:20:00,\r\n"


def csv(path, *lines, header=HEADER):
    path.write_bytes((header + "".join(lines)).encode())
    return path


@pytest.fixture(scope="module")
def center(_world, django_db_blocker, tmp_path_factory):
    """Takes files a little larger than the large one."""
    settings = SETTINGS | {"IMPORT_FILE_BYTES": str(LARGE + (1 << 20))}
    with django_db_blocker.unblock(), running(_world, tmp_path_factory.mktemp("center"), settings) as built:
        yield built


@pytest.fixture
def operator(center):
    with center.client("operator") as client:
        yield client
    connection.close()


@pytest.fixture
def patient(center, proxy):
    """Behind the proxy, and quick to try again."""
    with center.client("operator", url=proxy.address, patience=Patience(tries=4, first_wait=0.01)) as client:
        yield client
    connection.close()


@pytest.fixture
def command(center, tmp_path):
    """command(…) → what ``exportcenter imports …`` said, as the operator."""

    def say(*given, code=0, **environment):
        who = center.environment("operator") | environment
        done = center.command("imports", *map(str, given), cwd=tmp_path, environment=who)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done

    yield say
    connection.close()


@pytest.fixture
def members(center):
    """members("X") → numbers of the members whose number begins so."""

    def known(prefix):
        with center.world.scope("platform"):
            found = Member.objects.filter(member_no__startswith=prefix).order_by("member_no")
            return list(found.values_list("member_no", flat=True))

    return known


# --- the client --------------------------------------------------------------------------------------------------
@needs_server
def test_from_a_file_to_rows_and_back(operator, members, tmp_path):
    path = csv(tmp_path / "会员 “新”.csv", line("A1"), line("A2", points="many"), line("A3"))
    sent, seen = [], []
    file = operator.imports.send(path, progress=sent.append)
    assert (file["name"], file["size"], file["sha256"]) == (
        path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest(),
    )  # fmt: skip
    assert (sent[-1].done, sent[-1].total) == (file["size"], file["size"])
    glance = operator.imports.look(file["file_id"], **MEMBERS)
    assert glance["guess"]["mapping"]["0"] == "member_no"
    assert operator.imports.look(file["file_id"], header_row=0)["header_row"] == 0

    made = operator.imports.create(file["file_id"], **MEMBERS, mapping=glance["guess"]["mapping"])
    checked = operator.imports.wait(made["job_id"], timeout=60, progress=seen.append)
    assert (checked["status"], checked["counts"]["to_create"], checked["counts"]["faulty"]) == ("review", 2, 1)
    assert [(one["column"], one["row"]) for one in checked["problems"]] == [("points", 3)]
    assert [row["row"] for row in operator.imports.rows(made["job_id"])] == [3]
    assert (seen[-1].job_id, seen[-1].status) == (made["job_id"], "review")
    assert members("A") == []

    operator.imports.confirm(made["job_id"])
    assert operator.imports.wait(made["job_id"], timeout=60)["counts"]["created"] == 2
    assert members("A") == ["A1", "A3"]
    assert [one["key"] for one in operator.imports.changes(made["job_id"], page_size=1)] == ["A1", "A3"]
    assert next(operator.imports.list(status="ready"))["job_id"] == made["job_id"]
    with pytest.raises(Conflict):
        operator.imports.retry(made["job_id"])

    undo = operator.imports.undo(made["job_id"])
    assert undo["undoes"] == made["job_id"]
    assert operator.imports.wait(undo["job_id"], timeout=60)["counts"]["removed"] == 2
    assert members("A") == []
    assert operator.imports.get(made["job_id"])["undone_by"] == undo["job_id"]


@needs_server
def test_faulty_rows_come_whole_and_overwrite_nothing(operator, patient, proxy, tmp_path):
    file = operator.imports.send(csv(tmp_path / "b.csv", line("B1", phone="x"), line("B2")))
    job = operator.imports.create(file["file_id"], **MEMBERS)["job_id"]
    operator.imports.wait(job, timeout=60)
    (tmp_path / "got").mkdir()
    taken = tmp_path / "taken.csv"
    taken.write_text("mine")
    for make in (
        lambda: operator.imports.faulty_rows(job, taken),
        lambda: operator.imports.template("members", "create", "csv", taken),
    ):
        with pytest.raises(TargetExists):
            make()
    assert taken.read_text() == "mine"

    proxy.rules = [Rule("/faulty_rows", times=3, cut_after=30)]
    got = patient.imports.faulty_rows(job, tmp_path / "got")
    assert proxy.count("/faulty_rows") == 4
    assert got.parent == tmp_path / "got"
    assert got.suffix == ".csv"
    assert got.stat().st_mode & 0o777 == 0o600
    assert [row.split(",")[0] for row in got.read_text("utf-8-sig").splitlines()] == ["会员号", "B1"]
    proxy.rules = [Rule("/faulty_rows", times=9, cut_after=30)]
    with pytest.raises(NetworkError):
        patient.imports.faulty_rows(job, tmp_path / "got" / "other.csv")
    assert list((tmp_path / "got").iterdir()) == [got]
    filled = operator.imports.template("members", "upsert", "xlsx", tmp_path / "t.xlsx")
    assert filled.read_bytes()[:2] == b"PK"
    operator.imports.cancel(job)
    with pytest.raises(Conflict):
        operator.imports.confirm(job)


@needs_server
def test_a_file_is_sent_again_only_when_nothing_was_done(center, patient, proxy, tmp_path):
    path = csv(tmp_path / "c.csv", line("C1"))

    def kept():
        with center.world.scope("platform"):
            return ImportFile.objects.count(), ImportJob.objects.count()

    before = kept()
    proxy.rules = [Rule("POST /api/v1/imports/files", cut_after=-1)]
    with pytest.raises(NetworkError):
        patient.imports.send(path)
    assert kept() == (before[0] + 1, before[1])
    proxy.rules = [
        Rule("POST /api/v1/imports/files", status=503),
        Rule("POST /api/v1/imports/files", status=401, body=b"{}"),
    ]
    file = patient.imports.send(path)
    assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert kept() == (before[0] + 2, before[1])
    proxy.rules = [Rule("POST /api/v1/imports$", cut_after=-1)]
    job = patient.imports.create(file["file_id"], **MEMBERS)["job_id"]  # of these the same key makes one
    assert kept() == (before[0] + 2, before[1] + 1)
    patient.imports.wait(job, timeout=60)
    patient.imports.cancel(job)
    proxy.rules = [Rule("/retry$", cut_after=-1)]
    again = patient.imports.retry(job)["job_id"]
    assert kept() == (before[0] + 2, before[1] + 2)
    patient.imports.wait(again, timeout=60)
    patient.imports.cancel(again)


@needs_server
def test_what_the_server_refuses(center, operator, tmp_path):
    (tmp_path / "n.csv").write_bytes(b"\x00\x01\x02" * 100)
    with pytest.raises(InvalidParameters) as refused:
        operator.imports.send(tmp_path / "n.csv")
    assert refused.value.code == "UNREADABLE_FILE"
    good = operator.imports.send(csv(tmp_path / "g.csv", line("G1")))["file_id"]
    for wrong in ({"dataset": "nonsense"}, {"mode": "nonsense"}, {"on_error": "x"}, {"mapping": {0: "nonsense"}}):
        with pytest.raises(InvalidParameters):
            operator.imports.create(good, **(MEMBERS | wrong))
    with pytest.raises(NotFound):
        operator.imports.get("I20200101001")
    with pytest.raises(ValueError, match="not an id"):
        operator.imports.get("../exports")
    with center.client("finance") as finance, pytest.raises(NotFound):
        finance.imports.look(good)
    with center.client("nobody") as nobody, pytest.raises(Forbidden):
        nobody.imports.create(nobody.imports.send(tmp_path / "g.csv")["file_id"], **MEMBERS)
    made = operator.imports.create(good, **MEMBERS)
    with pytest.raises(WaitTimeout):
        operator.imports.wait(made["job_id"], timeout=0)
    operator.imports.cancel(operator.imports.wait(made["job_id"], timeout=60)["job_id"])


def large(path):
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        number = 0
        while file.tell() < LARGE:
            file.writelines(line(f"L{number + place:07}") for place in range(5000))
            number += 5000
    return hashlib.sha256(path.read_bytes()).hexdigest()


@needs_server
def test_a_large_file_streams_in_flat_memory(center, operator, tmp_path):
    path = tmp_path / "large.csv"
    digest = large(path)

    async def apart():
        async with AsyncClient(center.web.address, username="operator", password=PASSWORD) as signed:
            return await signed.imports.send(path)

    tracemalloc.start()
    try:
        for send in (lambda: operator.imports.send(path), lambda: asyncio.run(apart())):
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            file = send()
            assert file["sha256"] == digest
            assert tracemalloc.get_traced_memory()[1] - before < 8 << 20
    finally:
        tracemalloc.stop()


@needs_server
def test_a_file_that_is_too_large_is_refused_in_words(center, operator, tmp_path):
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(4 * LARGE)

    async def apart():
        async with AsyncClient(center.web.address, username="operator", password=PASSWORD) as signed:
            await signed.imports.send(path)

    for send in (lambda: operator.imports.send(path), lambda: asyncio.run(apart())):
        with pytest.raises(InvalidParameters) as refused:
            send()
        assert refused.value.status == 413


@needs_server
def test_the_asynchronous_client_does_the_same(center, members, tmp_path):
    path = csv(tmp_path / "d.csv", line("D1"), line("D2", points="x"))

    async def everything():
        async with AsyncClient(center.web.address, username="operator", password=PASSWORD) as signed:
            file = await signed.imports.send(path)
            made = await signed.imports.create(file["file_id"], **MEMBERS)
            checked = await signed.imports.wait(made["job_id"], timeout=60)
            faulty = [row["row"] async for row in signed.imports.rows(made["job_id"])]
            saved = await signed.imports.faulty_rows(made["job_id"], tmp_path / "faulty.csv")
            await signed.imports.confirm(made["job_id"])
            ready = await signed.imports.wait(made["job_id"], timeout=60)
            return checked, faulty, saved, ready

    checked, faulty, saved, ready = asyncio.run(everything())
    assert (checked["status"], faulty, ready["counts"]["created"]) == ("review", [3], 1)
    assert saved.read_text("utf-8-sig").count("D2") == 1
    assert members("D") == ["D1"]


# --- the command -------------------------------------------------------------------------------------------------
@needs_server
def test_a_good_file_in_one_line_and_back(command, members, tmp_path):
    csv(tmp_path / "e.csv", line("E1"), line("E2"))
    done = command("create", "e.csv", *FROM_FILE)
    assert "to be created: 2" in done.stdout
    assert "created: 2" in done.stdout.splitlines()[-1]
    assert members("E") == ["E1", "E2"]
    job = re.match(r"I\d+", done.stdout)[0]
    assert f"{job}: review" in done.stderr
    shown = json.loads(command("show", job, "--json").stdout)
    assert (shown["status"], shown["counts"]["created"]) == ("ready", 2)
    assert re.search(r"^A 会员号 +→ member_no$", command("show", job).stdout, flags=re.MULTILINE)
    assert command("list", "--limit", "1").stdout.startswith(f"{job}  ready  100%  members  create  e.csv")
    command("confirm", job, code=5)
    assert "removed: 2" in command("undo", job, "--wait").stdout
    assert members("E") == []
    command("undo", job, code=5)


@needs_server
def test_faults_are_told_corrected_and_sent_again(command, members, tmp_path):
    csv(tmp_path / "f.csv", line("F1"), line("F2", points="many"), line("F3", points="more"))
    done = command("create", "f.csv", *FROM_FILE, code=1)
    job = re.match(r"I\d+", done.stdout)[0]
    assert "faulty: 2" in done.stdout
    assert re.search(r"^2× .*row 3  many$", done.stdout, flags=re.MULTILINE)
    assert f"exportcenter imports confirm {job}" in done.stderr
    assert f"exportcenter imports errors {job} --to FILE" in done.stderr
    assert members("F") == []

    saved = json.loads(command("errors", job, "--to", "faulty.csv", "--json").stdout)
    assert saved == {"job_id": job, "path": "faulty.csv"}
    command("errors", job, "--to", "faulty.csv", code=5)
    assert "created: 1" in command("confirm", job, "--wait").stdout
    text = (tmp_path / "faulty.csv").read_text("utf-8-sig").replace("many", "2").replace("more", "3")
    (tmp_path / "faulty.csv").write_text(text, "utf-8-sig")
    command("create", "faulty.csv", *FROM_FILE)
    assert members("F") == ["F1", "F2", "F3"]


@needs_server
def test_a_dry_run_writes_nothing_and_leaves_nothing_waiting(command, members, tmp_path):
    csv(tmp_path / "h.csv", line("H1"))
    csv(tmp_path / "bad.csv", line("H1"), line("H2", phone="none"))
    said = json.loads(command("create", "h.csv", *FROM_FILE, "--dry-run", "--json").stdout)
    assert (said["status"], said["counts"]["to_create"]) == ("canceled", 1)
    done = command("create", "bad.csv", *FROM_FILE, "--dry-run", code=1)
    assert "faulty: 1" in done.stdout
    assert "Nothing was written." in done.stderr
    command("create", "h.csv", *FROM_FILE, "--dry-run", "--timeout", "0", code=9)
    assert members("H") == []
    names = [
        json.loads(one)["file_name"]
        for one in command("list", "--filter", "status=review", "--json").stdout.splitlines()
    ]
    assert not {"h.csv", "bad.csv"} & set(names)
    command("create", "h.csv", *FROM_FILE, "--dry-run", "--yes", code=2)


@needs_server
def test_yes_leaves_faulty_rows_out_and_all_or_none_is_all_or_none(command, members, tmp_path):
    csv(tmp_path / "j.csv", line("J1"), line("J2", points="x"))
    done = command("create", "j.csv", *FROM_FILE, "--on-error", "stop", "--yes", code=1)
    assert "all rows or none" in done.stderr
    assert "imports confirm" not in done.stderr
    job = re.match(r"I\d+", done.stdout)[0]
    assert command("cancel", job).stdout == f"Canceled {job}.\n"
    assert members("J") == []
    ready = json.loads(command("create", "j.csv", *FROM_FILE, "--yes", "--json").stdout)
    assert (ready["status"], ready["counts"]["created"], ready["counts"]["faulty"]) == ("ready", 1, 1)
    assert members("J") == ["J1"]
    changed = command("create", csv(tmp_path / "k.csv", line("J1", name="李四")), *FROM_FILE, "--mode", "update")
    assert "changed: 1" in changed.stdout.splitlines()[-1]
    again = command("retry", job, "--wait", code=1)
    assert "Retried as I" in again.stderr


@needs_server
def test_columns_are_mapped_by_heading_and_letter(command, center, tmp_path):
    header = "编码,Who,手机=私人,points,片\r\n"
    csv(tmp_path / "m.csv", "M1,李雷,13800001111,7,华东\r\n", header=header)
    command("create", "m.csv", *FROM_FILE, code=2)  # nobody can know what 编码 is
    for wrong in ("手机", "=phone", "nonsense=phone", "编码=nonsense"):
        command("create", "m.csv", *FROM_FILE, "--map", wrong, code=2)
    said = command(
        "create", "m.csv", *FROM_FILE, "--map", "编码=member_no", "--map", "b=name", "--map", "手机=私人=phone",
        "--map", "points=", "--map", "片=region", "--json",
    )  # fmt: skip
    assert {one["letter"]: one["key"] for one in json.loads(said.stdout)["mapping"]} == {
        "A": "member_no", "B": "name", "C": "phone", "D": None, "E": "region",
    }  # fmt: skip
    with center.world.scope("platform"):
        member = Member.objects.get(member_no="M1")
        assert (member.name, member.phone, member.points) == ("李雷", "13800001111", 0)


@needs_server
def test_exit_codes(command, tmp_path):
    csv(tmp_path / "n.csv", line("N1"))
    (tmp_path / "noise.csv").write_bytes(b"\x00\x01\x02" * 100)
    command("create", "n.csv", code=2)
    command("create", "absent.csv", *FROM_FILE, code=2)
    command("create", ".", *FROM_FILE, code=2)
    command("create", "noise.csv", *FROM_FILE, code=2)
    command("create", "n.csv", "--dataset", "nonsense", code=2)
    command("create", "n.csv", *FROM_FILE, "--mode", "nonsense", code=2)
    command("create", "n.csv", *FROM_FILE, "--encoding", "nonsense", code=2)
    command("template", *FROM_FILE, "--to", "t.xlsx")
    command("create", "t.xlsx", *FROM_FILE, "--sheet", "nonsense", code=2)
    command("template", *FROM_FILE, "--mode", "nonsense", code=2)
    command("create", "n.csv", *FROM_FILE, EXPORTCENTER_USERNAME="nobody", code=3)
    for action in ("show", "wait", "confirm", "cancel", "retry", "undo", "errors"):
        command(action, "I20200101001", code=4)
    command("list", EXPORTCENTER_URL="http://127.0.0.1:1", code=6)
    command("template", *FROM_FILE, "--to", tmp_path / "none" / "t.xlsx", code=8)


@needs_server
@pytest.mark.parametrize(("dry", "left"), [(True, "canceled"), (False, "review")])
def test_ctrl_c_while_rows_are_checked(center, operator, proxy, tmp_path, dry, left):
    csv(tmp_path / "q.csv", line("Q1"))
    proxy.rules = [Rule("GET /api/v1/imports/I", times=9, status=503, headers={"Retry-After": "20"})]
    typed = command_of(("imports", "create", "q.csv", *FROM_FILE, *(["--dry-run"] if dry else [])))
    env = center.environment("operator") | {"EXPORTCENTER_URL": proxy.address}
    with subprocess.Popen(typed, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True) as process:
        while not (found := re.match(r"Created (I\d+)\.", process.stderr.readline())):
            assert process.poll() is None
        wait_for(lambda: proxy.count("GET /api/v1/imports/I"), 20, "it does not ask")
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert (f"exportcenter imports wait {found[1]}" in said) is not dry
    assert operator.imports.wait(found[1], timeout=60)["status"] == left


@needs_server
def test_chinese_and_other_encodings(command, members, tmp_path):
    chinese = {"LANG": "zh_CN.UTF-8"}
    path = tmp_path / "会员.csv"
    path.write_bytes((HEADER + line("P1") + line("P2", points="很多")).encode("gb18030"))
    done = command("create", path.name, *FROM_FILE, "--encoding", "gb18030", **chinese, code=1)
    assert re.match(r"I\d+  待确认\n总行数：2   将新增：1   有误：1\n", done.stdout)
    assert "第 3 行  很多" in done.stdout
    assert "如需下载错误行" in done.stderr
    absent = command("create", "无.csv", *FROM_FILE, **chinese, code=2)
    assert absent.stderr == "错误：文件 无.csv 不存在。\n"
    assert "待确认" in command("list", **chinese).stdout
    template = command("template", *FROM_FILE, "--format", "csv", **chinese).stdout
    assert "会员号" in (tmp_path / re.fullmatch(r"已保存：(.+)\n", template)[1]).read_text("utf-8-sig")
    assert members("P") == []


# --- parts that need no server -----------------------------------------------------------------------------------
def test_answers_that_make_no_sense():
    good = {"job_id": "I1", "status": "review", "counts": {}}
    assert import_of(good) is good
    for wrong in ({}, good | {"counts": None}, good | {"status": 5}, good | {"job_id": None}):
        with pytest.raises(ProtocolError):
            import_of(wrong)


def test_the_form_that_holds_a_file(tmp_path):
    path = tmp_path / 'a"b\r\n中.csv'
    path.write_bytes(b"x" * 600_000)
    upload = upload_of(path, None)
    content = b"".join(upload.blocks())
    assert len(content) == upload.length
    head, _, rest = content.partition(b"\r\n\r\n")
    assert head.decode().count("\r\n") == 2
    assert 'filename="a%22b%0D%0A中.csv"' in head.decode()
    assert rest.startswith(b"x" * 600_000 + b"\r\n--")
    for size in (599_999, 600_001):  # cut or written to meanwhile
        path.write_bytes(b"x" * size)
        with pytest.raises(OSError, match="changed while"):
            list(upload.blocks())
    with pytest.raises(ValueError, match="no file"):
        upload_of(tmp_path, None)


def test_names_of_files_that_are_made_as_they_come():
    def named(text):
        return name_of(Answer(200, {"content-disposition": text}))

    assert named("attachment; filename=\"plain.csv\"; filename*=UTF-8''%E8%A1%8C.csv") == "行.csv"
    assert named('attachment; filename="plain.csv"') == "plain.csv"
    assert named("attachment") is named("") is None


def test_wishes_over_the_guess():
    header = [
        {"position": at, "letter": "ABCD"[at], "label": label} for at, label in enumerate(("B", "x", "x", "手机"))
    ]
    seen = {"header": header, "guess": {"mapping": {"0": "name", "3": "phone"}}}

    def mapped(*texts):
        return mapping.mapped(mapping.wishes(texts), seen, words.Words("en"))

    assert mapped("b=note") == {"0": "note", "3": "phone"}
    assert mapped("C=phone") == {"0": "name", "2": "phone"}
    assert mapped("手机=") == {"0": "name"}
    assert mapped("手机= email ") == {"0": "name", "3": "email"}
    for wrong, words_of_it in (("x=note", "B, C"), ("Z=note", "no column Z"), ("=note", "=note"), ("B", "B")):
        with pytest.raises(ValueError, match=words_of_it):
            mapped(wrong)
