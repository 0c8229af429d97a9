"""What people do to one import, in words: whether it can be done now, jobs.imports.steps decides for pages and API."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from jobs.engine.states import Status
from jobs.imports import services, steps
from jobs.models import ImportJob


@dataclass(frozen=True)
class Deed:
    """One of the steps as pages show it.

    Attributes:
        key: of the step; last part of the address
        service: does it; returns the job to show afterwards
        title, question, done: button, headline, what has happened ("%(job)s")
        effect: what will happen, for the job as it is
    """

    key: str
    service: Callable[..., ImportJob]
    title: Any
    question: Any
    effect: Callable[[ImportJob], str]
    done: Any
    icon: str
    danger: bool = False

    def why_not(self, user: User, job: ImportJob) -> str:
        """Why ``user`` cannot do it now; empty when nothing stands in the way. The service decides for good."""
        return steps.STEPS[self.key].decide(user, job).reason


def _cancel_effect(job: ImportJob) -> str:
    if job.status == Status.REVIEW:
        return _("Nothing has been written, and nothing will be.")
    if job.confirmed_at:
        return _("It stops after the rows that are being written. What is written stays, and can be taken back.")
    return _("It stops within seconds. Nothing has been written.")


def _retry_effect(job: ImportJob) -> str:
    return _("The same file is checked again in the same way, as a new import. Nothing is written before you confirm.")


def _undo_effect(job: ImportJob) -> str:
    return _(
        "Rows that it added are removed, rows that it changed are as before. "
        "Rows that somebody has changed or used since are kept and listed."
    )


def _confirm_effect(job: ImportJob) -> str:
    return _("The rows that can be written are written now.")


CONFIRM = Deed(
    key="confirm",
    service=services.confirm_import,
    title=gettext_lazy("Write the rows"),
    question=gettext_lazy("Write the rows of %(job)s?"),
    effect=_confirm_effect,
    done=gettext_lazy("%(job)s is confirmed."),
    icon="check",
)
CANCEL = Deed(
    key="cancel",
    service=services.cancel_import,
    title=gettext_lazy("Cancel import"),
    question=gettext_lazy("Cancel %(job)s?"),
    effect=_cancel_effect,
    done=gettext_lazy("%(job)s is being canceled."),
    icon="block",
    danger=True,
)
RETRY = Deed(
    key="retry",
    service=services.retry_import,
    title=gettext_lazy("Check again"),
    question=gettext_lazy("Check the file of %(job)s again?"),
    effect=_retry_effect,
    done=gettext_lazy("Created %(job)s. It starts by itself."),
    icon="replay",
)
UNDO = Deed(
    key="undo",
    service=services.undo_import,
    title=gettext_lazy("Take back"),
    question=gettext_lazy("Take %(job)s back?"),
    effect=_undo_effect,
    done=gettext_lazy("%(job)s takes the import back."),
    icon="undo",
    danger=True,
)
DEEDS = {deed.key: deed for deed in (CONFIRM, CANCEL, RETRY, UNDO)}
