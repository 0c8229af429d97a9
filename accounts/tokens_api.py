"""REST door of one's own API tokens (SPEC A8). For sessions and sign-in tokens; no API token opens it."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import tokens_docs
from accounts.models import AccessToken, User
from accounts.scopes import NEVER
from accounts.signin.person import local_iso, person
from accounts.tokens import create_token, find_own, own_tokens, revoke_tokens
from exportcenter.common.api import AnswersAnyway
from exportcenter.common.bodies import is_list, is_text, is_whole_number, read_body
from exportcenter.common.client import client_of
from exportcenter.common.openapi import documented
from exportcenter.common.paging import paginate, refuse_unknown

PRIVATE = {"Cache-Control": "private, no-store"}


class TokenList(APIView):
    """GET: one's own. POST: a new one."""

    content_negotiation_class = AnswersAnyway
    scopes = {"GET": NEVER, "POST": NEVER}

    @documented(tokens_docs.LIST_TOKENS)
    def get(self, request: Request) -> Response:
        """{total, page, page_size, items}, the newest first, ended ones too."""
        refuse_unknown(request.query_params, ("page", "page_size"))
        owner = person(request)
        page = paginate(own_tokens(owner), request.query_params, walk=("-created_at", "-id"))
        items = [_present(token, owner) for token in page.items]
        body = {"total": page.total, "page": page.number, "page_size": page.size, "items": items}
        return Response(body, headers=PRIVATE)

    @documented(tokens_docs.CREATE_TOKEN)
    def post(self, request: Request) -> Response:
        """201: the token and, this once, its text."""
        body = read_body(
            request, name=is_text, scopes=is_list, expires_in_days=is_whole_number, required=("name", "scopes")
        )
        owner = person(request)
        days = {"days": body["expires_in_days"]} if "expires_in_days" in body else {}
        token, text = create_token(
            name=body["name"], scopes=body["scopes"] or [], **days, actor=owner, client=client_of(request._request)
        )
        return Response(_present(token, owner) | {"token": text}, status=201, headers=PRIVATE)


class TokenDetail(APIView):
    """One of one's own."""

    content_negotiation_class = AnswersAnyway
    scopes = {"DELETE": NEVER}

    @documented(tokens_docs.REVOKE_TOKEN)
    def delete(self, request: Request, key: UUID) -> Response:
        """{ok: true}: it works no more, and did perhaps not before either."""
        owner = person(request)
        revoke_tokens(tokens=[find_own(key, owner)], actor=owner, client=client_of(request._request))
        return Response({"ok": True})


def _present(token: AccessToken, viewer: User) -> dict[str, Any]:
    shown: Any = token
    times = ("created_at", "expires_at", "last_used_at", "revoked_at")
    return {
        "id": str(token.pk),
        "name": token.name,
        "prefix": token.prefix,
        "scopes": token.scopes,
        "state": shown.state,
        **{name: local_iso(getattr(token, name), viewer) for name in times},
        "last_used_ip": token.last_used_ip or None,
        "revoked_for": token.revoked_for or None,
    }
