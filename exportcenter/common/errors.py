"""Errors for people: each knows its code, its HTTP status and what to do about it.

Anything that is not one of these is a bug: it is logged with its stack and shown without.
"""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop


class ExportCenterError(Exception):
    """Base of every expected error.

    Class attributes:
        code: stable machine name, documented in docs/api.md
        status: HTTP status
        default_message, default_advice: English, translated when shown
    """

    code = "ERROR"
    status = 400
    default_message = gettext_noop("The request could not be served.")
    default_advice = ""

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
        self.advice = advice or (_(self.default_advice) if self.default_advice else "")
        self.details = details or {}
        self.retry_after = retry_after
        """Seconds to wait, answered as a Retry-After header."""


class InvalidParameters(ExportCenterError):
    """400. ``details`` maps each wrong field to a list of sentences that say what is allowed."""

    code = "INVALID_PARAMETERS"
    default_message = gettext_noop("Some parameters are wrong.")
    default_advice = gettext_noop("Correct the fields named in details and send the request again.")


class PermissionRefused(ExportCenterError):
    """403 with the policy's reason."""

    code = "FORBIDDEN"
    status = 403
    default_message = gettext_noop("You do not have the right to do this.")


class NotFound(ExportCenterError):
    """404, also for things that exist but are none of the asker's business."""

    code = "NOT_FOUND"
    status = 404
    default_message = gettext_noop("No such job.")


class StateConflict(ExportCenterError):
    """409: the job's state does not allow it."""

    code = "STATE_CONFLICT"
    status = 409
    default_message = gettext_noop("The job's state does not allow this.")


class Gone(ExportCenterError):
    """410: the file was there and is no more."""

    code = "EXPIRED"
    status = 410
    default_message = gettext_noop("The file has expired and was deleted.")
    default_advice = gettext_noop("Generate it again with the same conditions.")


class BodyTooLarge(ExportCenterError):
    """413: more than DATA_UPLOAD_MAX_MEMORY_SIZE."""

    code = "BODY_TOO_LARGE"
    status = 413


class Locked(ExportCenterError):
    """423: another request holds the job right now."""

    code = "LOCKED"
    status = 423
    default_message = gettext_noop("Somebody else is changing this job at this moment.")
    default_advice = gettext_noop("Try again in a second.")


class Throttled(ExportCenterError):
    """429: a limit, not a fault."""

    code = "THROTTLED"
    status = 429
    default_message = gettext_noop("Too many requests.")


class Unavailable(ExportCenterError):
    """503: something we depend on does not answer."""

    code = "UNAVAILABLE"
    status = 503
    default_message = gettext_noop("The service is not available right now.")
    default_advice = gettext_noop("Try again in a minute.")
