"""Base of every door of the client API: the envelope of S3 §4.3, for people of client companies only."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import policy
from accounts.signin.person import person
from exportcenter.common import result
from exportcenter.common.api import AnswersAnyway, answer_for


class ResultRenderer(JSONRenderer):
    """Puts what a view answers into {code, message, data}; a refusal is in its envelope already."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """The bytes of the envelope."""
        context = renderer_context or {}
        if not context["response"].exception:
            data = result.success(data, context["view"].done)
        rendered: bytes = super().render(data, accepted_media_type, renderer_context)
        return rendered


def result_handler(exception: Exception, context: dict[str, Any]) -> Response:
    """Every refusal and fault in the envelope, with its HTTP status, wherever the view is mounted."""
    return answer_for(exception, context, result.failure)


class ClientView(APIView):
    """Views below /api/v1/client/ derive from this and answer plain data.

    Only active people of client companies come in, and they see their own company: the tenant is that of their
    sign-in, never one that the request names. Staff are answered 403, nobody 401.
    """

    content_negotiation_class = AnswersAnyway
    renderer_classes = [ResultRenderer]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse whoever does not belong here."""
        super().initial(request, *args, **kwargs)
        policy.may(person(request), policy.Action.CLIENT_API).or_refuse()

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response]:
        """The envelope's."""
        return result_handler

    @property
    def done(self) -> str:
        """What the envelope says of a success."""
        return _("Found.") if self.request.method in ("GET", "HEAD") else _("Done.")
