"""Empty files to fill in: what is filled in is imported without a word about columns (SPEC B5)."""

import csv
import io

import openpyxl
import pytest
from django.utils import translation

from exportcenter.common.errors import InvalidParameters, PermissionRefused
from jobs.datasets import Mode, all_datasets
from jobs.imports.describing import notes_of
from jobs.imports.fields import fields_of
from jobs.imports.mapping import guess, normalised
from jobs.imports.reading import Column
from jobs.imports.templates import LAST_ROW, make_template
from jobs.models import ImportFile
from tests.jobs.imports import runs
from tests.jobs.records import samples

OFFERED = [
    (dataset, mode) for dataset in all_datasets() if dataset.importing is not None for mode in dataset.importing.modes
]


def made(world, dataset, mode=Mode.CREATE, *, name="admin", file_type="xlsx", language="zh-hans"):
    with world.scope(name):
        viewer = world.user(name)
        viewer.language = language
        return make_template(dataset, viewer=viewer, mode=mode, file_type=file_type)


def book_of(template):
    return openpyxl.load_workbook(io.BytesIO(template.content))


def headings(template):
    if template.name.endswith(".csv"):
        assert template.content.startswith(b"\xef\xbb\xbf")
        return next(csv.reader(io.StringIO(template.content.decode("utf-8-sig"))))
    return [cell.value for cell in book_of(template).worksheets[0][1]]


def by_key(key):
    return next(dataset for dataset in all_datasets() if dataset.key == key)


def ids(value):
    return getattr(value, "key", str(value))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("file_type", ["xlsx", "csv"])
@pytest.mark.parametrize(("dataset", "mode"), OFFERED, ids=ids)
def test_the_mapping_knows_every_heading(world, dataset, mode, file_type, language):
    found = headings(made(world, dataset, mode, file_type=file_type, language=language))
    with world.scope("admin"):
        admin = world.user("admin")
        fields = fields_of(dataset, viewer=admin, mode=mode, zone=admin.zone)
        header = [Column(at, label) for at, label in enumerate(found)]
        assert list(guess(header, dataset, fields, owner=admin).values()) == list(fields)


@pytest.mark.parametrize("dataset", [dataset for dataset, mode in OFFERED if mode is Mode.CREATE], ids=ids)
def test_its_examples_can_be_imported(live, dataset):
    """Filled in with the examples of its own notes, it makes a row."""
    book = book_of(made(live, dataset))
    sheet, notes = book.worksheets[:2]
    with live.scope("admin"):
        referring = {
            note.heading: note.field.reference
            for note in notes_of(dataset, viewer=live.user("admin"), mode=Mode.CREATE)
            if note.field.reference
        }
        for reference in referring.values():
            samples.member("A000123")
            assert reference.key == "member_no"
    for at, heading in enumerate([cell.value for cell in sheet[1]], start=1):
        example = next(row[5].value for row in notes.iter_rows(min_row=2) if row[0].value == heading)
        sheet.cell(2, at, example).number_format = sheet.column_dimensions[
            sheet.cell(1, at).column_letter
        ].number_format
    content = io.BytesIO()
    book.save(content)
    job = runs.run(live, runs.ask(live, "admin", content.getvalue(), called="filled.xlsx", dataset=dataset.key))
    assert (job.status, job.problems, runs.counts(job).to_create) == ("review", [], 1)
    assert len(job.mapping) == len(dataset.importing.columns)
    assert runs.confirm(live, job).counts["created"] == 1


def test_what_a_person_sees_in_it(world):
    book = book_of(made(world, by_key("members")))
    sheet, notes = book.worksheets
    assert (sheet.title, notes.title, sheet.freeze_panes) == ("会员", "填写说明", "A2")
    assert [cell.value for cell in sheet[1]][:5] == ["会员号*", "姓名*", "性别", "电话", "邮箱"]
    assert sheet.max_row == 1
    assert all(cell.font.bold for cell in sheet[1])
    letters = {normalised(cell.value): cell.column_letter for cell in sheet[1]}
    formats = {title: sheet.column_dimensions[letter].number_format for title, letter in letters.items()}
    assert formats["会员号"] == formats["电话"] == "@"
    assert formats["生日"] == "yyyy\\-mm\\-dd"
    assert formats["积分"] == "0"
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    assert len(rules) == len(letters)
    level = rules[f"{letters['等级']}2:{letters['等级']}{LAST_ROW}"]
    assert (level.type, level.formula1) == ("list", '"普通,银卡,金卡,钻石"')
    assert level.showErrorMessage
    assert all(rule.prompt and len(rule.prompt) <= 255 and len(rule.promptTitle) <= 32 for rule in rules.values())
    told = {row[0].value: [cell.value for cell in row] for row in notes.iter_rows(min_row=2) if row[1].value}
    assert told["会员号*"] == [
        "会员号*",
        "是",
        "文本（编号，保留全部数字）",
        "每行唯一，用于识别记录。 最多 20 个字符。",
        "不能留空。",
        "A000123",
    ]
    assert told["等级"][3:5] == ["普通、银卡、金卡、钻石", "默认为“普通”。"]
    assert told["生日"][4] == "留空。"
    assert "Asia/Shanghai" in told["注册时间"][3]


def test_what_an_empty_cell_does_depends_on_the_mode(world):
    def told(mode):
        notes = book_of(made(world, by_key("members"), mode)).worksheets[1]
        return {
            normalised(row[0].value): (row[1].value, row[4].value) for row in notes.iter_rows(min_row=2, max_row=16)
        }

    update, upsert = told(Mode.UPDATE), told(Mode.UPSERT)
    assert update["姓名"] == ("否", "保留原值。")
    assert update["备注"] == upsert["备注"] == ("否", "清空原有内容。")
    assert upsert["姓名"] == ("新增时必填", "修改时保留原值；新增时必填。")
    assert upsert["等级"] == ("否", "修改时保留原值；新增时默认为“普通”。")
    assert upsert["注册时间"] == ("否", "修改时保留原值；新增时由系统自动填写。")


def test_long_lists_stand_in_a_hidden_sheet(world, monkeypatch):
    monkeypatch.setattr("jobs.imports.templates.INLINE", 10)
    book = book_of(made(world, by_key("members")))
    assert [sheet.sheet_state for sheet in book.worksheets] == ["visible", "visible", "hidden"]
    rules = [rule for rule in book.worksheets[0].data_validations.dataValidation if rule.type == "list"]
    lists = {rule.formula1 for rule in rules}
    assert "'选项'!$C$1:$C$7" in lists
    assert [cell.value for cell in book["选项"]["C"]][:2] == ["华东", "华南"]


def test_only_what_this_person_may_write(world):
    template = made(world, by_key("members"), Mode.UPDATE, name="operator")
    assert not {"电话", "邮箱", "姓名"} & {normalised(heading) for heading in headings(template)}
    sheet = book_of(made(world, by_key("members"), name="operator")).worksheets[0]
    region = next(cell.column_letter for cell in sheet[1] if normalised(cell.value) == "区域")
    rule = next(rule for rule in sheet.data_validations.dataValidation if str(rule.sqref).startswith(region))
    assert rule.formula1 == '"华东"'


def test_no_title_becomes_a_formula(world, monkeypatch):
    members = by_key("members")
    monkeypatch.setattr(type(members.column("note")), "title", "=1+1", raising=False)
    columns = [type(column)(**{**column.__dict__, "title": "=1+1"}) for column in members.columns]
    monkeypatch.setattr(type(members), "columns", columns)
    sheet = book_of(made(world, members)).worksheets[0]
    assert {cell.data_type for cell in sheet[1]} == {"s"}
    assert headings(made(world, members, file_type="csv"))[1] == "'=1+1*"


def test_refused(world):
    with pytest.raises(PermissionRefused):
        made(world, by_key("orders"), name="nobody")
    with pytest.raises(InvalidParameters) as refused:
        made(world, by_key("withdraws"), Mode.CREATE)
    assert "mode" in refused.value.details
    with pytest.raises(InvalidParameters) as refused:
        made(world, by_key("members"), file_type="pdf")
    assert "file_type" in refused.value.details


def test_names_are_those_of_the_language(world):
    assert made(world, by_key("members")).name == "会员_导入模板.xlsx"
    assert made(world, by_key("members"), language="en", file_type="csv").name == "Members_import-template.csv"
    assert translation.get_language() in (None, "zh-hans")


def test_an_empty_template_is_told_to_be_empty(live):
    job = runs.run(live, runs.ask(live, "admin", made(live, by_key("members")).content, called="m.xlsx"))
    assert (job.status, runs.counts(job).rows) == ("review", 0)
    with live.scope("admin"):
        assert ImportFile.objects.count() == 1
