"""Filters in words, in both languages."""

import pytest
from django.utils import translation

from jobs.datasets import custom, get
from jobs.datasets.words import describe_changes, describe_order, describe_params, in_words
from tests.jobs.datasets.cells import SHANGHAI

PERIOD = {"column": "created_at", "op": "range", "value": {"min": "2026-10-01", "max": "2026-10-31"}}


def said(column, op, value=None, **more):
    return {"column": column, "op": op} | ({} if value is None else {"value": value}) | more


@pytest.mark.parametrize(
    ("condition", "chinese", "english"),
    [
        (said("amount", "range", {"min": "100"}), "金额 ≥ 100", "Amount ≥ 100"),
        (said("amount", "range", {"max": "1234567.50"}), "金额 ≤ 1,234,567.50", "Amount ≤ 1,234,567.50"),
        (said("quantity", "equals", 2), "数量 = 2", "Quantity = 2"),
        (PERIOD, "下单时间 2026-10-01 – 2026-10-31", "Ordered 2026-10-01 – 2026-10-31"),
        (
            PERIOD | {"period": "last_month"},
            "下单时间 2026-10-01 – 2026-10-31 (上月)",
            "Ordered 2026-10-01 – 2026-10-31 (last month)",
        ),
        (said("created_at", "last_month"), "下单时间 上月", "Ordered last month"),
        (said("created_at", "last_n_days", 7), "下单时间 最近 7 天（含今天）", "Ordered last 7 days, today included"),
        (said("created_at", "last_n_days", 1), "下单时间 最近 1 天（含今天）", "Ordered last 1 day, today included"),
        (said("status", "in", ["paid", "shipped"]), "状态 已付款、已发货", "Status Paid, Shipped"),
        (said("status", "equals", "paid"), "状态 = 已付款", "Status = Paid"),
        (said("note", "empty"), "备注 为空", "Note is empty"),
        (said("note", "not_empty"), "备注 不为空", "Note is not empty"),
        (said("note", "contains", "茶%"), "备注 包含“茶%”", "Note contains “茶%”"),
        (said("order_no", "starts_with", "A"), "订单号 开头为“A”", "Order no. begins with “A”"),
        (said("gone", "equals", "x"), "gone equals x", "gone equals x"),
        (said("amount", "gone"), "金额 gone", "Amount gone"),
    ],
)
def test_conditions(condition, chinese, english):
    body = {"filters": [condition]}
    for language, expected in (("zh-hans", chinese), ("en", english)):
        with translation.override(language):
            assert in_words(get("orders"), body) == expected


def test_several_conditions_in_one_line():
    with translation.override("zh-hans"):
        body = {"zone": "Asia/Shanghai", "filters": [said("amount", "range", {"min": "100"}), PERIOD]}
        assert in_words(get("orders"), body) == "金额 ≥ 100; 下单时间 2026-10-01 – 2026-10-31"


def test_a_long_list_is_counted():
    with translation.override("en"):
        ((_title, text),) = describe_params(
            get("orders"), {"filters": [said("order_no", "in", [f"A{number}" for number in range(25)])]}
        )
    assert text.startswith("A0, A1, ")
    assert text.endswith("A19 and 5 more")


@pytest.mark.parametrize(
    ("dataset", "params", "expected"),
    [
        ("orders", {}, []),
        ("orders", {"start": "2026-10-01", "end": "2026-10-31"}, [("时间段", "2026-10-01 – 2026-10-31")]),
        ("orders", {"start": "2026-10-01"}, [("时间段", "≥ 2026-10-01")]),
        ("orders", {"end": "2026-10-31"}, [("时间段", "≤ 2026-10-31")]),
        ("orders", {"status": ["paid", "shipped"]}, [("状态", "已付款、已发货")]),
        ("orders", {"status": "paid", "keyword": "", "sku": None}, [("状态", "已付款")]),
        ("orders", {"keyword": "A<b>"}, [("订单号开头", "A<b>")]),
        ("users", {"is_active": True}, [("启用", "是")]),
        ("users", {"is_active": "false"}, [("启用", "否")]),
        ("orders", {"gone": [1, 2]}, [("gone", "1、2")]),
    ],
)
def test_the_datasets_own_filters(dataset, params, expected):
    with translation.override("zh-hans"):
        told = describe_params(get(dataset), params)
    assert [text for _title, text in told] == [text for _title, text in expected]
    assert all(title for title, _text in told)


def test_order_and_changes():
    dataset = get("orders")
    old = custom.read(dataset, {"columns": [{"key": "sku"}, {"key": "amount"}]}, zone=SHANGHAI).as_json()
    new = custom.read(
        dataset,
        {
            "columns": [{"key": "amount", "label": "Due"}, {"key": "sku"}],
            "order": [{"key": "amount", "descending": True}, {"key": "sku"}],
            "filters": [said("status", "equals", "paid")],
        },
        zone=SHANGHAI,
    ).as_json()
    with translation.override("en"):
        assert describe_order(dataset, new) == "Amount ↓, SKU ↑"
        assert describe_order(dataset, old) == ""
        assert describe_changes(dataset, old, old) == []
        assert describe_changes(dataset, old, new | {"file_type": "json"} | {"options": {"raw": True}}) == [
            "Heading: Amount → Due",
            "Columns in another sequence",
            "Filter added: Status = Paid",
            "Order: Amount ↓, SKU ↑",
            "File type: None → json",
            "Options changed",
        ]
        assert describe_changes(dataset, new, old)[-1] == "Order: the usual one"
