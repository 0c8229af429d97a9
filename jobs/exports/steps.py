"""What people do to one export on pages: when it makes sense, who may, and by which line of service it is done."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from unfold.enums import ActionVariant

from accounts import policy
from accounts.models import User
from jobs.engine.states import CANCELABLE, FROZEN, Status
from jobs.exports import services
from jobs.models import ExportJob
from jobs.models.job import Lane


@dataclass(frozen=True)
class Step:
    """One thing that people do to one export.

    Attributes:
        key: last part of the address, and the name of the admin's method
        action: what the policy is asked
        service: does it; returns the job to show afterwards
        fits: whether it makes sense for a job as it is now; the service decides for good
        misfit: why it does not
        title, question, effect, done: button, headline, what will happen, what has happened ("%(job)s")
    """

    key: str
    action: policy.Action
    service: Callable[..., ExportJob]
    fits: Callable[[ExportJob], bool]
    misfit: Any
    title: Any
    question: Any
    effect: Any
    done: Any
    icon: str
    variant: ActionVariant = ActionVariant.DEFAULT

    def offered_to(self, user: User, job: ExportJob) -> bool:
        """Whether the button does something."""
        return bool(self.decide(user, job))

    def decide(self, user: User, job: ExportJob) -> policy.Decision:
        """The same, with the reason for the tooltip."""
        if not self.fits(job):
            return policy.Decision(False, str(self.misfit))
        return policy.may(user, self.action, job)


RETRY = Step(
    key="retry",
    action=policy.Action.EXPORT_RETRY,
    service=services.retry_export,
    fits=lambda job: job.status in FROZEN or job.status == Status.READY,
    misfit=_("It has not ended yet."),
    title=_("Retry"),
    question=_("Run %(job)s again?"),
    effect=_("A new export with the same conditions is queued. This one stays as it is."),
    done=_("Created %(job)s. It starts by itself."),
    icon="replay",
    variant=ActionVariant.PRIMARY,
)
CANCEL = Step(
    key="cancel",
    action=policy.Action.EXPORT_CANCEL,
    service=services.cancel_export,
    fits=lambda job: job.status in CANCELABLE and job.cancel_requested_at is None,
    misfit=_("It has ended, or is being canceled already."),
    title=_("Cancel export"),
    question=_("Cancel %(job)s?"),
    effect=_("A waiting export ends at once, a running one within seconds. There will be no file."),
    done=_("%(job)s is being canceled."),
    icon="block",
    variant=ActionVariant.DANGER,
)
ACCELERATE = Step(
    key="accelerate",
    action=policy.Action.EXPORT_ACCELERATE,
    service=services.accelerate_export,
    fits=lambda job: job.status == Status.QUEUED and job.priority != Lane.FAST,
    misfit=_("Only a waiting export can be accelerated."),
    title=_("Accelerate"),
    question=_("Move %(job)s to the fast lane?"),
    effect=_("It runs before every waiting export of the normal lane."),
    done=_("%(job)s is in the fast lane."),
    icon="bolt",
)
STEPS = {step.key: step for step in (RETRY, CANCEL, ACCELERATE)}
