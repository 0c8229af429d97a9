"""Everything that somebody wants to know before the button is pressed."""

from dataclasses import dataclass

from django.db import OperationalError
from django.utils.translation import gettext as _

from exportcenter.common.database import is_statement_timeout
from exportcenter.common.errors import Unavailable
from jobs.exports.estimating import sizes
from jobs.exports.estimating.forecast import Estimate, Wish, estimate
from jobs.exports.estimating.limits import Limit, limits_of
from jobs.exports.estimating.waiting import wait_seconds


@dataclass(frozen=True)
class Preview:
    """The estimate, the wait before it begins, and the limits that it meets."""

    estimate: Estimate
    wait_seconds: float
    limits: list[Limit]


def preview(wish: Wish, *, exact: bool) -> Preview:
    """Look ahead; nothing is stored. Raises Unavailable (503) when the planner does not answer in time."""
    try:
        made = estimate(wish, exact=exact)
    except OperationalError as error:
        if not is_statement_timeout(error):
            raise
        raise Unavailable(_("The database is too busy for an estimate."), retry_after=5) from error
    typical = made.figures.seconds if made.figures else sizes.START_SECONDS
    return Preview(made, wait_seconds(wish.viewer, typical=typical), limits_of(wish, made.figures))
