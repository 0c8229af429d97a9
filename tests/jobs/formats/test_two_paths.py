"""The contract of the formats: every dataset × format × path gives the same bytes (SPEC E3).

Written by the database alone, with every second column passed through Python, and wholly in Python.
"""

from dataclasses import replace

import pytest
from django.utils import translation

from jobs import datasets, formats
from jobs.datasets.query import Plan, plan
from jobs.records.demo import fill
from tests.jobs.formats.one_file import write_file
from tests.jobs.formats.test_csv import ZONE, Memory
from tests.jobs.records import samples

PRODUCT = sorted(one.key for one in datasets.all_datasets() if not type(one).__module__.startswith("tests."))
VARIANTS = [
    (key, options)
    for key, more in {"csv": [], "json": [{"lines": True}], "xlsx": [], "parquet": []}.items()
    for options in ({}, {"raw": True}, *more)
]


@pytest.fixture
def rows(world):
    with world.scope("platform"):
        fill(orders=60, seed=5)


def content(chosen: Plan, key: str, options: dict, *, every: bool = False) -> bytes:
    sink = Memory()
    written = write_file(chosen, formats.get(key)(formats.FormatOptions.parse(options), ZONE), sink, every=every)
    assert written.rows == chosen.count() > 0
    return sink.content


def mixed(chosen: Plan) -> Plan:
    """Every second column is computed in Python, to what it was."""
    return replace(
        chosen,
        columns=tuple(
            replace(column, python=column.python or _unchanged) if number % 2 else column
            for number, column in enumerate(chosen.columns)
        ),
    )


def _unchanged(value):
    return value


@pytest.mark.parametrize("key", PRODUCT)
def test_every_path_gives_the_same_bytes(world, rows, settings, key):
    settings.EXPORT_SEGMENT_ROWS = 25
    dataset = datasets.get(key)
    with world.scope("admin"), translation.override("zh-hans"):
        if not dataset.rows(world.user("admin")).exists():  # a table that the demo does not fill
            samples.for_dataset(dataset, world.user("admin"))
        for name in ("admin", "finance"):  # without masks and with them
            viewer = world.user(name)
            names = [column.key for column in dataset.columns]
            chosen = plan(dataset, viewer=viewer, params={}, columns=names, zone=ZONE)
            for file_type, options in VARIANTS:
                by_database = content(chosen, file_type, options)
                assert content(mixed(chosen), file_type, options) == by_database, (name, file_type, options)
                assert content(chosen, file_type, options, every=True) == by_database, (name, file_type, options)
