"""Every operator of every kind of column against rows made by hand, and periods against the calendar."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from exportcenter.common.errors import InvalidParameters, PermissionRefused
from jobs.datasets import Column, Kind, all_datasets, custom, get
from jobs.datasets.base import choices_of
from jobs.datasets.conditions import OPERATORS, WITHOUT_VALUE
from jobs.datasets.periods import LAST_N_DAYS, PERIODS, TITLES, days_of
from tests.jobs.datasets.cells import SHANGHAI, run
from tests.jobs.records import samples

TODAY = date(2026, 3, 2)
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def platform(world):
    with world.scope("platform"):
        yield world


def chosen(world, key, filters, *, columns, order=(), name="risk", zone=SHANGHAI, today=TODAY):
    """Rows of a custom selection as people get them."""
    body = {"columns": [{"key": column} for column in columns], "order": list(order), "filters": filters}
    selection = custom.read(get(key), body, zone=zone).fixed(today)
    again = custom.read(get(key), selection.as_json(), zone=zone, fixed=True)
    assert again == selection  # what a job stores says the same
    return run(custom.plan_selection(again, viewer=world.user(name), zone=zone))


def orders(world, column, op, value=None, **options):
    """Last digit of the numbers of the orders that are found."""
    said = {"column": column, "op": op} | ({} if value is None else {"value": value})
    return "".join(row[0][-1] for row in chosen(world, "orders", [said], columns=["order_no"], **options))


@pytest.fixture
def three(platform):
    """Orders 1, 2 and 3, each a little different."""
    buyer = samples.member("M1", level="gold", birthday=date(2000, 2, 29), points=10)
    samples.order(
        "A1", amount=Decimal("100.00"), quantity=1, status="paid", note="", product_name="绿茶 100%", payment="wechat",
        member=buyer, paid_at=datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC),
        created_at=datetime(2026, 2, 28, 16, tzinfo=UTC),
    )  # fmt: skip
    samples.order(
        "A2", amount=Decimal("100.01"), quantity=2, status="shipped", note="Call back", product_name="Green_Tea",
        paid_at=datetime(2026, 3, 1, 16, tzinfo=UTC), created_at=datetime(2026, 3, 1, 15, 59, tzinfo=UTC),
    )  # fmt: skip
    samples.order(
        "B3", amount=Decimal("-5.00"), quantity=30, status="completed", note="' OR ''='", product_name="a\\b",
        created_at=datetime(2026, 3, 1, 16, tzinfo=UTC),
    )  # fmt: skip
    return platform


@pytest.mark.parametrize(
    ("column", "op", "value", "found"),
    [
        ("product_name", "equals", "Green_Tea", "2"),
        ("product_name", "equals", "green_tea", ""),
        ("product_name", "in", ["Green_Tea", "a\\b", "x"], "23"),
        ("product_name", "contains", "TEA", "2"),
        ("product_name", "contains", "茶", "1"),
        ("product_name", "contains", "%", "1"),
        ("product_name", "contains", "_", "2"),
        ("product_name", "contains", "\\", "3"),
        ("product_name", "starts_with", "green", "2"),
        ("product_name", "starts_with", "een", ""),
        ("note", "empty", None, "1"),
        ("note", "not_empty", None, "23"),
        ("note", "equals", "' OR ''='", "3"),
        ("order_no", "starts_with", "a", "12"),
        ("order_no", "equals", "B3", "3"),
        ("member_no", "equals", "M1", "1"),
        ("member_no", "empty", None, "23"),
        ("quantity", "equals", 2, "2"),
        ("quantity", "equals", 2**62, ""),
        ("quantity", "in", [1, 30, 30], "13"),
        ("quantity", "range", {"min": 2}, "23"),
        ("quantity", "range", {"max": 2}, "12"),
        ("quantity", "range", {"min": 2, "max": 2}, "2"),
        ("quantity", "range", {"max": 2**62}, "123"),
        ("quantity", "range", {"min": 2**62}, ""),
        ("quantity", "empty", None, ""),
        ("quantity", "not_empty", None, "123"),
        ("amount", "equals", 100, "1"),
        ("amount", "equals", "100.01", "2"),
        ("amount", "equals", 100.01, "2"),
        ("amount", "in", ["-5", "100.010000"], "23"),
        ("amount", "range", {"min": "100.005"}, "2"),
        ("amount", "range", {"min": -5, "max": 100}, "13"),
        ("status", "equals", "paid", "1"),
        ("status", "in", ["paid", "completed"], "13"),
        ("status", "not_empty", None, "123"),
        ("payment", "empty", None, "23"),
        ("member_level", "equals", "gold", "1"),
        ("member_level", "empty", None, "23"),
        ("created_at", "equals", "2026-03-01", "12"),
        ("created_at", "equals", "2026-03-01T00:00:00", "1"),
        ("created_at", "range", {"min": "2026-03-01", "max": "2026-03-01"}, "12"),
        ("created_at", "range", {"min": "2026-03-02"}, "3"),
        ("created_at", "range", {"max": "2026-02-28T16:00:00Z"}, "1"),
        ("created_at", "range", {"min": "2026-03-01T23:59:00", "max": "2026-03-02"}, "23"),
        ("created_at", "range", {"min": "0001-01-01", "max": "9999-12-31"}, "123"),
        ("created_at", "today", None, "3"),
        ("created_at", "yesterday", None, "12"),
        ("created_at", LAST_N_DAYS, 1, "3"),
        ("created_at", LAST_N_DAYS, 2, "123"),
        ("created_at", "this_week", None, "3"),
        ("created_at", "last_week", None, "12"),
        ("created_at", "this_month", None, "123"),
        ("created_at", "last_month", None, ""),
        ("created_at", "this_quarter", None, "123"),
        ("created_at", "last_quarter", None, ""),
        ("created_at", "this_year", None, "123"),
        ("created_at", "last_year", None, ""),
        ("paid_at", "empty", None, "3"),
        ("paid_at", "not_empty", None, "12"),
        ("paid_at", "equals", "2026-03-02", "2"),
    ],
)
def test_conditions_on_orders(three, column, op, value, found):
    assert orders(three, column, op, value) == found


def test_days_are_those_of_the_zone(three):
    assert orders(three, "created_at", "equals", "2026-03-01") == "12"
    assert orders(three, "created_at", "equals", "2026-03-01", zone=NEW_YORK) == "23"
    assert orders(three, "created_at", "equals", "2026-03-01T10:59:00", zone=NEW_YORK) == "2"


def test_days_and_yes_or_no(platform):
    samples.member("M1", birthday=date(2000, 2, 29))
    samples.member("M2", birthday=date(2001, 3, 1))
    samples.member("M3")

    def members(op, value=None, **options):
        said = {"column": "birthday", "op": op} | ({} if value is None else {"value": value})
        return "".join(row[0][-1] for row in chosen(platform, "members", [said], columns=["member_no"], **options))

    assert members("equals", "2000-02-29") == "1"
    assert members("in", ["2001-03-01", "1999-01-01"]) == "2"
    assert members("range", {"min": "2000-03-01"}) == "2"
    assert members("empty") == "3"
    assert members("not_empty") == "12"
    assert members("last_month", today=date(2000, 3, 31)) == "1"
    assert members("today", today=date(2001, 3, 1)) == "2"
    active = chosen(platform, "users", [{"column": "is_active", "op": "equals", "value": False}], columns=["code"])
    assert active == []


def test_columns_that_are_expressions_filter_and_sort(platform):
    def people(**said):
        return [row[0] for row in chosen(platform, "users", [said], columns=["username"], name="admin")]

    assert people(column="role_keys", op="equals", value="finance") == ["finance"]
    assert people(column="role_keys", op="contains", value="operat") == ["operator", "operator2"]
    assert people(column="role_keys", op="empty") == ["nobody"]
    rows = chosen(
        platform, "users", [], columns=["username"], order=[{"key": "role_keys", "descending": True}], name="admin"
    )
    assert [row[0] for row in rows] == ["risk", "operator", "operator2", "finance", "admin", "nobody"]


def test_conditions_add_up(three):
    both = [
        {"column": "amount", "op": "range", "value": {"min": 100}},
        {"column": "amount", "op": "range", "value": {"max": 100}},
        {"column": "note", "op": "empty"},
    ]
    assert chosen(three, "orders", both, columns=["order_no"]) == [("A1",)]


def test_the_order_is_the_one_asked_for_and_ends_with_the_datasets_own(three):
    samples.order("C4", amount=Decimal("100.00"), quantity=30, paid_at=None)

    def numbers(*order):
        rows = chosen(three, "orders", [], columns=["order_no"], order=[dict(one) for one in order])
        return "".join(row[0][-1] for row in rows)

    assert numbers({"key": "amount"}) == "3142"
    assert numbers({"key": "amount", "descending": True}) == "2143"
    assert numbers({"key": "quantity", "descending": True}, {"key": "amount", "descending": True}) == "4321"
    assert numbers({"key": "paid_at"}) == "1234"
    assert numbers({"key": "paid_at", "descending": True}) == "2134"


def test_headings_are_those_chosen(platform):
    body = {"columns": [{"key": "amount", "label": "应收 (元)"}, {"key": "order_no"}]}
    selection = custom.read(get("orders"), body, zone=SHANGHAI)
    with translation.override("zh-hans"):
        made = custom.plan_selection(selection, viewer=platform.user("admin"), zone=SHANGHAI)
    assert [(column.key, column.title) for column in made.columns] == [("amount", "应收 (元)"), ("order_no", "订单号")]


class TestMasks:
    FILTER = {"filters": [{"column": "buyer_phone", "op": "starts_with", "value": "1381"}]}
    ORDER = {"order": [{"key": "buyer_name"}]}

    @pytest.mark.parametrize(("body", "place"), [(FILTER, "filters.0.column"), (ORDER, "order.0.key")])
    def test_what_a_mask_hides_neither_filters_nor_sorts(self, platform, body, place):
        selection = custom.read(get("orders"), body, zone=SHANGHAI)
        with pytest.raises(PermissionRefused) as refused:
            custom.plan_selection(selection, viewer=platform.user("finance"), zone=SHANGHAI)
        assert list(refused.value.details) == [place]

    @pytest.mark.parametrize("body", [FILTER, ORDER])
    def test_a_file_that_tells_it_without_showing_it_needs_the_right_too(self, platform, body):
        columns = {"columns": [{"key": "order_no"}]}
        selection = custom.read(get("orders"), columns | body, zone=SHANGHAI)
        made = custom.plan_selection(selection, viewer=platform.user("risk"), zone=SHANGHAI)
        assert made.rights == ("data.all_regions", "data.contact")
        plain = custom.read(get("orders"), columns, zone=SHANGHAI)
        assert custom.plan_selection(plain, viewer=platform.user("risk"), zone=SHANGHAI).rights == ("data.all_regions",)

    def test_values_are_hidden_from_people_who_see_the_column_masked(self):
        body = {"filters": [*self.FILTER["filters"], {"column": "amount", "op": "empty"}]}
        shown = custom.hide_masked(get("orders"), body)
        assert shown["filters"][0]["value"] == "***"
        assert shown["filters"][1] == body["filters"][1]
        assert body["filters"][0]["value"] == "1381"


@pytest.mark.parametrize("part", ["filters", "order"])
def test_what_is_computed_after_the_database_neither_filters_nor_sorts(part):
    class Computed(type(get("orders"))):
        columns = (Column("order_no", "No.", Kind.ID), Column("note", "Note", python=str.upper))

    said = {"filters": {"column": "note", "op": "empty"}, "order": {"key": "note"}}[part]
    with pytest.raises(InvalidParameters) as refused:
        custom.read(Computed(), {part: [said]}, zone=SHANGHAI)
    assert list(refused.value.details) == [f"{part}.0.{'column' if part == 'filters' else 'key'}"]


VALUES = {
    Kind.TEXT: "x", Kind.ID: "x", Kind.INTEGER: 1, Kind.MONEY: "1.5", Kind.NUMBER: "1.5", Kind.BOOLEAN: True,
    Kind.DATE: "2026-03-01", Kind.DATETIME: "2026-03-01",
}  # fmt: skip


def sample_value(dataset, column, op):
    """A value that the operator takes."""
    if op in WITHOUT_VALUE:
        return None
    if op == LAST_N_DAYS:
        return 7
    codes = [str(code) for code, _label in choices_of(dataset.model, column)] if column.kind is Kind.CHOICE else []
    one = codes[0] if codes else VALUES[column.kind]
    return {"in": [one], "range": {"min": one, "max": one}}.get(op, one)


@pytest.mark.parametrize("dataset", all_datasets(), ids=lambda dataset: dataset.key)
def test_every_operator_of_every_column_of_every_dataset_runs(world, dataset):
    with world.scope("admin"):
        samples.one_of_each()
        admin = world.user("admin")
        for column in dataset.columns:
            if column.python is not None:
                continue  # what is computed after the database is refused (above)
            filters = [
                {"column": column.key, "op": op, "value": sample_value(dataset, column, op)}
                for op in OPERATORS[column.kind]
            ]
            for one in filters:
                body = {"columns": [{"key": column.key}], "order": [{"key": column.key}], "filters": [one]}
                selection = custom.read(dataset, body, zone=SHANGHAI).fixed(TODAY)
                made = custom.plan_selection(selection, viewer=admin, zone=SHANGHAI)
                assert len(run(made)) == made.count(), (column.key, one)


def test_every_kind_has_operators_and_every_period_a_title():
    assert set(OPERATORS) == set(Kind)
    assert set(TITLES) == PERIODS


class TestPeriods:
    @pytest.mark.parametrize(
        ("period", "today", "first", "last"),
        [
            ("today", "2024-02-29", "2024-02-29", "2024-02-29"),
            ("yesterday", "2024-03-01", "2024-02-29", "2024-02-29"),
            ("yesterday", "2026-01-01", "2025-12-31", "2025-12-31"),
            ("this_week", "2026-03-01", "2026-02-23", "2026-03-01"),
            ("this_week", "2026-03-02", "2026-03-02", "2026-03-08"),
            ("last_week", "2026-01-01", "2025-12-22", "2025-12-28"),
            ("this_month", "2024-02-29", "2024-02-01", "2024-02-29"),
            ("last_month", "2024-03-31", "2024-02-01", "2024-02-29"),
            ("last_month", "2025-03-31", "2025-02-01", "2025-02-28"),
            ("last_month", "2026-01-31", "2025-12-01", "2025-12-31"),
            ("this_quarter", "2026-12-31", "2026-10-01", "2026-12-31"),
            ("last_quarter", "2026-02-15", "2025-10-01", "2025-12-31"),
            ("last_quarter", "2026-05-31", "2026-01-01", "2026-03-31"),
            ("this_year", "2024-02-29", "2024-01-01", "2024-12-31"),
            ("last_year", "2024-02-29", "2023-01-01", "2023-12-31"),
        ],
    )
    def test_by_hand(self, period, today, first, last):
        days = days_of(period, date.fromisoformat(today))
        assert days == (date.fromisoformat(first), date.fromisoformat(last))

    def test_the_last_days_hold_today(self):
        assert days_of(LAST_N_DAYS, date(2024, 3, 1), 2) == (date(2024, 2, 29), date(2024, 3, 1))

    @given(st.dates(date(1901, 1, 1), date(2199, 12, 31)), st.sampled_from(["week", "month", "quarter", "year"]))
    def test_the_last_period_ends_where_this_one_begins(self, today, unit):
        first, last = days_of(f"this_{unit}", today)
        before = days_of(f"last_{unit}", today)
        assert first <= today <= last
        assert (first - before[1]).days == 1
        assert days_of(f"this_{unit}", before[0]) == before


LONG = "x" * 501


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"columns": "order_no"}, "columns"),
        ({"columns": []}, "columns"),
        ({"columns": [{"key": "order_no"}] * 1000}, "columns"),
        ({"columns": ["order_no"]}, "columns.0"),
        ({"columns": [{}]}, "columns.0.key"),
        ({"columns": [{"key": None}]}, "columns.0.key"),
        ({"columns": [{"key": ["order_no"]}]}, "columns.0.key"),
        ({"columns": [{"key": "tenant__slug"}]}, "columns.0.key"),
        ({"columns": [{"key": 'amount" FROM x; --'}]}, "columns.0.key"),
        ({"columns": [{"key": "order_no", "sql": "1"}]}, "columns.0.sql"),
        ({"columns": [{"key": "order_no"}, {"key": "order_no"}]}, "columns.1.key"),
        ({"columns": [{"key": "order_no", "label": "金额"}, {"key": "amount"}]}, "columns.1.label"),
        ({"columns": [{"key": "order_no", "label": 7}]}, "columns.0.label"),
        ({"columns": [{"key": "order_no", "label": "x" * 101}]}, "columns.0.label"),
        ({"columns": [{"key": "order_no", "label": "a\nb"}]}, "columns.0.label"),
        ({"columns": [{"key": "order_no", "label": "a\0b"}]}, "columns.0.label"),
        ({"columns": [{"key": "order_no", "label": "\ud800"}]}, "columns.0.label"),
        ({"columns": [{"key": "order_no", "label": "=cmd|'/c calc'!A1"}]}, "columns.0.label"),
        ({"columns": [{"key": "order_no", "label": "＝1+1"}]}, "columns.0.label"),
        ({"columns": [{"key": "order_no", "label": "@x"}]}, "columns.0.label"),
        ({"columns": [{"key": "order_no", "label": " x"}]}, "columns.0.label"),
        ({"order": {"key": "amount"}}, "order"),
        ({"order": [{"key": "amount"}] * 11}, "order"),
        ({"order": [{"key": "-amount"}]}, "order.0.key"),
        ({"order": [{"key": "?"}]}, "order.0.key"),
        ({"order": [{"key": "amount", "descending": 1}]}, "order.0.descending"),
        ({"order": [{"key": "amount"}, {"key": "amount"}]}, "order.1.key"),
        ({"filters": "amount > 1"}, "filters"),
        ({"filters": [{"column": "amount", "op": "empty"}] * 51}, "filters"),
        ({"filters": [None]}, "filters.0"),
        ({"filters": [[]]}, "filters.0"),
        ({"filters": [{"op": "empty"}]}, "filters.0.column"),
        ({"filters": [{"column": "amount__gte", "op": "equals", "value": 1}]}, "filters.0.column"),
        ({"filters": [{"column": "member__tenant__slug", "op": "empty"}]}, "filters.0.column"),
        ({"filters": [{"column": "amount"}]}, "filters.0.op"),
        ({"filters": [{"column": "amount", "op": "contains", "value": "1"}]}, "filters.0.op"),
        ({"filters": [{"column": "amount", "op": "gte; DROP TABLE x", "value": "1"}]}, "filters.0.op"),
        ({"filters": [{"column": "amount", "op": ["in"], "value": [1]}]}, "filters.0.op"),
        ({"filters": [{"column": "amount", "op": "last_month"}]}, "filters.0.op"),
        ({"filters": [{"column": "status", "op": "range", "value": {"min": "a"}}]}, "filters.0.op"),
        ({"filters": [{"column": "amount", "op": "empty", "value": 1}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "equals"}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "equals", "value": None}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "equals", "value": True}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "equals", "value": "many"}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "equals", "value": "NaN"}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "equals", "value": "Infinity"}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "equals", "value": "1e999"}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "equals", "value": "1e-99999999"}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "equals", "value": [1]}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "equals", "value": {"$gt": 0}}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "in", "value": 1}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "in", "value": []}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "in", "value": [1] * 501}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "in", "value": [1, [2]]}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "range", "value": 1}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "range", "value": {}}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "range", "value": {"min": None}}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "range", "value": {"min": 1, "step": 1}}]}, "filters.0.value"),
        ({"filters": [{"column": "amount", "op": "range", "value": {"min": "x"}}]}, "filters.0.value.min"),
        ({"filters": [{"column": "amount", "op": "range", "value": {"min": 2, "max": 1}}]}, "filters.0.value.max"),
        ({"filters": [{"column": "quantity", "op": "equals", "value": 1.5}]}, "filters.0.value"),
        ({"filters": [{"column": "quantity", "op": "equals", "value": 2**63}]}, "filters.0.value"),
        ({"filters": [{"column": "status", "op": "equals", "value": "done"}]}, "filters.0.value"),
        ({"filters": [{"column": "status", "op": "in", "value": ["paid", None]}]}, "filters.0.value"),
        ({"filters": [{"column": "product_name", "op": "contains", "value": ""}]}, "filters.0.value"),
        ({"filters": [{"column": "product_name", "op": "contains", "value": 7}]}, "filters.0.value"),
        ({"filters": [{"column": "product_name", "op": "contains", "value": LONG}]}, "filters.0.value"),
        ({"filters": [{"column": "product_name", "op": "contains", "value": "a\0"}]}, "filters.0.value"),
        ({"filters": [{"column": "product_name", "op": "contains", "value": "\ud800"}]}, "filters.0.value"),
        ({"filters": [{"column": "created_at", "op": "equals", "value": "yesterday"}]}, "filters.0.value"),
        ({"filters": [{"column": "created_at", "op": "equals", "value": "2026-02-30"}]}, "filters.0.value"),
        ({"filters": [{"column": "created_at", "op": "equals", "value": "2026-02-30T00:00:00"}]}, "filters.0.value"),
        ({"filters": [{"column": "created_at", "op": "equals", "value": 20260301}]}, "filters.0.value"),
        (
            {"filters": [{"column": "created_at", "op": "equals", "value": "0001-01-01T00:00:00+23:59"}]},
            "filters.0.value",
        ),
        ({"filters": [{"column": "created_at", "op": "last_n_days"}]}, "filters.0.value"),
        ({"filters": [{"column": "created_at", "op": "last_n_days", "value": 0}]}, "filters.0.value"),
        ({"filters": [{"column": "created_at", "op": "last_n_days", "value": 3661}]}, "filters.0.value"),
        ({"filters": [{"column": "created_at", "op": "last_n_days", "value": "7"}]}, "filters.0.value"),
        ({"filters": [{"column": "created_at", "op": "today", "value": "x"}]}, "filters.0.value"),
        (
            {"filters": [{"column": "created_at", "op": "range", "value": {"min": "2026-03-02", "max": "2026-03-01"}}]},
            "filters.0.value.max",
        ),
        ({"filters": [{"column": "created_at", "op": "empty", "period": "last_month"}]}, "filters.0.period"),
        ({"filters": [{"column": "created_at", "op": "empty", "__class__": 1}]}, "filters.0.__class__"),
    ],
)
def test_a_hostile_body_is_refused_by_place(body, place):
    with translation.override("zh-hans"), pytest.raises(InvalidParameters) as refused:
        custom.read(get("orders"), body, zone=SHANGHAI)
    assert list(refused.value.details) == [place]
    assert all(sentence and "%(" not in sentence for sentence in refused.value.details[place])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "column": st.sampled_from([column.key for column in get("orders").columns]) | JSON,
            "op": st.sampled_from(["equals", "in", "range", "contains", "last_n_days"]) | JSON,
            "value": JSON | st.lists(JSON) | st.fixed_dictionaries({}, optional={"min": JSON, "max": JSON}),
        },
    )
)
def test_no_value_at_all_is_a_crash(said):
    try:
        selection = custom.read(get("orders"), {"filters": [said]}, zone=SHANGHAI)
    except InvalidParameters as error:
        places = set(error.details)
    else:
        places = {"filters.0"}
        stored = selection.fixed(TODAY).as_json()
        assert custom.read(get("orders"), stored, zone=SHANGHAI, fixed=True).as_json() == stored
    assert places
    assert all(place.startswith("filters.0") for place in places)
