"""Answers become values: JSON, errors, times to wait. Plain functions, hostile input."""

import email.utils
import json
import time
from collections.abc import Mapping
from typing import Any

from exportcenter_client.effects import Answer
from exportcenter_client.errors import BY_CODE, BY_STATUS, ApiError, ProtocolError, ServerError
from exportcenter_client.urls import page_of


def as_object(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer. Raises ProtocolError."""
    value = _parsed(answer.body)
    if not isinstance(value, dict):
        raise ProtocolError(
            f"The answer (status {answer.status}) is no JSON object. Is the address that of an Export Center?"
        )
    return value


def as_error(answer: Answer, origin: str) -> ApiError:
    """The refusal that an answer is, whoever wrote it: the product, or a proxy before it. ``origin``: scheme and host
    that were asked."""
    value = _parsed(answer.body)
    said: Mapping[str, Any] = value if isinstance(value, dict) else {}
    code = _text(said.get("code"))
    kind = BY_CODE.get(code) or BY_STATUS.get(answer.status) or (ServerError if answer.status >= 500 else ApiError)
    details = said.get("details")
    return kind(
        _text(said.get("message")) or _text(said.get("detail")) or f"The server answered with status {answer.status}.",
        status=answer.status,
        code=code,
        advice=_text(said.get("advice")),
        details=details if isinstance(details, dict) else {},
        request_id=_text(said.get("request_id")) or answer.headers.get("x-request-id", ""),
        retry_after=retry_after(answer.headers),
        docs=page_of(_text(said.get("docs")), origin),
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of Retry-After (RFC 9110 §10.2.3), a number or a date; None without a sensible one."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
