"""What earlier exports of the same company teach: how wrong the planner was, how long rows are, how fast they come.

Everything is read from the jobs themselves, the last MOST_JOBS of a kind, along two partial indexes that hold
finished exports only. Expired exports count: their files are gone, their figures are not.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from statistics import median
from typing import Any

from django.db.models import Q

from exportcenter.common.errors import InvalidParameters
from jobs.datasets.base import Dataset, Kind
from jobs.datasets.query import Plan
from jobs.exports.estimating import sizes
from jobs.formats import FormatOptions
from jobs.models import ExportJob

MOST_JOBS = 50
NEAREST = 10
"""Jobs of about the same size that bytes and seconds of a row are taken from: small files compress worse."""
LEAST_FACTOR, MOST_FACTOR = 1e-6, 1e6
SHAPE_LENGTH = 200


@dataclass(frozen=True)
class Correction:
    """How many times too few rows the planner expects.

    Attributes:
        factor: the median; 1 without experience
        low, high: what earlier jobs had at least and at most, wider when they are few
        jobs: how many there were
    """

    factor: float = 1.0
    low: float = 1.0
    high: float = 1.0
    jobs: int = 0

    def apply(self, planned: int) -> tuple[int, int, int]:
        """(rows, fewest, most) for what the planner expects."""
        rows, low, high = (max(0, round((planned + 1) * times - 1)) for times in (self.factor, self.low, self.high))
        return rows, min(low, rows), max(high, rows)


@dataclass(frozen=True)
class Pace:
    """Bytes and seconds of a row, and seconds of a job without rows."""

    row_bytes: float
    row_seconds: float
    start_seconds: float
    jobs: int = 0


def shape_of(params: Mapping[str, Any], plan: Plan, *, custom: bool = False) -> str:
    """Names of the filters that narrow, sorted; "@" stands for the viewer's regions. At most SHAPE_LENGTH long.

    ``custom``: the parameters are a custom selection, whose conditions have a column and an operator.
    """
    if custom:
        names = sorted(f"{said['column']}:{said['op']}" for said in params.get("filters", []))
    else:
        names = sorted(name for name, value in params.items() if value not in (None, "", []))
    text = ",".join([*names, *(["@"] if plan.regions is not None else [])])
    if len(text) <= SHAPE_LENGTH:
        return text
    return f"{text[: SHAPE_LENGTH - 41]}…{hashlib.sha256(text.encode()).hexdigest()[:40]}"


def correction(
    dataset: Dataset, shape: str, params: Mapping[str, Any], plan: Plan, *, custom: bool = False
) -> Correction:
    """What the last jobs with these filters say; those with the very same values alone, when there are any."""
    regions = None if plan.regions is None else list(plan.regions)
    same = Q(params__filters=params.get("filters", [])) if custom else Q(params=dict(params))
    found = list(
        ExportJob.objects.filter(
            dataset=dataset.key, filter_shape=shape, row_count__isnull=False, planned_rows__isnull=False
        )
        .order_by("-finished_at")
        .annotate(same=same)
        .values_list("row_count", "planned_rows", "same", "file_regions")[:MOST_JOBS]
    )
    # One more on both sides: no row where the planner expects one is half as many, not none.
    ratios = [(_clamp((rows + 1) / (planned + 1)), same and theirs == regions) for rows, planned, same, theirs in found]
    chosen = [ratio for ratio, same in ratios if same] or [ratio for ratio, _same in ratios]
    if not chosen:
        return Correction()
    doubt = 1 + 0.5 / len(chosen)
    return Correction(median(chosen), min(chosen) / doubt, max(chosen) * doubt, len(chosen))


def pace(dataset: Dataset, plan: Plan, file_type: str, options: FormatOptions, *, rows: int, words: int) -> Pace:
    """Bytes and seconds of a row: of the last jobs with this file type and these options, or worked out.

    Jobs with the same columns count alone, when there are any; else all, each made comparable by its columns.
    """
    nature = sizes.nature(file_type)
    own = [column.kind for column in plan.columns]
    keys = [column.key for column in plan.columns]
    found = (
        ExportJob.objects.filter(dataset=dataset.key, file_type=file_type, row_count__gt=0)
        .order_by("-finished_at")
        .values_list("row_count", "file_size", "started_at", "finished_at", "columns", "options")[:MOST_JOBS]
    )
    fixed = sizes.fixed_bytes(file_type, plan.columns, options)
    samples = []
    for count, size, started, finished, columns, given in found:
        kinds = _kinds(dataset, columns)
        if kinds and started is not None and _same_options(given, options):
            same = (columns or [column.key for column in dataset.default_columns()]) == keys
            scale = sizes.weight(own) / sizes.weight(kinds)
            samples.append((same, count, max(0, size - fixed) * scale, (finished - started).total_seconds(), scale))
    samples = [sample for sample in samples if sample[0]] or samples
    if not samples:
        bytes_ = sizes.row_bytes(file_type, plan.columns, words, options)
        return Pace(bytes_, nature.seconds_per_cell * len(own), sizes.START_SECONDS)
    start = max(0.0, min(sizes.START_SECONDS, *(seconds for _same, _count, _size, seconds, _scale in samples)))
    near = sorted(samples, key=lambda sample: abs(log(sample[1] / max(rows, 1))))[:NEAREST]
    return Pace(
        median(size / count for _same, count, size, _seconds, _scale in near),
        median((seconds - start) * scale / count for _same, count, _size, seconds, scale in near),
        start,
        len(near),
    )


def _kinds(dataset: Dataset, keys: Sequence[str] | None) -> list[Kind]:
    """Kinds of an earlier job's columns; empty when the dataset has lost one of them."""
    if keys is None:
        return [column.kind for column in dataset.default_columns()]
    try:
        return [dataset.column(key).kind for key in keys]
    except KeyError:
        return []


def _same_options(given: Mapping[str, Any], options: FormatOptions) -> bool:
    try:
        return FormatOptions.parse(given) == options
    except InvalidParameters:  # an option of an earlier version
        return False


def _clamp(factor: float) -> float:
    return min(max(factor, LEAST_FACTOR), MOST_FACTOR)
