"""What every API answer shares: the error shape, strict JSON, paging rules (SPEC A3)."""

import json
import logging
import math
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from exportcenter.common import errors, request_id, result
from exportcenter.common.bodies import declared_length

log = logging.getLogger(__name__)

DOCS = "/docs/errors"
"""The page that says what each code means."""
_LEAST_FAULT = 500


def error_body(error: errors.ExportCenterError) -> dict[str, Any]:
    """The one shape of every error: code, message, advice, details by field, request_id, and where the code is
    documented."""
    return {
        "code": error.code,
        "message": error.message,
        "advice": error.advice,
        "details": error.details,
        "request_id": request_id.current(),
        "docs": f"{DOCS}#{error.code}",
    }


def body_for(path: str, error: errors.ExportCenterError) -> dict[str, Any]:
    """``error`` in the shape of the API that ``path`` belongs to."""
    return result.failure(error) if path.startswith(result.PREFIX) else error_body(error)


def exception_handler(exception: Exception, context: dict[str, Any]) -> Response:
    """DRF's hook: every exception becomes the one shape; what nobody expected is logged and becomes a 500."""
    return answer_for(exception, context, lambda error: body_for(context["request"].path, error))


def answer_for(
    exception: Exception, context: dict[str, Any], shape: Callable[[errors.ExportCenterError], dict[str, Any]]
) -> Response:
    """The answer to a request whose view raised ``exception``, its body made by ``shape``."""
    error = expected(exception)
    if error is None:
        from rest_framework.views import set_rollback  # views load this module, by its name in the settings

        set_rollback()
        log.exception("unexpected error in %s", context.get("view").__class__.__name__, exc_info=exception)
        error = errors.unavailable(exception) or errors.InternalError()
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    if challenge := error.challenge or getattr(exception, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    return Response(shape(error), status=error.status, headers=headers)


def expected(exception: Exception) -> errors.ExportCenterError | None:
    """``exception`` as one of our errors; None for a bug."""
    if isinstance(exception, errors.ExportCenterError):
        return exception
    if isinstance(exception, RequestDataTooBig):
        return _too_large()
    if isinstance(exception, SuspiciousOperation | BadRequest | UnreadablePostError | MultiPartParserError):
        return errors.InvalidRequest()
    if isinstance(exception, Http404):
        exception = exceptions.NotFound()
    elif isinstance(exception, PermissionDenied):
        exception = exceptions.PermissionDenied()
    return _of_framework(exception) if isinstance(exception, exceptions.APIException) else None


def _of_framework(exception: exceptions.APIException) -> errors.ExportCenterError:
    details: Any = exception.detail if isinstance(exception, exceptions.ValidationError) else {}
    message = "" if details else str(exception.detail)
    if isinstance(exception.detail, dict) and "detail" in exception.detail:
        message = str(exception.detail["detail"])
    if isinstance(details, list):
        details = {"non_field_errors": details}
    kind = errors.InvalidParameters if details else _by_status(exception.status_code)
    wait = getattr(exception, "wait", None)
    advice = _(kind.default_advice)  # the framework's messages are general, too
    return kind(message, advice=advice, details=details, retry_after=None if wait is None else max(1, math.ceil(wait)))


def _by_status(status: int) -> type[errors.ExportCenterError]:
    kinds = {
        400: errors.InvalidRequest,
        401: errors.NotAuthenticated,
        403: errors.PermissionRefused,
        404: errors.NotFound,
        405: errors.MethodNotAllowed,
        406: errors.NotAcceptable,
        415: errors.UnsupportedMediaType,
        422: errors.Unprocessable,
        429: errors.Throttled,
        503: errors.Unavailable,
    }
    return kinds.get(status, errors.InternalError if status >= _LEAST_FAULT else errors.InvalidRequest)


class AnswersAnyway(BaseContentNegotiation):
    """JSON whatever ``Accept`` says, and no ``?format=``: whoever asks for text/csv gets the file, not a 406."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The parser of the request's content type; None means 415."""
        return DefaultContentNegotiation().select_parser(request, parsers)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The first renderer."""
        return renderers[0], renderers[0].media_type


class StrictJSONParser(JSONParser):
    """JSON as RFC 8259 has it: UTF-8, no NaN, no duplicate keys, no lone surrogates or NUL, limited depth."""

    max_depth = 12

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The parsed body. Raises ParseError (400) that says what is wrong."""
        if length_of(stream) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise _too_large()
        raw = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(raw) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise _too_large()
        try:
            body = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
            self._check(body, self.max_depth)
        except (ValueError, RecursionError) as error:
            raise exceptions.ParseError(_("The body is not valid JSON: %(reason)s") % {"reason": error}) from error
        return body

    def _check(self, value: Any, depth: int) -> None:
        if depth < 0:
            raise ValueError("nested too deeply")
        if isinstance(value, str):
            value.encode("utf-8")  # a lone surrogate raises UnicodeEncodeError, a ValueError
            if "\0" in value:
                raise ValueError("NUL character")
        elif isinstance(value, float) and not math.isfinite(value):
            raise ValueError("number out of range")
        elif isinstance(value, dict):
            for key, item in value.items():
                self._check(key, depth)
                self._check(item, depth - 1)
        elif isinstance(value, list):
            for item in value:
                self._check(item, depth - 1)


def length_of(stream: Any) -> int:
    """What a request says that its body has; it may be unread (exportcenter.common.body_limit)."""
    return declared_length(str(getattr(stream, "META", {}).get("CONTENT_LENGTH") or ""))


def _too_large() -> errors.BodyTooLarge:
    allowed = _("At most %(most)d characters.") % {"most": settings.DATA_UPLOAD_MAX_MEMORY_SIZE}
    return errors.BodyTooLarge(details={"body": [allowed]})


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for key, value in pairs:
        if key in body:
            raise ValueError(f"duplicate key {key!r}")
        body[key] = value
    return body


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
