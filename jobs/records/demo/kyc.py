"""KYC cases: most members have proved who they are, some failed."""

from typing import Any

from django.db import models

from jobs.records.demo import risk_words, words
from jobs.records.demo.draws import ANCHOR, TENANT, Draws, insert
from jobs.records.models import KycCase

TABLES: tuple[type[models.Model], ...] = (KycCase,)


def fill(cursor: Any, seed: int, orders: int) -> None:
    """A case for two members of three."""
    cursor.execute(_cases(seed), {})


def _cases(seed: int) -> str:
    draw = Draws("n", seed)
    drawn = {
        "document": draw.weighted(401, {"id_card": 93, "passport": 4, "residence_permit": 3}),
        "status": draw.weighted(402, {"approved": 80, "rejected": 10, "reviewing": 3, "submitted": 7}),
        "born": f"coalesce(birthday, date '1960-01-01' + ({draw.number(403, 16_000)})::int)",
        # Soon after they registered, as long as that is not after the last demo day.
        "submitted": f"registered + (timestamptz '{ANCHOR}' - registered) * "
        f"power(({draw.number(404, 1000)})::float8 / 1000, 4)",
    }
    decided = "status IN ('approved', 'rejected')"
    columns = {
        "case_no": "'K' || lpad(n::text, 9, '0')",
        "member_id": "member_id",
        "name": "name",
        "document_type": "document",
        # No area of identity cards begins with 99, so that no demo row shows the number of a real person.
        "id_number": f"""CASE document WHEN 'passport' THEN 'E' || lpad(({draw.number(405, 10**8)})::text, 8, '0')
        ELSE '99' || lpad(({draw.number(406, 10**4)})::text, 4, '0') || to_char(born, 'YYYYMMDD')
            || lpad(({draw.number(407, 1000)})::text, 3, '0') || {draw.word(408, list("0123456789X"))} END""",
        "expires_on": f"CASE WHEN {draw.chance(409, 8)} THEN NULL ELSE "
        f"(submitted AT TIME ZONE 'Asia/Shanghai')::date - 200 + ({draw.number(410, 20 * 365)})::int END",
        "face_score": f"CASE WHEN status = 'submitted' THEN NULL "
        f"WHEN status = 'rejected' THEN ({draw.number(411, 85_000)})::numeric / 1000 "
        f"ELSE 85 + ({draw.number(412, 15_000)})::numeric / 1000 END",
        "attempts": f"CASE WHEN {draw.chance(413, 82)} THEN 1 ELSE 2 + {draw.number(414, 4)} END",
        "source": "source",
        "region": "region",
        "status": "status",
        "reviewer": f"CASE WHEN {decided} THEN {draw.word(415, words.REVIEWERS)} ELSE '' END",
        "reject_reason": f"CASE WHEN status = 'rejected' THEN "
        f"{draw.weighted(416, {'blurred': 40, 'expired': 15, 'mismatch': 20, 'face': 22, 'underage': 3})} ELSE '' END",
        "note": f"CASE WHEN {decided} THEN {draw.word(417, risk_words.KYC_NOTES)} ELSE '' END",
        "created_at": "submitted",
        "reviewed_at": f"CASE WHEN {decided} "
        f"THEN submitted + make_interval(mins => 3 + ({draw.number(418, 2880)})::int) END",
    }
    names = ", ".join(f"{sql} AS {name}" for name, sql in drawn.items())
    source = f"""FROM (
    SELECT m.*, {names} FROM (
        SELECT substr(member_no, 2)::bigint AS n, id AS member_id, name, birthday, region, source,
            created_at AS registered
        FROM records_member WHERE tenant_id = {TENANT}
    ) m WHERE {draw.chance(400, 67)}
) rows ORDER BY n"""  # noqa: S608
    return insert("records_kyccase", columns, source)
