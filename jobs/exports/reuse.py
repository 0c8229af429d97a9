"""Joining a job that was asked for a moment ago, instead of making the same file twice (SPEC E19)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import Q

from accounts import audit
from accounts.audit import Operation
from accounts.models import User
from exportcenter.common import clock
from exportcenter.common.client import Client
from exportcenter.common.database import is_lock_timeout, lock_by_name
from exportcenter.common.errors import Locked
from jobs import formats
from jobs.engine.states import CANCELABLE, Status
from jobs.exports import estimating, planning, services
from jobs.models import ExportJob


@transaction.atomic
def request_or_join(
    *,
    dataset: str,
    file_type: str | None = None,
    params: Mapping[str, Any],
    columns: Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
    source: str = "",
    actor: User,
    client: Client | None = None,
) -> tuple[ExportJob, bool]:
    """(an identical fresh job of ``actor``, True), or (a new one, False).

    Identical is what would give the same file: dataset, file type, filters as they were understood, columns, options,
    language, zone and rights. Fresh: younger than EXPORT_REUSE_SECONDS, and waiting, running, or ready with enough
    time left for a download. Of two identical requests at once, one joins the other's job.

    Raises what services.request_export raises, and Locked (423) when such a request takes too long.
    """
    request, wish = services.check_request(
        dataset=dataset,
        file_type=file_type,
        params=params,
        columns=columns,
        options=options,
        source=source,
        actor=actor,
    )
    _one_at_a_time(actor, wish)
    job = _find(wish, actor)
    if job is None:
        return services.place_order(request, wish, source=source, actor=actor, client=client), False
    audit.record(
        Operation.EXPORT_JOB_REUSE,
        actor=actor,
        resource=f"export:{job.job_no}",
        details={"job_id": job.job_no, "type": job.type, "status": job.status, "source": source},
        policy_tag=job.policy_tag,
        client=client,
    )
    return job, True


def _one_at_a_time(actor: User, wish: estimating.Wish) -> None:
    """Whoever looks for a job of this person's and dataset's waits for who is about to make one."""
    name = f"reuse:{actor.tenant_id}:{actor.pk}:{wish.type}:{wish.dataset.key}:{wish.file_type}"
    try:
        with transaction.atomic():
            lock_by_name(name)
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        raise Locked(retry_after=1) from error


def _find(wish: estimating.Wish, actor: User) -> ExportJob | None:
    now = clock.now()
    coming = Q(status__in=CANCELABLE, cancel_requested_at=None)
    there = Q(status=Status.READY, expires_at__gt=now + timedelta(seconds=settings.DOWNLOAD_LINK_SECONDS))
    alike = ExportJob.objects.select_related("owner").filter(
        coming | there,
        owner=actor,
        owner_epoch=actor.authz_epoch,
        created_at__gt=now - timedelta(seconds=settings.EXPORT_REUSE_SECONDS),
        type=wish.type,
        file_type=wish.file_type,
        params=dict(wish.params),
        language=actor.language,
        time_zone=actor.zone.key,
    )
    return next((job for job in alike.order_by("-created_at") if _gives_the_same(job, wish)), None)


def _gives_the_same(job: ExportJob, wish: estimating.Wish) -> bool:
    """Whether columns and options, however they were said, and the rights of a file that is there are the same."""
    if formats.FormatOptions.parse(job.options) != wish.options:
        return False
    keys = [column.key for column in planning.dataset_of(job).default_columns()] if job.columns is None else job.columns
    if keys != [column.key for column in wish.plan.columns]:
        return False
    regions = None if wish.plan.regions is None else list(wish.plan.regions)
    return job.status != Status.READY or (job.file_rights == list(wish.plan.rights) and job.file_regions == regions)
