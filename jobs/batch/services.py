"""One task by its id, and stopping it, whatever its kind."""

from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from exportcenter.common.client import Client
from exportcenter.common.errors import NotFound
from jobs.batch.facade import BatchFacade, all_facades


def find_task(number: str, *, viewer: User) -> tuple[BatchFacade, Any]:
    """The task and its kind. Raises NotFound, also for what ``viewer`` may not see."""
    facade = _facade_of(number)
    job = facade.visible_to(viewer).select_related("owner").filter(job_no=number).first()
    if job is None:
        raise _unknown()
    return facade, job


def cancel_task(number: str, *, actor: User, client: Client) -> tuple[BatchFacade, Any]:
    """Stop the task; a running one stops within seconds and is still ``processing`` now (SPEC E8).

    Raises NotFound, PermissionRefused, Locked (423) and StateConflict (409) when it has already ended.
    """
    facade, job = find_task(number, viewer=actor)
    return facade, facade.cancel(job.job_no, actor=actor, client=client)


def _facade_of(number: str) -> BatchFacade:
    """By the first letter, which is the kind's alone."""
    if "\0" not in number:
        for facade in all_facades():
            if number.startswith(facade.job_kind.letter):
                return facade
    raise _unknown()


def _unknown() -> NotFound:
    return NotFound(_("There is no such task."), advice=_(NotFound.default_advice))
