"""What imports keep, files, rows and the way back, goes when the file's time is over (SPEC E10)."""

from datetime import timedelta

from django.db.models.functions import Now

from accounts import tenancy
from jobs import storage
from jobs.engine import kinds, lifecycle
from jobs.engine.states import Status
from jobs.models import ImportChange, ImportChunk, ImportFile, ImportJob, ImportRow

BATCH = 20_000
"""Rows that one transaction deletes."""
AGAIN = timedelta(minutes=5)
"""Until the next look at a file that a job still works on."""


def forget_due() -> int:
    """Forget every file whose time is over. Any number of copies may run. Returns how many files are gone."""
    return tenancy.in_every_tenant(_forget_next)


def _forget_next() -> int:
    """Forget the next file, or a batch of what imports of it kept; 0: nothing is due.

    Rows are locked in the order in which imports lock theirs, jobs before files. A file whose time is over gets no new
    job (files.keep_longer), so that nothing begins while its rows go.
    """
    due = ImportFile.objects.filter(removed_at=None, expires_at__lte=Now())
    found: ImportFile | None = due.order_by("expires_at").first()
    if found is None:
        return 0
    jobs = list(
        ImportJob.objects.filter(file=found).select_for_update(of=("self",)).select_related("owner").order_by("pk")
    )
    kept: ImportFile | None = due.filter(pk=found.pk).select_for_update().first()
    if kept is None:
        return 1  # somebody has forgotten it meanwhile, or begun to work with it: look for the next
    for job in jobs:
        if job.status == Status.REVIEW:
            lifecycle.request_cancel(kinds.kind_of(job), job, actor=None)
    if any(job.status in (Status.QUEUED, Status.PROCESSING) for job in jobs):
        ImportFile.objects.filter(pk=kept.pk).update(expires_at=Now() + AGAIN)
        return 1
    numbers = [job.pk for job in jobs]
    for table in (ImportRow, ImportChange, ImportChunk):
        batch = table.objects.filter(job_id__in=numbers).values("pk")[:BATCH]
        if gone := table.objects.filter(pk__in=batch)._raw_delete(using="default"):
            return int(gone)
    storage.delete(kept.key)  # should the store refuse: the sweep of orphans finds it
    ImportFile.objects.filter(pk=kept.pk).update(removed_at=Now())
    return 1
