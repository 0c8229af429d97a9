"""Rows, bytes and seconds of an export: the planner's figures, corrected by what earlier exports were."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DatabaseError, OperationalError
from django.utils.translation import gettext as _

from accounts.models import User
from exportcenter.common.database import is_statement_timeout, statement_timeout
from jobs import formats
from jobs.datasets import CUSTOM, Dataset
from jobs.datasets.query import Plan
from jobs.exports.estimating import experience, planner, sizes
from jobs.formats import FormatOptions
from jobs.models import ExportJob

log = logging.getLogger(__name__)

PLANNER_SECONDS = 2.0
AT_CREATION_SECONDS = 0.5
SURE, UNSURE, GUESS = 1.1, 3.0, 200.0
"""How far off the planner may be: whole tables; filters nobody has used yet; tables without statistics, where it takes
one row in 200 for the company's."""


@dataclass(frozen=True)
class Wish:
    """A request that has been checked and fixed, as its job would hold it; and the plan that it makes now."""

    type: str
    dataset: Dataset
    plan: Plan
    params: Mapping[str, Any]
    columns: list[str] | None
    file_type: str
    options: FormatOptions
    viewer: User


@dataclass(frozen=True)
class Figures:
    """How large a file would be now, and how long it would take from the moment a worker has it.

    ``rows_low`` and ``rows_high``: between these it probably is.
    """

    rows: int
    rows_low: int
    rows_high: int
    bytes: int
    seconds: float


@dataclass(frozen=True)
class Estimate:
    """What is expected of a request.

    Attributes:
        figures: None when nothing is known: data in another database of which there was no export like this yet
        exact: the rows were counted
        basis: "count", "history" (corrected by earlier exports), "planner", "guess" (no statistics) or "unknown"
        notes: sentences that say where the figures come from
        planned_rows: what the planner said by itself; what later corrections are learned from
        shape: under which the correction is found again
    """

    figures: Figures | None
    exact: bool
    basis: str
    planned_rows: int
    shape: str
    notes: tuple[str, ...] = ()


def estimate(wish: Wish, *, exact: bool = False, seconds: float = PLANNER_SECONDS) -> Estimate:
    """The estimate, and with ``exact`` a real count of the rows, if that is quick enough.

    A count that takes longer than EXPORT_COUNT_TIMEOUT_SECONDS, a second one of the same person at the same time, and
    one in another database are no error: the estimate is answered and says so. Raises OperationalError when even the
    planner takes longer than ``seconds``.
    """
    planned = _plan(wish, seconds)
    custom = wish.type == CUSTOM
    shape = experience.shape_of(wish.params, wish.plan, custom=custom)
    learned = experience.correction(wish.dataset, shape, wish.params, wish.plan, custom=custom)
    rows, low, high = learned.apply(planned.rows)
    counted, note = _count(wish) if exact else (None, "")
    if counted is not None:
        rows = low = high = counted
        basis, words = "count", _("Counted just now.")
    elif learned.jobs and planned.asked:
        basis = "history"
        words = _("From the database's statistics, corrected by %(jobs)d earlier exports with these filters.") % {
            "jobs": learned.jobs
        }
    elif learned.jobs:
        basis = "history"
        words = _("From %(jobs)d earlier exports with these filters.") % {"jobs": learned.jobs}
    elif not planned.asked:
        basis = "unknown"
        words = _("This data is in another database, and there was no export with these filters yet.")
    elif planned.analyzed:
        doubt = UNSURE if shape else SURE
        low, high = int(rows / doubt) if rows > 1 else 0, round(rows * doubt)
        basis = "planner"
        words = _("From the database's statistics; no earlier export with these filters corrects them.")
    else:
        low, high = 0, round(rows * GUESS)
        basis = "guess"
        words = _("The database has no statistics of this table yet: this is a guess.")
    return Estimate(
        figures=None if basis == "unknown" else _figures(wish, planned, rows, low, high),
        exact=counted is not None,
        basis=basis,
        planned_rows=planned.rows,
        shape=shape,
        notes=tuple(sentence for sentence in (note, words) if sentence),
    )


def foresee(wish: Wish) -> Estimate | None:
    """The estimate for a job that is being created. Never an error and never slow: None, and a line in the log.

    An export must not be refused because nobody can say how large it will be.
    """
    try:
        with statement_timeout(AT_CREATION_SECONDS):
            return estimate(wish, seconds=AT_CREATION_SECONDS)
    except DatabaseError as error:
        log.warning("no estimate for %s: %s", wish.dataset.key, str(error).strip())
    except Exception:  # a mistake in a dataset or here is worth a stack in the log, not a refused export
        log.exception("no estimate for %s", wish.dataset.key)
    return None


def note_on(job: ExportJob, made: Estimate | None) -> None:
    """Write the estimate down on a job that is not saved yet, so that its error can be shown later."""
    if made is None:
        return
    job.filter_shape, job.planned_rows = made.shape, made.planned_rows
    if made.figures is not None:
        job.estimated_rows, job.estimated_bytes = made.figures.rows, made.figures.bytes
        job.estimated_seconds = made.figures.seconds


def _plan(wish: Wish, seconds: float) -> planner.Planned:
    if wish.dataset.is_external:
        return planner.nominal(wish.plan)
    return planner.ask(wish.plan, formats.get(wish.file_type)(wish.options, wish.viewer.zone), seconds=seconds)


def _figures(wish: Wish, planned: planner.Planned, rows: int, low: int, high: int) -> Figures:
    pace = experience.pace(wish.dataset, wish.plan, wish.file_type, wish.options, rows=rows, words=planned.words)
    fixed = sizes.fixed_bytes(wish.file_type, wish.plan.columns, wish.options)
    return Figures(
        rows=rows,
        rows_low=low,
        rows_high=high,
        bytes=min(sizes.MOST_BYTES, fixed + round(rows * pace.row_bytes)),
        seconds=round(pace.start_seconds + rows * pace.row_seconds, 2),
    )


def _count(wish: Wish) -> tuple[int | None, str]:
    """(exact rows, "") or (None, why not)."""
    if wish.dataset.is_external:
        return None, _("Data in another database is not counted beforehand.")
    seconds = settings.EXPORT_COUNT_TIMEOUT_SECONDS
    try:
        rows = planner.count(wish.plan, seconds=seconds, key=f"export-count:{wish.viewer.pk}")
    except OperationalError as error:
        if not is_statement_timeout(error):
            raise
        return None, _("Counting would take longer than %(seconds)s s, so the rows are estimated.") % {
            "seconds": f"{seconds:g}"
        }
    if rows is None:
        return None, _("You are counting something else at this moment, so the rows are estimated.")
    return rows, ""
