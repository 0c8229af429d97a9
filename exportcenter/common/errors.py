"""Errors for people: each knows its code, its HTTP status and what to do about it (SPEC A3).

A class that says its own ``code`` registers itself; the registry makes the answers, /api/v1/errors, the page
/docs/errors and docs/errors.md. Anything that is not one of these is a bug: it is logged with its stack and shown
without.
"""

from typing import Any, ClassVar

from django.db import OperationalError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

_by_code: dict[str, "type[ExportCenterError]"] = {}


class ExportCenterError(Exception):
    """Base of every expected error; never raised itself.

    Class attributes:
        code: stable machine name. A subclass without one of its own is a special case of its parent
        status: HTTP status
        client_code: number of the same thing in the client API's table (S3 §4.3.3)
        default_message, default_advice: English, translated when shown
        advice_is_general: it stands beside default_message only; a message of its own says better what to do
        default_retry_after: seconds to wait, where waiting helps
    """

    code: ClassVar[str] = "ERROR"
    status: ClassVar[int] = 400
    client_code: ClassVar[int] = 0
    default_message: ClassVar[str] = gettext_noop("The request could not be served.")
    default_advice: ClassVar[str] = ""
    advice_is_general: ClassVar[bool] = False
    default_retry_after: ClassVar[int | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "code" in cls.__dict__:
            taken = _by_code.setdefault(cls.code, cls)
            if taken is not cls:
                raise TypeError(f"{cls.__name__}: the error code {cls.code} belongs to {taken.__name__}")

    def __init__(
        self,
        message: str = "",
        *,
        advice: str = "",
        details: dict[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message or self.default_message)
        self.message = message or _(self.default_message)
        general = "" if message and self.advice_is_general else self.default_advice
        self.advice = advice or (_(general) if general else "")
        self.details = details or {}
        self.retry_after = self.default_retry_after if retry_after is None else retry_after
        """Seconds to wait, answered as a Retry-After header."""
        self.challenge = ""
        """What the credentials lack, answered as a WWW-Authenticate header (RFC 6750)."""


def all_errors() -> "list[type[ExportCenterError]]":
    """Every class with a code of its own, by status and code."""
    return sorted(_by_code.values(), key=lambda cls: (cls.status, cls.code))


class InvalidParameters(ExportCenterError):
    """400. ``details`` maps each wrong field to a list of sentences that say what is allowed."""

    code = "INVALID_PARAMETERS"
    client_code = 40001
    default_message = gettext_noop("Some parameters are wrong.")
    default_advice = gettext_noop("Correct the fields named in details and send the request again.")


class InvalidRequest(ExportCenterError):
    """400: what was sent is no request that can be read: not JSON, no such host, too many fields."""

    code = "INVALID_REQUEST"
    client_code = 40002
    default_message = gettext_noop("The request cannot be read.")
    default_advice = gettext_noop("Send it again as the documentation of the API says.")


class NotAuthenticated(ExportCenterError):
    """401: nobody is signed in, or the token is over."""

    code = "NOT_AUTHENTICATED"
    status = 401
    client_code = 40004
    default_message = gettext_noop("You are not signed in, or your sign-in is over.")
    default_advice = gettext_noop("Sign in again, or get a fresh token.")


class PermissionRefused(ExportCenterError):
    """403 with the policy's reason."""

    code = "FORBIDDEN"
    status = 403
    client_code = 40003
    default_message = gettext_noop("You do not have the right to do this.")
    default_advice = gettext_noop("Ask an admin of your company for the right.")
    advice_is_general = True


class CsrfFailed(ExportCenterError):
    """403: a change by a browser's session needs the token that only our own pages know."""

    code = "CSRF_FAILED"
    status = 403
    client_code = 40003
    default_message = gettext_noop("The CSRF token is missing or wrong. Load the page again.")
    default_advice = gettext_noop("Send the value of the cookie csrftoken as X-CSRFToken, or use a token to sign in.")


class NotFound(ExportCenterError):
    """404, also for things that exist but are none of the asker's business."""

    code = "NOT_FOUND"
    status = 404
    client_code = 41001
    default_message = gettext_noop("No such job.")
    default_advice = gettext_noop("Check the address and the number. What you may not see looks like this, too.")
    advice_is_general = True


class MethodNotAllowed(ExportCenterError):
    """405; the header Allow names what is allowed."""

    code = "METHOD_NOT_ALLOWED"
    status = 405
    client_code = 40002
    default_message = gettext_noop("This address does not know this method.")
    default_advice = gettext_noop("Use one of the methods in the header Allow.")


class NotAcceptable(ExportCenterError):
    """406: the answer exists as JSON only."""

    code = "NOT_ACCEPTABLE"
    status = 406
    client_code = 40002
    default_message = gettext_noop("The answer cannot be given in the form that Accept asks for.")
    default_advice = gettext_noop("Ask for application/json.")


class StateConflict(ExportCenterError):
    """409: the job's state does not allow it."""

    code = "STATE_CONFLICT"
    status = 409
    client_code = 41002
    default_message = gettext_noop("The job's state does not allow this.")
    default_advice = gettext_noop("Look at the present state first; it may have changed meanwhile.")
    advice_is_general = True


class IdempotencyInProgress(ExportCenterError):
    """409: the first request with this Idempotency-Key is not answered yet."""

    code = "IDEMPOTENCY_IN_PROGRESS"
    status = 409
    client_code = 41002
    default_message = gettext_noop("The first request with this Idempotency-Key is still in progress.")
    default_advice = gettext_noop("Send the same request again a little later.")


class IdempotencyMismatch(ExportCenterError):
    """422: the Idempotency-Key was used for another body."""

    code = "IDEMPOTENCY_MISMATCH"
    status = 422
    client_code = 40001
    default_message = gettext_noop("This Idempotency-Key was used for another request.")
    default_advice = gettext_noop("Send the same body as the first time, or take a new key for a new request.")


class Gone(ExportCenterError):
    """410: the file was there and is no more."""

    code = "EXPIRED"
    status = 410
    client_code = 41001
    default_message = gettext_noop("The file has expired and was deleted.")
    default_advice = gettext_noop("Generate it again with the same conditions.")


class PreconditionFailed(ExportCenterError):
    """412: what the request names in If-Match is not what is there."""

    code = "PRECONDITION_FAILED"
    status = 412
    client_code = 40002
    default_message = gettext_noop("It is not what If-Match names.")
    default_advice = gettext_noop("Begin again without If-Match.")


class BodyTooLarge(ExportCenterError):
    """413: more than DATA_UPLOAD_MAX_MEMORY_SIZE."""

    code = "BODY_TOO_LARGE"
    status = 413
    client_code = 41004
    default_message = gettext_noop("The body of the request is too large.")
    default_advice = gettext_noop("Send less at once.")


class UnsupportedMediaType(ExportCenterError):
    """415: the body is not JSON."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415
    client_code = 40002
    default_message = gettext_noop("The body has a type that this address does not take.")
    default_advice = gettext_noop("Send JSON, with Content-Type: application/json.")


class RangeNotSatisfiable(ExportCenterError):
    """416: the bytes asked for lie outside the file; Content-Range says how many it has."""

    code = "RANGE_NOT_SATISFIABLE"
    status = 416
    client_code = 40002
    default_message = gettext_noop("The range asked for lies outside the file.")
    default_advice = gettext_noop("Ask for bytes that the file has; Content-Range says how many there are.")


class Unprocessable(ExportCenterError):
    """422: every field is fine by itself, and still it cannot be done."""

    code = "UNPROCESSABLE"
    status = 422
    client_code = 40001
    default_message = gettext_noop("The request is well formed but cannot be carried out.")
    default_advice = gettext_noop("Change the request as the message says and send it again.")


class Locked(ExportCenterError):
    """423: another request holds the job right now."""

    code = "LOCKED"
    status = 423
    client_code = 41002
    default_message = gettext_noop("Somebody else is changing this job at this moment.")
    default_advice = gettext_noop("Try again in a second.")


class Throttled(ExportCenterError):
    """429: a limit, not a fault."""

    code = "THROTTLED"
    status = 429
    client_code = 40005
    default_message = gettext_noop("Too many requests.")
    default_advice = gettext_noop("Wait as long as the header Retry-After says, then try again.")
    advice_is_general = True
    default_retry_after = 60


class InternalError(ExportCenterError):
    """500: a bug of ours. The stack is in the log under the request id."""

    code = "INTERNAL_ERROR"
    status = 500
    client_code = 50000
    default_message = gettext_noop("Something went wrong on our side. Quote the request id.")
    default_advice = gettext_noop("Try again. If it happens again, send the request id to support.")


class Unavailable(ExportCenterError):
    """503: something we depend on does not answer."""

    code = "UNAVAILABLE"
    status = 503
    client_code = 50001
    default_message = gettext_noop("The service is not available right now.")
    default_advice = gettext_noop("Try again in a minute.")
    default_retry_after = 5


def unavailable(fault: BaseException | None) -> Unavailable | None:
    """What is said when the database does not answer, or too late; None for every other fault. Pages and API alike ask
    here, so that they agree."""
    return Unavailable() if isinstance(fault, OperationalError) else None
