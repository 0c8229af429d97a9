"""One thing done to several exports (SPEC U6): each by itself, so that a refusal stops none of the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from exportcenter.common.client import Client
from exportcenter.common.errors import ExportCenterError, InvalidParameters
from jobs.exports import services
from jobs.exports.steps import RETRY, STEPS

MOST = 100


@dataclass(frozen=True)
class Outcome:
    """What became of one of them.

    Attributes:
        job_no: the number that was given
        new_job_no: of the export that a retry has made; empty otherwise
        error: why not; None when it was done
    """

    job_no: str
    new_job_no: str = ""
    error: ExportCenterError | None = None


@transaction.atomic
def run(*, action: str, job_nos: Sequence[Any], actor: User, client: Client | None = None) -> list[Outcome]:
    """Do it to each, in the given order; what is refused leaves nothing behind. Raises InvalidParameters for an unknown
    action, for none or more than MOST numbers, and for numbers that are no texts or stand there twice.

    Every lock that one of them needs alone is taken before the first is touched, in an order that all batches share:
    the trail is locked by the first entry, and whoever holds an export of the batch by then waits for the trail.
    """
    problems = {}
    if action not in STEPS:
        problems["action"] = [_("Allowed: %(allowed)s.") % {"allowed": ", ".join(STEPS)}]
    if not 1 <= len(job_nos) <= MOST or not all(isinstance(number, str) for number in job_nos):
        problems["job_ids"] = [_("A list of 1 to %(most)d numbers of jobs is expected.") % {"most": MOST}]
    elif len(set(job_nos)) < len(job_nos):
        problems["job_ids"] = [_("Two items of the list are the same.")]
    if problems:
        raise InvalidParameters(details=problems)
    held = _lock(action, job_nos, actor)
    return [held[number] or _do(action, number, actor, client) for number in job_nos]


def _lock(action: str, job_nos: Sequence[str], actor: User) -> dict[str, Outcome | None]:
    """Number → None, or why it could not be locked."""
    refused: dict[str, Outcome | None] = dict.fromkeys(job_nos)
    chains = set()
    for number in sorted(job_nos):
        try:
            chains.add(services.lock_visible(number, actor).root_id)
        except ExportCenterError as error:
            refused[number] = Outcome(number, error=error)
    for root in sorted(chains) if action == RETRY.key else ():
        services.lock_chain(root)
    return refused


def _do(action: str, number: str, actor: User, client: Client | None) -> Outcome:
    try:
        job = STEPS[action].service(number, actor=actor, client=client)
    except ExportCenterError as error:
        return Outcome(number, error=error)
    return Outcome(number, new_job_no=job.job_no if job.job_no != number else "")


def present(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The answer to the request."""
    return {
        "done": sum(outcome.error is None for outcome in outcomes),
        "results": [
            {
                "job_id": outcome.job_no,
                "ok": outcome.error is None,
                "new_job_id": outcome.new_job_no or None,
                "code": outcome.error.code if outcome.error else None,
                "message": outcome.error.message if outcome.error else None,
                "advice": outcome.error.advice if outcome.error else None,
            }
            for outcome in outcomes
        ],
    }
