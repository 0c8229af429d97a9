"""Serving a file: who may is asked again, the audit entry is committed, then the first byte goes out (SPEC E11–E13).

Django's FileResponse is not used: under ASGI it reads the file whole into memory and ignores ranges.
"""

import base64
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit, policy
from accounts.audit import Operation
from accounts.models import AccessToken, User
from accounts.signin.person import person
from accounts.signin.tokens import is_alive
from accounts.tenancy import tenant_scope
from exportcenter.common.api import error_body
from exportcenter.common.client import Client, client_of
from exportcenter.common.errors import Gone, NotFound, PermissionRefused, RangeNotSatisfiable
from exportcenter.common.etag import is_known
from exportcenter.common.paging import refuse_unknown
from exportcenter.common.ranges import Span, Unsatisfiable, requested
from exportcenter.common.streaming import stream
from jobs import storage
from jobs.datasets import GENERAL
from jobs.engine.states import CANCELABLE
from jobs.exports import links, planning
from jobs.models import ExportJob

log = logging.getLogger(__name__)

BLOCK = 256 << 10
RECHECK_SECONDS = 5
LANDING_SECONDS = 5


class RightWithdrawn(Exception):
    """The right was taken away while the file was on its way: the stream is cut."""


def serve(request: Request, job_no: str) -> HttpResponseBase:
    """The answer to GET …/download?token=…; refusals are audited, too."""
    refuse_unknown(request.query_params, ("token", "part"))
    user, client = person(request), client_of(request._request)
    token = request.query_params.get("token", "")
    try:
        job = links.admit(token, user=user)
        if job.job_no != job_no:
            raise links.LinkRefused("other job in the address")
    except PermissionRefused as refusal:
        why = getattr(refusal, "why", "no right")
        asked = job_no[:30].replace("\0", "")  # PostgreSQL stores no NUL
        _record(user, client, f"export:{asked}", result="refused", details={"job_id": asked, "why": why})
        raise
    if job.status in CANCELABLE:
        return _not_landed(job)
    links.refuse_without_file(job)
    piece = piece_of(job, request.query_params.get("part", ""))
    etag, size = f'"{piece.sha256}"', piece.size
    known = is_known(request, etag)
    asking = known or request.method == "HEAD"  # for the facts only: not a use, not a download
    try:
        part = None if asking else requested(request.headers, etag=etag, size=size)
    except Unsatisfiable:
        error = RangeNotSatisfiable(_("The file has %(size)d bytes.") % {"size": size})
        return Response(error_body(error), status=error.status, headers={"Content-Range": f"bytes */{size}"})
    if not storage.store().exists(piece.key):
        log.error("export %s is ready but its object %s is missing", job.job_no, piece.key)
        raise Gone(_("The file is missing from the store."))
    try:
        links.use(token, count=not asking)
    except links.LinkRefused as refusal:
        details = {"job_id": job.job_no, "why": refusal.why, "file": piece.name}
        _record(user, client, f"export:{job.job_no}", result="refused", details=details)
        raise
    span = part or Span(0, size - 1, size)
    if known:
        return _kept_by_nobody(HttpResponse(status=304), etag)
    if asking:
        return _head(HttpResponse(), request, piece, span, etag=etag)
    # Committed with this request's transaction, which ends before the first byte is sent.
    _record(
        user,
        client,
        f"export:{job.job_no}",
        details={
            "job_id": job.job_no,
            "bytes": span.length,
            "first": span.first,
            "size": size,
            "user_id": user.code,
            "file": piece.name,
            "type": job.type,
        },
        policy_tag=job.policy_tag,
    )
    content = _content(request, job, piece, user, span)
    return _head(content, request, piece, span, etag=etag, partial=part is not None)


@dataclass(frozen=True)
class Piece:
    """One file of an export."""

    key: str
    name: str
    ascii_name: str
    size: int
    sha256: str
    content_type: str


def piece_of(job: ExportJob, number: str) -> Piece:
    """The file that is asked for: the only one, the manifest, or part ``number`` (from 1). Raises NotFound."""
    parts = {str(part["number"]): part for part in job.parts}
    whole: dict[str, Any] = {
        "key": job.file_key,
        "name": job.file_name,
        "size": job.file_size or 0,
        "sha256": job.file_sha256,
    }
    part = parts.get(number or "0") if parts else {"": whole, "1": whole}.get(number)
    if part is None:
        count = max(1, len(parts) - 1)
        words = ngettext("This export has %(count)d file.", "This export has %(count)d files.", count)
        raise NotFound(words % {"count": count})
    extension = part["name"].rpartition(job.job_no)[2].partition(".")[2]
    packed = {"gz": "application/gzip", "zip": "application/zip"}.get(extension.rpartition(".")[2])
    content_type = packed or planning.writer_of(job).content_type
    if parts and part is parts["0"]:
        content_type = "application/json"
    suffix = f"-{part['number']}" if part.get("number") else ""
    return Piece(
        part["key"], part["name"], f"{job.job_no}{suffix}.{extension}", part["size"], part["sha256"], content_type
    )


def _content(request: Request, job: ExportJob, piece: Piece, user: User, span: Span) -> HttpResponseBase:
    if settings.X_ACCEL_PREFIX and isinstance(storage.store(), FileSystemStorage):
        response = HttpResponse()  # nginx sends the bytes and answers ranges itself
        response["X-Accel-Redirect"] = f"{settings.X_ACCEL_PREFIX.rstrip('/')}/{quote(piece.key)}"
        return response
    token = request.auth.pk if isinstance(request.auth, AccessToken) else None
    check = None if job.sensitivity == GENERAL else _watch(job, user, token)
    return stream(request._request, _blocks(piece.key, span, check))


def _head(
    response: HttpResponseBase, request: Request, piece: Piece, span: Span, *, etag: str, partial: bool = False
) -> HttpResponseBase:
    if partial:
        response.status_code = 206
        response["Content-Range"] = span.header
    if "X-Accel-Redirect" not in response:
        response["Content-Length"] = str(span.length)
    response["Content-Type"] = piece.content_type
    response["Accept-Ranges"] = "bytes"
    response["X-Content-SHA256"] = piece.sha256
    if wants_digest(request.headers.get("Want-Repr-Digest", "")):
        response["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(piece.sha256)).decode()}:"
    response["Content-Disposition"] = (
        f"attachment; filename=\"{piece.ascii_name}\"; filename*=UTF-8''{quote(piece.name)}"
    )
    return _kept_by_nobody(response, etag)


def _kept_by_nobody(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


def wants_digest(wish: str) -> bool:
    """Whether a SHA-256 may stand beside the file (Want-Repr-Digest, RFC 9530 §4): yes, unless it is said not to be
    acceptable. Who asks for other algorithms only gets the one there is."""
    wishes = (one.partition("=") for one in wish.lower().split(","))
    return all(name.strip() != "sha-256" or weight.strip() != "0" for name, _sign, weight in wishes)


def _not_landed(job: ExportJob) -> Response:
    body = {
        "job_id": job.job_no,
        "status": job.status,
        "progress": job.progress,
        "message": _("The file has not landed yet. Try again in %(seconds)d seconds.") % {"seconds": LANDING_SECONDS},
    }
    return Response(body, status=202, headers={"Retry-After": str(LANDING_SECONDS)})


def _record(user: User, client: Client, resource: str, **more: Any) -> None:
    audit.record(Operation.EXPORT_FILE_DOWNLOAD, actor=user, resource=resource, client=client, **more)


def _blocks(key: str, span: Span, check: Callable[[], None] | None) -> Iterator[bytes]:
    """The bytes of ``span``; ``check`` is asked every five seconds and may cut the stream."""
    asked = time.monotonic()
    left = span.length
    if not left:  # JSON lines of no rows; an object store has no words for a range of nothing
        return
    with storage.open_at(key, span.first, span.last) as source:
        while left > 0:
            block = source.read(min(BLOCK, left))
            if not block:
                raise OSError(f"{key} ended {left} bytes early")
            if check is not None and time.monotonic() - asked >= RECHECK_SECONDS:
                check()
                asked = time.monotonic()
            left -= len(block)
            yield block


def _watch(job: ExportJob, user: User, token: UUID | None) -> Callable[[], None]:
    tenant_id, job_id, user_id, epoch, began = user.tenant_id, job.pk, user.pk, user.authz_epoch, timezone.now()

    def check() -> None:
        try:
            with tenant_scope(tenant_id):
                _still_allowed(job_id, user_id, epoch, began)
                if token is not None and not is_alive(token):
                    raise RightWithdrawn(str(job_id))
        finally:
            connection.close()  # this thread's own

    return check


def _still_allowed(job_id: UUID, user_id: UUID, epoch: int, began: Any) -> None:
    user = User.objects.select_related("tenant").filter(pk=user_id, authz_epoch=epoch).first()
    job = ExportJob.objects.filter(pk=job_id).first()
    revoked = job is not None and job.links_revoked_at is not None and job.links_revoked_at > began
    if user is None or job is None or revoked or not policy.may(user, policy.Action.EXPORT_DOWNLOAD, job):
        raise RightWithdrawn(str(job_id))
