"""Everything that can go wrong, as types. No message holds a secret: neither tokens nor the addresses of links."""

from collections.abc import Mapping
from typing import Any


class ExportCenterError(Exception):
    """Base of all errors of this package.

    advice: what to do about it; empty when there is nothing to say.
    """

    advice: str = ""


class NetworkError(ExportCenterError):
    """The server could not be reached, or the connection was lost. ``sent`` is False when nothing has left us."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class ConfigError(ExportCenterError):
    """No address, no credentials, or a configuration file that others can read."""


class ProtocolError(ExportCenterError):
    """An answer that makes no sense: not from an Export Center, or from one that is much newer."""


class WebhookInvalid(ExportCenterError):
    """A message that did not come from the server, was changed on its way, or is too old."""


class JobFailed(ExportCenterError):
    """The export ended without a file. ``export`` says how."""

    def __init__(self, export: Any) -> None:
        error = export.error or {}
        super().__init__(f"{export.job_id} {export.status}: {error.get('message') or export.status}")
        self.export = export
        self.advice = str(error.get("advice") or "")


class ImportFailed(ExportCenterError):
    """The import did not end as it should. ``job`` is the import, as the server tells it."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        error = job.get("error") or {}
        super().__init__(f"{job.get('job_id')} {job.get('status')}: {error.get('message') or job.get('status')}")
        self.job = job
        self.advice = str(error.get("advice") or "")


class NotReady(ExportCenterError):
    """There is no file yet."""


class WaitTimeout(ExportCenterError):
    """The export did not end in time. It goes on."""


class ChecksumMismatch(ExportCenterError):
    """What arrived is not what the server has. Nothing was kept."""


class TargetExists(ExportCenterError):
    """Another file has the name, or another process is downloading to it."""


class ApiError(ExportCenterError):
    """A refusal by the server.

    status: HTTP status; code: stable name (docs/api.md, Errors); details: field → sentences;
    request_id: to quote to the people who run the server; retry_after: seconds, or None; docs: address of the page
    that says what the code means, or empty.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str = "",
        advice: str = "",
        details: Mapping[str, Any] | None = None,
        request_id: str = "",
        retry_after: float | None = None,
        docs: str = "",
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.advice = status, code, advice
        self.details: Mapping[str, Any] = details or {}
        self.request_id, self.retry_after, self.docs = request_id, retry_after, docs

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r}, status={self.status}, code={self.code!r})"


class InvalidParameters(ApiError):
    """400: ``details`` names each wrong field. Also what will not do whatever one waits (405, 406, 413, 415, 422)."""


class NotAuthenticated(ApiError):
    """401: no token, or one that has ended."""


class Forbidden(ApiError):
    """403: the message names the right that is missing."""


class LinkInvalid(Forbidden):
    """403: a download link is over, used up or revoked."""


class NotFound(ApiError):
    """404: it does not exist, or you may not see it."""


class Conflict(ApiError):
    """409: the state does not allow it. Also 412."""


class InProgress(Conflict):
    """409: the same request, with the same Idempotency-Key, is still being served. Waited for, like 423."""


class Expired(ApiError):
    """410: the file's time is over; ``retry`` makes a new one."""


class RangeNotSatisfiable(ApiError):
    """416: there are not so many bytes."""


class Locked(ApiError):
    """423: somebody else is changing it this second."""


class Throttled(ApiError):
    """429: a limit was reached."""


class ServerError(ApiError):
    """5xx: a fault of the server; quote ``request_id``."""


class Unavailable(ServerError):
    """502, 503, 504: not now."""


BY_CODE: Mapping[str, type[ApiError]] = {
    "INVALID_PARAMETERS": InvalidParameters,
    "INVALID_REQUEST": InvalidParameters,
    "UNPROCESSABLE": InvalidParameters,
    "CSRF_FAILED": Forbidden,
    "METHOD_NOT_ALLOWED": InvalidParameters,
    "NOT_ACCEPTABLE": InvalidParameters,
    "PRECONDITION_FAILED": Conflict,
    "NOT_AUTHENTICATED": NotAuthenticated,
    "FORBIDDEN": Forbidden,
    "LINK_INVALID": LinkInvalid,
    "NOT_FOUND": NotFound,
    "STATE_CONFLICT": Conflict,
    "IDEMPOTENCY_IN_PROGRESS": InProgress,
    "IDEMPOTENCY_MISMATCH": InvalidParameters,
    "UNREADABLE_FILE": InvalidParameters,
    "EXPIRED": Expired,
    "BODY_TOO_LARGE": InvalidParameters,
    "UNSUPPORTED_MEDIA_TYPE": InvalidParameters,
    "RANGE_NOT_SATISFIABLE": RangeNotSatisfiable,
    "LOCKED": Locked,
    "THROTTLED": Throttled,
    "INTERNAL_ERROR": ServerError,
    "UNAVAILABLE": Unavailable,
}
BY_STATUS: Mapping[int, type[ApiError]] = {
    400: InvalidParameters,
    401: NotAuthenticated,
    403: Forbidden,
    404: NotFound,
    405: InvalidParameters,
    406: InvalidParameters,
    409: Conflict,
    410: Expired,
    412: Conflict,
    413: InvalidParameters,
    415: InvalidParameters,
    416: RangeNotSatisfiable,
    422: InvalidParameters,
    423: Locked,
    429: Throttled,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}
