"""One export, in the drawer and on its page: what it says in each state, and to whom."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.utils import timezone

from accounts.services import set_roles
from jobs.models import Attempt, ExportJob, ExportPreview, JobLog
from jobs.records.demo import fill
from tests.exports_helpers import API, body_of, link, path_of, post
from tests.jobs.exports.pages.html import Element, read
from tests.jobs.exports.pages.test_page import STATUSES, asked_by, buttons
from tests.jobs.exports.runs import ask, run

PAGE = "/admin/exports/"
DRAWER = {"HTTP_X_PART": "drawer"}
PARTS = [
    {"number": 0, "name": "订单.zip", "size": 900, "rows": 300, "sha256": "c" * 64, "key": "k0"},
    {"number": 1, "name": "订单-1.csv", "size": 5000, "rows": 200, "sha256": "a" * 64, "key": "k1"},
    {"number": 2, "name": "订单-2.csv", "size": 2500, "rows": 100, "sha256": "b" * 64, "key": "k2"},
]


def detail(client, job_no: str, path: str = "/", **headers: str) -> Element:
    response = client.get(f"{PAGE}{job_no}{path}", **headers)
    assert response.status_code == 200, response.content[:500]
    return read(response)


def section(found: Element, name: str) -> Element:
    return found.one("details", data_section=name)


def facts(found: Element) -> dict[str, str]:
    """Label → text of the facts."""
    return {pair.one("dt").text: pair.one("dd").text for pair in section(found, "facts").one("dl").all("div")}


def table(place: Element, label: str) -> list[list[str]]:
    """Cells of a table, row by row."""
    body = place.one("div", aria_label=label).one("tbody")
    return [[cell.text for cell in row.all("td")] for row in body.all("tr")]


def log(world, job: ExportJob, *lines: str, level: str = "info") -> list[int]:
    with world.scope("platform"):
        made = [
            JobLog.objects.create(kind="export", job_id=job.pk, at=timezone.now(), level=level, message=line)
            for line in lines
        ]
    return [line.pk for line in made]


# --- states ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", STATUSES)
def test_every_state_says_what_is_and_what_can_be_done(world, exports, sign_in, status):
    job = exports.make("finance", status=status)
    client = sign_in("finance")
    found = detail(client, job.job_no)
    head = found.one("header", classes="ec-detail-head")
    assert head.attrs["data-status"] == status
    assert head.one("h2").text == job.job_no
    assert {"data-moves" in head.attrs} == {status in ("queued", "processing")}
    words = {
        "queued": "排队中",
        "processing": "写入文件",
        "ready": "完成",
        "failed": "失败",
        "canceled": "已取消",
        "expired": "已过期",
    }
    assert head.one("span", classes="ec-status-words").text == words[status]
    # the same four buttons as in the row, the primary one first
    row = read(client.get(f"{PAGE}rows", {"only": job.job_no})).one("tr", data_job=job.job_no)
    primary, said = buttons(row)
    shown = head.one("div", classes="ec-detail-doings").all()
    shown = [one for one in shown if one.tag in ("a", "button")]
    refused = {one.attrs["data-reason"] for one in shown if one.attrs.get("aria-disabled") == "true"}
    allowed = {one.attrs["data-do"] for one in shown if "data-do" in one.attrs}
    assert allowed == {key for key, word in said.items() if word == "y"}
    assert refused == {word for word in said.values() if word != "y"}
    assert len(shown) == 4
    assert shown[0].attrs.get("data-do", primary) == primary
    assert len(found.all("section", classes="ec-failure")) == (status == "failed")
    preview = section(found, "preview")
    reasons = {
        "expired": "文件已过期，预览也已一并删除。",
        "failed": "任务已结束，没有生成文件。",
        "queued": "文件尚未生成。",
    }
    if status in reasons:
        assert preview.one("p").text == reasons[status]
        assert "open" not in preview.attrs


def test_drawer_and_page_show_the_same(world, exports, sign_in):
    job = exports.make("finance", status="failed")
    log(world, job, "eins", "zwei")
    client = sign_in("finance")
    on_page, in_drawer = detail(client, job.job_no), detail(client, job.job_no, **DRAWER)
    assert on_page.all("html")
    assert in_drawer.all("html") == in_drawer.all(id="center-boot") == []
    assert on_page.one("article").text == in_drawer.one("article").text
    live = detail(client, job.job_no, "/live")
    assert live.text == in_drawer.one("div", data_part="live").text
    article = in_drawer.one("article").attrs
    for name in ("data-live", "data-log", "data-page"):
        assert client.get(article[name]).status_code == 200, name


def test_the_name_of_a_source_and_the_times_are_said(world, exports, sign_in):
    job = exports.make("finance", status="canceled", source="/members/list", params={"start": "2025-09-01"})
    said = facts(detail(sign_in("finance"), job.job_no))
    assert said["来源页面"] == "/members/list"
    assert {"类型", "导出条件", "文件类型", "列", "创建时间", "完成时间"} <= set(said)


# --- the file -------------------------------------------------------------------------------------------
@pytest.fixture
def orders(live):
    with live.scope("platform"):
        fill(orders=150, seed=5)


@pytest.fixture
def contacts(live, orders):
    """A file of admin with contact data in full."""
    return run(live, ask(live, "admin", columns=["order_no", "buyer_name", "buyer_phone", "amount"]))


def test_facts_of_a_real_file(live, contacts, sign_in):
    said = facts(detail(sign_in("admin"), contacts.job_no))
    assert said["文件"].startswith(contacts.file_name)
    assert said["SHA-256"] == contacts.file_sha256
    assert "150" in " ".join(said.values())
    assert {"数据集", "数据截止", "筛选", "列", "过期时间"} <= set(said)


@pytest.mark.parametrize(("name", "masked"), [("admin", False), ("finance", True)])
def test_the_preview_is_masked_for_who_reads(live, contacts, sign_in, name, masked):
    found = detail(sign_in(name), contacts.job_no, "/preview")
    heads = [head.text for head in found.one("thead").all("th")]
    assert heads == ["订单号", "买家", "电话", "金额"]
    rows = [[cell.text for cell in row.all("td")] for row in found.one("tbody").all("tr")]
    assert len(rows) == 100
    assert {"*" in name for _no, name, _phone, _amount in rows} == {masked}
    assert {"****" in phone for _no, _name, phone, _amount in rows if phone} == {masked}
    assert ("已为您脱敏：买家, 电话" in found.text) is masked
    assert "仅显示前 100 行，完整内容请下载文件。" in found.text
    assert [cell.attrs.get("class") for cell in found.one("tbody").all("tr")[0].all("td")] == [
        None,
        None,
        None,
        "ec-numeric",
    ]
    with live.scope("platform"):
        (kept,) = ExportPreview.objects.filter(job=contacts).values_list("rows", flat=True)
    assert ([row[2] for row in rows] == [row[2] for row in kept]) is not masked


def test_the_drawer_itself_holds_no_row_of_the_file(live, contacts, sign_in):
    with live.scope("platform"):
        (kept,) = ExportPreview.objects.filter(job=contacts).values_list("rows", flat=True)
    for headers in ({}, DRAWER):
        text = detail(sign_in("finance"), contacts.job_no, **headers).text
        assert [row for row in kept if row[0] in text or row[1] in text] == []


def test_who_may_not_have_the_file_gets_no_preview_and_no_download(world, exports, sign_in):
    job = exports.make("operator", "orders", "ready")
    client = sign_in("operator")
    reason = "金额类文件仅财务与管理员可下载，请联系管理员开通权限。"
    assert section(detail(client, job.job_no), "preview").one("p").text == reason
    for path in ("/preview", "/download"):
        response = client.get(f"{PAGE}{job.job_no}{path}")
        assert response.status_code == 403
        assert reason in response.content.decode()


def test_a_file_without_a_preview_says_so(world, exports, sign_in):
    job = exports.make("finance", status="ready", facts={"columns": []})
    assert detail(sign_in("finance"), job.job_no, "/preview").text == "此文件没有预览。"


def test_download_leads_to_the_bytes(world, exports, sign_in):
    job = exports.make("finance", status="ready", content=b"a,b\r\n1,2\r\n")
    client = sign_in("finance")
    answer = client.get(f"{PAGE}{job.job_no}/download")
    assert answer.status_code == 302
    assert body_of(client.get(path_of(answer["Location"]))) == b"a,b\r\n1,2\r\n"


@pytest.mark.parametrize("status", ["queued", "processing", "failed", "canceled", "expired"])
def test_download_of_what_has_no_file_leads_to_its_page(world, exports, sign_in, status):
    job = exports.make("finance", status=status)
    answer = sign_in("finance").get(f"{PAGE}{job.job_no}/download")
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}{job.job_no}/")


@pytest.mark.parametrize(
    "part", ["2", "1&token=x", "../..", "\r\nSet-Cookie: a=b", "//evil.example", "💥", "x" * 10_000]
)
def test_a_part_is_one_parameter_of_an_address_of_ours(world, exports, sign_in, part):
    job = exports.make("finance", status="ready")
    answer = sign_in("finance").get(f"{PAGE}{job.job_no}/download", {"part": part})
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"http://testserver{API}/{job.job_no}/download?token=")
    assert answer["Location"].endswith(f"&part={quote(part, safe='').replace('%20', '+')}")
    assert "Set-Cookie" not in answer.headers


@pytest.fixture
def in_parts(world, exports):
    def _make(name: str) -> ExportJob:
        job = exports.make(name, status="processing")
        with world.scope(name):
            exports._leave(
                job, status="ready", stage="done", file_key=f"{job.pk}/x", file_name="订单.zip", file_size=900,
                file_sha256="c" * 64, row_count=300, parts=PARTS, snapshot_at=timezone.now(),
                expires_at=timezone.now() + timedelta(hours=1),
            )  # fmt: skip
        return job

    return _make


@pytest.mark.parametrize(("name", "linked"), [("finance", True), ("operator", False)])
def test_parts_are_links_for_those_who_may_have_them(in_parts, sign_in, name, linked):
    job = in_parts(name)
    found = section(detail(sign_in(name), job.job_no), "facts")
    assert table(found, "分文件") == [["1", "订单-1.csv", "4.9 KB", "200"], ["2", "订单-2.csv", "2.4 KB", "100"]]
    links = [one.attrs["href"] for one in found.one("div", aria_label="分文件").all("a")]
    assert links == ([f"{PAGE}{job.job_no}/download?part={number}" for number in (1, 2)] if linked else [])


# --- attempts, retries, downloads, links ----------------------------------------------------------------
def test_attempts_say_how_each_ended(world, exports, sign_in):
    job = exports.make("finance", status="failed")
    start = timezone.now()
    with world.scope("finance"):
        for number, (outcome, code) in enumerate([("lost", "WORKER_LOST"), ("failed", "EXPORT_TIMEOUT")], 1):
            Attempt.objects.create(
                kind="export", job_id=job.pk, number=number, fence=77_000_000 + number, worker=f"w{number}",
                started_at=start, ended_at=start + timedelta(seconds=42), outcome=outcome, error_code=code,
                error_message="",
            )  # fmt: skip
    cells = table(section(detail(sign_in("finance"), job.job_no), "attempts"), "执行记录")
    assert [(row[0], row[1], row[3], row[4], row[5]) for row in cells] == [
        ("1", "进程失联", "42 秒", "w1", "WORKER_LOST"),
        ("2", "失败", "42 秒", "w2", "EXPORT_TIMEOUT"),
    ]


def test_the_chain_of_retries_leads_from_one_to_the_other(world, exports, sign_in):
    first = exports.make("finance", status="failed")
    client = sign_in("finance")
    assert section(detail(client, first.job_no), "attempts").all("ol") == []
    second = post(client, f"{API}/{first.job_no}/retry").json()["new_job_id"]
    for this in (first.job_no, second):
        chain = section(detail(client, this), "attempts").one("ol", classes="ec-chain")
        said = [(item.all(classes="ec-number")[0].text, "aria-current" in item.attrs) for item in chain.all("li")]
        assert said == [(first.job_no, this == first.job_no), (second, this == second)]
        other = ({first.job_no, second} - {this}).pop()
        assert [one.attrs["href"] for one in chain.all("a")] == [f"{PAGE}{other}/"]


def test_the_chain_shows_no_export_that_the_reader_may_not_see(world, exports, sign_in):
    first = exports.make("operator", "members", "failed")
    second = post(sign_in("admin"), f"{API}/{first.job_no}/retry").json()["new_job_id"]
    assert second not in detail(sign_in("operator"), first.job_no).text
    assert second in detail(sign_in("admin"), first.job_no).text


def test_downloads_and_refusals_are_told(world, exports, sign_in):
    job = exports.make("finance", status="ready", content=b"x" * 2048)
    client = sign_in("finance")
    assert "暂无下载记录。" in section(detail(client, job.job_no), "downloads").text
    with world.scope("finance"):
        address = link(job, world.user("finance"))
    body_of(client.get(address))
    assert sign_in("operator").get(address).status_code == 403
    rows = table(section(detail(client, job.job_no), "downloads"), "下载记录")
    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("operator", "127.0.0.1", "被拒绝"),
        ("finance", "127.0.0.1", "2.0 KB"),
    ]


def test_links_that_were_written_down_are_told(world, exports, sign_in):
    job = exports.make("finance", status="ready")
    client = sign_in("finance")
    assert post(client, f"{API}/{job.job_no}/links", {"max_uses": 3}).status_code in (200, 201)
    (row,) = table(section(detail(client, job.job_no), "downloads"), "下载链接")
    assert (row[0], row[3]) == ("finance", "0 / 3")
    client.delete(f"{API}/{job.job_no}/links")
    (row,) = table(section(detail(client, job.job_no), "downloads"), "下载链接")
    assert row[2] == "已撤销"


# --- errors, log ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "stack"), [("admin", True), ("finance", False)])
def test_a_failure_says_what_to_do_and_the_stack_to_those_of_the_right(world, exports, sign_in, name, stack):
    job = exports.make("finance", status="failed", request_id="req_77")
    response = sign_in(name).get(f"{PAGE}{job.job_no}/")
    reason = read(response).one("section", classes="ec-failure")
    for words in ("Job exceeded 20m limit", "EXPORT_TIMEOUT", "Choose a shorter period.", job.job_no, "req_77"):
        assert words in reason.text
    assert (b"secret stack" in response.content) is stack
    assert len(reason.all("details")) == stack


@pytest.mark.parametrize(("name", "shown"), [("admin", True), ("finance", False)])
def test_the_full_log_is_offered_to_those_of_the_right(world, exports, sign_in, name, shown):
    job = exports.make("finance", status="failed")
    links = [one.attrs["href"] for one in section(detail(sign_in(name), job.job_no), "log").all("a")]
    assert links == ([f"{API}/{job.job_no}/log"] if shown else [])


def test_log_lines_behind_a_line(world, exports, sign_in):
    job, other = exports.make("finance", status="failed"), exports.make("finance", status="failed")
    first, second, third = log(world, job, "eins", "zwei", "drei", level="warning")
    log(world, other, "fremd")
    client = sign_in("finance")
    said = detail(client, job.job_no).one("ol", data_part="log")
    assert [item.attrs["data-line"] for item in said.all("li")] == [str(first), str(second), str(third)]
    assert said.attrs["data-last"] == str(third)
    assert said.all("li")[0].attrs["class"] == "ec-log-warning"
    for after, lines in {0: 3, first: 2, second: 1, third: 0, third + 99: 0}.items():
        answer = client.get(f"{PAGE}{job.job_no}/log", {"after": after})
        assert [item.one("span").text for item in read(answer).all("li")] == ["eins", "zwei", "drei"][3 - lines :]
        assert answer["X-Last"] == str(third if lines else after)


@pytest.mark.parametrize("after", ["-1", "1.5", "abc", "١", "9" * 30, "\0", "1 OR 1=1", "0x10", "²"])
def test_a_line_that_is_no_number(world, exports, sign_in, after):
    job = exports.make("finance", status="failed")
    answer = sign_in("finance").get(f"{PAGE}{job.job_no}/log", {"after": after})
    assert (answer.status_code, answer.json()) == (400, {"message": "请填写整数。"})


@pytest.mark.parametrize(("name", "lines"), [("admin", 250), ("finance", 100)])
def test_the_whole_log_needs_its_right_line_by_line_as_well(world, exports, sign_in, name, lines):
    job = exports.make("finance", status="failed")
    keys = log(world, job, *(f"line {number}" for number in range(250)))
    client = sign_in(name)
    seen, after = set(), "0"
    for _round in range(5):
        answer = client.get(f"{PAGE}{job.job_no}/log", {"after": after})
        seen |= {item.attrs["data-line"] for item in read(answer).all("li")}
        after = answer["X-Last"]
    assert seen == {str(key) for key in keys[-lines:]}
    said = detail(client, job.job_no)
    assert len(said.one("ol", data_part="log").all("li")) == 100
    assert "最近 100 行" in section(said, "log").text


# --- who ------------------------------------------------------------------------------------------------
PATHS = ("/", "/live", "/log", "/preview", "/download")


@pytest.mark.parametrize("path", PATHS)
def test_what_is_not_ones_own_does_not_exist(world, exports, sign_in, path):
    theirs = [exports.make("globex_admin", "members", "ready"), exports.make("finance", "members", "ready")]
    theirs.append(exports.make("operator2", "orders", "ready"))
    client = sign_in("operator")
    missing = client.get(f"{PAGE}E20990101001{path}")
    assert missing.status_code == 404
    for job in theirs:
        answer = client.get(f"{PAGE}{job.job_no}{path}")
        assert answer.status_code == 404
        assert job.job_no not in answer.content.decode().replace(answer.request["PATH_INFO"], "")
    assert sign_in("admin").get(f"{PAGE}{theirs[0].job_no}{path}").status_code == 404


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "number", ["E1", "%00", "a%00b", "x" * 5000, "%F0%9F%92%A5", "%25", "'--", "..%2F..", "%0d%0aX:1", " "]
)
def test_nonsense_numbers_do_not_exist(world, exports, sign_in, number, path):
    job = exports.make("finance", status="ready")
    client = sign_in("finance")
    assert client.get(f"{PAGE}{number}{path}").status_code == 404
    assert client.get(f"{PAGE}{job.job_no}{number}{path}").status_code == 404


def test_a_right_that_is_taken_away_counts_at_once(world, exports, sign_in):
    job = exports.make("operator", "orders", "failed")
    client = sign_in("finance")
    assert client.get(f"{PAGE}{job.job_no}/").status_code == 200
    with world.scope("finance"):
        set_roles(user=world.user("finance"), roles=["operator"], actor=None)
    assert client.get(f"{PAGE}{job.job_no}/").status_code == 404


# --- how many queries -----------------------------------------------------------------------------------
def test_a_detail_asks_the_database_seldom(world, exports, sign_in):
    """Session, reader and rights; the position among events, the export, its log, attempts, chain, queue, downloads,
    links, and what the reader has folded."""
    job = exports.make("admin", status="failed")
    client = sign_in("admin")
    second = post(client, f"{API}/{job.job_no}/retry").json()["new_job_id"]
    log(world, job, *(f"line {number}" for number in range(120)))
    for number in (job.job_no, second):
        queries = asked_by(client, f"{number}/")
        assert len(queries) <= 13, "\n".join(queries)
