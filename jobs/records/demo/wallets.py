"""Wallets, their ledger and withdrawals, so that all figures agree.

A wallet's entries follow from what is known of its member: orders paid with the balance (topped up just before),
refunds of them, rewards, corrections; and in the end whatever it takes to arrive at the member's balance. No balance
is ever below zero. Amounts are integers of a fen until they are written.
"""

from typing import Any

from django.db import models

from jobs.records.demo import words
from jobs.records.demo.draws import ANCHOR, TENANT, Draws, analyze, array, batches, insert
from jobs.records.models import Wallet, WalletEntry, Withdraw

TABLES: tuple[type[models.Model], ...] = (Withdraw, WalletEntry, Wallet)

END = f"timestamptz '{ANCHOR}'"
AS_INTEGER = "substr(member_no, 2)::bigint"
"""The row number of a member, of which its values are drawn."""
LEAST_WITHDRAW = 10_000
"""In fen: less stays in the wallet."""
FEE_PERMILLE = 1


def fill(cursor: Any, seed: int, orders: int) -> None:
    """A wallet for each member with money in it or behind it; about a sixth as many ledger entries as orders."""
    for statement in (_movements(seed), _endings(seed), _withdraws(seed)):
        cursor.execute(statement, {})
    cursor.execute(_wallets(), {})
    analyze(cursor, Wallet)
    cursor.execute(_chain(seed), {})
    for first, last in batches(_rows(cursor, "demo_entry")):
        cursor.execute(_entries(), {"first": first, "last": last})
    for first, last in batches(_rows(cursor, "demo_withdraw")):
        cursor.execute(_requests(seed), {"first": first, "last": last})


def _rows(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
    rows: int = cursor.fetchone()[0]
    return rows


def _movements(seed: int) -> str:
    """What can be told before the last movement: demo_movement, with signed amounts. ``step`` orders equal times."""
    order = Draws("right(order_no, 10)::bigint", seed)
    person = Draws(AS_INTEGER, seed)
    soon = f"greatest({END} - paid_at, interval '1 hour')"
    campaigns = f"ARRAY(SELECT campaign_code FROM records_campaign WHERE tenant_id = {TENANT} ORDER BY id)"  # noqa: S608
    gift = f"created_at + make_interval(secs => 10 + {person.number(212, 600)})"
    slip = f"created_at + make_interval(secs => 3600 + {person.number(215, 3_000_000)})"
    return f"""
DROP TABLE IF EXISTS demo_movement;
CREATE TEMPORARY TABLE demo_movement ON COMMIT DROP AS
WITH paid AS MATERIALIZED (
    SELECT member_id, order_no, status, created_at, paid_at, (paid_amount * 100)::bigint AS fen
    FROM records_order
    WHERE tenant_id = {TENANT} AND payment = 'balance' AND member_id IS NOT NULL AND paid_amount > 0
), person AS MATERIALIZED (
    SELECT id AS member_id, member_no, created_at FROM records_member WHERE tenant_id = {TENANT}
), campaign AS MATERIALIZED (
    SELECT {campaigns} AS codes
)
SELECT member_id, created_at + make_interval(secs => 1 + {order.number(201, 4)}) AS at, 1 AS step, 'topup' AS business,
    (fen + 9999) / 10000 * 10000 AS fen, '' AS reference_no, '' AS operator, '' AS memo
FROM paid
UNION ALL
SELECT member_id, paid_at, 2, 'order_pay', -fen, order_no, '', '' FROM paid
UNION ALL
SELECT member_id, paid_at + least(interval '10 days', {soon}) * ((1 + {order.number(202, 900)}) / 1000.0::float8),
    3, 'refund', fen, order_no, {order.word(203, words.PAYOUT_REVIEWERS)}, ''
FROM paid WHERE status = 'refunded'
UNION ALL
SELECT member_id, {gift}, 4, 'reward', 500 + 100 * {person.number(213, 46)},
    codes[1 + {person.number(214, "cardinality(codes)")}], '', '' FROM person, campaign
WHERE {person.chance(211, 20)} AND {gift} < {END}
UNION ALL
SELECT member_id, {slip} + make_interval(hours => 2 * (step - 5)), step, 'adjust',
    (100 + {person.number(217, 20_000)}) * (11 - 2 * step), '', {person.word(218, words.PAYOUT_REVIEWERS)},
    {person.word(219, words.ADJUST_MEMOS)}
FROM person, generate_series(5, 6) step WHERE {person.chance(216, 2)} AND {slip} + interval '2 hours' < {END}
"""  # noqa: S608


def _endings(seed: int) -> str:
    """demo_ending: each member's time after the last movement, and how it comes to the balance the member has."""
    draw = Draws(AS_INTEGER, seed)
    room = f"greatest({END} - last_at, interval '1 hour')"
    return f"""
DROP TABLE IF EXISTS demo_ending;
CREATE TEMPORARY TABLE demo_ending ON COMMIT DROP AS
SELECT *, fen_in - fen_out AS difference,
    last_at + room * ((10 + {draw.number(221, 300)}) / 1000.0::float8) AS in_at,
    last_at + room * ((320 + {draw.number(222, 300)}) / 1000.0::float8) AS asked_at,
    last_at + room * ((640 + {draw.number(223, 300)}) / 1000.0::float8) AS out_at
FROM (
    -- Some put in more than they keep, and take the rest out again.
    SELECT *, {room} AS room, greatest(missing, 0) + spare AS fen_in, greatest(-missing, 0) + spare AS fen_out
    FROM (
        SELECT m.id AS member_id, m.member_no, m.name, m.region, m.status, (m.balance * 100)::bigint AS balance,
            (m.balance * 100)::bigint - coalesce(e.fen, 0) AS missing,
            greatest(e.last_at, m.created_at) AS last_at,
            CASE WHEN m.balance > 0 AND {draw.chance(224, 15)}
                THEN {LEAST_WITHDRAW} + 100 * {draw.number(225, 9000)} ELSE 0 END AS spare
        FROM records_member m
        LEFT JOIN (
            SELECT member_id, sum(fen)::bigint AS fen, max(at) AS last_at FROM demo_movement GROUP BY member_id
        ) e ON e.member_id = m.id
        WHERE m.tenant_id = {TENANT} AND (m.balance > 0 OR e.member_id IS NOT NULL)
    ) known
) ending
"""  # noqa: S608


def _withdraws(seed: int) -> str:
    """demo_withdraw: one for each payout of demo_ending, and requests that are open or were refused."""
    draw = Draws(AS_INTEGER, seed)
    asked = f"last_at + room * ((950 + {draw.number(233, 45)}) / 1000.0::float8)"
    return f"""
DROP TABLE IF EXISTS demo_withdraw;
CREATE TEMPORARY TABLE demo_withdraw ON COMMIT DROP AS
SELECT w.*, row_number() OVER (ORDER BY asked_at, member_no, status) AS n,
    to_char(asked_at AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD')
    || lpad((row_number() OVER (ORDER BY asked_at, member_no, status))::text, 10, '0') AS withdraw_no
FROM (
    SELECT member_id, member_no, name, region, fen_out AS fen, asked_at, out_at AS decided_at, 'paid' AS status
    FROM demo_ending WHERE fen_out > 0
    UNION ALL
    SELECT member_id, member_no, name, region,
        {LEAST_WITHDRAW} + {draw.number(231, f"(balance - {LEAST_WITHDRAW} + 1)")}, {asked},
        {asked} + room * ((1 + {draw.number(234, 4)}) / 1000.0::float8),
        {draw.weighted(235, {"pending": 35, "approved": 20, "rejected": 25, "failed": 20})}
    FROM demo_ending WHERE balance >= {LEAST_WITHDRAW} AND {draw.chance(232, 12)}
) w
"""  # noqa: S608


def _wallets() -> str:
    """Opened with the first movement."""
    columns = {
        "wallet_no": "'W' || lpad((row_number() OVER (ORDER BY opened, member_no))::text, 9, '0')",
        "member_id": "member_id",
        "region": "region",
        "status": "status",
        "currency": "'CNY'",
        "frozen_amount": "frozen::numeric / 100",
        "created_at": "opened",
    }
    source = """FROM (
    SELECT n.*, least(m.opened, CASE WHEN n.fen_in > 0 THEN n.in_at END, CASE WHEN n.fen_out > 0 THEN n.out_at END)
        AS opened, coalesce(w.frozen, 0) AS frozen
    FROM demo_ending n
    LEFT JOIN (SELECT member_id, min(at) AS opened FROM demo_movement GROUP BY member_id) m USING (member_id)
    LEFT JOIN (
        SELECT member_id, sum(fen) AS frozen FROM demo_withdraw
        WHERE status IN ('pending', 'approved') GROUP BY member_id
    ) w USING (member_id)
) rows ORDER BY opened, member_no"""
    return insert("records_wallet", columns, source)


def _chain(seed: int) -> str:
    """demo_entry: all movements in the order of time, each with the balance it leaves."""
    draw = Draws(AS_INTEGER, seed)
    return f"""
DROP TABLE IF EXISTS demo_entry;
CREATE TEMPORARY TABLE demo_entry ON COMMIT DROP AS
SELECT w.id AS wallet_id, w.region, e.at, e.business, e.fen, e.reference_no, e.operator, e.memo,
    sum(e.fen) OVER (PARTITION BY w.id ORDER BY e.at, e.step, e.reference_no) AS after,
    row_number() OVER (ORDER BY e.at, w.wallet_no, e.step, e.reference_no) AS n
FROM (
    SELECT member_id, at, step, business, fen, reference_no, operator, memo FROM demo_movement
    UNION ALL
    SELECT member_id, in_at, 7, 'topup', fen_in, '', '', '' FROM demo_ending WHERE fen_in > 0
    UNION ALL
    SELECT member_id, decided_at, 8, 'withdraw', -fen, withdraw_no, {draw.word(241, words.PAYOUT_REVIEWERS)}, ''
    FROM demo_withdraw WHERE status = 'paid'
) e
JOIN records_wallet w ON w.tenant_id = {TENANT} AND w.member_id = e.member_id;
CREATE INDEX ON demo_entry (n);
ANALYZE demo_entry
"""  # noqa: S608


def _entries() -> str:
    columns = {
        "entry_no": "to_char(at AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD') || lpad(n::text, 10, '0')",
        "wallet_id": "wallet_id",
        "region": "region",
        "direction": "CASE WHEN fen > 0 THEN 'in' ELSE 'out' END",
        "business": "business",
        "amount": "abs(fen)::numeric / 100",
        "balance_before": "(after - fen)::numeric / 100",
        "balance_after": "after::numeric / 100",
        "reference_no": "reference_no",
        "operator": "operator",
        "memo": "memo",
        "created_at": "at",
    }
    return insert("records_walletentry", columns, "FROM demo_entry WHERE n BETWEEN %(first)s AND %(last)s ORDER BY n")


def _requests(seed: int) -> str:
    draw = Draws("d.n", seed)
    bank = draw.number(251, len(words.BANKS))
    fee = f"(d.fen * {FEE_PERMILLE} / 1000)"
    columns = {
        "withdraw_no": "d.withdraw_no",
        "wallet_id": "w.id",
        "region": "d.region",
        "bank_name": f"({array([name for name, _digits in words.BANKS])})[1 + {bank}]",
        # 18 or 19 digits, more than a double holds.
        "account_no": f"({array([digits for _name, digits in words.BANKS])})[1 + {bank}] "
        f"|| lpad(({draw.number(252, 10**12)})::text, 12, '0') || CASE WHEN {draw.chance(253, 50)} "
        f"THEN ({draw.number(254, 10)})::text ELSE '' END",
        "account_holder": "d.name",
        "amount": "d.fen::numeric / 100",
        "fee": f"{fee}::numeric / 100",
        "net_amount": f"(d.fen - {fee})::numeric / 100",
        "status": "d.status",
        "reviewer": f"CASE WHEN d.status = 'pending' THEN '' ELSE {draw.word(255, words.PAYOUT_REVIEWERS)} END",
        "fail_reason": f"CASE d.status WHEN 'rejected' THEN {draw.word(256, words.WITHDRAW_REFUSALS)} "
        f"WHEN 'failed' THEN {draw.word(257, words.WITHDRAW_FAILURES)} ELSE '' END",
        "created_at": "d.asked_at",
        "reviewed_at": "CASE WHEN d.status <> 'pending' THEN d.asked_at + (d.decided_at - d.asked_at) / 2 END",
        "paid_at": "CASE WHEN d.status = 'paid' THEN d.decided_at END",
    }
    source = f"""FROM demo_withdraw d JOIN records_wallet w ON w.tenant_id = {TENANT} AND w.member_id = d.member_id
WHERE d.n BETWEEN %(first)s AND %(last)s ORDER BY d.n"""
    return insert("records_withdraw", columns, source)
