"""Masks of personal data, as SQL expressions, so that masked files are written at the database's speed (SPEC C5).

Each has a twin in Python that gives the same text, for rows that are made there.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Mask:
    """How a text value is hidden from people without the right to contact data."""

    name: str
    sql: Callable[[str], str]
    """SQL text expression over a column reference. NULL must stay NULL."""
    python: Callable[[str], str]
    """The same for a text in Python. None is not given to it."""


def _phone(x: str) -> str:
    if len(x) >= 11:
        return f"{x[:3]}****{x[-4:]}"
    return "*" * (len(x) - 2) + x[-2:] if len(x) >= 7 else "*" * len(x)


def _email(x: str) -> str:
    at = x.find("@")
    return f"{x[0]}***{x[at:]}" if at > 0 else "*" * len(x)


def _person_name(x: str) -> str:
    return x[0] + "*" * (len(x) - 1) if len(x) > 1 else "*" * len(x)


def _id_number(x: str) -> str:
    return x[:4] + "*" * (len(x) - 8) + x[-4:] if len(x) >= 12 else "*" * len(x)


phone = Mask(
    "phone",
    lambda x: (
        f"CASE WHEN length({x}) >= 11 THEN left({x}, 3) || '****' || right({x}, 4) "
        f"WHEN length({x}) >= 7 THEN repeat('*', length({x}) - 2) || right({x}, 2) "
        f"ELSE repeat('*', length({x})) END"
    ),
    _phone,
)
"""13812345678 → 138****5678. Shorter numbers (a landline has 7 or 8 digits) show their last two at most."""

email = Mask(
    "email",
    lambda x: (
        f"CASE WHEN position('@' in {x}) > 1 THEN left({x}, 1) || '***' || substr({x}, position('@' in {x})) "
        f"ELSE repeat('*', length({x})) END"
    ),
    _email,
)
"""zhang.san@example.com → z***@example.com"""

person_name = Mask(
    "person_name",
    lambda x: (
        f"CASE WHEN length({x}) > 1 THEN left({x}, 1) || repeat('*', length({x}) - 1) ELSE repeat('*', length({x})) END"
    ),
    _person_name,
)
"""张小三 → 张**"""

id_number = Mask(
    "id_number",
    lambda x: (
        f"CASE WHEN length({x}) >= 12 THEN left({x}, 4) || repeat('*', length({x}) - 8) || right({x}, 4) "
        f"ELSE repeat('*', length({x})) END"
    ),
    _id_number,
)
"""Identity-card and bank-card numbers: first and last four stay; of fewer than 12 characters none."""


# No percent sign and no backslash in the patterns: they pass through % formatting and string literals.
_NUMBER_OF_PHONE = "[+]?[0-9]([ -]?[0-9]){4,13}"
_IPV4 = "[0-9]+([.][0-9]+){3}"
_IPV6 = "[0-9A-Fa-f]*:[0-9A-Fa-f:.]*"


def _identifier_sql(x: str) -> str:
    return (
        f"CASE WHEN {x} ~ '^{_NUMBER_OF_PHONE}$' THEN {phone.sql(x)} "
        f"WHEN {x} ~ '^{_IPV4}$' THEN regexp_replace({x}, '[.][0-9]+[.][0-9]+$', '.*.*') "
        f"WHEN {x} ~ '^{_IPV6}$' THEN split_part({x}, ':', 1) || ':****' "
        f"WHEN length({x}) BETWEEN 8 AND 11 THEN repeat('*', length({x}) - 2) || right({x}, 2) "
        f"ELSE {id_number.sql(x)} END"
    )


def _identifier(x: str) -> str:
    if re.fullmatch(_NUMBER_OF_PHONE, x):
        return _phone(x)
    if re.fullmatch(_IPV4, x):
        return ".".join([*x.split(".")[:2], "*", "*"])
    if re.fullmatch(_IPV6, x):
        return x.partition(":")[0] + ":****"
    return "*" * (len(x) - 2) + x[-2:] if 8 <= len(x) <= 11 else _id_number(x)


identifier = Mask("identifier", _identifier_sql, _identifier)
"""A phone, an IP address, a card or a device, each as its own kind is masked.

The value itself says which it is, not a label beside it: a phone number that was filed as a device stays hidden.
13812345678 → 138****5678, 203.0.113.9 → 203.0.*.*, 2001:db8::1 → 2001:****, anything longer than 11 characters
keeps its first and last four, shorter ones the last two at most.
"""
