"""What people do to one import, and why it is not open to somebody now: pages and API say the same (SPEC B2–B4)."""

from collections.abc import Callable
from dataclasses import dataclass

from accounts import policy
from accounts.models import User
from exportcenter.common.errors import ExportCenterError
from jobs.imports import running, services
from jobs.models import ImportJob


@dataclass(frozen=True)
class Step:
    """One of them.

    Attributes:
        why_not: why it makes no sense for a job as it is now; empty when it does. The service asks the same
        writes: it needs the rights of the import's mode, too
    """

    why_not: Callable[[ImportJob], str]
    writes: bool = False

    def decide(self, user: User, job: ImportJob) -> policy.Decision:
        """Whether ``user`` can do it now, and if not, why not."""
        changes = policy.may(user, policy.Action.IMPORT_CHANGE, job)
        if not changes:
            return changes
        if reason := self.why_not(job):
            return policy.Decision(False, reason)
        return _may_write(user, job) if self.writes else changes


STEPS = {
    "confirm": Step(services.why_not_confirmed),
    "cancel": Step(services.why_not_canceled),
    "retry": Step(services.why_not_retried, writes=True),
    "undo": Step(services.why_not_undone, writes=True),
}


def _may_write(user: User, job: ImportJob) -> policy.Decision:
    try:
        dataset = services.importable(job.dataset)
    except ExportCenterError:  # it is gone, or files do not write it any more
        return policy.Decision(False, str(running.NotImportable()))
    decisions = [policy.may(user, action, dataset) for action in running.actions_of(job.mode)]
    return next((decision for decision in decisions if not decision), policy.YES)
