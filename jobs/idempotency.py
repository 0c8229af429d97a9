"""Safe retries: a request that comes again with the same ``Idempotency-Key`` gets the first answer again.

SPEC E19; draft-ietf-httpapi-idempotency-key-header-07. The answer is kept in the transaction that made the job, so a
server that dies before it could answer leaves both or none. Only answers with a job are kept: whoever was refused, or
met a fault, sends the corrected or the same request with the same key and is served.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import tenancy
from accounts.models import User
from accounts.signin.person import person
from exportcenter.common import clock
from exportcenter.common.database import try_lock_by_name
from exportcenter.common.errors import IdempotencyInProgress, IdempotencyMismatch, InvalidParameters
from jobs.models import KeptAnswer
from jobs.models.job import Job

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 255
LONGEST_PAUSE = 5
"""Seconds that somebody is told to wait for the first request's answer at most: its job may end any time."""
BATCH = 5_000
_PRINTABLE = re.compile(rf"[\x20-\x7e]{{1,{LONGEST}}}")


class JobAnswer(Response):
    """An answer about a job.

    Parameters:
        data: the body
        job: whose number it tells
        extra: what ``data`` says beside the job's own fields; None when it says nothing but the number
        open_seconds: so long the answer may still change, because somebody waits for the job's end
    """

    def __init__(
        self,
        data: Mapping[str, Any],
        *,
        job: Job,
        status: int,
        extra: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        open_seconds: float = 0,
    ) -> None:
        super().__init__(data, status=status, headers=dict(headers))
        self.job, self.extra, self.told, self.open_seconds = job, extra, dict(headers), open_seconds


class Door(Protocol):
    """A view whose answers can be kept."""

    def body_again(self, request: Request, job_id: UUID, extra: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """The body that the asker may read now. Raises NotFound for who may not see the job, or when it is gone."""


Method = Callable[..., JobAnswer]


def idempotent(method: Method) -> Callable[..., HttpResponseBase]:
    """Decorator of a view's method that makes a job and answers with a JobAnswer.

    Raises InvalidParameters (400) for a malformed key, IdempotencyMismatch (422) for another body under the same key,
    IdempotencyInProgress (409) while the first request runs, NotFound (404) when the job is not for the asker's eyes
    any more, and what ``method`` raises. Without the header it is ``method``.
    """

    @wraps(method)
    def door(view: Door, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = _key_of(request)
        if key is None:
            return method(view, request, *args, **kwargs)
        call = _Call.of(request, key)
        call.begin()
        kept = call.find()
        return call.keep(method(view, request, *args, **kwargs)) if kept is None else _again(view, request, call, kept)

    return door


def settle(request: Request, answer: JobAnswer) -> HttpResponseBase:
    """Keep ``answer`` in the place of the provisional one that its request left before it waited."""
    key = _key_of(request)
    if key is None:
        return answer
    body = _render(answer)
    call = _Call.of(request, key, with_body=False)
    call.rows().update(
        authz_epoch=call.user.authz_epoch,
        http_status=answer.status_code,
        headers=answer.told,
        body=body,
        extra=answer.extra,
        settles_at=None,
    )
    return _said(body, answer.status_code, answer.told)


def prune() -> int:
    """Delete the answers of every tenant that are older than IDEMPOTENCY_KEEP_HOURS. Any number of copies may run.
    Returns how many are gone."""
    return tenancy.in_every_tenant(_prune_some)


def _prune_some() -> int:
    old = KeptAnswer.objects.filter(created_at__lte=clock.now() - _keep())
    keys = list(old.order_by("created_at").values_list("pk", flat=True)[:BATCH])
    return int(old.filter(pk__in=keys)._raw_delete(using="default")) if keys else 0


def _keep() -> timedelta:
    return timedelta(hours=settings.IDEMPOTENCY_KEEP_HOURS)


@dataclass(frozen=True)
class _Call:
    """One request under one key."""

    user: User
    key: str
    route: str
    body_hash: str

    @classmethod
    def of(cls, request: Request, key: str, *, with_body: bool = True) -> "_Call":
        body = json.dumps(request.data or {}, sort_keys=True, separators=(",", ":")) if with_body else ""
        return cls(person(request), key, f"{request.method} {request.path}", _sha256(body))

    @property
    def scope(self) -> str:
        return _sha256(json.dumps([self.route, self.key]))

    def begin(self) -> None:
        """One request at a time under this key, until its transaction has ended, in whatever way."""
        name = f"idempotency:{self.user.tenant_id}:{self.user.pk}:{self.scope}"
        if not try_lock_by_name(name):
            raise IdempotencyInProgress(retry_after=1)

    def rows(self) -> Any:
        """What is kept under it: at most one row."""
        return KeptAnswer.objects.filter(user=self.user, scope=self.scope)

    def find(self) -> KeptAnswer | None:
        """The first answer, if its time is not over. Raises IdempotencyMismatch and, while the first request waits
        for its job, IdempotencyInProgress."""
        now = clock.now()
        kept: KeptAnswer | None = self.rows().first()
        if kept is None:
            return None
        if kept.created_at <= now - _keep():
            self.rows().delete()
            return None
        if kept.body_hash != self.body_hash:
            raise IdempotencyMismatch(details={HEADER: [_("It stands for another body, sent on this address.")]})
        if kept.settles_at is not None and kept.settles_at > now:
            left = math.ceil((kept.settles_at - now).total_seconds())
            raise IdempotencyInProgress(retry_after=min(left, LONGEST_PAUSE))
        return kept

    def keep(self, answer: JobAnswer) -> HttpResponse:
        """Write it down, and give it as it will be given again."""
        now, body = clock.now(), _render(answer)
        KeptAnswer.objects.create(
            user=self.user,
            scope=self.scope,
            key=self.key,
            route=self.route[:200],
            body_hash=self.body_hash,
            authz_epoch=self.user.authz_epoch,
            job_id=answer.job.pk,
            job_no=answer.job.job_no,
            http_status=answer.status_code,
            headers=answer.told,
            body=body,
            extra=answer.extra,
            settles_at=now + timedelta(seconds=answer.open_seconds) if answer.open_seconds else None,
            created_at=now,
        )
        return _said(body, answer.status_code, answer.told)


def _again(view: Door, request: Request, call: _Call, kept: KeptAnswer) -> HttpResponse:
    """The kept answer, for who may still have it: word for word as long as the person's rights are the same."""
    fresh = view.body_again(request, kept.job_id, kept.extra)
    unchanged = kept.extra is None or kept.authz_epoch == call.user.authz_epoch
    body = bytes(kept.body) if unchanged else JSONRenderer().render(fresh)
    return _said(body, kept.http_status, kept.headers | {REPLAYED: "true"})


def _key_of(request: Request) -> str | None:
    """The key as it stands in the header; None without one. Raises InvalidParameters."""
    given = request.headers.get(HEADER)
    if given is None:
        return None
    key = given.strip()
    if not _PRINTABLE.fullmatch(key):
        words = _("1 to %(most)d printable ASCII characters are expected.") % {"most": LONGEST}
        raise InvalidParameters(details={HEADER: [words]})
    return key


def _render(answer: JobAnswer) -> bytes:
    return bytes(JSONRenderer().render(answer.data))


def _said(body: bytes, status: int, headers: Mapping[str, str]) -> HttpResponse:
    return HttpResponse(body, status=status, headers=dict(headers), content_type="application/json")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
