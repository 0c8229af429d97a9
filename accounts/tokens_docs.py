"""Shapes and operations of API tokens, as the OpenAPI document tells them."""

from django.utils.translation import gettext_lazy as _

from accounts.models.token import LONGEST_NAME, MOST_DAYS, USUAL_DAYS, Reason, State
from accounts.scopes import Scope
from exportcenter.common.openapi import Answer, Body, Operation, Parameter, Tag, problems, shapes
from exportcenter.common.openapi.shapes import Named, or_null

TOKENS = Tag(
    "tokens", _("API tokens"), "Keys for programs. For sessions and sign-in tokens; no API token manages tokens."
)
NAME = shapes.text(least=1, most=LONGEST_NAME)
SCOPES = shapes.list_of(shapes.one_of([str(scope) for scope in Scope]), most=len(Scope))
FIELDS = {
    "id": shapes.text(format="uuid"),
    "name": NAME,
    "prefix": shapes.text("The part of the text that may be seen.", example="ec_k3Jd81Qz9xYp"),
    "scopes": SCOPES,
    "state": shapes.one_of(list(State.values)),
    "created_at": shapes.moment(),
    "expires_at": shapes.moment(),
    "last_used_at": or_null(shapes.moment("Written once a minute at most.")),
    "revoked_at": or_null(shapes.moment()),
    "last_used_ip": or_null(shapes.text()),
    "revoked_for": or_null(shapes.one_of(list(Reason.values))),
}
TOKEN = Named("ApiToken", shapes.record(FIELDS))
NEW_TOKEN = Named("NewApiToken", shapes.record(FIELDS | {"token": shapes.text("The text, told this once.")}))
PAGE = Named(
    "ApiTokenPage",
    shapes.record(
        {
            "total": shapes.whole(least=0),
            "page": shapes.whole(least=1),
            "page_size": shapes.whole(least=1, most=200),
            "items": shapes.list_of(TOKEN, most=200),
        }
    ),
)
WISH = Named(
    "ApiTokenRequest",
    shapes.body_of(
        {"name": NAME, "scopes": SCOPES, "expires_in_days": shapes.whole(least=1, most=MOST_DAYS, default=USUAL_DAYS)},
        required=["name", "scopes"],
    ),
)
ENDED = Named("ApiTokenRevoked", shapes.record({"ok": shapes.yes_no()}))

LIST_TOKENS = Operation(
    "listApiTokens",
    _("List own API tokens"),
    TOKENS,
    [Answer(200, "The newest first, ended ones too.", PAGE)],
    parameters=[
        Parameter("page", shapes.whole(least=1, default=1)),
        Parameter("page_size", shapes.whole(least=1, most=200, default=20)),
    ],
    problems=[problems.INVALID],
)
CREATE_TOKEN = Operation(
    "createApiToken",
    _("Create an API token"),
    TOKENS,
    [Answer(201, "The token with its text, which nobody can learn again.", NEW_TOKEN)],
    "Its rights are those of its owner at the moment of use, as far as the scopes name them.",
    body=Body(WISH, {"for a nightly report": {"name": "nightly report", "scopes": ["exports:read", "exports:write"]}}),
    problems=[problems.INVALID, problems.CONFLICT],
)
REVOKE_TOKEN = Operation(
    "revokeApiToken",
    _("Revoke an API token"),
    TOKENS,
    [Answer(200, "It works no more.", ENDED)],
    parameters=[Parameter("key", shapes.text(format="uuid"), "Id of the token.", "path")],
    problems=[problems.NOT_FOUND],
)
