"""What we export comes back: unchanged where the rows exist, equal where they do not (SPEC B5, issue 6.6)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import models
from django.utils import translation

from jobs.datasets import Kind, Mode, all_datasets
from jobs.imports.fields import fields_of
from jobs.records.models import Member
from tests.jobs.exports import runs as exports
from tests.jobs.imports import runs
from tests.jobs.records import samples

IMPORTABLE = [dataset for dataset in all_datasets() if dataset.importing is not None]
FILES = [
    ("csv", {}),
    ("csv", {"raw": True}),
    ("xlsx", {}),
    ("json", {}),
    ("json", {"lines": True}),
    ("json", {"raw": True}),
]
TEXTS = [
    "=1+1",
    "'=1+1",
    "+86 138",
    "-5",
    "@SUM(A1)",
    '逗号,"引号",分号;竖线|',
    "第一行\n第二行",
    "１２３，４５６",
    "😀 é \u00a0 x",
    "0012",
    "123456789012345678",
    "1.23E+17",
    "TRUE",
    "2025-01-03",
    "#N/A",
    "_x0041_",
    "null",
    "'",
    "''x",
    "\\N",
    "<b>&amp;</b>",
]
NUMBERS = ["00012", "123456789012345678", "1E5", "=1+1", "-7", "A-Ü-9", "20250103", "TRUE", "1,234", "#N/A"]
PHONES = ["13812345678", "+86 138 1234 5678", "010-12345678", "", "(021) 5555 6666", "0012345678"]
MOMENTS = [
    datetime(2025, 1, 3, 2, 20, tzinfo=UTC),
    datetime(2025, 12, 31, 16, 0, 0, 123456, tzinfo=UTC),
    datetime(1999, 6, 15, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(1988, 7, 1, 15, 30, tzinfo=UTC),  # summer time in Shanghai
]
DAYS = [date(2025, 1, 3), date(1999, 12, 31), date(1960, 2, 29), date(1900, 1, 1)]
ROWS = len(TEXTS) + 1


PERSON = "back"
"""How the names of the users begin who are made here."""


@pytest.fixture
def remove(live, superuser):
    """remove(dataset): its rows go, but for the people whom all tests know."""

    def _remove(dataset):
        if dataset.key == "users":
            superuser.execute("DELETE FROM accounts_user WHERE username LIKE %s", [f"{PERSON}%"])
        else:
            with live.scope("admin"):
                dataset.model.objects.all().delete()

    yield _remove
    superuser.execute("DELETE FROM accounts_user WHERE username LIKE %s", [f"{PERSON}%"])


@pytest.fixture(autouse=True)
def _chinese():
    with translation.override("zh-hans"):
        yield


def value_of(field: Any, number: int) -> Any:
    """A value that a file may hold, the harder the better."""
    model_field, column = field.model_field, field.column
    if field.reference is not None:
        return None if number % 3 == 0 else field.reference.model._default_manager.order_by("pk")[number % 2]
    if model_field.null and number % 4 == 1:
        return None
    if column.kind is Kind.CHOICE:
        codes = [code for code, _label in model_field.flatchoices]
        return codes[number % len(codes)]
    if isinstance(model_field, models.EmailField):
        return ["a.b+c@example.com", "-x@example.com", "+y@example.com"][number % 3]
    if "phone" in column.key:
        return PHONES[number % (len(PHONES) if model_field.blank else 2)] or (
            PHONES[0] if not model_field.blank else ""
        )
    if column.key == "time_zone":
        return ["Asia/Shanghai", "Europe/Berlin"][number % 2]
    simple = {
        Kind.INTEGER: [0, 7, 2147483647],
        Kind.MONEY: [Decimal("0.00"), Decimal("9999999999999999.99"), Decimal("1234.50"), Decimal("0.10")],
        Kind.NUMBER: [Decimal("0.1250"), Decimal("1")],
        Kind.DATETIME: MOMENTS,
        Kind.DATE: DAYS,
        Kind.ID: NUMBERS,
    }
    values: list[Any] = simple.get(column.kind, TEXTS)
    value = values[number % len(values)]
    if isinstance(value, str) and model_field.max_length:
        value = value[: model_field.max_length].strip()
    return value


def key_of(dataset, number: int) -> str:
    if dataset.key == "users":
        return f"{PERSON}{number:03d}"
    return NUMBERS[number] if number < len(NUMBERS) else f"{number:06d}"


def fill(world, dataset) -> None:
    """Rows of the dataset's table, as nasty as their columns allow."""
    made: dict[Any, Any] = {Member: samples.member("M1")}
    samples.member("0002")
    viewer = world.user("admin")
    fields = fields_of(dataset, viewer=viewer, mode=dataset.importing.modes[0], zone=viewer.zone)
    for number in range(ROWS):
        values = {field.model_field.name: value_of(field, number) for field in fields.values()}
        values[dataset.importing.key] = key_of(dataset, number)
        if "end_on" in values:
            values["end_on"] = values["start_on"] + timedelta(days=number)
        if dataset.key == "users":
            values["code"] = ""  # drawn when it is saved
        made.pop(dataset.model, None)
        samples.make(dataset.model, made=made, **values)


def picture(world, dataset, *, seconds=False) -> dict[str, dict[str, Any]]:
    """Key → the columns of each row that a file can write."""
    with world.scope("admin"):
        viewer = world.user("admin")
        fields = fields_of(dataset, viewer=viewer, mode=dataset.importing.modes[0], zone=viewer.zone)
        found = {}
        for row in dataset.rows(viewer).values(*(field.target for field in fields.values())):
            found[row[fields[dataset.importing.key].target]] = row
        return seconds_of(found) if seconds else found


def exported(world, dataset, file_type, options) -> bytes:
    columns = [column.key for column in dataset.columns]
    job = exports.ask(world, "admin", dataset=dataset.key, file_type=file_type, columns=columns, options=options)
    job = exports.run(world, job)
    assert job.status == "ready", job.error_message
    return exports.content(job)


def imported(world, dataset, content, mode):
    request = {"called": "back.bin", "dataset": dataset.key, "mode": mode}
    job = runs.run(world, runs.ask(world, "admin", content, **request))
    assert (job.status, job.problems) == ("review", []), job.problems[:3]
    return job


@pytest.mark.parametrize(
    ("file_type", "options"), FILES, ids=lambda value: "-".join(value) if isinstance(value, dict) else value
)
@pytest.mark.parametrize("dataset", IMPORTABLE, ids=lambda dataset: dataset.key)
def test_comes_back(live, remove, monkeypatch, dataset, file_type, options):
    if file_type == "csv" and options.get("raw"):  # nobody can know that this quote is not ours
        monkeypatch.setattr(f"{__name__}.TEXTS", [text for text in TEXTS if text != "'=1+1"])
    with live.scope("admin"):
        fill(live, dataset)
    before = picture(live, dataset)
    assert len(before) >= ROWS
    content = exported(live, dataset, file_type, options)

    # nothing changes where the rows are
    mode = Mode.UPSERT if Mode.UPSERT in dataset.importing.modes else Mode.UPDATE
    job = imported(live, dataset, content, mode)
    assert set(job.mapping.values()) == set(dataset.importing.columns)
    assert runs.counts(job).to_keep == runs.counts(job).rows == len(before)
    done = runs.confirm(live, job)
    assert (done.status, done.counts["unchanged"]) == ("ready", len(before))
    assert picture(live, dataset) == before

    # and equal rows come where they are not
    if Mode.CREATE not in dataset.importing.modes:
        return
    remove(dataset)
    left = picture(live, dataset)
    job = imported(live, dataset, content, mode)
    assert runs.counts(job).to_create == len(before) - len(left)
    done = runs.confirm(live, job)
    assert (done.status, done.counts["created"]) == ("ready", len(before) - len(left))
    exact = file_type == "json" or options.get("raw")
    assert picture(live, dataset, seconds=not exact) == (before if exact else seconds_of(before))


def seconds_of(rows):
    """Without fractions of seconds, which files for people leave out."""
    return {
        key: {name: each.replace(microsecond=0) if isinstance(each, datetime) else each for name, each in row.items()}
        for key, row in rows.items()
    }
