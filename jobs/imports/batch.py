"""Imports as batch tasks."""

from collections.abc import Iterable
from typing import Any

from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts import policy
from accounts.models import User
from exportcenter.common.client import Client
from jobs.batch import BatchFacade, TaskDoing, TaskRow, register
from jobs.engine.states import CANCELABLE, Status
from jobs.imports import services
from jobs.imports.counting import Counts
from jobs.imports.pages.deeds import CANCEL
from jobs.models import ImportJob


@register
class ImportTasks(BatchFacade):
    """The same rights and the same service as /api/v1/imports. The result is rows, not a file: it has no link."""

    kind = "import"
    title = _("Import")
    icon = "upload"

    def visible_to(self, user: User) -> Any:
        """As in the list of imports."""
        return ImportJob.objects.visible_to(user)

    def cancel(self, job_no: str, *, actor: User, client: Client) -> ImportJob:
        """As POST /imports/{job_id}/cancel."""
        return services.cancel_import(job_no, actor=actor, client=client)

    def rows_for(self, jobs: Iterable[Any], viewer: User) -> list[TaskRow]:
        """As at the head of the import's page."""
        from jobs.imports.pages.rows import shown

        found = list(jobs)
        prefetch_related_objects(found, "file")
        return [
            TaskRow(
                job=row.job,
                kind=self.kind,
                kind_title=str(self.title),
                kind_icon=self.icon,
                address=row.address,
                mine=row.mine,
                moves=row.moves,
                what=f"{row.dataset} · {row.what}",
                detail=row.file,
                tone=row.tone,
                sign=row.sign,
                status=row.status,
                note=row.note,
                progress=row.progress,
                progress_words=row.progress_words,
                creator=row.creator,
                created=row.created,
                created_exact=row.created_exact,
                finished=row.finished,
                finished_exact=row.finished_exact,
                doings=_doings(row.job, viewer, row.address),
            )
            for row in [shown(job, viewer) for job in found]
        ]


def _doings(job: ImportJob, viewer: User, address: str) -> list[TaskDoing]:
    """Look and confirm, cancel, the faulty rows: what the state asks for."""
    made = []
    if job.status == Status.REVIEW:
        made.append(TaskDoing("review", _t("Look and confirm"), "fact_check", address=address))
    if job.status in CANCELABLE and job.cancel_requested_at is None:
        reason = CANCEL.why_not(viewer, job)
        made.append(
            TaskDoing(
                CANCEL.key,
                str(CANCEL.title),
                CANCEL.icon,
                address=reverse("tasks-page-cancel", args=[job.job_no]) if not reason else "",
                reason=reason,
                danger=True,
                asks=(str(CANCEL.question) % {"job": job.job_no}, CANCEL.effect(job)),
            )
        )
    if Counts.of(job.counts).faulty and not job.file.is_over and job.status != Status.PROCESSING:
        reason = policy.may(viewer, policy.Action.IMPORT_CONTENT, job).reason
        place = "" if reason else reverse("imports-faulty-rows", args=[job.job_no])
        made.append(TaskDoing("faulty", _t("Faulty rows"), "download", address=place, reason=reason))
    return made
