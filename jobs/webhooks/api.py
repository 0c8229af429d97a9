"""REST API of webhooks: thin doors to jobs.webhooks.services."""

import json
from collections.abc import Iterator
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.limits.doors import spend
from accounts.limits.rates import CREATE
from accounts.models import User
from accounts.scopes import Scope
from accounts.signin.person import person
from exportcenter.common import keyset
from exportcenter.common.bodies import is_text, is_yes_no, read_body
from exportcenter.common.client import client_of
from exportcenter.common.errors import InvalidParameters
from exportcenter.common.openapi import documented
from exportcenter.common.paging import LARGEST_PAGE, PAGE_SIZE, refuse_unknown, whole_number
from exportcenter.common.streaming import stream
from jobs.exports.view import ExportView
from jobs.models import Webhook, WebhookDelivery
from jobs.models.webhook import Delivery
from jobs.webhooks import api_docs, pinging, services
from jobs.webhooks.presenting import present, present_delivery, present_with_secret

PRIVATE = {"Cache-Control": "private, no-store"}
FILTERS = {"status": "state", "type": "type", "job_id": "subject"}
"""Parameter → field."""


def is_list_of_texts(value: Any) -> str:
    """A list of texts."""
    fine = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return "" if fine else _("A list of texts is expected.")


FIELDS: dict[str, Any] = {
    "url": is_text,
    "description": is_text,
    "events": is_list_of_texts,
    "statuses": is_list_of_texts,
    "kinds": is_list_of_texts,
    "datasets": is_list_of_texts,
    "enabled": is_yes_no,
}


class WebhookList(ExportView):
    """GET: those one manages. POST: create."""

    scopes = {"GET": Scope.WEBHOOKS_READ, "POST": Scope.WEBHOOKS_WRITE}

    @documented(api_docs.LIST_WEBHOOKS)
    def get(self, request: Request) -> Response:
        """{items}: own ones and, for those who manage them, the company's."""
        refuse_unknown(request.query_params, ())
        viewer = person(request)
        rows = Webhook.objects.visible_to(viewer).select_related("owner").prefetch_related("secrets")
        return Response({"items": [present(row, viewer=viewer) for row in rows]})

    @documented(api_docs.CREATE_WEBHOOK)
    def post(self, request: Request) -> Response:
        """201 with the webhook and, this once, its secret."""
        body = read_body(request, **FIELDS, scope=is_text, required=("url",))
        viewer = person(request)
        webhook, secret = services.create_webhook(**body, actor=viewer, client=client_of(request._request))
        shown = present_with_secret(webhook, secret, viewer=viewer)
        place = f"{request.path.rstrip('/')}/{webhook.pk}"
        return Response(shown, status=201, headers={"Location": place} | PRIVATE)


class WebhookDetail(ExportView):
    """One webhook."""

    scopes = {"GET": Scope.WEBHOOKS_READ, "PATCH": Scope.WEBHOOKS_WRITE, "DELETE": Scope.WEBHOOKS_WRITE}

    @documented(api_docs.GET_WEBHOOK)
    def get(self, request: Request, key: str) -> Response:
        """200, or 404 for what is none of the asker's business."""
        return Response(present(services.find_visible(key, person(request)), viewer=person(request)))

    @documented(api_docs.CHANGE_WEBHOOK)
    def patch(self, request: Request, key: str) -> Response:
        """Change it."""
        body = read_body(request, **FIELDS)
        changed = services.update_webhook(key, **body, actor=person(request), client=client_of(request._request))
        return Response(present(changed, viewer=person(request)))

    @documented(api_docs.DELETE_WEBHOOK)
    def delete(self, request: Request, key: str) -> Response:
        """{ok: true}"""
        services.delete_webhook(key, actor=person(request), client=client_of(request._request))
        return Response({"ok": True})


class WebhookRotate(ExportView):
    """A new secret."""

    scopes = {"POST": Scope.WEBHOOKS_WRITE}

    @documented(api_docs.ROTATE_SECRET)
    def post(self, request: Request, key: str) -> Response:
        """The webhook with, this once, its new secret."""
        read_body(request)
        viewer = person(request)
        webhook, secret = services.rotate_secret(key, actor=viewer, client=client_of(request._request))
        return Response(present_with_secret(webhook, secret, viewer=viewer), headers=PRIVATE)


class WebhookTest(ExportView):
    """Does the receiver work?"""

    scopes = {"POST": Scope.WEBHOOKS_WRITE}

    @documented(api_docs.TEST_WEBHOOK)
    def post(self, request: Request, key: str) -> StreamingHttpResponse:
        """200 with the test message and what came back, as in the log; it may take ten seconds."""
        spend(request, CREATE)
        read_body(request)
        viewer = person(request)
        attempt = pinging.prepare(key, actor=viewer)
        answer = _outcome(attempt, viewer, translation.get_language() or viewer.language)
        return stream(request._request, answer, headers={"Content-Type": "application/json", **PRIVATE})


class WebhookDeliveries(ExportView):
    """The log."""

    scopes = {"GET": Scope.WEBHOOKS_READ}

    @documented(api_docs.LIST_DELIVERIES)
    def get(self, request: Request, key: str) -> Response:
        """{items, next_cursor}, the newest first; ``status``, ``type`` and ``job_id`` narrow it."""
        query = request.query_params
        refuse_unknown(query, (*FILTERS, "cursor", "page_size"))
        viewer = person(request)
        webhook = services.find_visible(key, viewer)
        if query.get("status", Delivery.SENT) not in Delivery.values:
            allowed = _("Allowed: %(allowed)s.") % {"allowed": ", ".join(Delivery.values)}
            raise InvalidParameters(details={"status": [allowed]})
        if bad := [name for name in FILTERS if "\0" in query.get(name, "")]:
            raise InvalidParameters(details={name: [_("NUL characters are not allowed.")] for name in bad})
        wanted = {name: query[name] for name in FILTERS if query.get(name)}
        fields = {FILTERS[name]: value for name, value in wanted.items()}
        found = keyset.after(
            WebhookDelivery.objects.filter(webhook=webhook, **fields),
            [keyset.Key("id", descending=True)],
            cursor=query.get("cursor", ""),
            size=whole_number(query, "page_size", PAGE_SIZE, LARGEST_PAGE),
            belongs_to=[str(webhook.pk), wanted],
        )
        items = [present_delivery(row, viewer=viewer) for row in found.items]
        return Response({"items": items, "next_cursor": found.next_cursor or None})


class WebhookResend(ExportView):
    """Once more."""

    scopes = {"POST": Scope.WEBHOOKS_WRITE}

    @documented(api_docs.RESEND)
    def post(self, request: Request, key: str, message_id: str) -> Response:
        """202 with the message, which waits again."""
        read_body(request)
        viewer = person(request)
        delivery = services.resend(key, message_id, actor=viewer, client=client_of(request._request))
        return Response(present_delivery(delivery, viewer=viewer), status=202)


def _outcome(attempt: Any, viewer: User, language: str) -> Iterator[bytes]:
    """The answer to a test. Made when the request's transaction is over."""
    delivery = pinging.finish(attempt)
    with translation.override(language):
        shown = present_delivery(delivery, viewer=viewer) if delivery is not None else {}
    yield json.dumps(shown, ensure_ascii=False).encode()
