"""Errors as the document tells them: one shape, and for each an example with its code."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exportcenter.common import errors
from exportcenter.common.openapi import shapes
from exportcenter.common.openapi.shapes import Named

ERROR = Named(
    "Error",
    shapes.record(
        {
            "code": shapes.text("Stable name for programs.", pattern="^[A-Z][A-Z_]+$"),
            "message": shapes.text("What is wrong, in the language of the request.", least=1),
            "advice": shapes.text("What to do about it; may be empty."),
            "details": shapes.any_object("Of wrong parameters: field → sentences that say what is allowed."),
            "request_id": shapes.text("Quote it when you ask for help.", pattern="^[A-Za-z0-9._-]{8,64}$"),
            "docs": shapes.text("Where the code is documented.", pattern="^/docs/errors#[A-Z][A-Z_]+$"),
        },
        "Every error has this shape.",
    ),
)
RETRY_AFTER = Named(
    "RetryAfter",
    {"description": "Seconds to wait before the next try.", "schema": shapes.whole(least=0), "required": True},
    "headers",
)
MAYBE_RETRY_AFTER = Named(
    "MaybeRetryAfter", {k: v for k, v in RETRY_AFTER.content.items() if k != "required"}, "headers"
)


@dataclass(frozen=True, eq=False)
class Problem:
    """One error that an operation can answer.

    Attributes:
        name: of the answer within the document
        status, code: as they are sent
        description: when it happens
        example: its message, advice and details
        headers: name → header that is sent along
    """

    name: str
    status: int
    code: str
    description: str
    example: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ErrorShape:
    """How an API words its errors.

    Attributes:
        schema: of every error's body
        prefix: of the names of its answers within the document
        code: what stands in the body's ``code`` for a problem
        example: the body of a problem
    """

    schema: Named
    prefix: str
    code: Callable[[Problem], str | int]
    example: Callable[[Problem], Mapping[str, Any]]


def _example(told: Problem) -> Mapping[str, Any]:
    return {
        "code": told.code,
        "message": told.example.get("message", ""),
        "advice": told.example.get("advice", ""),
        "details": told.example.get("details", {}),
        "request_id": "req_9f86d081884c7d65",
        "docs": f"/docs/errors#{told.code}",
    }


OUR_ERRORS = ErrorShape(ERROR, "", lambda told: told.code, _example)


def problem(
    kind: type[errors.ExportCenterError],
    description: str,
    *,
    name: str = "",
    message: str = "",
    advice: str = "",
    details: Mapping[str, Sequence[str]] | None = None,
    headers: Mapping[str, Any] | None = None,
) -> Problem:
    """The problem of an exception class; what is not said is the class's own."""
    example = {
        "message": message or kind.default_message,
        "advice": advice or kind.default_advice,
        "details": details or {},
    }
    return Problem(name or kind.__name__, kind.status, kind.code, description, example, headers or {})


INVALID = problem(
    errors.InvalidParameters,
    "A parameter or a field is unknown or wrong; `details` names each and says what is allowed.",
    details={"colour": ["There is no such field. Allowed: type, file_type, params, columns, options, source."]},
)
MALFORMED = Problem(
    "InvalidRequest",
    400,
    "INVALID_REQUEST",
    "The body is not JSON: broken, duplicate keys, NaN, NUL, half surrogates, nested deeper than 12.",
    {"message": "The body is not valid JSON: Expecting value: line 1 column 1 (char 0)"},
)
NOT_AUTHENTICATED = Problem(
    "NotAuthenticated",
    401,
    "NOT_AUTHENTICATED",
    "There is no token or session, or it has ended.",
    {"message": "Authentication credentials were not provided."},
    {"WWW-Authenticate": {"description": "The scheme to use.", "schema": shapes.text()}},
)
FORBIDDEN = problem(errors.PermissionRefused, "A right is missing; the message names it.", name="Forbidden")
FORGED = problem(
    errors.CsrfFailed,
    "A browser's session without the token that only our own pages know.",
    name="CsrfFailed",
)
NOT_FOUND = problem(errors.NotFound, "There is no such thing, or it is none of your business: both answer alike.")
CONFLICT = problem(errors.StateConflict, "Its state does not allow it.", headers={"Retry-After": MAYBE_RETRY_AFTER})
TOO_LARGE = problem(
    errors.BodyTooLarge,
    "The body has more than 1 MiB.",
    details={"body": ["At most 1048576 characters."]},
)
NOT_JSON = Problem(
    "UnsupportedMediaType",
    415,
    "UNSUPPORTED_MEDIA_TYPE",
    "The body is not declared as `application/json`.",
    {"message": 'Unsupported media type "text/plain" in request.'},
)
LOCKED = problem(
    errors.Locked,
    "Somebody else is changing it at this moment.",
    headers={"Retry-After": MAYBE_RETRY_AFTER},
)
THROTTLED = problem(errors.Throttled, "A limit is reached.", headers={"Retry-After": MAYBE_RETRY_AFTER})
UNAVAILABLE = problem(
    errors.Unavailable,
    "Something that we depend on does not answer, or too late.",
    headers={"Retry-After": MAYBE_RETRY_AFTER},
)
INTERNAL = Problem(
    "InternalError",
    500,
    "INTERNAL_ERROR",
    "A defect on our side.",
    {"message": "Something went wrong on our side. Quote the request id."},
)
