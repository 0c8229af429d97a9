"""Shapes and operations of sign-in for programs, as the OpenAPI document tells them."""

from django.utils.translation import gettext_lazy as _

from exportcenter.common.openapi import Answer, Body, Operation, Tag, shapes
from exportcenter.common.openapi.shapes import Named

SIGN_IN = Tag("auth", _("Sign-in"), "Tokens for programs.")
ACCESS = shapes.text("Send it as `Authorization: Bearer …`; lives 2 hours.")
TOKENS = Named(
    "Tokens",
    shapes.record(
        {
            "refresh": shapes.text("Good once, for the next pair, until 7 days after the sign-in."),
            "access": ACCESS,
        }
    ),
)
WHO = Named(
    "Credentials",
    shapes.body_of(
        {"username": shapes.text(least=1), "password": shapes.text(least=1, format="password")},
        required=["username", "password"],
    ),
)
REFRESH = Named("RefreshRequest", shapes.body_of({"refresh": shapes.text(least=1)}, required=["refresh"]))
SIGNED_OUT = Named("SignOutRequest", shapes.body_of({"refresh": shapes.text(least=1)}))
ENDED = "Both end at once when roles, permissions, regions, the password or the state of the account change."

OBTAIN = Operation(
    "createToken",
    _("Get a token"),
    SIGN_IN,
    [Answer(200, "An access and a refresh token.", TOKENS)],
    f"{ENDED} Five wrong passwords lock the account for 30 minutes.",
    body=Body(WHO, {"somebody": {"username": "finance", "password": "…"}}),
    public=True,
)
REFRESH_TOKEN = Operation(
    "refreshToken",
    _("Renew the tokens"),
    SIGN_IN,
    [Answer(200, "The next access and refresh token. The refresh token sent is spent.", TOKENS)],
    f"{ENDED} A spent refresh token that comes again ends everything from its sign-in; only for 10 seconds the one "
    "spent last gives the same answer once more.",
    body=Body(REFRESH, {"a token": {"refresh": "eyJ…"}}),
    public=True,
)
SIGN_OUT = Operation(
    "endTokens",
    _("Sign out"),
    SIGN_IN,
    [Answer(204, "Everything from this sign-in has ended.")],
    "Says which sign-in by a refresh token in the body, or by the bearer.",
    body=Body(SIGNED_OUT, {"a token": {"refresh": "eyJ…"}}, required=False),
    public=True,
)
