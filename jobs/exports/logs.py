"""Reading the log of a job as it grows (SPEC E16)."""

from accounts import policy
from accounts.models import User
from jobs.exports.presenting import TAIL_LINES
from jobs.models import Job, JobLog


def lines_after(job: Job, viewer: User, *, after: int, most: int) -> tuple[list[JobLog], bool]:
    """The next ``most`` lines behind line number ``after`` (0: from the beginning), oldest first, and whether there are
    more.

    Who may not have the whole log never gets a line that is not among the last 100 of this moment: line by line the
    whole would be had without the right to it.
    """
    lines = JobLog.objects.filter(job_id=job.pk)
    if not policy.may(viewer, policy.Action.LOG_DOWNLOAD, job):
        oldest = lines.order_by("-id").values_list("id", flat=True)[TAIL_LINES - 1 : TAIL_LINES]
        after = max(after, *(number - 1 for number in oldest), 0)
    found = list(lines.filter(id__gt=after).order_by("id")[: most + 1])
    return found[:most], len(found) > most
