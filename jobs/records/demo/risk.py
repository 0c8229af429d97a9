"""The risk team's tables: rules with the numbers of their hits, lists, and tickets that come of hits."""

from typing import Any

from django.db import models

from jobs.records.demo import risk_words, words
from jobs.records.demo.draws import ANCHOR, TENANT, Draws, array, batches, insert, literal
from jobs.records.models import RiskListEntry, RiskRule, RiskTicket

TABLES: tuple[type[models.Model], ...] = (RiskTicket, RiskListEntry, RiskRule)

ORDERS_PER_ENTRY = 50
LEAST_ENTRIES = 200
LIST_DAYS = 700
"""How far back entries were added."""
DUE_HOURS = {"critical": 4, "high": 24, "medium": 72, "low": 168}
"""In how many hours a ticket of this level has to be closed."""

RECENT_HITS = f"""(SELECT count(*) FROM records_riskhit h WHERE h.tenant_id = {TENANT} AND h.rule_code = r.code
        AND h.created_at >= timestamptz '{ANCHOR}' - interval '30 days')"""  # noqa: S608


def fill(cursor: Any, seed: int, orders: int) -> None:
    """Every rule of the hits and some idle ones, a list entry for 50 orders, a ticket for four of five hits."""
    cursor.execute(_rules(seed), {})
    for first, last in batches(max(orders // ORDERS_PER_ENTRY, LEAST_ENTRIES)):
        cursor.execute(_entries(seed), {"first": first, "last": last})
    cursor.execute(_tickets(seed), {})


def _rules(seed: int) -> str:
    draw = Draws("n", seed)
    used = [(*rule, *risk_words.EXPRESSIONS[rule[0]], True) for rule in words.RULES]
    idle = [(*rule, False) for rule in risk_words.IDLE_RULES]
    rows = ",\n".join(
        f"({number}, {', '.join(literal(value) for value in rule[:-1])}, {rule[-1]})"
        for number, rule in enumerate(used + idle, start=1)
    )
    created = f"timestamptz '{ANCHOR}' - make_interval(days => 800 + ({draw.number(301, 400)})::int)"
    version = f"1 + {draw.number(302, 12)}"
    columns = {
        "code": "code",
        "name": "name",
        "category": "category",
        "level": "level",
        "expression": "expression",
        "threshold": "threshold::numeric",
        "action": "action",
        "enabled": "enabled",
        # Figures of two tables that disagree would be a poor demo: these are counted.
        "hits_30d": RECENT_HITS,
        "version": version,
        "owner": draw.word(303, risk_words.RULE_OWNERS),
        "note": draw.word(304, risk_words.RULE_NOTES),
        "created_at": created,
        "updated_at": f"CASE WHEN {version} = 1 THEN NULL "
        f"ELSE timestamptz '{ANCHOR}' - make_interval(hours => 24 + ({draw.number(305, 17_000)})::int) END",
    }
    names = "n, code, name, category, level, expression, threshold, action, enabled"
    return insert("records_riskrule", columns, f"FROM (VALUES\n{rows}\n) r ({names}) ORDER BY n")


def _entries(seed: int) -> str:
    draw = Draws("g", seed)
    place = array([region for region, _city in words.PLACES])
    drawn = {
        "kind": draw.weighted(311, {"phone": 38, "device": 30, "ip": 18, "id_card": 8, "bank_card": 6}),
        "created": f"timestamptz '{ANCHOR}' - make_interval(secs => 3600 + {draw.number(312, LIST_DAYS * 86400)})",
        "days": f"CASE WHEN {draw.chance(313, 45)} THEN NULL ELSE {draw.word(314, [30, 90, 180, 365])} END",
    }
    columns = {
        "entry_no": "'L' || lpad(g::text, 9, '0')",
        "list_type": draw.weighted(315, {"black": 58, "grey": 30, "white": 12}),
        "subject_kind": "kind",
        # Nobody real is accused: no area of identity cards begins with 99, no bank with 9999, 198.18.0.0/15 is for
        # tests, and the numbers of phones are drawn as those of the members are.
        "value": f"""CASE kind
        WHEN 'phone' THEN '17' || lpad(({draw.number(316, 10**9)})::text, 9, '0')
        WHEN 'device' THEN 'D' || upper(to_hex({draw.number(317, 2**62)}))
        WHEN 'ip' THEN '198.18.' || {draw.number(318, 256)} || '.' || {draw.number(319, 256)}
        WHEN 'id_card' THEN '99' || lpad(({draw.number(320, 10**4)})::text, 4, '0')
            || to_char(date '1960-01-01' + ({draw.number(321, 16_000)})::int, 'YYYYMMDD')
            || lpad(({draw.number(322, 1000)})::text, 3, '0') || {draw.word(323, list("0123456789X"))}
        ELSE '9999' || lpad(({draw.number(324, 10**15)})::text, 15, '0') END""",
        "region": f"({place})[1 + {draw.number(325, len(words.PLACES))}]",
        "reason": draw.word(326, risk_words.LIST_REASONS),
        "source": draw.weighted(327, {"manual": 35, "rule": 40, "import": 15, "partner": 10}),
        "status": draw.weighted(328, {"active": 86, "suspended": 5, "revoked": 9}),
        "valid_from": "created",
        "valid_until": "created + make_interval(days => days::int)",
        "hits": f"CASE WHEN {draw.chance(329, 40)} THEN 0 ELSE {draw.number(330, 120)} END",
        "added_by": draw.word(331, words.REVIEWERS),
        "note": f"CASE WHEN {draw.chance(332, 6)} THEN {draw.word(333, words.RISK_NOTES)} ELSE '' END",
        "created_at": "created",
        "updated_at": f"CASE WHEN {draw.chance(334, 70)} THEN NULL "
        f"ELSE created + (timestamptz '{ANCHOR}' - created) * (({draw.number(335, 1000)})::float8 / 1000) END",
    }
    names = ", ".join(f"{sql} AS {name}" for name, sql in drawn.items())
    source = f"FROM (SELECT g, {names} FROM generate_series(%(first)s::bigint, %(last)s) g) rows ORDER BY g"  # noqa: S608
    return insert("records_risklistentry", columns, source)


def _tickets(seed: int) -> str:
    draw = Draws("n", seed)
    hours = f"CASE level {' '.join(f'WHEN {literal(level)} THEN {due}' for level, due in DUE_HOURS.items())} END"
    drawn = {
        "status": f"CASE WHEN hit_status = 'pending' THEN 'open' "
        f"WHEN hit_status = 'reviewing' THEN {draw.weighted(341, {'working': 70, 'waiting': 30})} ELSE 'closed' END",
        # Up to a quarter more than there is time for: one ticket in five is closed too late.
        "minutes": f"5 + {draw.number(342, '(hours * 75)')}",
    }
    closed = "status = 'closed'"
    columns = {
        "ticket_no": "'RT' || lpad(n::text, 9, '0')",
        "title": "rule_name || ' · ' || hit_no",
        "hit_id": "hit_id",
        "member_id": "member_id",
        "category": "category",
        "level": "level",
        "status": "status",
        "source": draw.weighted(343, {"rule": 84, "complaint": 11, "audit": 5}),
        "assignee": f"CASE WHEN status = 'open' THEN '' ELSE {draw.word(344, words.REVIEWERS)} END",
        "conclusion": f"CASE WHEN NOT {closed} THEN '' "
        f"WHEN hit_status = 'confirmed' THEN {draw.weighted(345, {'fraud': 55, 'abuse': 45})} "
        f"ELSE {draw.weighted(346, {'harmless': 88, 'unclear': 12})} END",
        "region": "region",
        "amount": "amount",
        "refunded_amount": f"CASE WHEN {closed} THEN refunded ELSE 0 END",
        "handling_minutes": f"CASE WHEN {closed} THEN minutes END",
        "note": f"CASE WHEN status = 'open' THEN '' ELSE {draw.word(347, risk_words.TICKET_NOTES)} END",
        "created_at": "opened",
        "due_at": "opened + make_interval(hours => hours)",
        "closed_at": f"CASE WHEN {closed} THEN opened + make_interval(mins => minutes::int) END",
    }
    names = ", ".join(f"{sql} AS {name}" for name, sql in drawn.items())
    source = f"""FROM (
    SELECT t.*, {names} FROM (
        SELECT substr(h.hit_no, 2)::bigint AS n, h.id AS hit_id, h.hit_no, h.member_id, h.rule_name, h.category,
            h.level, h.status AS hit_status, h.region, h.amount, {hours} AS hours,
            CASE WHEN o.status = 'refunded' THEN o.paid_amount ELSE 0 END AS refunded,
            h.created_at + make_interval(mins => 2) AS opened
        FROM records_riskhit h JOIN records_order o ON o.tenant_id = h.tenant_id AND o.id = h.order_id
        WHERE h.tenant_id = {TENANT}
    ) t WHERE NOT (hit_status = 'dismissed' AND {draw.chance(340, 50)})
) rows ORDER BY n"""  # noqa: S608
    return insert("records_riskticket", columns, source)
