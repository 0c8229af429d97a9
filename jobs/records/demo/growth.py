"""Teams, campaigns, and the tasks that teams do for them."""

from typing import Any

from django.db import models

from jobs.records.demo import words
from jobs.records.demo.draws import ANCHOR, TENANT, Draws, analyze, array, batches, insert
from jobs.records.models import Campaign, Task, Team

TABLES: tuple[type[models.Model], ...] = (Task, Campaign, Team)

PLACES = len(words.PLACES)
ORDERS_PER_PLACE_TEAM = 120_000
ORDERS_PER_CAMPAIGN = 2_000
LEAST_CAMPAIGNS = 30
ORDERS_PER_TASK = 100
LEAST_TASKS = 200
DAYS = 700
"""How far back campaigns begin; a few begin up to AHEAD days after the last demo day."""
AHEAD = 30
TODAY = f"(timestamptz '{ANCHOR}' AT TIME ZONE 'Asia/Shanghai')::date"


def fill(cursor: Any, seed: int, orders: int) -> None:
    """At least one team in every city, a campaign for 2,000 orders, a task for 100."""
    teams = max(orders // ORDERS_PER_PLACE_TEAM, 1)
    campaigns = max(orders // ORDERS_PER_CAMPAIGN, LEAST_CAMPAIGNS)
    cursor.execute(_teams(seed), {"count": teams * PLACES})
    cursor.execute(_campaigns(seed), {"count": campaigns})
    analyze(cursor, Team, Campaign)
    for first, last in batches(max(orders // ORDERS_PER_TASK, LEAST_TASKS)):
        cursor.execute(_tasks(seed), {"first": first, "last": last, "campaigns": campaigns, "teams": teams})
    cursor.execute(_costs())


def _place(number: str) -> tuple[str, str]:
    """SQL of the region and the city with this number, counted from 0."""
    regions, cities = zip(*words.PLACES, strict=True)
    return f"({array(regions)})[1 + {number}]", f"({array(cities)})[1 + {number}]"


def _teams(seed: int) -> str:
    draw = Draws("g", seed)
    region, city = _place(f"mod(g - 1, {PLACES})")
    columns = {
        "team_code": "'T' || lpad(g::text, 6, '0')",
        "name": f"{city} || {draw.word(101, words.TEAM_KINDS)} || ((g - 1) / {PLACES} + 1) || '组'",
        "region": region,
        "city": city,
        "leader_name": f"{draw.word(102, words.SURNAMES)} || {draw.word(103, words.GIVEN_FIRST)} "
        f"|| {draw.word(104, words.GIVEN_SECOND)}",
        "leader_phone": f"'137' || lpad(({draw.number(105, 100_000_000)})::text, 8, '0')",
        "size": f"3 + {draw.number(106, 58)}",
        "level": draw.weighted(107, {"s": 10, "a": 30, "b": 40, "c": 20}),
        "status": draw.weighted(108, {"active": 88, "paused": 8, "disbanded": 4}),
        "note": f"CASE WHEN {draw.chance(109, 10)} THEN {draw.word(110, words.NOTES)} ELSE '' END",
        "created_at": f"timestamptz '{ANCHOR}' - make_interval(days => {DAYS + 60} + ({draw.number(111, 400)})::int, "
        f"secs => {draw.number(112, 86400)})",
    }
    return insert("records_team", columns, "FROM generate_series(1, %(count)s) g ORDER BY g")


def _campaigns(seed: int) -> str:
    draw = Draws("g", seed)
    region, city = _place("place")
    drawn = {
        "place": draw.number(121, PLACES),
        "type": draw.weighted(122, {"coupon": 30, "discount": 25, "new_member": 20, "referral": 15, "festival": 10}),
        "first_day": f"{TODAY} + {AHEAD} - ({draw.number(123, DAYS + AHEAD)})::int",
        "length": f"3 + ({draw.number(124, 58)})::int",
        "is_cancelled": draw.chance(125, 4),
        "reached": f"100 + {draw.number(126, 50_000)}",
        "permille": f"5 + {draw.number(127, 320)}",
    }
    names = ", ".join(f"{sql} AS {name}" for name, sql in drawn.items())
    status = (
        f"CASE WHEN is_cancelled THEN 'cancelled' WHEN first_day + length <= {TODAY} THEN 'ended' "
        f"WHEN first_day < {TODAY} THEN 'running' WHEN {draw.chance(128, 50)} THEN 'draft' ELSE 'scheduled' END"
    )
    has_run = "status IN ('running', 'ended')"
    conversions = "(reached * permille / 1000)"
    titles = "".join(f"WHEN '{kind}' THEN {draw.word(129, names)} " for kind, names in words.CAMPAIGNS.items())
    columns = {
        "campaign_code": "'C' || lpad(g::text, 7, '0')",
        "name": f'to_char(first_day, \'YYYY"年"FMMM"月"\') || {city} || CASE type {titles} END',
        "type": "type",
        "channel": draw.weighted(130, {"app": 35, "mini_program": 25, "store": 12, "live": 13, "field": 15}),
        "status": "status",
        "region": region,
        "city": city,
        "owner": draw.word(131, words.CAMPAIGN_OWNERS),
        "start_on": "first_day",
        "end_on": "first_day + length - 1",
        "budget": "0",
        "spent": "0",
        "participants": f"CASE WHEN {has_run} THEN reached ELSE 0 END",
        "conversions": f"CASE WHEN {has_run} THEN {conversions} ELSE 0 END",
        "conversion_rate": f"CASE WHEN {has_run} THEN round({conversions}::numeric / reached, 4) END",
        "note": f"CASE WHEN {draw.chance(132, 15)} THEN {draw.word(133, words.CAMPAIGN_NOTES)} ELSE '' END",
        "created_at": f"timestamptz '{ANCHOR}' - make_interval(days => {TODAY} - first_day + {AHEAD + 5} "
        f"+ ({draw.number(134, 20)})::int, secs => {draw.number(135, 36000)})",
    }
    source = f"""FROM (
    SELECT d.*, {status} AS status FROM (SELECT g, {names} FROM generate_series(1, %(count)s) g) d
) rows ORDER BY g"""  # noqa: S608
    return insert("records_campaign", columns, source)


def _tasks(seed: int) -> str:
    """Each for a campaign of the team's own city, due while the campaign runs."""
    draw = Draws("g", seed)
    due = (
        f"((c.start_on + ({draw.number(146, '(c.end_on - c.start_on + 1)')})::int)::timestamp "
        "+ interval '18 hours') AT TIME ZONE 'Asia/Shanghai'"
    )
    drawn = {
        "type": draw.weighted(143, {"visit": 25, "promotion": 30, "content": 15, "survey": 10, "sign_up": 20}),
        "quota": f"10 + {draw.number(144, 291)}",
        "percent": f"CASE WHEN {draw.chance(145, 60)} THEN 100 ELSE {draw.number(147, 100)} END",
        "deadline": due,
        "is_cancelled": f"c.status = 'cancelled' OR {draw.chance(148, 3)}",
        # Work begins with the campaign.
        "has_begun": "c.status IN ('running', 'ended')",
    }
    names = ", ".join(f"{sql} AS {name}" for name, sql in drawn.items())
    done = "CASE WHEN has_begun AND NOT is_cancelled THEN quota * percent / 100 ELSE 0 END"
    titles = "".join(f"WHEN '{kind}' THEN {draw.word(149, names)} " for kind, names in words.TASKS.items())
    last_work = f"least(deadline, timestamptz '{ANCHOR}')"
    columns = {
        "task_no": "'K' || lpad(g::text, 9, '0')",
        "campaign_id": "campaign_id",
        "team_id": "team_id",
        "region": "region",
        "title": f"CASE type {titles} END",
        "type": "type",
        "status": "CASE WHEN is_cancelled THEN 'cancelled' WHEN NOT has_begun THEN 'open' "
        f"WHEN done = quota THEN 'done' WHEN deadline < timestamptz '{ANCHOR}' THEN 'overdue' ELSE 'active' END",
        "reward": f"(100 + {draw.number(150, 200)} * 50)::numeric / 100",
        "quota": "quota",
        "done": "done",
        "note": f"CASE WHEN {draw.chance(151, 8)} THEN {draw.word(152, words.CAMPAIGN_NOTES)} ELSE '' END",
        "created_at": f"created + make_interval(secs => {draw.number(153, 3 * 86400)})",
        "deadline": "deadline",
        "finished_at": f"CASE WHEN has_begun AND NOT is_cancelled AND done = quota "
        f"THEN {last_work} - make_interval(secs => {draw.number(154, 36000)}) END",
    }
    source = f"""FROM (
    SELECT d.*, {done} AS done FROM (
        SELECT g, c.id AS campaign_id, t.id AS team_id, t.region, c.created_at AS created, {names}
        FROM generate_series(%(first)s::bigint, %(last)s::bigint) g
        JOIN demo_campaign c ON c.n = {draw.number(141, "%(campaigns)s::bigint")}
        JOIN demo_team t ON t.n = c.place + {PLACES} * {draw.number(142, "%(teams)s::bigint")}
    ) d
) rows ORDER BY g"""  # noqa: S608
    cities = array([city for _region, city in words.PLACES])
    numbered = f"""WITH demo_campaign AS MATERIALIZED (
    SELECT *, row_number() OVER (ORDER BY id) - 1 AS n, array_position({cities}, city::text) - 1 AS place
    FROM records_campaign WHERE tenant_id = {TENANT}
), demo_team AS MATERIALIZED (
    SELECT id, region, row_number() OVER (ORDER BY id) - 1 AS n FROM records_team WHERE tenant_id = {TENANT}
)
"""  # noqa: S608
    return numbered + insert("records_task", columns, source)


def _costs() -> str:
    """Make ``spent`` what the tasks cost, and the budget enough for all that may be done."""
    return f"""UPDATE records_campaign c SET
    spent = coalesce(t.spent, 0), budget = 10000 + 1000 * ceil(coalesce(t.planned, 0) * 11 / 10000)
FROM records_campaign own LEFT JOIN (
    SELECT campaign_id, sum(reward * done) AS spent, sum(reward * quota) AS planned
    FROM records_task WHERE tenant_id = {TENANT} GROUP BY campaign_id
) t ON t.campaign_id = own.id
WHERE c.tenant_id = {TENANT} AND own.tenant_id = {TENANT} AND own.id = c.id"""  # noqa: S608
