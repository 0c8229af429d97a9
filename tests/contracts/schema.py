"""The contract of S0 §7 and §9, written down once: names in order, and what each value looks like."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

MOCKS = Path(__file__).parent / "mocks" / "exports"
Check = Callable[[Any], bool]

TYPES = {
    "orders", "wallet_ledger", "wallet_summary", "withdraws", "campaigns", "tasks", "teams", "members", "users",
    "roles", "risk_hits", "risk_tickets", "risk_lists", "risk_rules", "kyc_cases", "reports_custom",
}  # fmt: skip
STATUSES = {"queued", "processing", "ready", "failed", "canceled", "expired"}
FILE_TYPES = {"csv", "xlsx", "parquet", "json"}


def _matches(pattern: str) -> Check:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _one_of(words: set[str]) -> Check:
    return lambda value: isinstance(value, str) and value in words


def _whole(least: int, most: int = 2**63) -> Check:
    return lambda value: type(value) is int and least <= value <= most


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _object(value: Any) -> bool:
    return isinstance(value, dict)


_NUMBER = _matches(r"E\d{8}\d{3,}")
_MOMENT = _matches(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")

ITEM: Mapping[str, Check] = {
    "job_id": _NUMBER,
    "type": _one_of(TYPES),
    "status": _one_of(STATUSES),
    "progress": _whole(0, 100),
    "file_name": _or_null(_text),
    "file_type": _one_of(FILE_TYPES),
    "file_size": _or_null(_whole(0)),
    "download_url": _or_null(_matches(r"https?://\S+")),
    "expires_at": _or_null(_MOMENT),
    "params": _object,
    "created_by": _matches(r"U\d+"),
    "created_at": _MOMENT,
    "finished_at": _or_null(_MOMENT),
    "source": _text,
    "retry_of": _or_null(_NUMBER),
    "error": _or_null(_object),
}
DETAIL = {**ITEM, "logs_tail": _text}
"""As S0 words it."""
OUR_DETAIL = {
    **DETAIL,
    "sha256": _or_null(_matches(r"[0-9a-f]{64}")),
    "rows": _or_null(_whole(0)),
    "facts": _or_null(_object),
    "parts": lambda value: isinstance(value, list),
    "estimate": _or_null(_object),
}
"""What we tell beyond it stands behind it."""
JOB_ERROR: Mapping[str, Check] = {"code": _matches(r"[A-Z][A-Z_]+"), "message": _text}
MORE_JOB_ERROR = {"advice", "stack"}
PAGE: Mapping[str, Check] = {
    "total": _whole(0),
    "page": _whole(1),
    "page_size": _whole(1, 200),
    "items": lambda value: isinstance(value, list),
}
RETRY: Mapping[str, Check] = {"new_job_id": _NUMBER}
CANCEL: Mapping[str, Check] = {"ok": lambda value: value is True}
DELETED: Mapping[str, Check] = {"deleted": _whole(0)}
ERROR: Mapping[str, Check] = {
    "code": _matches(r"[A-Z][A-Z_]+"),
    "message": lambda value: isinstance(value, str) and value != "",
    "advice": _text,
    "details": _object,
    "request_id": _matches(r"[A-Za-z0-9._-]{8,64}"),
}
OUR_ERROR: Mapping[str, Check] = {**ERROR, "docs": _matches(r"/docs/errors#[A-Z][A-Z_]+")}
"""What we tell beyond it stands behind it."""


def mock(name: str) -> Any:
    """A mock of S0 §10."""
    return json.loads((MOCKS / name).read_text())


def conform(value: Any, schema: Mapping[str, Check]) -> None:
    """Assert the names, their order, and every value; of a job's error, too."""
    assert list(value) == list(schema)
    assert [name for name, check in schema.items() if not check(value[name])] == []
    error = value.get("error")
    if isinstance(error, dict):
        assert [name for name, check in JOB_ERROR.items() if not check(error[name])] == []
        assert set(error) - set(JOB_ERROR) <= MORE_JOB_ERROR


def conform_page(value: Any) -> None:
    """The same for a page and its items."""
    conform(value, PAGE)
    for item in value["items"]:
        conform(item, ITEM)
