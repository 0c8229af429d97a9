"""What every API answer shares: the error shape, strict JSON, paging rules (SPEC A3)."""

import json
import logging
import math
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import set_rollback

from exportcenter.common import errors, request_id

log = logging.getLogger(__name__)

_DRF_CODES = {
    400: "INVALID_REQUEST",
    401: "NOT_AUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "THROTTLED",
}


def error_body(code: str, message: str, *, advice: str = "", details: Any = None) -> dict[str, Any]:
    """The one shape of every error: code, message, advice, details, request_id."""
    return {
        "code": code,
        "message": message,
        "advice": advice,
        "details": details or {},
        "request_id": request_id.current(),
    }


def exception_handler(exception: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: expected errors become the one shape; anything else is None, i.e. a logged 500."""
    if isinstance(exception, RequestDataTooBig):
        exception = _too_large()
    if isinstance(exception, errors.ExportCenterError):
        body = error_body(exception.code, exception.message, advice=exception.advice, details=exception.details)
        headers = {} if exception.retry_after is None else {"Retry-After": str(exception.retry_after)}
        return Response(body, status=exception.status, headers=headers)
    if isinstance(exception, Http404):
        exception = exceptions.NotFound()
    elif isinstance(exception, PermissionDenied):
        exception = exceptions.PermissionDenied()
    if isinstance(exception, exceptions.APIException):
        headers = {}
        if getattr(exception, "auth_header", None):
            headers["WWW-Authenticate"] = exception.auth_header  # type: ignore[attr-defined]
        details = exception.detail if isinstance(exception, exceptions.ValidationError) else {}
        message = _("Some parameters are wrong.") if details else str(exception.detail)
        if isinstance(exception.detail, dict) and "detail" in exception.detail:
            message = str(exception.detail["detail"])
        if isinstance(details, list):
            details = {"non_field_errors": details}
        code = _DRF_CODES.get(exception.status_code, "ERROR")
        if exception.status_code == 400 and details:
            code = "INVALID_PARAMETERS"
        return Response(error_body(code, message, details=details), status=exception.status_code, headers=headers)
    set_rollback()
    log.exception("unexpected error in %s", context.get("view").__class__.__name__, exc_info=exception)
    if isinstance(exception, OperationalError):
        unavailable = errors.Unavailable()
        return Response(
            error_body(unavailable.code, unavailable.message, advice=unavailable.advice),
            status=503,
            headers={"Retry-After": "5"},
        )
    return Response(
        error_body("INTERNAL_ERROR", _("Something went wrong on our side. Quote the request id.")), status=500
    )


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
