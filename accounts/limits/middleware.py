"""RateLimit headers on every API answer, and the general limit for answers that no view has counted."""

import math
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from accounts.limits.doors import NOTED, address_of, take_general
from accounts.limits.rates import GENERAL, PERIOD_SECONDS, Standing
from exportcenter.common.api import body_for
from exportcenter.common.errors import Throttled


class LimitMiddleware:
    """Says how the limits stand that a request under /api/ has used (draft-ietf-httpapi-ratelimit-headers-10).

    A refused credential, or none, ends before the view's throttle, and so does an address that does not exist: those
    are counted here, for the client's address, and turn into 429 when there are too many of them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path.startswith("/api/"):
            return response
        noted: list[Standing] = request.__dict__.setdefault(NOTED, [])
        if not any(standing.rate is GENERAL for standing in noted):
            try:
                take_general(request, ("address", address_of(request)))
            except Throttled as error:
                body = body_for(request.path, error)
                response = JsonResponse(body, status=error.status)
                response["Retry-After"] = str(error.retry_after)
        if noted:
            response["RateLimit-Policy"] = ", ".join(f'"{s.rate.name}";q={s.most};w={PERIOD_SECONDS}' for s in noted)
            response["RateLimit"] = ", ".join(f'"{s.rate.name}";r={s.left};t={math.ceil(s.wait)}' for s in noted)
        return response
