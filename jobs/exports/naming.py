"""Names of exported files."""

import re
from collections.abc import Mapping
from typing import Any

_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f\s]+')


def file_name(title: Any, params: Mapping[str, Any], job_no: str, extension: str, part: int = 0) -> str:
    """订单_2026-10-01_2026-10-31_E20261122014.csv: says what it is, from when, which job made it, and which part it is
    (…-2.csv)."""
    words = [str(title), *(str(params[name]) for name in ("start", "end") if params.get(name)), job_no]
    safe = "_".join(_UNSAFE.sub("-", word).strip(".-") for word in words)
    return f"{safe[:150]}{f'-{part}' if part else ''}.{extension}"
