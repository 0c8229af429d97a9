"""Shapes and operations of the client API, as the OpenAPI document tells them."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from exportcenter.common.errors import all_errors
from exportcenter.common.openapi import Answer, Operation, Problem, Tag, problems, shapes
from exportcenter.common.openapi.problems import ErrorShape
from exportcenter.common.openapi.shapes import AnyShape, Named, Shape, or_null

FAILURE = Named(
    "ClientError",
    shapes.record(
        {
            "code": shapes.whole("Number of the error.", least=40000, most=59999),
            "message": shapes.text("What is wrong, in the language of the request.", least=1),
            "data": {"type": "null"},
            "details": shapes.any_object(
                "`field`: the first wrong one, `error`: what is wrong with it; `fields`: all."
            ),
            "advice": shapes.text("What to do about it; may be empty."),
            "timestamp": shapes.moment(),
            "request_id": shapes.text("Quote it when you ask for help.", pattern="^[A-Za-z0-9._-]{8,64}$"),
        },
        "Every error of the client API has this shape.",
    ),
)
NUMBERS = {error.code: error.client_code for error in all_errors()}


def _example(problem: Problem) -> dict[str, Any]:
    details = problem.example.get("details") or {}
    first = [{"field": name, "error": words[0], "fields": details} for name, words in details.items()][:1]
    return {
        "code": NUMBERS[problem.code],
        "message": problem.example.get("message", ""),
        "data": None,
        "details": first[0] if first else {},
        "advice": problem.example.get("advice", ""),
        "timestamp": "2025-10-03T02:00:00Z",
        "request_id": "req_9f86d081884c7d65",
    }


ENVELOPE = ErrorShape(FAILURE, "Client", lambda problem: NUMBERS[problem.code], _example)
CLIENT = Tag(
    "client", _("Client API"), "For people of client companies, in the envelope {code, message, data}.", ENVELOPE
)
ID = shapes.text(format="uuid")
NAMES = or_null(shapes.list_of(shapes.text()))


def _enveloped(data: AnyShape) -> Shape:
    return shapes.record({"code": shapes.whole(example=200), "message": shapes.text(), "data": data})


PERMISSIONS = Named(
    "ClientPermissions",
    _enveloped(
        shapes.record(
            {
                "user_id": shapes.text(example="U1001"),
                "tenant_id": ID,
                "tenant": shapes.record({"name": shapes.text(), "slug": shapes.text()}),
                "roles": shapes.list_of(shapes.record({"key": shapes.text(), "title": shapes.text()})),
                "permissions": shapes.map_of(shapes.map_of(shapes.yes_no()), "Resource → read, write, export."),
                "grants": shapes.list_of(shapes.text(example="report:read")),
                "data_scope": shapes.record(
                    {"departments": NAMES, "projects": NAMES, "regions": NAMES}, "Null: not limited."
                ),
            }
        )
    ),
)
WORKSPACE = Named(
    "ClientWorkspace",
    _enveloped(
        shapes.record(
            {
                "tenant_id": ID,
                "name": shapes.text(),
                "slug": shapes.text(),
                "settings": shapes.record({"max_queued_exports": shapes.whole(least=0)}),
                "created_at": shapes.moment(),
            }
        )
    ),
)
GET_PERMISSIONS = Operation(
    "getClientPermissions",
    _("What may I do"),
    CLIENT,
    [Answer(200, "Rights, roles and data scope.", PERMISSIONS)],
    problems=[problems.FORBIDDEN],
)
GET_WORKSPACE = Operation(
    "getClientWorkspace",
    _("My company"),
    CLIENT,
    [Answer(200, "The company.", WORKSPACE)],
    problems=[problems.FORBIDDEN],
)
