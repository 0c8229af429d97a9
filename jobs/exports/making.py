"""The doors that make an export: safe to repeat (jobs.idempotency), and able to wait (jobs.exports.waiting)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from rest_framework.request import Request

from accounts.limits.doors import spend
from accounts.limits.rates import CREATE
from accounts.signin.person import person
from exportcenter.common.errors import NotFound
from jobs import idempotency
from jobs.exports import presenting, waiting
from jobs.exports.view import ExportView
from jobs.idempotency import JobAnswer, idempotent
from jobs.models import ExportJob


@dataclass(frozen=True)
class Made:
    """What a door has made.

    Attributes:
        job: the export, new or joined
        status: 201 or 200, when nobody waits or the export has ended
        extra: what the answer says beside the export
        brief: without ``wait`` the answer is ``extra`` alone
    """

    job: ExportJob
    status: int = 201
    extra: dict[str, Any] = field(default_factory=dict)
    brief: bool = False


class MakesExport(ExportView):
    """Base of the doors whose POST makes an export; they say how in ``make``."""

    def make(self, request: Request, **names: Any) -> Made:
        """Read the body and make the export. Raises the errors of the services."""
        raise NotImplementedError

    def post(self, request: Request, **names: Any) -> HttpResponseBase:
        """201 or 200 with the export; 202 for who has waited and whose export has not ended."""
        wait = waiting.over(request)
        if wait is None:
            waiting.seconds_of(request)  # a wrong one is refused even where an earlier answer is at hand
            return self._first(request, **names)
        job = _visible(request, wait.job_id)
        return idempotency.settle(request, _whole(request, job, status=wait.status, extra=wait.extra))

    def body_again(self, request: Request, job_id: UUID, extra: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """What the asker may read now of an earlier answer; see jobs.idempotency.Door."""
        job = _visible(request, job_id)
        return {} if extra is None else _body(request, job, extra)

    @idempotent
    def _first(self, request: Request, **names: Any) -> JobAnswer:
        spend(request, CREATE)
        seconds = waiting.seconds_of(request)
        user = person(request)
        waiting.take_seat(request, user, seconds)
        made = self.make(request, **names)
        job = made.job
        if seconds is None:
            data = made.extra if made.brief else _body(request, job, made.extra)
            extra = None if made.brief else made.extra
            return JobAnswer(data, job=job, status=made.status, extra=extra, headers=_headers(job, made.status))
        waits = seconds > 0 and not waiting.has_ended(job)
        if waits:
            waiting.begin(request, user, job, seconds=seconds, status=made.status, extra=made.extra)
        margin = seconds + waiting.MARGIN if waits else 0
        return _whole(request, job, status=made.status, extra=made.extra, open_seconds=margin)


def _whole(
    request: Request, job: ExportJob, *, status: int, extra: Mapping[str, Any], open_seconds: float = 0
) -> JobAnswer:
    """The answer for somebody who waits."""
    status = status if waiting.has_ended(job) else 202
    data = _body(request, job, extra)
    return JobAnswer(
        data, job=job, status=status, extra=extra, headers=_headers(job, status), open_seconds=open_seconds
    )


def _body(request: Request, job: ExportJob, extra: Mapping[str, Any]) -> dict[str, Any]:
    return presenting.present_detail(job, viewer=person(request), request=request._request) | dict(extra)


def _headers(job: ExportJob, status: int) -> dict[str, str]:
    headers = {} if status == 200 else {"Location": reverse("exports-detail", args=[job.job_no])}
    return headers if waiting.has_ended(job) else headers | {"Retry-After": str(waiting.first_poll(job))}


def _visible(request: Request, job_id: UUID) -> ExportJob:
    """Raises NotFound when the export is gone or not for the asker's eyes."""
    job: ExportJob | None = (
        ExportJob.objects.visible_to(person(request)).select_related("owner").filter(pk=job_id).first()
    )
    if job is None:
        raise NotFound()
    return job
