"""Shapes and operations of live events, as the OpenAPI document tells them."""

from django.utils.translation import gettext_lazy as _

from exportcenter.common import errors
from exportcenter.common.openapi import Answer, Operation, Parameter, Problem, Tag, problem, problems, shapes
from exportcenter.common.openapi.polling import ETAG, IF_NONE_MATCH, UNCHANGED
from exportcenter.common.openapi.shapes import Named, or_null

EVENTS = Tag("events", _("Live events"), "What happens, in the order in which it was committed.")
ID = shapes.text("Of an event; say it to go on after it.", example="60d2d69c0eab-42")
EVENT = Named(
    "Event",
    shapes.record(
        {
            "id": or_null(ID),
            "type": shapes.text("New ones may come.", example="job.status"),
            "time": shapes.moment("UTC."),
            "subject": shapes.text("Which job it is about.", example="E20251003001"),
            "data": shapes.any_object("Depends on the type."),
            "key_id": shapes.text("The key that it is signed with."),
            "signature": shapes.text("HMAC-SHA256, base64."),
        }
    ),
)
PAGE = Named(
    "EventPage",
    shapes.record(
        {
            "events": shapes.list_of(EVENT, most=500),
            "last": ID,
            "reset": or_null(
                shapes.one_of(["unknown", "too_old", "overflow"], "Look at everything anew, then go on from `last`.")
            ),
            "more": shapes.yes_no("Ask again at once."),
        }
    ),
)
KEY = Named(
    "EventKey",
    shapes.record({"key_id": shapes.text(), "secret": shapes.text("Base64.")}, "Yours; keep it to yourself."),
)
NO_STORE = {"Cache-Control": {"description": "`private, no-store`.", "schema": shapes.text()}}
STREAMS = problem(
    errors.Throttled,
    "Too many live streams of yours are open.",
    name="TooManyStreams",
    headers={"Retry-After": problems.MAYBE_RETRY_AFTER},
)
LIST_EVENTS = Operation(
    "listEvents",
    _("Follow what happens"),
    EVENTS,
    [
        Answer(
            200,
            "By `Accept`: a live stream (Server-Sent Events), or JSON for programs that ask from time to time.",
            PAGE,
            {
                "nothing new": {"events": [], "last": "60d2d69c0eab-42", "reset": None, "more": False},
            },
            ETAG,
            {"text/event-stream": shapes.text("`event:`, `id:` and `data:` lines; `data` is an Event.")},
        ),
        UNCHANGED,
    ],
    "Without `after` you learn where things stand. Ask again with `after` = `last`; at once while `more` is true.",
    parameters=[
        Parameter("after", ID, "Only what came after this one."),
        Parameter("last_event_id", ID, "The same, for clients of streams."),
        Parameter("limit", shapes.whole(least=1, most=500, default=100), "Of the JSON form."),
        IF_NONE_MATCH,
        Parameter("Last-Event-ID", shapes.text(), "The same, as browsers send it; goes first.", "header"),
    ],
    problems=[
        Problem(
            "NotAcceptable",
            406,
            "NOT_ACCEPTABLE",
            "A live stream was asked of a server that does not run under ASGI.",
            {"message": "This server cannot send live streams: run it under ASGI."},
        ),
        STREAMS,
    ],
)
GET_KEY = Operation(
    "getEventKey",
    _("Get the key of one's events"),
    EVENTS,
    [Answer(200, "The newest, or the one that was asked for.", KEY, headers=NO_STORE)],
    parameters=[Parameter("key_id", shapes.text(), "Another one than the newest.")],
    problems=[problems.NOT_FOUND],
)
