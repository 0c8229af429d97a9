"""Exports as batch tasks."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from exportcenter.common.client import Client
from jobs.batch import BatchFacade, TaskDoing, TaskRow, register
from jobs.exports import presenting, services
from jobs.exports.steps import CANCEL
from jobs.models import ExportJob


@register
class ExportTasks(BatchFacade):
    """The same rights, the same service and the same link as /api/v1/exports."""

    kind = "export"
    title = _("Export")
    icon = "download"

    def visible_to(self, user: User) -> Any:
        """As in the list of exports."""
        return ExportJob.objects.visible_to(user)

    def cancel(self, job_no: str, *, actor: User, client: Client) -> ExportJob:
        """As POST /exports/{job_id}/cancel."""
        return services.cancel_export(job_no, actor=actor, client=client)

    def result_url(self, job: ExportJob, *, viewer: User, request: HttpRequest) -> str | None:
        """The download link."""
        return presenting.download_url(job, viewer, request)

    def rows_for(self, jobs: Iterable[Any], viewer: User) -> list[TaskRow]:
        """As in the list of exports."""
        from jobs.exports.pages.rows import Row, rows_for

        def doings(row: Row) -> list[TaskDoing]:
            made = []
            for one in row.doings:
                if one.key == "download" and (one.allowed or row.job.status == "ready"):
                    made.append(TaskDoing(one.key, one.title, one.icon, address=one.address, reason=one.reason))
                elif one.key == CANCEL.key and row.moves:
                    asks = (str(CANCEL.question) % {"job": row.job.job_no}, str(CANCEL.effect))
                    made.append(
                        TaskDoing(
                            one.key,
                            one.title,
                            one.icon,
                            address=reverse("tasks-page-cancel", args=[row.job.job_no]) if one.allowed else "",
                            reason=one.reason,
                            danger=True,
                            asks=asks,
                        )
                    )
            return made

        return [
            TaskRow(
                job=row.job,
                kind=self.kind,
                kind_title=str(self.title),
                kind_icon=self.icon,
                address=row.address,
                mine=row.mine,
                moves=row.moves,
                what=row.type,
                detail=row.file or row.params,
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
                doings=doings(row),
            )
            for row in rows_for(jobs, viewer)
        ]
