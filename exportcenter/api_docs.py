"""The description of the API, for programs and for people. Every asset is our own: no page asks another host."""

import json
from typing import Any

from csp.constants import NONCE
from csp.decorators import csp_update
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.scopes import Scope
from exportcenter.api_document import as_yaml, document
from exportcenter.common.api import AnswersAnyway
from exportcenter.common.openapi import Answer, Operation, Tag, documented, shapes

ABOUT = Tag("about", _("This document"), "The API about itself.")


def _operation(kind: str, media: str) -> Operation:
    return Operation(
        f"getDocument{kind.title()}",
        _("Get the description of the API"),
        ABOUT,
        [
            Answer(
                200,
                "OpenAPI 3.1; titles are in your language.",
                media={media: shapes.any_object()},
            )
        ],
    )


class DocumentJson(APIView):
    """OpenAPI 3.1 as JSON."""

    scopes = {"GET": Scope.ACCOUNT_READ}
    content_negotiation_class = AnswersAnyway

    @documented(_operation("json", "application/json"))
    def get(self, request: Request) -> HttpResponse:
        """The whole document."""
        content = json.dumps(_document(), ensure_ascii=False)
        return HttpResponse(content, content_type="application/json")


class DocumentYaml(APIView):
    """OpenAPI 3.1 as YAML."""

    scopes = {"GET": Scope.ACCOUNT_READ}
    content_negotiation_class = AnswersAnyway

    @documented(_operation("yaml", "application/yaml"))
    def get(self, request: Request) -> HttpResponse:
        """The whole document."""
        return HttpResponse(as_yaml(_document()), content_type="application/yaml")  # RFC 9512


@require_safe
@login_required
def swagger(request: HttpRequest) -> HttpResponse:
    """Swagger UI: read and try out."""
    return render(request, "api_docs/swagger.html")


@require_safe
@login_required
@csp_update({"style-src": [NONCE]})
def redoc(request: HttpRequest) -> HttpResponse:
    """Redoc: read. It makes its styles as it goes, hence the nonce."""
    return render(request, "api_docs/redoc.html")


def _document() -> dict[str, Any]:
    return document(translation.get_language())
