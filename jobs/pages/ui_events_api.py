"""REST door of page events: POST only; the admin shows them."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.scopes import NEVER
from accounts.signin.person import person
from exportcenter.common.api import AnswersAnyway
from exportcenter.common.bodies import is_list, read_body
from exportcenter.common.openapi import documented
from jobs.pages import api_docs
from jobs.pages.recording import record_events
from jobs.pages.ui_events import read_events


class UiEvents(APIView):
    """What somebody did on a page."""

    content_negotiation_class = AnswersAnyway
    scopes = {"POST": NEVER}

    @documented(api_docs.REPORT_EVENTS)
    def post(self, request: Request) -> Response:
        """204; the body is {events: [{name, data}]}, 1 to 50 of them."""
        body = read_body(request, events=is_list, required=("events",))
        record_events(events=read_events(body["events"]), actor=person(request))
        return Response(status=204)
