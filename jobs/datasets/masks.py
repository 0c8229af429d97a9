"""Masks of personal data, as SQL expressions, so that masked files are written at the database's speed (SPEC C5)."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Mask:
    """How a text value is hidden from people without the right to contact data."""

    name: str
    sql: Callable[[str], str]
    """SQL text expression over a column reference. NULL must stay NULL."""


phone = Mask(
    "phone",
    lambda x: (
        f"CASE WHEN length({x}) >= 11 THEN left({x}, 3) || '****' || right({x}, 4) "
        f"WHEN length({x}) >= 7 THEN repeat('*', length({x}) - 2) || right({x}, 2) "
        f"ELSE repeat('*', length({x})) END"
    ),
)
"""13812345678 → 138****5678. Shorter numbers (a landline has 7 or 8 digits) show their last two at most."""

email = Mask(
    "email",
    lambda x: (
        f"CASE WHEN position('@' in {x}) > 1 THEN left({x}, 1) || '***' || substr({x}, position('@' in {x})) "
        f"ELSE repeat('*', length({x})) END"
    ),
)
"""zhang.san@example.com → z***@example.com"""

person_name = Mask(
    "person_name",
    lambda x: (
        f"CASE WHEN length({x}) > 1 THEN left({x}, 1) || repeat('*', length({x}) - 1) ELSE repeat('*', length({x})) END"
    ),
)
"""张小三 → 张**"""

id_number = Mask(
    "id_number",
    lambda x: (
        f"CASE WHEN length({x}) >= 12 THEN left({x}, 4) || repeat('*', length({x}) - 8) || right({x}, 4) "
        f"ELSE repeat('*', length({x})) END"
    ),
)
"""Identity-card and bank-card numbers: first and last four stay; of fewer than 12 characters none."""
