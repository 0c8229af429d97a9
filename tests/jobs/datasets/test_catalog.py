"""Filters, masks and row scope of the four families, with values written down by hand."""

from datetime import UTC, datetime

import pytest
from django.utils import translation

from accounts.models import User
from exportcenter.common.errors import InvalidParameters
from tests.jobs.datasets.cells import export
from tests.jobs.records import samples


@pytest.fixture
def platform(world):
    with world.scope("platform"):
        yield world


def numbers(world, name="admin", **params):
    return [row[0][-1] for row in export("orders", world.user(name), ["order_no"], **params)]


def test_masks_depend_on_the_right_to_contact_data(platform):
    samples.one_of_each()
    columns = ["name", "phone", "email"]
    assert export("members", platform.user("risk"), columns) == [("张小三", "13812345678", "zhang.san@example.com")]
    assert export("members", platform.user("finance"), columns) == [("张**", "138****5678", "z***@example.com")]
    assert export("orders", platform.user("finance"), ["buyer_name", "buyer_phone"]) == [("张**", "138****5678")]
    assert export("risk_hits", platform.user("operator"), ["subject_name", "subject_phone"]) == [
        ("张**", "138****5678")
    ]


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13812345678", "138****5678"),
        ("+8613812345678", "+86****5678"),
        ("62345678", "******78"),
        ("6234567", "*****67"),
        ("110", "***"),
        ("", ""),
    ],
)
def test_phones_of_every_length_stay_hidden(platform, phone, shown):
    samples.member(phone=phone)
    assert export("members", platform.user("finance"), ["phone"]) == [(shown,)]


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("name", "李", "*"),
        ("name", "欧阳子", "欧**"),
        ("email", "no-at-sign", "**********"),
        ("email", "@x", "**"),
        ("email", "", ""),
    ],
)
def test_odd_names_and_addresses_stay_hidden(platform, field, value, shown):
    samples.member(**{field: value})
    assert export("members", platform.user("finance"), [field]) == [(shown,)]


def test_operators_get_their_own_regions_only(platform):
    for number, region in enumerate(["华东", "华南", "东北"], 1):
        samples.one_of_each(region, str(number))
    for key in ("members", "orders", "risk_hits"):
        with translation.override("en"):
            assert export(key, platform.user("operator"), ["region"]) == [("East China",)]
        assert len(export(key, platform.user("finance"))) == 3
        assert export(key, platform.user("operator2")) == []


def test_a_filter_cannot_widen_the_row_scope(platform):
    samples.one_of_each("华南")
    assert export("orders", platform.user("operator"), region=["华南", "华东"]) == []


def test_days_are_those_of_the_viewers_zone(platform):
    # 2026-02-28 16:00 UTC is midnight of the first of March in Shanghai.
    samples.order("1", created_at=datetime(2026, 2, 28, 15, 59, 59, tzinfo=UTC))
    samples.order("2", created_at=datetime(2026, 2, 28, 16, 0, tzinfo=UTC))
    samples.order("3", created_at=datetime(2026, 3, 1, 15, 59, 59, 999999, tzinfo=UTC))
    samples.order("4", created_at=datetime(2026, 3, 1, 16, 0, tzinfo=UTC))
    assert numbers(platform, start="2026-03-01", end="2026-03-01") == ["2", "3"]
    assert numbers(platform, end="2026-02-28") == ["1"]


def test_order_filters(platform):
    buyer = samples.member("M7")
    samples.order("2026-1", status="paid", amount="10", channel="web", member=buyer, product_name="100% 茶")
    samples.order("2026-2", status="pending", amount="20", region="华南", payment="alipay")
    samples.order("2027-3", status="completed", amount="30", sku="B'2")
    assert numbers(platform, status=["paid", "pending"]) == ["1", "2"]
    assert numbers(platform, status="paid") == ["1"]
    assert numbers(platform, status=[]) == ["1", "2", "3"]
    assert numbers(platform, region=["华南"]) == ["2"]
    assert numbers(platform, amount_min=20) == ["2", "3"]
    assert numbers(platform, amount_min="10.01", amount_max=20.0) == ["2"]
    assert numbers(platform, keyword="2026-") == ["1", "2"]
    assert numbers(platform, keyword="026") == []
    assert numbers(platform, member_no="M7") == ["1"]
    assert numbers(platform, sku="B'2") == ["3"]
    assert numbers(platform, product="0% ") == ["1"]
    assert numbers(platform, payment="alipay", channel="app") == ["2"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"status": "lost"}, "status"),
        ({"status": ["paid", "lost"]}, "status"),
        ({"status": ["paid"] * 501}, "status"),
        ({"amount_min": "much"}, "amount_min"),
        ({"amount_min": "NaN"}, "amount_min"),
        ({"amount_min": True}, "amount_min"),
        ({"amount_min": [1]}, "amount_min"),
        ({"amount_min": 5, "amount_max": 4}, "amount_max"),
        ({"start": 20260101}, "start"),
        ({"region": "火星"}, "region"),
    ],
)
def test_wrong_values_are_refused_by_name(platform, params, field):
    with pytest.raises(InvalidParameters) as refused:
        export("orders", platform.user("admin"), **params)
    assert list(refused.value.details) == [field]
    assert refused.value.details[field][0]


def test_yes_or_no_and_nothing_else(platform):
    samples.risk_hit("H1")
    samples.risk_hit("H2", reviewed_at=datetime(2026, 3, 2, tzinfo=UTC))
    admin = platform.user("admin")
    assert export("risk_hits", admin, ["hit_no"], reviewed=True) == [("H2",)]
    assert export("risk_hits", admin, ["hit_no"], reviewed="false") == [("H1",)]
    assert len(export("risk_hits", admin, ["hit_no"], reviewed=None)) == 2
    with pytest.raises(InvalidParameters):
        export("risk_hits", admin, reviewed="perhaps")


def test_joined_columns(platform):
    samples.one_of_each()
    samples.risk_hit("H9")
    with translation.override("en"):
        rows = export("risk_hits", platform.user("admin"), ["hit_no", "order_no", "member_no", "level"])
    assert rows == [("H1", "202603010000000001", "M1", "High"), ("H9", None, None, "High")]


def test_users_show_roles_in_the_readers_language(platform):
    user = platform.user("operator")
    admin = platform.user("admin")
    row = ("Operator", "operator", "华东", "o***@example.com")
    with translation.override("en"):
        rows = export("users", platform.user("finance"), ["username", "roles"])
        assert rows == [("finance", "Finance")]
        assert export("users", admin, ["roles", "role_keys", "regions", "email"], keyword="operator")[0] == (
            *row[:3],
            "operator@example.com",
        )
        assert export("users", user, ["roles", "role_keys", "regions", "email"]) == [row]
    assert export("users", admin, ["roles"], keyword="nobody") == [(None,)]


def test_people_without_the_right_see_themselves_only(world):
    with world.scope("acme_admin"):
        assert len(export("users", world.user("acme_admin"))) == 3
        assert [row[1] for row in export("users", world.user("acme_manager"))] == ["acme_manager"]


def test_user_filters(platform):
    admin = platform.user("admin")
    User.objects.filter(username="nobody").update(is_active=False)

    def names(**params):
        return {row[0] for row in export("users", admin, ["username"], **params)}

    assert names(is_active=False) == {"nobody"}
    assert names(role="operator") == {"operator", "operator2"}
    assert names(never_signed_in=False) == set()
    assert "admin" in names(language=["zh-hans"])
