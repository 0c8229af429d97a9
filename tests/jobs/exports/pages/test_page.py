"""导出中心: who gets the page, whose exports stand in it, what can be done to them, and what its parts answer."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.exports.pages import cards
from jobs.models import ExportJob
from jobs.pages import saved_views
from tests.exports_helpers import API, Exports, post
from tests.jobs.exports.pages.html import Element, read

PAGE = "/admin/exports/"
LIST = {"HTTP_X_PART": "list"}
STATUSES = ("queued", "processing", "ready", "failed", "canceled", "expired")
PLATFORM = ("admin", "finance", "risk", "operator")
WORDS = {
    "no file": "文件尚未生成。",
    "ended": "任务已结束，没有生成文件。",
    "gone": "文件已过期，请重新生成。",
    "amount": "金额类文件仅财务与管理员可下载，请联系管理员开通权限。",
    "risk": "风控类文件仅风控与管理员可下载，请联系管理员开通权限。",
    "moving": "任务尚未结束。",
    "over": "任务已结束，或正在取消。",
    "not waiting": "只有排队中的任务可以加速。",
    "not own": "仅发起人或管理员可以执行此操作。",
    "admin": "仅管理员可将导出移入加速通道。",
}
ICONS = {"download": "download", "lock": "download", "replay": "retry", "block": "cancel", "bolt": "accelerate"}
TITLES = {"download": "下载", "retry": "重试", "cancel": "取消导出", "accelerate": "加速"}
RETRY_TITLES = {"canceled": "重新导出", "expired": "重新生成"}
with open(Path(__file__).parent / "data" / "buttons.csv", newline="") as _file:
    BUTTONS = list(csv.DictReader(_file))


def page(client: Client, query: str = "?view=all", **headers: str) -> Element:
    response = client.get(f"{PAGE}{query}", **headers)
    assert response.status_code == 200, response.content[:500]
    return read(response)


def rows(found: Element) -> list[Element]:
    return found.all("tr", data_job=True)


def numbers(found: Element) -> list[str]:
    return [row.attrs["data-job"] for row in rows(found)]


def total(found: Element) -> int:
    return int(found.one("span", id="loaded").attrs["data-total"])


# --- who ------------------------------------------------------------------------------------------------
PATHS = ("", "rows", "cards", "active", "{}/", "{}/live", "{}/log", "{}/preview", "{}/download")


@pytest.mark.parametrize("name", [*PLATFORM, "nobody", "acme_admin", "acme_manager", "acme_user"])
def test_who_gets_the_page(world, exports, sign_in, name):
    job = exports.make(name, "members", "ready")
    client = sign_in(name)
    for path in PATHS:
        expected = 200 if name in PLATFORM else 403
        if expected == 200 and path == "{}/download":
            expected = 302
        assert client.get(PAGE + path.format(job.job_no)).status_code == expected, path


def test_strangers_are_asked_to_sign_in(exports, world):
    job = exports.make("finance", status="ready")
    for path in PATHS:
        response = Client().get(PAGE + path.format(job.job_no))
        assert response.status_code == 302, path
        assert response["Location"].startswith("/admin/login/?next=/admin/exports/"), path


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_pages_only_show(world, exports, sign_in, method):
    job = exports.make("admin")
    client = sign_in("admin")
    for path in PATHS:
        assert getattr(client, method)(PAGE + path.format(job.job_no)).status_code == 405, path


def test_whose_exports_each_sees(world, exports, sign_in):
    """By hand: admin all of the company, finance every amount, risk every risk, everybody the own ones."""
    made = {
        (name, dataset): exports.make(name, dataset).job_no
        for name in ("admin", "finance", "risk", "operator", "operator2", "acme_admin", "globex_admin")
        for dataset in ("orders", "risk_hits", "members")
    }
    ours = {key for key in made if key[0] not in ("acme_admin", "globex_admin")}
    expected = {
        "admin": ours,
        "finance": {key for key in ours if key[1] == "orders" or key[0] == "finance"},
        "risk": {key for key in ours if key[1] == "risk_hits" or key[0] == "risk"},
        "operator": {key for key in ours if key[0] == "operator"},
    }
    for name, keys in expected.items():
        client = sign_in(name)
        wanted = {made[key] for key in keys}
        shown = page(client)
        assert set(numbers(shown)) == wanted, name
        assert total(shown) == len(wanted)
        # by name, the others' stay hidden
        only = client.get(f"{PAGE}rows", {"only": ",".join(made.values())})
        assert set(numbers(read(only))) == wanted, name


def _ago(**units: float) -> datetime:
    return timezone.now() - timedelta(**units)


# --- what can be done -----------------------------------------------------------------------------------
def buttons(row: Element) -> tuple[str, dict[str, str]]:
    """(primary, button → y or the reason) of a row, as a person meets them; the title must be right, too."""
    cell = row.one("td", classes="ec-cell-doings")
    found: dict[str, str] = {}
    first = next(one for one in cell.all() if one.tag in ("a", "button"))
    for one in [first, *cell.one("div", role="menu").all(role="menuitem")]:
        key = ICONS.get(one.one("span", classes="ec-icon").raw)
        if key is None or one.attrs.get("data-do") in ("open", "copy-link", "copy-curl", "copy-python"):
            continue
        title = RETRY_TITLES.get(row.attrs["data-status"], TITLES[key]) if key == "retry" else TITLES[key]
        assert one.text.startswith(title), (key, one.text)
        if one.attrs.get("aria-disabled") == "true":
            assert "data-do" not in one.attrs
            assert "href" not in one.attrs
            assert one.attrs["data-reason"] == one.attrs["title"] != ""
            said = one.attrs["data-reason"]
        else:
            assert (one.attrs["data-do"], one.attrs["data-job"]) == (key, row.attrs["data-job"])
            assert (one.tag == "a") is (key == "download")
            said = "y"
        assert found.setdefault(key, said) == said
    return ICONS[first.one("span", classes="ec-icon").raw], found


def test_the_table_of_buttons_is_complete():
    keys = [(row["role"], row["whose"], row["dataset"], row["status"]) for row in BUTTONS]
    assert len(set(keys)) == len(keys) == 13 * 6
    assert {row["role"] for row in BUTTONS} == set(PLATFORM)
    assert {row["status"] for row in BUTTONS} == set(STATUSES)
    said = {row[key] for row in BUTTONS for key in TITLES}
    assert said == {"y", *WORDS}


@pytest.mark.parametrize("role", PLATFORM)
def test_buttons_say_what_the_table_says(world, exports, sign_in, role):
    lines = [row for row in BUTTONS if row["role"] == role]
    lines.sort(key=lambda line: line["status"] == "processing")  # those keep their slots
    made = {
        exports.make(role if line["whose"] == "own" else "operator2", line["dataset"], line["status"]).job_no: line
        for line in lines
    }
    client = sign_in(role)
    shown = rows(read(client.get(f"{PAGE}rows", {"only": ",".join(made)})))
    assert {row.attrs["data-job"] for row in shown} == set(made)
    wrong = []
    for row in shown:
        line = made[row.attrs["data-job"]]
        expected = {key: WORDS.get(line[key], line[key]) for key in TITLES}
        if buttons(row) != (line["primary"], expected):
            wrong.append((line, buttons(row)))
    assert wrong == []


def test_a_file_that_is_over_in_fact_but_not_yet_in_name(world, exports, sign_in):
    """The sweep comes by every few seconds; until then the row's own time counts."""
    job = exports.make("finance", status="ready", expires_at=_ago(minutes=1))
    (row,) = rows(page(sign_in("finance")))
    assert row.attrs["data-job"] == job.job_no
    primary, said = buttons(row)
    assert (primary, said["download"]) == ("download", WORDS["gone"])


def test_one_that_is_being_canceled_says_so_and_cannot_be_canceled_again(world, exports, sign_in):
    job = exports.make("finance", status="processing")
    client = sign_in("finance")
    assert post(client, f"{API}/{job.job_no}/cancel").status_code == 200
    (row,) = rows(page(client))
    assert row.one("span", classes="ec-status-words").text == "正在取消"
    assert buttons(row)[1]["cancel"] == WORDS["over"]


@pytest.mark.parametrize("name", PLATFORM)
def test_delete_expired_and_the_fast_lane_are_admins(world, sign_in, name):
    found = page(sign_in(name))
    may = name == "admin"
    assert len(found.all("button", id="delete-expired")) == may
    assert len(found.all("button", data_bulk="accelerate")) == may
    assert len(found.all("button", data_reason="仅管理员可删除已过期的导出。")) == (not may)


# --- what a row says ------------------------------------------------------------------------------------
def test_rows_say_status_in_words_and_what_comes_next(world, exports, sign_in):
    made = {status: exports.make("finance", status=status) for status in STATUSES}
    second = exports.make("finance")
    found = {row.attrs["data-job"]: row for row in rows(page(sign_in("finance")))}

    def said(job: ExportJob) -> tuple[str, str]:
        cell = found[job.job_no].one("td", data_col="status")
        notes = cell.all("span", classes="ec-note")
        return cell.one("span", classes="ec-status-words").text, notes[0].text if notes else ""

    assert said(made["queued"]) == ("排队中", "即将开始")
    assert said(second) == ("排队中", "前面还有 1 个")
    assert said(made["processing"]) == ("写入文件", "")
    assert said(made["ready"])[0] == "完成"
    assert said(made["ready"])[1] in ("剩余 59 分钟", "剩余 1 小时")
    assert said(made["failed"]) == ("失败", "Job exceeded 20m limit")
    assert said(made["canceled"]) == ("已取消", "")
    assert said(made["expired"])[0] == "已过期"
    bar = found[made["processing"].job_no].one(role="progressbar")
    assert (bar.attrs["aria-valuenow"], bar.attrs["aria-valuetext"]) == ("65", "65% · 65 / 100 行")
    created = found[made["ready"].job_no].one("td", data_col="created").one("time")
    assert created.text.startswith(("今天 ", "昨天 "))
    assert created.attrs["title"] == created.attrs["datetime"]


def test_at_the_limit_a_row_says_why_it_waits(world, exports, sign_in):
    for _number in range(3):
        exports.make("finance", status="processing")
    job = exports.make("finance")
    client = sign_in("finance")
    (row,) = rows(read(client.get(f"{PAGE}rows", {"only": job.job_no})))
    assert row.one("span", classes="ec-note").text == "发起人已有 3 个任务在运行，本任务将自动开始"


def test_unknown_rows_are_counted_instead_of_guessed(world, exports, sign_in):
    job = exports.make("finance", status="processing")
    with world.scope("finance"):
        ExportJob.objects.filter(pk=job.pk).update(rows_expected=None, rows_done=1234567)
    (row,) = rows(page(sign_in("finance")))
    bar = row.one(role="progressbar")
    assert "aria-valuenow" not in bar.attrs
    assert bar.attrs["aria-valuetext"] == "1,234,567 行"


# --- parts ----------------------------------------------------------------------------------------------
def test_the_first_day_offers_what_one_may_export(world, sign_in):
    empty = page(sign_in("finance")).one("div", id="empty")
    assert "还没有导出任务。选择一个数据集开始" in empty.text
    keys = {tile.attrs["data-new-export"] for tile in empty.all("button", classes="ec-tile")}
    assert {"orders", "members", "risk_hits"} <= keys


def test_nothing_fits_offers_the_way_back(world, exports, sign_in):
    exports.make("finance")
    empty = page(sign_in("finance"), "?status=failed").one("div", id="empty")
    assert "没有符合条件的任务" in empty.text
    assert empty.one("a", data_soft=True).attrs["href"] == "?view=all"
    assert empty.all("button", classes="ec-tile") == []


def test_filters_that_are_set_are_said_in_words(world, exports, sign_in):
    found = page(sign_in("finance"), "?period=7d&status=failed&status=ready&type=orders&file_type=csv&mb_min=1.5&q=E2")
    chips = {chip.text for chip in found.all("a", classes="ec-applied-one")}
    assert chips == {
        "创建时间 近 7 天", "状态 失败, 完成", "类型 订单", "文件类型 CSV", "大小下限 1.5", "任务号开头 E2",
    }  # fmt: skip
    form = found.one("form", id="filter-form")
    ticked = {(one.attrs["name"], one.attrs["value"]) for one in form.all("input", checked=True)}
    assert ticked == {
        ("period", "7d"), ("status", "failed"), ("status", "ready"), ("type", "orders"), ("file_type", "csv"),
    }  # fmt: skip
    assert form.one("input", name="mb_min").attrs["value"] == "1.5"


def test_the_list_alone(world, exports, sign_in):
    job = exports.make("finance")
    client = sign_in("finance")
    response = client.get(f"{PAGE}?view=all", **LIST)
    found = read(response)
    assert found.all("html") == found.all("nav") == found.all(id="cards") == found.all(id="center-boot") == []
    assert found.one("aside", id="filters")
    assert numbers(found.one("section", id="list")) == [job.job_no]
    assert len(response.content) < len(client.get(f"{PAGE}?view=all").content) / 1.5


def test_the_query_of_the_list_is_its_own_address(world, exports, sign_in):
    client = sign_in("finance")
    address = page(client, "?status=failed&ordering=file_size").one("section", id="list").attrs["data-query"]
    assert page(client, address).one("section", id="list").attrs["data-query"] == address
    assert page(client, "").one("section", id="list").attrs["data-query"] == "?view=all"


@pytest.mark.parametrize("ordering", ["-created_at", "created_at", "finished_at", "-file_size"])
def test_every_export_once_while_new_ones_arrive(world, exports, sign_in, ordering):
    made = [exports.make("finance", status=STATUSES[number % 6 if number % 6 != 1 else 0]) for number in range(107)]
    client = sign_in("finance")
    found = page(client, f"?view=all&ordering={ordering}")
    seen, walks = numbers(found), 0
    while cursors := found.all("tr", data_cursor=True):
        exports.make("finance")
        answer = client.get(
            f"{PAGE}rows", {"view": "all", "ordering": ordering, "cursor": cursors[0].attrs["data-cursor"]}
        )
        assert answer.status_code == 200
        found = read(answer)
        seen += numbers(found)
        walks += 1
    assert walks >= 3
    assert len(seen) == len(set(seen))
    assert {job.job_no for job in made} <= set(seen)


@pytest.mark.parametrize(
    "only", ["", ",", "E1", "\0", "x" * 10_000, ",".join(["E1"] * 5000), "E%", "' OR 1=1 --", "💥"]
)
def test_only_of_nothing_is_nothing(world, exports, sign_in, only):
    exports.make("finance")
    answer = sign_in("finance").get(f"{PAGE}rows", {"only": only})
    assert (answer.status_code, rows(read(answer))) == (200, [])


def test_active_counts_the_own_ones(world, exports, sign_in):
    client = sign_in("finance")
    assert client.get(f"{PAGE}active").json() == {"running": 0, "queued": 0, "percent": None, "jobs": []}
    first, second = exports.make("finance", status="processing"), exports.make("finance", status="processing")
    with world.scope("finance"):
        ExportJob.objects.filter(pk=second.pk).update(rows_done=20)
    waiting = exports.make("finance")
    exports.make("operator")
    exports.make("finance", status="ready")
    told = client.get(f"{PAGE}active").json()
    assert told == {
        "running": 2,
        "queued": 1,
        "percent": (65 + 20) // 2,
        "jobs": [first.job_no, second.job_no, waiting.job_no],
    }


# --- how many queries -----------------------------------------------------------------------------------
MOST_QUERIES = 12
OF_TRANSACTIONS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "SELECT set_config")
"""Not questions: they begin and end a transaction and say whose rows it sees."""


def asked_by(client: Client, path: str) -> list[str]:
    """What the answer asks the database, session, reader and rights included."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(PAGE + path).status_code == 200
    return [query["sql"] for query in queries if not query["sql"].startswith(OF_TRANSACTIONS)]


def _fill(exports: Exports, rounds: int) -> None:
    for _number in range(rounds):
        for status in ("queued", "ready", "failed", "canceled", "expired"):
            for name in ("operator", "admin", "finance"):
                exports.make(name, "orders", status)


@pytest.mark.parametrize("name", ["operator", "admin", "finance"])
def test_the_page_asks_the_database_seldom(world, exports, sign_in, name):
    _fill(exports, 5)
    exports.make("operator", "orders", "processing")
    client = sign_in(name)
    with world.scope(name):
        user = world.user(name)
        view = saved_views.create_view(page="exports", name="我的", query={"type": ["orders"]}, actor=user)
        saved_views.make_default(str(view.pk), actor=user)
    queries = asked_by(client, "")
    assert len(queries) <= MOST_QUERIES, "\n".join(queries)
    found = page(client, "")
    assert len(rows(found)) == 20
    assert found.one("div", id="views").attrs["data-name"] == "我的"
    assert any(row.attrs["data-status"] == "queued" for row in rows(found))


def test_queries_do_not_grow_with_rows(world, exports, sign_in):
    client = sign_in("admin")
    for name in ("admin", "finance", "operator"):
        exports.make(name)
    paths = ("?view=all", "rows?view=all")
    few = {path: len(asked_by(client, path)) for path in paths}
    cards._memory.clear()
    _fill(exports, 4)
    assert {path: len(asked_by(client, path)) for path in paths} == few
