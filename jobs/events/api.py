"""GET /events: one address, as a live stream or as JSON for programs that ask from time to time; and the key."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotAcceptable
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.tokens import Token

from accounts import tenancy
from accounts.models import AccessToken
from accounts.scopes import Scope
from accounts.signin.families import FAMILY
from accounts.signin.person import person, reader
from exportcenter.common.api import AnswersAnyway
from exportcenter.common.errors import InvalidParameters, NotFound
from exportcenter.common.etag import conditional, tag_of
from exportcenter.common.openapi import documented
from exportcenter.common.paging import whole_number
from jobs.events import api_docs, ids, reading, signing
from jobs.events.hub import Credential
from jobs.events.reading import Batch
from jobs.events.stream import HUB, Opening, stream
from jobs.events.visibility import Viewer

EVENT_STREAM = "text/event-stream"
LIMIT, LARGEST_LIMIT = 100, 500
PARAMETERS = ("after", "last_event_id", "limit")


class EventView(APIView):
    """Base of the doors below: nothing but GET, so that HEAD does not hold a stream open."""

    content_negotiation_class = AnswersAnyway
    http_method_names = ["get", "options"]


class EventList(EventView):
    """What happens, for the person who asks."""

    scopes = {"GET": Scope.EVENTS_READ}

    @documented(api_docs.LIST_EVENTS)
    def get(self, request: Request) -> HttpResponseBase:
        """A stream for ``Accept: text/event-stream``, else {events, last, reset, more}; of that, 304 to whoever has it
        already."""
        _refuse_unknown(request, PARAMETERS)
        query = request.query_params
        after = query.get("after", query.get("last_event_id"))
        if request._request.get_preferred_type(["application/json", EVENT_STREAM]) == EVENT_STREAM:
            return _stream(request, request.headers.get("Last-Event-ID") or after)
        tag = tag_of(request, reader(person(request)), reading.mark(), next(iter(settings.EVENT_KEYS)))
        return conditional(request, tag, lambda: _page(request, after))

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Whatever is answered depends on ``Accept``."""
        return super().default_response_headers | {"Vary": "Accept"}


class EventKey(EventView):
    """The key with which the asker's events are signed."""

    scopes = {"GET": Scope.EVENTS_READ}

    @documented(api_docs.GET_KEY)
    def get(self, request: Request) -> Response:
        """{key_id, secret}; ``?key_id=`` names one that is not the newest."""
        _refuse_unknown(request, ("key_id",))
        try:
            key = signing.key_of(person(request).pk, request.query_params.get("key_id"))
        except KeyError as error:
            raise NotFound(_("No such key.")) from error
        answer = {"key_id": key.key_id, "secret": key.text}
        return Response(answer, headers={"Cache-Control": "private, no-store"})


def _stream(request: Request, asked: str | None) -> StreamingHttpResponse:
    if not isinstance(request._request, ASGIRequest):
        raise NotAcceptable(_("This server cannot send live streams: run it under ASGI."))
    user = person(request)
    viewer, place = Viewer.of(user), reading.place_of(asked)
    opening = Opening(viewer, credential_of(request), place, HUB.seats.take(user.pk))
    response = StreamingHttpResponse(stream(opening), content_type=EVENT_STREAM)
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response


def _page(request: Request, asked: str | None) -> Response:
    limit = whole_number(request.query_params, "limit", LIMIT, LARGEST_LIMIT)
    user = person(request)
    place = reading.place_of(asked)
    if place.reset is None:
        batch = reading.read(Viewer.of(user), place.after, limit)
    else:
        batch = Batch([], place.newest, reset=place.reset)
    key = signing.key_of(user.pk)
    answer = {
        "events": [fact.signed(key) for fact in batch.facts],
        "last": ids.event_id(tenancy.require(), batch.position),
        "reset": batch.reset,
        "more": batch.more,
    }
    return Response(answer)


def credential_of(request: Request) -> Credential:
    """What the asker came in with: a token that ends, or a session."""
    token: Any = request.auth
    if isinstance(token, AccessToken):
        return Credential(token=token.pk)
    if isinstance(token, Token):
        return Credential(expires=float(token["exp"]), family=UUID(token[FAMILY]))
    return Credential(session=request._request.session.session_key or "")


def _refuse_unknown(request: Request, allowed: tuple[str, ...]) -> None:
    problem = [_("There is no parameter of this name. Allowed: %(allowed)s.") % {"allowed": ", ".join(allowed)}]
    if unknown := [name[:100] for name in request.query_params if name not in allowed]:
        raise InvalidParameters(details=dict.fromkeys(unknown, problem))
