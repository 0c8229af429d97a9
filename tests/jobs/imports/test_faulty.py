"""The faulty rows come back as a file of their own kind; corrected, it goes through (SPEC B2, issue 6.3)."""

import csv
import io
import json
import tracemalloc
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from django.conf import settings
from django.utils.translation import override

from exportcenter.common.errors import Gone, NotFound
from jobs.imports import forgetting
from jobs.imports.faulty import faulty_file
from jobs.models import ImportFile, ImportRow
from jobs.records.models import Member
from tests.jobs.imports import runs
from tests.jobs.imports.reading.workbooks import of_rows

HEADER = ["会员号", "姓名", "等级", "积分", "我的备注", "注册时间", "地区"]
GOOD = ["M001", "张三", "金卡", "10", "好", "2025-01-03 10:20:00", "华东"]
FAULTY = ["0007", "=cmd|'/c calc'!A0", "黄金", "-5", 'a,b;"c"\n第二行', "2025-01-04", "华北"]


def checked(world, content, called, **request):
    return runs.run(world, runs.ask(world, "admin", content, called=called, **request))


def faulty(world, job, language="zh-hans"):
    """(name, content type, content) of the file; nothing of it stays."""
    with world.scope("platform"), override(language), faulty_file(runs.fresh(world, job)) as made:
        content = made.path.read_bytes()
        assert made.size == len(content)
        path = made.path
    assert not path.exists()
    return made.name, made.content_type, content


def delimited(rows, delimiter=","):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def texts(rows):
    """A workbook of texts, whatever they begin with."""
    book = openpyxl.Workbook()
    for at, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            book.active.cell(at, column, value).data_type = "s"
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def objects(rows):
    return [dict(zip(HEADER, row, strict=True)) for row in rows]


FORMATS = {
    "csv": lambda rows: delimited(rows).encode(),
    "csv with a mark": lambda rows: delimited(rows).encode("utf-8-sig"),
    "csv of a Chinese Excel": lambda rows: delimited(rows).encode("gb18030"),
    "csv with semicolons": lambda rows: delimited(rows, ";").encode(),
    "csv in utf-16": lambda rows: delimited(rows).encode("utf-16"),
    "tsv": lambda rows: delimited(rows, "\t").encode(),
    "xlsx": texts,
    "json": lambda rows: json.dumps(objects(rows[1:])).encode(),
    "ndjson": lambda rows: "\n".join(json.dumps(each, ensure_ascii=False) for each in objects(rows[1:])).encode(),
}


def table(content, kind):
    """The rows of a file of ours as texts."""
    if kind == "xlsx":
        rows = openpyxl.load_workbook(io.BytesIO(content), read_only=True).worksheets[0].iter_rows(values_only=True)
        return [list(row) for row in rows]
    if "json" in kind:
        found = json.loads(content) if kind == "json" else [json.loads(line) for line in content.splitlines()]
        return [list(found[0]), *(list(each.values()) for each in found)]
    encoding = {"csv of a Chinese Excel": "gb18030", "csv in utf-16": "utf-16"}.get(kind, "utf-8-sig")
    delimiter = {"tsv": "\t", "csv with semicolons": ";"}.get(kind, ",")
    return list(csv.reader(io.StringIO(content.decode(encoding), newline=""), delimiter=delimiter))


@pytest.mark.parametrize("kind", FORMATS)
def test_back_in_the_same_format_and_through_again(live, kind):
    job = checked(live, FORMATS[kind]([HEADER, GOOD, FAULTY]), f"会员.{kind.split()[0]}")
    assert runs.faults(live, job) == [(3 if "json" not in kind else 2, "level", "NOT_A_CHOICE")]
    name, content_type, content = faulty(live, job)
    assert name == f"会员_待修正的行.{kind.split()[0]}"
    header, row = table(content, kind)
    assert header == [*HEADER, "错误"]
    guard = "'" if kind.startswith(("csv", "tsv")) else ""
    assert row[:7] == [FAULTY[0], guard + FAULTY[1], *FAULTY[2:]]
    assert row[7].startswith("等级：这里不能填“黄金”。")
    assert ("utf-8" in content_type) == (kind in ("csv", "csv with a mark", "csv with semicolons", "tsv"))

    # sent again as it is: the same problem, nothing more, and no column asked about
    again = checked(live, content, name)
    assert (again.facts["kind"], again.mapping) == (job.facts["kind"], job.mapping)
    assert [each[1:] for each in runs.faults(live, again)] == [("level", "NOT_A_CHOICE")]
    assert table(faulty(live, again)[2], kind) == [header, row]

    # corrected
    rows = table(content, kind)
    rows[1][2] = "金卡"
    if kind == "xlsx":
        content = texts(rows)
    elif "json" in kind:
        content = json.dumps([dict(zip(*rows, strict=True))]).encode()
    else:
        content = delimited(rows, job.facts["delimiter"]).encode("utf-8-sig")
    done = runs.confirm(live, checked(live, content, name))
    assert (done.status, done.counts["created"]) == ("ready", 1)
    with live.scope("platform"):
        member = Member.objects.get()
    assert (member.member_no, member.name, member.points) == ("0007", "=cmd|'/c calc'!A0", -5)


def test_only_faulty_rows_each_with_all_its_faults(live):
    rows = [
        [f"M{number}", "", "黄金", "x", "", "3-1-25", "华东"] if number % 3 else [f"M{number}", *GOOD[1:]]
        for number in range(9)
    ]
    job = checked(live, delimited([HEADER, *rows]).encode(), "members.csv")
    _name, _type, content = faulty(live, job, "en")
    header, *found = table(content, "csv")
    assert header[-1] == "Errors"
    assert [row[0] for row in found] == ["M1", "M2", "M4", "M5", "M7", "M8"]
    told = found[0][-1]
    for heading in ("姓名: ", "等级: ", "积分: ", "注册时间: "):
        assert heading in told
    assert "“x” is no number" in told


def test_numbers_dates_and_truths_stay_what_they_are(live):
    header = ["会员号", "姓名", "等级", "积分", "余下", "注册时间", "生日", "开关", "地区"]
    moment, day = datetime(2025, 1, 3, 10, 20, 30), date(1999, 12, 31)
    job = checked(live, of_rows([header, ["M1", 123456, "黄金", 12, 0.1, moment, day, True, "华东"]]), "m.xlsx")
    _name, _type, content = faulty(live, job)
    row = table(content, "xlsx")[1]
    assert row[:8] == ["M1", 123456, "黄金", 12, 0.1, moment, datetime(1999, 12, 31), True]
    again = checked(live, content, "m.xlsx")
    with live.scope("platform"):
        first, second = (ImportRow.objects.get(job_id=each.pk) for each in (job, again))
    assert second.cells[:5] == first.cells[:5]
    assert [cell[1] for cell in second.cells[5:7]] == [cell[1] for cell in first.cells[5:7]]
    assert second.cells[7] is True


def test_long_numbers_of_json_keep_their_digits(live):
    given = '"member_no": 123456789012345678, "name": "A", "region": "华东", "level": "x", "note": 1.10'
    content = f'[{{{given}, "x": [1, {{"y": null}}]}}]'.encode()
    _name, _type, made = faulty(live, checked(live, content, "m.json"))
    assert b'"member_no": 123456789012345678, ' in made
    assert b'"note": 1.10, ' in made
    assert json.loads(made)[0]["x"] == ["1", {"y": None}]


def test_an_error_in_a_cell_does_not_become_its_text(live):
    book = openpyxl.Workbook()
    book.active.append(["会员号", "姓名", "地区"])
    book.active.append(["M1", "#N/A", "华东"])
    book.active.append(["M2", "=A1&A2", "华东"])
    made = io.BytesIO()
    book.save(made)
    job = checked(live, made.getvalue(), "m.xlsx")
    assert [each[1:] for each in runs.faults(live, job)] == [("name", "CELL_ERROR"), ("name", "NO_CACHED_VALUE")]
    _name, _type, content = faulty(live, job)
    assert b"<f>" not in content
    assert "=A1&A2" in table(content, "xlsx")[2][3]
    again = checked(live, content, "m.xlsx")
    assert [each[1:] for each in runs.faults(live, again)] == [("name", "CELL_ERROR"), ("name", "CELL_ERROR")]
    nested = checked(
        live, b'[{"member_no": "M1", "name": ["a"], "region": "x"}, {"member_no": "M2", "name": "a\\u0000"}]', "m.json"
    )
    again = checked(live, faulty(live, nested)[2], "m.json")
    assert {each for each in runs.faults(live, again) if each[1] == "name"} == {
        (1, "name", "NESTED"),
        (2, "name", "NESTED"),
    }


class TestColumns:
    """The new file is mapped as the old one was."""

    def test_of_doubtful_headings(self, live):
        rows = [["", "姓名", "电话", "电话", "等级"], ["M1", "张三", "内线 12", "13812345678", "黄金"]]
        columns = {0: "member_no", 1: "name", 3: "phone", 4: "level"}
        job = checked(live, delimited(rows).encode(), "m.csv", columns=columns, mode="update")
        _name, _type, content = faulty(live, job)
        header, row = table(content, "csv")
        assert (header, row[:5]) == (["会员号", "姓名", "电话 2", "电话", "等级", "错误"], rows[1])
        again = checked(live, content, "m.csv", mode="update")
        assert again.mapping == {"0": "member_no", "1": "name", "3": "phone", "4": "level"}

    def test_of_a_file_without_headings(self, live):
        content = delimited([["M1", "张三", "黄金", "华东"], ["M2", "李四", "金卡", "华东"]]).encode()
        columns = {0: "member_no", 1: "name", 2: "level", 3: "region"}
        job = checked(live, content, "m.csv", columns=columns, choices={"header_row": 0})
        _name, _type, content = faulty(live, job)
        assert table(content, "csv")[0] == ["会员号", "姓名", "等级", "区域", "错误"]
        assert list(checked(live, content, "m.csv").mapping.values()) == list(columns.values())

    def test_of_a_row_with_too_many_cells(self, live):
        content = "会员号,姓名,地区\nM1,张三,华东,多了,的\n".encode()
        job = checked(live, content, "m.csv")
        _name, _type, made = faulty(live, job)
        assert table(made, "csv")[1][:3] == ["M1", "张三", "华东"]
        assert table(made, "csv")[1][4:] == ["多了", "的"]
        again = checked(live, made, "m.csv")
        assert [each[2] for each in runs.faults(live, again)] == ["TOO_MANY_CELLS"]

    def test_of_a_delimiter_that_somebody_chose(self, live):
        content = "会员号^姓名^等级\nM1^张三^黄金\n".encode()
        job = checked(live, content, "m.csv", choices={"delimiter": "^"}, mode="update")
        _name, _type, made = faulty(live, job)
        again = checked(live, made, "m.csv", mode="update")
        assert (again.facts["delimiter"], again.mapping) == ("^", job.mapping)

    def test_an_encoding_that_cannot_be_recognised_becomes_utf8(self, live):
        content = "編號,姓名,等級\nM1,王小明,普\n".encode("big5")
        columns = {0: "member_no", 1: "name", 2: "level"}
        job = checked(live, content, "m.csv", columns=columns, choices={"encoding": "big5"}, mode="update")
        _name, content_type, made = faulty(live, job)
        assert content_type == "text/csv; charset=utf-8"
        assert table(made, "csv")[1][1] == "王小明"


def test_nothing_faulty(live):
    job = checked(live, delimited([HEADER, GOOD]).encode(), "m.csv")
    with live.scope("platform"), pytest.raises(NotFound), faulty_file(runs.fresh(live, job)):
        pass


def test_no_longer_kept(live):
    job = checked(live, delimited([HEADER, FAULTY]).encode(), "m.csv")
    with live.scope("platform"):
        ImportFile.objects.update(expires_at="2025-01-01T00:00:00Z")
    forgetting.forget_due()
    with live.scope("platform"), pytest.raises(Gone), faulty_file(runs.fresh(live, job)):
        pass


def test_nothing_stays_when_it_fails(live, monkeypatch):
    job = checked(live, delimited([HEADER, FAULTY]).encode(), "m.csv")
    before = set(Path(settings.SPOOL_DIR).iterdir())
    monkeypatch.setattr("jobs.imports.faulty.problems.sentence", lambda *_any: 1 / 0)
    with live.scope("platform"), pytest.raises(ZeroDivisionError), faulty_file(runs.fresh(live, job)):
        pass
    assert set(Path(settings.SPOOL_DIR).iterdir()) == before


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_flat_memory(live, kind):
    job = checked(live, FORMATS[kind]([HEADER, *([f"M{n}", *FAULTY[1:]] for n in range(6_000))]), f"m.{kind}")
    assert runs.counts(job).faulty == 6_000
    with live.scope("platform"):
        fresh = runs.fresh(live, job)
        with faulty_file(fresh):
            pass  # modules and translations are loaded
        tracemalloc.start()
        try:
            with faulty_file(fresh) as made:
                peak = tracemalloc.get_traced_memory()[1]
                content = made.path.read_bytes()
        finally:
            tracemalloc.stop()
    assert len(table(content, kind)) == 6_001
    assert peak < 4 << 20
