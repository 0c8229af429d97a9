"""A few rows made by hand, so that expected values can be written down by hand too."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from jobs.records.models import Member, Order, RiskHit


def member(no: str = "M000000001", **fields: Any) -> Member:
    """A member of the current tenant."""
    values = {
        "name": "张小三",
        "phone": "13812345678",
        "email": "zhang.san@example.com",
        "region": "华东",
        "created_at": datetime(2026, 1, 5, 8, tzinfo=UTC),
    }
    made: Member = Member.objects.create(member_no=no, **(values | fields))
    return made


def order(no: str, **fields: Any) -> Order:
    """An order of the current tenant."""
    values = {
        "buyer_name": "张小三",
        "buyer_phone": "13812345678",
        "region": "华东",
        "sku": "SKU1",
        "product_name": "茶",
        "quantity": 2,
        "amount": Decimal("100.00"),
        "discount": Decimal("0.10"),
        "paid_amount": Decimal("99.90"),
        "status": "completed",
        "created_at": datetime(2026, 3, 1, 2, tzinfo=UTC),
    }
    made: Order = Order.objects.create(order_no=no, **(values | fields))
    return made


def risk_hit(no: str = "H000000001", **fields: Any) -> RiskHit:
    """A risk hit of the current tenant."""
    values = {
        "rule_code": "R-1",
        "rule_name": "规则",
        "category": "payment",
        "level": "high",
        "score": Decimal("71.5"),
        "decision": "hold",
        "subject_name": "张小三",
        "subject_phone": "13812345678",
        "region": "华东",
        "created_at": datetime(2026, 3, 1, 3, tzinfo=UTC),
    }
    made: RiskHit = RiskHit.objects.create(hit_no=no, **(values | fields))
    return made


def one_of_each(region: str = "华东", suffix: str = "1") -> None:
    """A member with an order and a risk hit."""
    buyer = member(f"M{suffix}", region=region)
    bought = order(f"2026030100000000{suffix:>02}"[:18], region=region, member=buyer)
    risk_hit(f"H{suffix}", region=region, member=buyer, order=bought)
