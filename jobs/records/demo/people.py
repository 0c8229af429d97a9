"""Members, their orders, and the risk hits of the orders: what every other family refers to."""

from collections.abc import Callable
from typing import Any

from django.db import models

from jobs.records.demo import words
from jobs.records.demo.draws import ANCHOR, TENANT, Draws, analyze, array, batches, insert
from jobs.records.models import Member, Order, RiskHit

ORDER_DAYS = 730
MEMBER_DAYS = 1460
ORDERS_PER_MEMBER = 10
ORDERS_PER_HIT = 20
LEAST_MEMBERS = 1_000
TABLES: tuple[type[models.Model], ...] = (RiskHit, Order, Member)

BUYERS = f"""
DROP TABLE IF EXISTS demo_buyer;
CREATE TEMPORARY TABLE demo_buyer ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY id) - 1 AS n, id AS member_id, name, phone, region, city
FROM records_member WHERE tenant_id = {TENANT};
ANALYZE demo_buyer
"""  # noqa: S608
"""Members numbered from 0, worked out once instead of for each batch of orders."""


def fill(
    cursor: Any,
    seed: int,
    orders: int,
    *,
    members: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Members (a tenth of the orders and at least 1,000, unless told), orders, and a risk hit for every twentieth."""
    members = members or max(orders // ORDERS_PER_MEMBER, LEAST_MEMBERS)
    cursor.execute(_members(seed), {"count": members})
    analyze(cursor, Member)
    cursor.execute(BUYERS)
    for first, last in batches(orders):
        cursor.execute(_orders(seed), {"first": first, "last": last, "count": orders, "members": members})
        if progress:
            progress(last)
    cursor.execute(_risk_hits(seed), {})
    cursor.execute(_spending())


def _members(seed: int) -> str:
    draw = Draws("g", seed)
    place = draw.number(5, len(words.PLACES))
    # In the order of their numbers: an order can then choose among those who had registered before.
    step = f"{MEMBER_DAYS * 86400}::bigint"
    seconds = f"(g - 1) * {step} / %(count)s + {draw.number(6, f'greatest({step} / %(count)s, 1)')}"
    created = f"timestamptz '{ANCHOR}' - interval '{MEMBER_DAYS} days' + make_interval(secs => {seconds})"
    columns = {
        "member_no": "'M' || lpad(g::text, 9, '0')",
        "name": f"{draw.word(1, words.SURNAMES)} || {draw.word(2, words.GIVEN_FIRST)} "
        f"|| {draw.word(3, words.GIVEN_SECOND)}",
        "gender": draw.weighted(4, {"female": 44, "male": 41, "unknown": 15}),
        "region": f"({array([region for region, _city in words.PLACES])})[1 + {place}]",
        "city": f"({array([city for _region, city in words.PLACES])})[1 + {place}]",
        "phone": f"CASE WHEN {draw.chance(7, 3)} THEN '' ELSE "
        f"{draw.word(8, ['138', '139', '150', '159', '177', '186', '189', '199'])} || "
        f"lpad(({draw.number(9, 100_000_000)})::text, 8, '0') END",
        "email": f"CASE WHEN {draw.chance(10, 35)} THEN '' ELSE 'user' || g || '@' || "
        f"{draw.word(11, ['example.com', 'example.org', 'mail.example.net'])} END",
        "birthday": f"CASE WHEN {draw.chance(12, 25)} THEN NULL "
        f"ELSE date '1955-01-01' + ({draw.number(13, 19000)})::int END",
        "level": draw.weighted(14, {"normal": 60, "silver": 24, "gold": 12, "diamond": 4}),
        "status": draw.weighted(15, {"active": 93, "frozen": 4, "closed": 3}),
        "source": draw.weighted(16, {"app": 40, "mini_program": 30, "web": 15, "store": 9, "referral": 6}),
        "points": draw.number(17, 50_000),
        "balance": f"CASE WHEN {draw.chance(18, 60)} THEN 0 ELSE ({draw.number(19, 500_000)})::numeric / 100 END",
        "total_spent": "0",
        "note": f"CASE WHEN {draw.chance(20, 5)} THEN {draw.word(21, words.NOTES)} ELSE '' END",
        "created_at": created,
        "last_active_at": f"CASE WHEN {draw.chance(22, 10)} THEN NULL "
        f"ELSE timestamptz '{ANCHOR}' - (timestamptz '{ANCHOR}' - ({created})) * "
        f"(({draw.number(23, 1000)})::float8 / 1000) END",
    }
    return insert("records_member", columns, "FROM generate_series(1, %(count)s) g ORDER BY g")


def _orders(seed: int) -> str:
    draw = Draws("g", seed)
    product = draw.number(31, len(words.PRODUCTS))
    drawn = {
        "seconds": f"((g - 1) * {ORDER_DAYS * 86400}::bigint / %(count)s) "
        f"+ {draw.number(32, f'greatest({ORDER_DAYS * 86400} / %(count)s, 1)')}",
        "status": draw.weighted(
            33, {"completed": 62, "shipped": 12, "paid": 9, "pending": 6, "cancelled": 7, "refunded": 4}
        ),
        "sku": f"({array([sku for sku, _name, _price in words.PRODUCTS])})[1 + {product}]",
        "product": f"({array([name for _sku, name, _price in words.PRODUCTS])})[1 + {product}]",
        "fen": f"({array([price for _sku, _name, price in words.PRODUCTS])})[1 + {product}]",
        "quantity": f"CASE WHEN {draw.chance(34, 70)} THEN 1 ELSE 2 + {draw.number(35, 5)} END",
        "off": f"CASE WHEN {draw.chance(36, 65)} THEN 0 ELSE 1 + {draw.number(37, 30)} END",
    }
    names = ", ".join(f"{sql} AS {name}" for name, sql in drawn.items())
    # In integers of a fen up to the last moment: faster than numeric, and nothing is ever rounded twice.
    amount, discount = "(fen * quantity)", "(fen * quantity * off / 100)"
    is_paid = "status NOT IN ('pending', 'cancelled')"
    created = f"timestamptz '{ANCHOR}' - interval '{ORDER_DAYS} days' + make_interval(secs => seconds)"
    paid = f"created + make_interval(secs => 5 + {draw.number(38, 1800)})"
    columns = {
        "order_no": "to_char(created AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD') || lpad(g::text, 10, '0')",
        "member_id": f"CASE WHEN {draw.chance(39, 15)} THEN NULL ELSE member_id END",
        "buyer_name": "name",
        "buyer_phone": "phone",
        "region": "region",
        "city": "city",
        "status": "status",
        "channel": draw.weighted(40, {"app": 38, "mini_program": 27, "web": 14, "live": 12, "store": 9}),
        "payment": f"CASE WHEN {is_paid} THEN "
        f"{draw.weighted(41, {'wechat': 48, 'alipay': 39, 'unionpay': 8, 'balance': 5})} ELSE '' END",
        "sku": "sku",
        "product_name": "product",
        "quantity": "quantity",
        "amount": f"{amount}::numeric / 100",
        "discount": f"{discount}::numeric / 100",
        "paid_amount": f"CASE WHEN {is_paid} THEN ({amount} - {discount})::numeric / 100 ELSE 0 END",
        "note": f"CASE WHEN {draw.number(42, 2000)} = 0 THEN {draw.word(43, words.FORMULAS)} "
        f"WHEN {draw.chance(44, 20)} THEN {draw.word(45, words.NOTES)} ELSE '' END",
        "created_at": "created",
        "paid_at": f"CASE WHEN {is_paid} THEN {paid} END",
        "shipped_at": f"CASE WHEN status IN ('shipped', 'completed') "
        f"THEN {paid} + make_interval(mins => ({draw.number(46, 4000)})::int) END",
    }
    # Buyers are the latest fifth of those registered by then. Besides being what customers do, it keeps the rows
    # that foreign-key checks and the index of members touch together.
    registered = (
        f"(%(members)s::bigint * ({MEMBER_DAYS - ORDER_DAYS} * %(count)s::bigint + {ORDER_DAYS} * (g - 1)) "
        f"/ ({MEMBER_DAYS} * %(count)s::bigint))"
    )
    source = f"""FROM (
    SELECT d.*, {created} AS created FROM (
        SELECT g, m.*, {names}
        FROM generate_series(%(first)s::bigint, %(last)s::bigint) g
        JOIN demo_buyer m ON m.n = {registered} - 1 - {draw.number(30, "(1 + %(members)s::bigint / 5)")}
        ORDER BY g
    ) d
) rows"""  # noqa: S608
    return insert("records_order", columns, source)


def _risk_hits(seed: int) -> str:
    draw = Draws("n", seed)
    rule = draw.number(51, len(words.RULES))
    reviewed = "status IN ('confirmed', 'dismissed')"
    columns = {
        "hit_no": "'H' || lpad(n::text, 9, '0')",
        "member_id": "member_id",
        "order_id": "order_id",
        **{
            column: f"({array([rule[position] for rule in words.RULES])})[1 + {rule}]"
            for position, column in enumerate(["rule_code", "rule_name", "category", "level"])
        },
        "score": f"60 + ({draw.number(52, 40_000)})::numeric / 1000",
        "status": "status",
        "decision": draw.weighted(54, {"pass": 30, "verify": 35, "hold": 25, "block": 10}),
        "subject_name": "buyer_name",
        "subject_phone": "buyer_phone",
        "region": "region",
        "amount": "amount",
        # 198.18.0.0/15 is reserved for tests: no demo row accuses a real address.
        "ip_address": f"'198.18.' || {draw.number(55, 256)} || '.' || {draw.number(56, 256)}",
        "device_id": f"CASE WHEN {draw.chance(57, 12)} THEN '' ELSE 'D' || upper(to_hex({draw.number(58, 2**62)})) END",
        "reviewer": f"CASE WHEN {reviewed} THEN {draw.word(59, words.REVIEWERS)} ELSE '' END",
        "note": f"CASE WHEN {reviewed} THEN {draw.word(60, words.RISK_NOTES)} ELSE '' END",
        "created_at": f"created_at + make_interval(secs => {draw.number(61, 600)})",
        "reviewed_at": f"CASE WHEN {reviewed} "
        f"THEN created_at + make_interval(mins => 15 + ({draw.number(62, 5000)})::int) END",
    }
    status = draw.weighted(53, {"pending": 25, "reviewing": 10, "confirmed": 25, "dismissed": 40})
    source = f"""FROM (
    SELECT o.*, {status} AS status FROM (
        SELECT id AS order_id, member_id, buyer_name, buyer_phone, region, amount, created_at,
            (row_number() OVER (ORDER BY id) - 1) / {ORDERS_PER_HIT} + 1 AS n,
            mod(row_number() OVER (ORDER BY id) - 1, {ORDERS_PER_HIT}) AS place
        FROM records_order WHERE tenant_id = {TENANT}
    ) o WHERE place = {draw.number(50, ORDERS_PER_HIT)}
) rows ORDER BY n"""  # noqa: S608
    return insert("records_riskhit", columns, source)


def _spending() -> str:
    """Make total_spent what the orders say: figures of two tables that disagree would be a poor demo."""
    return f"""UPDATE records_member m SET total_spent = o.spent FROM (
    SELECT member_id, sum(paid_amount) AS spent FROM records_order
    WHERE tenant_id = {TENANT} AND status <> 'refunded' AND member_id IS NOT NULL GROUP BY member_id
) o WHERE m.tenant_id = {TENANT} AND m.id = o.member_id"""  # noqa: S608
