"""Download handles: a link is a claim to be checked, not an authority (SPEC E11).

``v1.<key id>.<payload>.<mac>``: HMAC-SHA256 over the rest. The payload names job, fence, user, tenant, the user's
authz_epoch, issue and expiry times, and the DownloadHandle row if the link was made on purpose. Every GET asks the
policy again; a link of before a change of rights, a retry of the claim, or a revocation is dead.
"""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import audit, policy
from accounts.audit import Operation
from accounts.models import User
from exportcenter.common.client import Client
from exportcenter.common.errors import Gone, PermissionRefused, StateConflict
from jobs.engine.states import CANCELABLE, Status
from jobs.exports.services import find_visible, lock_visible
from jobs.models import DownloadHandle, ExportJob

VERSION = "v1"
LONGEST = 1000


class LinkRefused(PermissionRefused):
    """403: the link is forged, foreign, over, or revoked. Nothing is said about which job it was for."""

    code = "LINK_INVALID"
    default_message = gettext_noop("This download link is not valid (any more).")
    default_advice = gettext_noop("Open the export and take a fresh link from there.")

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why
        """For the audit trail only."""


@dataclass(frozen=True)
class Payload:
    """What a handle says."""

    job: str
    fence: int
    user: str
    tenant: str
    epoch: int
    issued: float
    expires: float
    handle: str = ""


def sign(payload: Payload) -> str:
    """The handle of ``payload``, signed with the newest key."""
    key_id, key = next(iter(settings.DOWNLOAD_KEYS.items()))
    body = base64.urlsafe_b64encode(json.dumps(asdict(payload), separators=(",", ":")).encode()).rstrip(b"=").decode()
    head = f"{VERSION}.{key_id}.{body}"
    return f"{head}.{_mac(head, key)}"


def read(token: str) -> Payload:
    """The payload of a handle whose signature and time are right. Raises LinkRefused."""
    parts = token.split(".")
    if len(token) > LONGEST or len(parts) != 4 or parts[0] != VERSION or not token.isascii():
        raise LinkRefused("malformed")
    key = settings.DOWNLOAD_KEYS.get(parts[1])
    if key is None or not hmac.compare_digest(parts[3], _mac(".".join(parts[:3]), key)):
        raise LinkRefused("signature")
    payload = Payload(**json.loads(base64.urlsafe_b64decode(parts[2] + "=" * (-len(parts[2]) % 4))))
    if payload.expires <= time.time():
        raise LinkRefused("expired")
    return payload


def link_for(job: ExportJob, user: User, *, handle: DownloadHandle | None = None) -> str:
    """A handle for ``user``: it lives DOWNLOAD_LINK_SECONDS and never longer than the file."""
    now = time.time()
    expires = now + settings.DOWNLOAD_LINK_SECONDS
    if handle is not None:
        expires = handle.expires_at.timestamp()
    if job.expires_at is not None:
        expires = min(expires, job.expires_at.timestamp())
    return sign(
        Payload(
            job=str(job.pk),
            fence=job.fence if job.status == Status.READY else 0,
            user=str(user.pk),
            tenant=str(user.tenant_id),
            epoch=user.authz_epoch,
            issued=now,
            expires=expires,
            handle=str(handle.pk) if handle else "",
        )
    )


@transaction.atomic
def make_link(
    job_no: str, *, actor: User, max_uses: int | None = None, client: Client | None = None
) -> tuple[ExportJob, DownloadHandle]:
    """A link that is written down: it can be limited in uses and revoked. Also for a job that is not ready yet."""
    job = find_visible(job_no, actor)
    policy.may(actor, policy.Action.EXPORT_DOWNLOAD, job).or_refuse()
    refuse_without_file(job)
    now = timezone.now()
    handle: DownloadHandle = DownloadHandle.objects.create(
        job=job,
        user=actor,
        created_at=now,
        expires_at=now + timedelta(seconds=settings.DOWNLOAD_LINK_SECONDS),
        max_uses=max_uses,
    )
    audit.record(
        Operation.EXPORT_LINK_CREATE,
        actor=actor,
        resource=f"export:{job.job_no}",
        details={"job_id": job.job_no, "handle": str(handle.pk), "max_uses": max_uses},
        client=client,
        policy_tag=job.policy_tag,
    )
    return job, handle


@transaction.atomic
def revoke_links(job_no: str, *, actor: User, client: Client | None = None) -> int:
    """Make every link to this export that exists now worthless. Returns how many written-down ones there were."""
    job = lock_visible(job_no, actor)
    policy.may(actor, policy.Action.EXPORT_REVOKE_LINKS, job).or_refuse()
    count: int = DownloadHandle.objects.filter(job=job, revoked_at=None).update(revoked_at=Now())
    if job.status in (*CANCELABLE, Status.READY):
        # The clock that dates the links, too, read now that the row is ours: links may have been made while this
        # transaction waited for the lock, and the database's clock may differ from the web hosts'.
        ExportJob.objects.filter(pk=job.pk).update(links_revoked_at=timezone.now())
    audit.record(
        Operation.EXPORT_JOB_REVOKE_LINKS,
        actor=actor,
        resource=f"export:{job.job_no}",
        details={"job_id": job.job_no, "handles": count},
        client=client,
        policy_tag=job.policy_tag,
    )
    return count


def admit(token: str, *, user: User) -> ExportJob:
    """The export that ``token`` lets ``user`` have, with every check but the file's own state. Raises LinkRefused,
    PermissionRefused.

    A written-down link is counted here, before the first byte.
    """
    payload = read(token)
    if payload.user != str(user.pk) or payload.tenant != str(user.tenant_id):
        raise LinkRefused("foreign")
    if payload.epoch != user.authz_epoch:
        raise LinkRefused("rights changed")
    job: ExportJob | None = ExportJob.objects.select_related("owner").filter(pk=UUID(payload.job)).first()
    if job is None:
        raise LinkRefused("job gone")
    decision = policy.may(user, policy.Action.EXPORT_DOWNLOAD, job)
    if not decision:
        raise LinkRefused("not visible") if decision.hidden else PermissionRefused(decision.reason)
    if payload.fence not in (0, job.fence):
        raise LinkRefused("other attempt")
    if job.links_revoked_at is not None and payload.issued <= job.links_revoked_at.timestamp():
        raise LinkRefused("revoked")
    return job


def refuse_without_file(job: ExportJob) -> None:
    """Raise Gone (410) when the file has expired and StateConflict (409) when there will never be one.

    The row's own time counts, so a sweep that is late gives nothing away (SPEC E10).
    """
    if job.status == Status.EXPIRED or (job.expires_at is not None and job.expires_at <= timezone.now()):
        raise Gone()
    if job.status not in (*CANCELABLE, Status.READY):
        raise StateConflict(_("This export has no file: %(status)s.") % {"status": job.get_status_display()})


def use(token: str, *, count: bool = True) -> None:
    """Count one use of a written-down link (``count=False``: only look). Raises LinkRefused when it is revoked, over
    or used up.
    """
    payload = read(token)
    if not payload.handle:
        return
    free = Q(max_uses=None) | Q(uses__lt=F("max_uses"))
    used = DownloadHandle.objects.filter(free, pk=UUID(payload.handle), revoked_at=None, expires_at__gt=Now()).update(
        uses=F("uses") + int(count)
    )
    if not used:
        raise LinkRefused("handle used up or revoked")


def _mac(head: str, key: str) -> str:
    return (
        base64.urlsafe_b64encode(hmac.new(key.encode(), head.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    )


def absolute(request: Any, job: ExportJob, token: str) -> str:
    """The address people and programs use."""
    from django.urls import reverse

    path = reverse("exports-download", args=[job.job_no])
    url: str = request.build_absolute_uri(f"{path}?token={token}")
    return url
