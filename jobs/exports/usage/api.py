"""REST door of the usage overview."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import policy
from accounts.scopes import Scope
from accounts.signin.person import person
from exportcenter.common import clock
from exportcenter.common.api import AnswersAnyway
from exportcenter.common.openapi import documented
from jobs.exports.usage import api_docs
from jobs.exports.usage.overview import overview
from jobs.exports.usage.period import read_period
from jobs.exports.usage.presenting import present


class ExportUsage(APIView):
    """How exports are used (admin)."""

    content_negotiation_class = AnswersAnyway
    scopes = {"GET": Scope.EXPORTS_READ}

    @documented(api_docs.GET_USAGE)
    def get(self, request: Request) -> Response:
        """?days=7|30|90, or ?from=…&to=…; days are those of the asker's zone."""
        asker = person(request)
        policy.may(asker, policy.Action.USAGE_VIEW).or_refuse()
        today = clock.now().astimezone(asker.zone).date()
        return Response(present(overview(read_period(request.query_params, today=today, zone=asker.zone))))
