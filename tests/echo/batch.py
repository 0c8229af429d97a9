"""Echoes as batch tasks: all that a kind of a company's own declares."""

from django.db import transaction

from exportcenter.common.errors import PermissionRefused
from jobs.batch import BatchFacade, register
from jobs.engine import lifecycle
from tests.echo.models import EchoJob


@register
class EchoTasks(BatchFacade):
    """One sees one's own; who sees every job sees every echo, too."""

    kind = "echo"

    def visible_to(self, user):
        rows = EchoJob.objects.all()
        return rows if "jobs.see.all" in user.permissions else rows.filter(owner=user)

    @transaction.atomic
    def cancel(self, job_no, *, actor, client):
        job = EchoJob.objects.select_for_update(of=("self",)).select_related("owner").get(job_no=job_no)
        if job.owner_id != actor.pk:
            raise PermissionRefused("Only whoever called may stop the echo.")
        lifecycle.request_cancel(self.job_kind, job, actor=actor)
        return job
