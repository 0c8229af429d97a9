"""What every registered dataset must do, whoever wrote it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.models import User
from exportcenter.common.errors import InvalidParameters
from jobs.datasets import Kind, all_datasets, custom
from jobs.datasets.base import choices_of
from jobs.datasets.query import plan
from tests.jobs.datasets.cells import SHANGHAI, export, run
from tests.jobs.records import samples

EVERY = pytest.mark.parametrize("dataset", all_datasets(), ids=lambda dataset: dataset.key)


def all_columns(dataset):
    return [column.key for column in dataset.columns]


def test_every_sample_table_can_be_exported():
    exported = {dataset.model for dataset in all_datasets()}
    assert [model for model in samples.MODELS if model not in exported] == []


@EVERY
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_headings_are_unique(dataset, language):
    with translation.override(language):
        headings = [str(column.title) for column in dataset.columns]
    assert len(set(headings)) == len(headings)
    assert all(headings)
    assert dataset.default_columns()


def test_orders_have_fourteen_default_columns():
    orders = next(dataset for dataset in all_datasets() if dataset.key == "orders")
    assert len(orders.default_columns()) == 14


@EVERY
def test_every_column_runs(world, dataset):
    with world.scope("admin"):
        admin = world.user("admin")
        samples.for_dataset(dataset, admin)
        rows = export(dataset.key, admin, all_columns(dataset))
        assert all(len(row) == len(dataset.columns) for row in rows)
        assert rows
        assert plan(dataset, viewer=admin, params={}, columns=None, zone=SHANGHAI).count() == len(rows)


@EVERY
def test_choices_have_labels(world, dataset):
    with world.scope("admin"):
        made = plan(dataset, viewer=world.user("admin"), params={}, columns=all_columns(dataset), zone=SHANGHAI)
        assert all(column.labels for column in made.columns if column.kind is Kind.CHOICE)


@EVERY
def test_a_stranger_sees_nothing_of_ours(world, dataset):
    with world.scope("admin"):
        samples.one_of_each()
    with world.scope("globex_admin"):
        stranger = world.user("globex_admin")
        rows = export(dataset.key, stranger, all_columns(dataset))
    if dataset.key == "users":
        assert [row[1] for row in rows] == ["globex_admin"]
    elif dataset.key == "roles":
        assert [row[0] for row in rows] == ["client_admin", "client_manager", "client_user"]
    else:
        assert rows == []


@EVERY
def test_queries_do_not_grow_with_rows(world, dataset):
    with world.scope("admin"):
        admin = world.user("admin")
        samples.one_of_each(suffix="1")
        with CaptureQueriesContext(connection) as few:
            export(dataset.key, admin, all_columns(dataset))
        for number in range(2, 8):
            samples.one_of_each(suffix=str(number))
        with CaptureQueriesContext(connection) as many:
            export(dataset.key, world.user("admin"), all_columns(dataset))
    statements = [query for query in many if 'FROM "accounts_user" INNER JOIN "accounts_tenant"' not in query["sql"]]
    assert len(statements) <= len(few) + 1


@EVERY
def test_rows_come_in_one_order_only(world, dataset):
    with world.scope("admin"):
        admin = world.user("admin")
        for number in range(1, 6):
            samples.for_dataset(dataset, admin, suffix=str(number))
        made = plan(dataset, viewer=admin, params={}, columns=None, zone=SHANGHAI)
        keys = list(made.rows.values_list(*(name.lstrip("-") for name in dataset.order_by)))
        assert len(set(keys)) == len(keys)
        assert run(made) == run(made)


@EVERY
def test_unknown_filters_and_columns_are_named(world, dataset):
    with world.scope("admin"):
        admin = world.user("admin")
        with pytest.raises(InvalidParameters) as refused:
            export(dataset.key, admin, None, **{"tenant__slug": "x", "start": "2026-01-01"})
        assert list(refused.value.details) == ["tenant__slug"]
        with pytest.raises(InvalidParameters) as refused:
            export(dataset.key, admin, ["tenant_id"])
        assert "columns" in refused.value.details


@EVERY
def test_every_filter_refuses_what_it_cannot_take(world, dataset):
    with world.scope("admin"):
        admin = world.user("admin")
        for name in dataset.filterset.base_filters:
            for wrong in ({"a": 1}, [{"a": 1}], "\x00", "\ud800", "x" * 501):
                with pytest.raises(InvalidParameters) as refused:
                    export(dataset.key, admin, None, **{name: wrong})
                assert list(refused.value.details) == [name]


@EVERY
def test_periods_are_checked(world, dataset):
    with world.scope("admin"):
        admin = world.user("admin")
        with pytest.raises(InvalidParameters) as refused:
            export(dataset.key, admin, None, start="2026-02-02", end="2026-02-01")
        assert list(refused.value.details) == ["end"]
        with pytest.raises(InvalidParameters) as refused:
            export(dataset.key, admin, None, start="31.02.2026x")
        assert list(refused.value.details) == ["start"]
        export(dataset.key, admin, None, start="0001-01-01", end="9999-12-31")


@EVERY
def test_special_characters_in_values_are_only_characters(world, dataset):
    with world.scope("admin"):
        samples.one_of_each()
        admin = world.user("admin")
        total = User.objects.count()
        for value in ("%", "_", "100%s", "' OR ''='", '"; DROP TABLE x; --', "\\", "%(a)s", "{}"):
            if "keyword" in dataset.filterset.base_filters:
                assert export(dataset.key, admin, None, keyword=value) == []
        assert User.objects.count() == total


VALUES = {
    Kind.TEXT: "x",
    Kind.ID: "1",
    Kind.INTEGER: 1,
    Kind.MONEY: "1.00",
    Kind.NUMBER: "1.5",
    Kind.BOOLEAN: True,
    Kind.DATE: "2026-03-01",
    Kind.DATETIME: "2026-03-01",
}


@EVERY
def test_every_column_can_be_filtered_and_sorted_by(world, dataset):
    """Sums and other expressions, too, each by itself."""
    with world.scope("admin"):
        samples.one_of_each()
        admin = world.user("admin")
        everything = len(export(dataset.key, admin, None))
        for column in dataset.columns:
            if column.python is not None:
                continue  # nothing for the database to compare: refused by name
            value = VALUES[column.kind] if column.kind in VALUES else choices_of(dataset.model, column)[0][0]
            found = []
            for condition in ({"op": "empty"}, {"op": "not_empty"}, {"op": "equals", "value": value}):
                body = {
                    "columns": [{"key": column.key}],
                    "order": [{"key": column.key, "descending": True}],
                    "filters": [{"column": column.key, **condition}],
                }
                made = custom.plan_selection(custom.read(dataset, body, zone=SHANGHAI), viewer=admin, zone=SHANGHAI)
                found.append(len(run(made)))
                assert made.summary()["rows"] == found[-1], (column.key, condition)
            assert found[0] + found[1] == everything, column.key


@EVERY
def test_the_totals_of_a_file_count_its_rows(world, dataset):
    with world.scope("admin"):
        admin = world.user("admin")
        samples.for_dataset(dataset, admin)
        made = plan(dataset, viewer=admin, params={}, columns=all_columns(dataset), zone=SHANGHAI)
        told = made.summary()
        assert told["rows"] == len(run(made))
        money = {column.key for column in dataset.columns if column.kind is Kind.MONEY and column.total}
        assert set(told["totals"]) == money
