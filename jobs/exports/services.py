"""What people and programs do with exports. API, admin, schedules and commands all come through here."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, policy
from accounts.audit import Operation
from accounts.models import Tenant, User
from exportcenter.common import clock
from exportcenter.common.client import Client
from exportcenter.common.database import lock_by_name
from exportcenter.common.errors import InvalidParameters, StateConflict, Throttled
from jobs import formats
from jobs.datasets import CUSTOM
from jobs.datasets.query import Plan
from jobs.engine import kinds, lifecycle, queue
from jobs.engine.config import RETRY_PAUSE
from jobs.engine.states import FROZEN, Status
from jobs.exports import estimating, planning
from jobs.exports.digest import params_hash
from jobs.models import Attempt, DownloadHandle, ExportChunk, ExportJob, ExportPreview, JobLog
from jobs.models.job import Lane
from jobs.requesting import check_source, locked, new_job, numbered

COPIED = ("type", "file_type", "params", "columns", "options", "source", "definition_id", "definition_version")
"""What a retry takes over."""


@transaction.atomic
def request_export(
    *,
    dataset: str,
    file_type: str | None = None,
    params: Mapping[str, Any],
    columns: Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
    source: str = "",
    actor: User,
    client: Client | None = None,
) -> ExportJob:
    """Accept a request and queue it. ``dataset``: the type, i.e. the key of a dataset or "reports_custom", whose
    parameters name a definition or say all themselves; without ``file_type``: the definition's, else CSV.

    Raises InvalidParameters (400), PermissionRefused (403) or Throttled (429, the queue is full). The parameters are
    validated now and frozen; rights and row scope are asked again when the job runs and at each download.
    """
    request, wish = check_request(
        dataset=dataset,
        file_type=file_type,
        params=params,
        columns=columns,
        options=options,
        source=source,
        actor=actor,
    )
    return place_order(request, wish, source=source, actor=actor, client=client)


def place_order(
    request: planning.Request, wish: estimating.Wish, *, source: str, actor: User, client: Client | None
) -> ExportJob:
    """Queue what check_request has found right. Raises Throttled (429). Call it inside a transaction."""
    foreseen = estimating.foresee(wish)  # before the number is drawn: from then on creating is one at a time
    job = _new_job(actor)
    estimating.note_on(job, foreseen)
    job.type, job.sensitivity, job.file_type = request.type, request.dataset.sensitivity, request.file_type
    job.params, job.columns, job.options = dict(wish.params), wish.columns, dict(request.options)
    job.source = source
    if request.version is not None:
        job.definition, job.definition_version = request.version.definition, request.version.number
    _accept(job, Operation.EXPORT_JOB_CREATE, actor, client)
    return job


def preview_export(
    *,
    dataset: str,
    file_type: str | None = None,
    params: Mapping[str, Any],
    columns: Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
    source: str = "",
    exact: bool = False,
    actor: User,
) -> estimating.Preview:
    """What request_export would make of the same request: rows, bytes, seconds, and the limits it meets (SPEC U10).

    Nothing is stored and no number is drawn. Raises what request_export raises, but for Throttled: a full queue is
    among the limits; and Unavailable (503) when the database is too busy.
    """
    _request, wish = check_request(
        dataset=dataset,
        file_type=file_type,
        params=params,
        columns=columns,
        options=options,
        source=source,
        actor=actor,
    )
    return estimating.preview(wish, exact=exact)


@transaction.atomic
def retry_export(job_no: str, *, actor: User, client: Client | None = None) -> ExportJob:
    """Queue a new job with the parameters of an old one; the chain of retries stays visible (SPEC E6).

    Raises NotFound, PermissionRefused, Locked (423), StateConflict (409: running, or too soon; ``retry_after`` says
    how long to wait) and what request_export raises.
    """
    old = lock_visible(job_no, actor)
    policy.may(actor, policy.Action.EXPORT_RETRY, old).or_refuse()
    if old.status == Status.PROCESSING:
        raise StateConflict(_("The job is running. Wait until it has ended, or cancel it first."))
    lock_chain(old.root_id)
    newest = ExportJob.objects.filter(root_id=old.root_id).order_by("-retry_no").first()
    _refuse_too_soon(newest)
    formats.get(old.file_type)
    check_source(old.source)
    wanted = _try_out(old.type, old.params, old.columns, actor)
    foreseen = estimating.foresee(
        estimating.Wish(
            type=old.type,
            dataset=planning.dataset_of(old),
            plan=wanted,
            params=old.params,
            columns=old.columns,
            file_type=old.file_type,
            options=formats.FormatOptions.parse(old.options),
            viewer=actor,
        )
    )
    job = _new_job(actor)
    estimating.note_on(job, foreseen)
    for name in COPIED:
        setattr(job, name, getattr(old, name))
    job.sensitivity = planning.dataset_of(old).sensitivity
    job.retry_of, job.root_id, job.retry_no = old.job_no, old.root_id, newest.retry_no + 1
    _accept(job, Operation.EXPORT_JOB_RETRY, actor, client)
    return job


@transaction.atomic
def cancel_export(job_no: str, *, actor: User, client: Client | None = None) -> ExportJob:
    """Stop a queued or running job; a running one stops within seconds (SPEC E8).

    Raises NotFound, PermissionRefused, Locked (423) and StateConflict (409) when it has already ended.
    """
    job = lock_visible(job_no, actor)
    policy.may(actor, policy.Action.EXPORT_CANCEL, job).or_refuse()
    if job.status in FROZEN or job.status == Status.READY:
        raise StateConflict(_("The job has already ended: %(status)s.") % {"status": job.get_status_display()})
    before = job.status
    lifecycle.request_cancel(kinds.kind_of(job), job, actor=actor)
    audit.record(
        Operation.EXPORT_JOB_CANCEL,
        actor=actor,
        resource=f"export:{job.job_no}",
        details={"job_id": job.job_no, "status": before},
        client=client,
        policy_tag=job.policy_tag,
    )
    return job


@transaction.atomic
def accelerate_export(job_no: str, *, actor: User, client: Client | None = None) -> ExportJob:
    """Move a queued job to the fast lane (SPEC J5). Raises as cancel_export does."""
    job = lock_visible(job_no, actor)
    policy.may(actor, policy.Action.EXPORT_ACCELERATE, job).or_refuse()
    if job.status != Status.QUEUED:
        raise StateConflict(_("Only a queued job can be accelerated."))
    ExportJob.objects.filter(pk=job.pk).update(priority=Lane.FAST)
    job.priority = Lane.FAST
    audit.record(
        Operation.EXPORT_JOB_ACCELERATE,
        actor=actor,
        resource=f"export:{job.job_no}",
        details={"job_id": job.job_no},
        client=client,
        policy_tag=job.policy_tag,
    )
    return job


@transaction.atomic
def delete_expired(*, actor: User, client: Client | None = None) -> int:
    """Delete the rows, logs and attempts of every expired export of the tenant; the audit trail stays (SPEC E15)."""
    policy.may(actor, policy.Action.EXPORT_DELETE_EXPIRED).or_refuse()
    doomed = list(
        ExportJob.objects.filter(status=Status.EXPIRED).select_for_update(skip_locked=True).values_list("pk", flat=True)
    )
    for children in (JobLog, Attempt, DownloadHandle):
        children.objects.filter(job_id__in=doomed).delete()
    chunks = list(ExportChunk.objects.filter(export_id__in=doomed).values_list("pk", flat=True))
    for children in (JobLog, Attempt):
        children.objects.filter(job_id__in=chunks).delete()
    ExportChunk.objects.filter(pk__in=chunks)._raw_delete(using="default")
    ExportPreview.objects.filter(job_id__in=doomed).delete()
    ExportJob.objects.filter(pk__in=doomed)._raw_delete(using="default")
    audit.record(
        Operation.EXPORT_JOB_DELETE_EXPIRED,
        actor=actor,
        resource="export:*",
        details={"count": len(doomed), "operator_id": actor.code},
        client=client,
    )
    return len(doomed)


def find_visible(job_no: str, actor: User) -> ExportJob:
    """The export of this number, if ``actor`` may see it. Raises NotFound otherwise: a stranger learns nothing."""
    job: ExportJob = numbered(ExportJob.objects.visible_to(actor).select_related("owner"), job_no)
    return job


def lock_visible(job_no: str, actor: User) -> ExportJob:
    """The same, with its row locked for this transaction. Raises Locked when somebody holds it for over a second."""
    seen = find_visible(job_no, actor)
    job: ExportJob = locked(ExportJob.objects.select_related("owner"), seen)
    return job


def lock_chain(root_id: uuid.UUID) -> None:
    """One retry at a time for the whole chain, whichever member was clicked, until the end of this transaction."""
    lock_by_name(str(root_id))


def check_request(
    *,
    dataset: str,
    file_type: str | None,
    params: Any,
    columns: Sequence[str] | None,
    options: Mapping[str, Any] | None,
    source: str,
    actor: User,
) -> tuple[planning.Request, estimating.Wish]:
    """Refuse now what could not run later: the same for the order and for the question what it would be.

    Raises InvalidParameters (400) and PermissionRefused (403).
    """
    request = planning.read_request(
        type_key=dataset, file_type=file_type, params=params, columns=columns, options=options, actor=actor
    )
    policy.may(actor, policy.Action.EXPORT_CREATE, request.dataset).or_refuse()
    file_format = formats.get(request.file_type)
    parsed = formats.FormatOptions.parse(request.options)
    file_format.check(request.options)
    check_source(source)
    if not isinstance(request.params, Mapping):
        raise InvalidParameters(details={"params": [_("An object of filters is expected.")]})
    fixed_params, fixed_columns = planning.fix(request, actor=actor)
    wish = estimating.Wish(
        type=request.type,
        dataset=request.dataset,
        plan=_try_out(request.type, fixed_params, fixed_columns, actor),
        params=fixed_params,
        columns=fixed_columns,
        file_type=request.file_type,
        options=parsed,
        viewer=actor,
    )
    return request, wish


def _try_out(type_key: str, params: Mapping[str, Any], columns: Sequence[str] | None, actor: User) -> Plan:
    try:
        return planning.plan_fixed(type_key, params, columns, viewer=actor, zone=actor.zone)
    except InvalidParameters as error:
        top_level = {"columns", "type"} if type_key != CUSTOM else set()
        named = {name if name in top_level else f"params.{name}": words for name, words in error.details.items()}
        raise InvalidParameters(details=named) from error


def _new_job(actor: User) -> ExportJob:
    """A row that is not saved yet; the caps of the queue are checked."""
    job = new_job(ExportJob, kind="export", actor=actor)
    job.owner_epoch = actor.authz_epoch
    _refuse_over_quota(actor)
    return job


def _accept(job: ExportJob, operation: Operation, actor: User, client: Client | None) -> None:
    """Queue the job and record who asked for it."""
    job.policy_tag = f"export.{job.sensitivity}"
    queue.enqueue(kinds.kind_of(job), job)
    audit.record(
        operation,
        actor=actor,
        resource=f"export:{job.job_no}",
        details={
            "job_id": job.job_no,
            "type": job.type,
            "file_type": job.file_type,
            "params_hash": params_hash(job),
            "user_id": actor.code,
            "retry_of": job.retry_of or None,
            "source": job.source,
            **_origin(job),
        },
        policy_tag=job.policy_tag,
        client=client,
    )


def _origin(job: ExportJob) -> dict[str, Any]:
    """What the trail says of a custom export beside the usual."""
    if job.type != CUSTOM:
        return {}
    definition = None if job.definition_id is None else str(job.definition_id)
    return {"dataset": job.params["dataset"], "definition": definition, "version": job.definition_version}


def _refuse_over_quota(actor: User) -> None:
    """The queue's caps per tenant and user (SPEC E9). Exact, since new_job made creating one at a time."""
    from django.conf import settings

    waiting = ExportJob.objects.filter(status=Status.QUEUED)
    limit = Tenant.objects.mine().max_queued_exports
    if waiting[: limit + 1].count() >= limit:
        raise Throttled(
            _("Your company already has %(count)d exports waiting. Try again when some have finished.")
            % {"count": limit},
            retry_after=30,
        )
    mine = settings.QUEUED_PER_USER
    if waiting.filter(owner=actor)[: mine + 1].count() >= mine:
        raise Throttled(
            _("You already have %(count)d exports waiting. Try again when some have finished.") % {"count": mine},
            retry_after=30,
        )


def _refuse_too_soon(newest: ExportJob) -> None:
    """One retry per chain in five minutes, by the database's clock."""
    if newest.retry_no == 0:
        return
    wait = RETRY_PAUSE - (clock.now() - newest.created_at)
    seconds = -int(-wait.total_seconds() // 1)
    if seconds > 0:
        raise StateConflict(
            _("The same job may be retried once in 5 minutes. %(seconds)d seconds to go.") % {"seconds": seconds},
            details={"retry_after": seconds, "latest": newest.job_no},
            retry_after=seconds,
        )
