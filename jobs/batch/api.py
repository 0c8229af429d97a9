"""REST API of batch tasks: thin doors (SPEC A4, S2)."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.scopes import Scope
from accounts.signin.person import person
from exportcenter.common.api import AnswersAnyway
from exportcenter.common.bodies import read_body
from exportcenter.common.client import client_of
from exportcenter.common.openapi import documented
from exportcenter.common.paging import refuse_unknown
from jobs.batch import api_docs, services
from jobs.batch.listing import page_of
from jobs.batch.presenting import present
from jobs.engine.states import CANCELABLE


class TaskList(APIView):
    """Tasks of every kind."""

    content_negotiation_class = AnswersAnyway
    scopes = {"GET": Scope.EXPORTS_READ}

    @documented(api_docs.LIST_TASKS)
    def get(self, request: Request) -> Response:
        """{total, page, page_size, items}. Header X-Total-Estimated says when total is an estimate."""
        viewer = person(request)
        page = page_of(request.query_params, viewer=viewer)
        items = [present(facade, job, viewer=viewer, request=request._request) for facade, job in page.items]
        body = {"total": page.total, "page": page.number, "page_size": page.size, "items": items}
        return Response(body, headers={} if page.exact else {"X-Total-Estimated": "true"})


class TaskDetail(APIView):
    """One task."""

    content_negotiation_class = AnswersAnyway
    scopes = {"GET": Scope.EXPORTS_READ, "DELETE": Scope.EXPORTS_WRITE}

    @documented(api_docs.GET_TASK)
    def get(self, request: Request, number: str) -> Response:
        """200, or 404 for what the asker may not see."""
        refuse_unknown(request.query_params, ())
        viewer = person(request)
        facade, job = services.find_task(number, viewer=viewer)
        return Response(present(facade, job, viewer=viewer, request=request._request))

    @documented(api_docs.CANCEL_TASK)
    def delete(self, request: Request, number: str) -> Response:
        """Cancel: 200 with the task when it has stopped, 202 when its worker will within seconds."""
        refuse_unknown(request.query_params, ())
        read_body(request)
        viewer = person(request)
        facade, job = services.cancel_task(number, actor=viewer, client=client_of(request._request))
        shown = present(facade, job, viewer=viewer, request=request._request)
        return Response(shown, status=202 if job.status in CANCELABLE else 200)
