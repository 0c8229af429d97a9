"""Files that are no tables, and tables as people have them, through the whole import: each gets a clear answer, and
after a refusal nothing is there (SPEC B7, issue 6 “Bad input”)."""

import io
import re
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pytest
from django.conf import settings
from django.db import connection
from django.utils import translation

from exportcenter.common.errors import BodyTooLarge, InvalidParameters, StateConflict
from jobs import storage
from jobs.imports import files, services
from jobs.imports.reading.errors import UnreadableFile
from jobs.imports.reading.texts import FAULTS
from jobs.models import ImportFile, ImportRow
from jobs.records.models import Member, Order
from tests.jobs.imports import runs
from tests.jobs.imports.reading.hostile import FILES
from tests.jobs.imports.reading.workbooks import FOOT, HEAD, packed, parts, workbook
from tests.jobs.records.samples import member

MIB = 1 << 20
SECONDS = 10
FURTHER_DOWN = {
    "xml not closed",
    "comment of 30 MiB",
    "nul",
    "quote never closed",
    "cell of 3 MiB",
    "cell of 3 MiB in many lines",
    "20,000 columns in row 3",
    "millions of commas",
}
"""Files whose header is sound: that something is wrong is found when their rows are read."""
ELSEWHERE = {name for name in FILES if "1 GB" in name} | {
    "wrong byte at the end of 60 MB",
    "quote never closed, 100 MB",
}
"""Too much to be written for one test: smaller ones of the kind are below."""


def blocks(name, folder):
    """The file as it comes over the wire."""
    content = FILES[name][0]
    if not callable(content):
        yield content
        return
    path = folder / "made"
    content(path)
    with path.open("rb") as source:
        while block := source.read(MIB):
            yield block
    path.unlink()


def says(job, reason):
    """Whether the job tells this reason, in its owner's language."""
    with translation.override("zh-hans"):
        sentence = translation.gettext(FAULTS[reason][0])
    return all(piece in job.error_message for piece in re.split(r"%\(\w+\)s", sentence))


def stored():
    """Everything that files leave behind: rows, objects in the store, spool files."""
    return (
        ImportFile.objects.count(),
        {key for key in storage._keys() if key.startswith(storage.IMPORTS)},
        set(Path(settings.SPOOL_DIR).glob("*")),
    )


@contextmanager
def nothing_stays(world, error, *, name="operator"):
    """What happens inside raises ``error`` soon, and leaves nothing behind."""
    with world.scope(name):
        Path(settings.SPOOL_DIR).mkdir(parents=True, exist_ok=True)
        before = stored()
        begun = time.monotonic()
        with pytest.raises(error) as caught:
            yield caught
        assert time.monotonic() - begun < SECONDS
        assert stored() == before


class TestRefusedAtOnce:
    """Nobody gets as far as choosing columns."""

    @pytest.mark.parametrize("name", [name for name in FILES if name not in FURTHER_DOWN | ELSEWHERE])
    def test_no_table(self, world, tmp_path, name):
        reason = FILES[name][1]
        with nothing_stays(world, UnreadableFile) as caught:
            files.keep_file(blocks(name, tmp_path), name="members.csv", actor=world.user("operator"))
        error = caught.value
        assert reason in (error.reason, "*")
        assert (error.status, error.code) == (422, "UNREADABLE_FILE")
        assert error.message
        assert error.advice
        assert error.reason not in ("CRASHED", "KILLED")

    def test_a_gigabyte_of_one_line(self, world):
        """It is told long before all of it has come."""
        taken = []

        def endless():
            for number in range(1024):
                taken.append(number)
                yield b"x" * MIB

        with nothing_stays(world, BodyTooLarge) as caught:
            files.keep_file(endless(), name="line.csv", actor=world.user("operator"))
        assert caught.value.status == 413
        assert "500" in caught.value.message
        assert len(taken) == 501

    def test_a_line_that_just_fits(self, world, settings):
        settings.IMPORT_FILE_BYTES = 50 * MIB
        with nothing_stays(world, UnreadableFile) as caught:
            files.keep_file([b"x" * MIB] * 50, name="line.csv", actor=world.user("operator"))
        assert caught.value.reason == "LINE_TOO_LONG"

    @pytest.mark.parametrize("depth", [1, 3])
    def test_a_zip_within_a_zip(self, world, depth):
        content = workbook()
        for _number in range(depth):
            made = io.BytesIO()
            with zipfile.ZipFile(made, "w") as archive:
                archive.writestr("members.xlsx", content)
            content = made.getvalue()
        with nothing_stays(world, UnreadableFile) as caught:
            files.keep_file([content], name="members.xlsx", actor=world.user("operator"))
        assert caught.value.reason == "ZIP"

    def test_whoever_breaks_off_leaves_nothing(self, world):
        def broken():
            yield b"member_no,name\n"
            raise ConnectionResetError

        with nothing_stays(world, ConnectionResetError):
            files.keep_file(broken(), name="m.csv", actor=world.user("operator"))

    def test_a_store_that_refuses_leaves_nothing(self, world, monkeypatch):
        def refuse(*_any, **_others):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(storage, "_link", refuse)
        with nothing_stays(world, storage.StorageTrouble):
            files.keep_file([b"member_no,name\nM1,A\n"], name="m.csv", actor=world.user("operator"))

    def test_a_name_is_only_a_name(self, world):
        with world.scope("operator"):
            kept = files.keep_file(
                [b"member_no,name\nM1,A\n"], name="../../etc/pass\0wd\n.csv", actor=world.user("operator")
            )
            assert kept.name == "passwd.csv"
            assert "passwd" not in kept.key
            storage.delete(kept.key)


class TestFoundFurtherDown:
    """The check fails with the reason; no row has been written, and none can be."""

    @pytest.mark.parametrize("name", sorted(FURTHER_DOWN))
    def test_the_check_fails(self, live, tmp_path, name):
        with live.scope("platform"):
            member("1", name="旧名")
        with live.scope("operator"):
            kept = files.keep_file(blocks(name, tmp_path), name="m.csv", actor=live.user("operator"))
            columns = (
                {0: "member_no", 1: "name"} if len(files.glance(kept, files.choices_of({})).facts.header) > 1 else None
            )
            request = {"file_id": kept.pk, "dataset": "members", "mode": "update", "actor": live.user("admin")}
        with live.scope("admin"):
            ImportFile.objects.filter(pk=kept.pk).update(owner=live.user("admin"))
            if columns is None:
                with pytest.raises(InvalidParameters) as refused:
                    services.request_import(**request)
                assert "mapping" in refused.value.details
                return
            job = services.request_import(columns=columns, **request)
        begun = time.monotonic()
        job = runs.run(live, job)
        assert time.monotonic() - begun < SECONDS
        assert (job.status, job.error_code) == ("failed", "UNREADABLE_FILE")
        assert says(job, FILES[name][1])
        with live.scope("admin"):
            with pytest.raises(StateConflict):
                services.confirm_import(job.job_no, actor=live.user("admin"))
            assert list(Member.objects.values_list("member_no", "name")) == [("1", "旧名")]

    @pytest.mark.parametrize(("end", "reason"), [(b"\0", "NUL_BYTE"), (b"\xff\xff", "BAD_BYTE")])
    def test_after_thousands_of_good_rows(self, live, end, reason):
        """Nothing of the good rows is written either."""
        rows = "".join(f"M{number:05d},{'张' * 50},华东\n" for number in range(3_000))
        job = runs.run(live, runs.ask(live, "operator", f"会员号,姓名,地区\n{rows}坏,".encode() + end))
        assert (job.status, job.error_code) == ("failed", "UNREADABLE_FILE")
        assert says(job, reason)
        assert "3002" in job.error_message.replace(",", "")
        with live.scope("platform"):
            assert Member.objects.count() == 0


def book(*rows):
    """A workbook of these rows: numbers as numbers, texts as texts."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


HEADER = ["会员号", "姓名", "地区", "积分", "生日", "注册时间"]
ROW = ["M1", "张三", "华东", "10", "2025-01-03", "2025-01-03 09:05"]


def text(**cells):
    """One row as CSV, with some cells changed."""
    row = [cells.get(heading, value) for heading, value in zip(HEADER, ROW, strict=True)]
    return (",".join(HEADER) + "\n" + ",".join(f'"{cell}"' for cell in row) + "\n").encode()


def sheet(**cells):
    """The same as a workbook, cells as they are given."""
    return book(HEADER, [cells.get(heading, value) for heading, value in zip(HEADER, ROW, strict=True)])


ONE_IN_A_HUGE_SHEET = packed(
    parts()
    | {
        "xl/worksheets/sheet1.xml": HEAD.replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
        + '<row r="1"><c t="inlineStr"><is><t>会员号</t></is></c><c t="inlineStr"><is><t>姓名</t></is></c>'
        '<c t="inlineStr"><is><t>地区</t></is></c></row>'
        '<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>M1</t></is></c><c t="inlineStr"><is><t>张三</t></is></c>'
        '<c t="inlineStr"><is><t>华东</t></is></c></row>' + FOOT
    }
)


def merged():
    made = openpyxl.Workbook()
    made.active.append(["会员号", "姓名", "地区"])
    made.active.append(["M1", "张三", "华东"])
    made.active.append(["M2", "李四", "华东"])
    made.active.merge_cells("C2:C3")
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


UNDERSTOOD = {
    "mixed line ends": ("会员号,姓名,地区\r\nM1,张三,华东\rM2,李四,华东\nM3,王五,华东".encode(), {"name": "张三"}, 3),
    "slashes in a date": (text(生日="2025/1/3"), {"birthday": "2025-01-03"}, 1),
    "a Chinese date": (text(生日="2025年1月3日"), {"birthday": "2025-01-03"}, 1),
    "a serial number in a workbook": (sheet(生日=45000), {"birthday": "2023-03-15"}, 1),
    "full-width digits": (text(积分="１２３", 会员号="Ｍ１"), {"points": 123}, 1),
    "grouped thousands": (text(积分="1,234.00"), {"points": 1234}, 1),
    "trailing spaces": (text(会员号="M1  ", 姓名="　张三 ", 积分=" 10 "), {"name": "张三", "points": 10}, 1),
    "a sheet that claims to be huge": (ONE_IN_A_HUGE_SHEET, {"name": "张三"}, 1),
    "two columns of one heading": (
        "会员号,姓名,地区,姓名\nM1,张三,华东,别名\n".encode(),
        {"name": "张三"},
        1,
    ),
    "a column without heading": ("会员号,,姓名,地区\nM1,x,张三,华东\n".encode(), {"name": "张三"}, 1),
}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_understood(live, name):
    content, expected, rows = UNDERSTOOD[name]
    begun = time.monotonic()
    job = runs.run(live, runs.ask(live, "operator", content))
    assert time.monotonic() - begun < SECONDS
    assert (job.status, job.problems, runs.counts(job).to_create) == ("review", [], rows)
    runs.confirm(live, job)
    with live.scope("platform"):
        found = Member.objects.get(member_no="M1")
        assert {key: type(value)(getattr(found, key)) for key, value in expected.items()} == expected


NUMBERS = {"leading zeros": "0012", "18 digits": "123456789012345678", "full width": "００１２"}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("make", [text, sheet])
def test_numbers_stay_whole(live, make, name):
    runs.confirm(live, runs.run(live, runs.ask(live, "operator", make(会员号=NUMBERS[name]))))
    with live.scope("platform"):
        assert Member.objects.get().member_no == NUMBERS[name].translate(
            {code: code - 0xFEE0 for code in range(0xFF10, 0xFF1A)}
        )


EXPLAINED = {
    "18 digits, shortened": (text(会员号="1.23457E+17"), ("member_no", "SCIENTIFIC")),
    "18 digits as a number of a workbook": (sheet(会员号=123456789012345678), ("member_no", "LOST_DIGITS")),
    "a day of several": (text(生日="3-1-25"), ("birthday", "AMBIGUOUS_DATE")),
    "a serial number in a text": (text(生日="45000"), ("birthday", "NOT_A_DATE")),
    "a decimal where none can be": (text(积分="1,234.50"), ("points", "NOT_WHOLE")),
    "a formula without value": (sheet(姓名="=1+1"), ("name", "NO_CACHED_VALUE")),
    "an error in a cell": (sheet(姓名="#N/A"), ("name", "CELL_ERROR")),
    "a cell too few": ("会员号,姓名,地区,等级\nM1,张三,华东\n".encode(), ("", "TOO_FEW_CELLS")),
    "a cell too many": ("会员号,姓名,地区\nM1,张,三,华东\n".encode(), ("region", "NOT_A_CHOICE")),
    "a text too long": (text(姓名="长" * 51), ("name", "TOO_LONG")),
}


@pytest.mark.parametrize("name", EXPLAINED)
def test_explained(live, name):
    content, expected = EXPLAINED[name]
    job = runs.run(live, runs.ask(live, "operator", content))
    assert job.status == "review"
    assert expected in [each[1:] for each in runs.faults(live, job)]
    assert runs.counts(job).valid == 0
    with live.scope("operator"), pytest.raises(StateConflict):
        services.confirm_import(job.job_no, actor=live.user("operator"))
    with live.scope("platform"):
        assert Member.objects.count() == 0


@pytest.mark.parametrize("amount", ["1,234.50", "￥1,234.50", "１２３４．５０", "1234.5元", "1.2345E3"])
def test_amounts(live, amount):
    content = f'订单号,买家,地区,商品,SKU,金额\n0001,张三,华东,茶,S1,"{amount}"\n'.encode()
    runs.confirm(live, runs.run(live, runs.ask(live, "operator", content, dataset="orders")))
    with live.scope("platform"):
        assert [(order.order_no, str(order.amount)) for order in Order.objects.all()] == [("0001", "1234.50")]


def test_merged_cells_have_their_value_once(live):
    job = runs.run(live, runs.ask(live, "operator", merged()))
    assert runs.faults(live, job) == [(3, "region", "REQUIRED")]


def test_missing_headings_are_named(live):
    kept = runs.send(live, "operator", "甲,乙\n1,2\n".encode())
    with live.scope("operator"), translation.override("zh-hans"), pytest.raises(InvalidParameters) as refused:
        services.request_import(file_id=kept.pk, dataset="members", mode="create", actor=live.user("operator"))
    assert all(title in refused.value.details["mapping"][0] for title in ("会员号", "姓名", "区域"))


def test_no_cell_reaches_the_database_as_anything_but_a_value(live):
    """Texts that would be SQL, markup or JSON are texts."""
    nasty = "'); DROP TABLE records_member; --"
    content = f'会员号,姓名,地区,备注\nM1,"{nasty}",华东,"{{""a"": [1]}} <script> %s %(x)s \\x00 \\u0000"\n'.encode()
    job = runs.run(live, runs.ask(live, "operator", content))
    assert job.problems == []
    runs.confirm(live, job)
    with live.scope("platform"):
        found = Member.objects.get()
        assert (found.name, found.note) == (nasty, '{"a": [1]} <script> %s %(x)s \\x00 \\u0000')
        assert ImportRow.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('records_member') IS NOT NULL")
        assert cursor.fetchone()[0]
