"""What the measurements are held to: ratios, bounds, and whether they are met. Pure arithmetic, no measuring."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.ours import OURS

Parts = Mapping[str, Mapping[str, Any]]
"""Results by part, as they stand in results.json."""

FLAT = 1.25
"""Memory counts as flat when many rows take at most so many times what few rows take."""
GAIN = 1.5
"""What a second worker has to gain on one shared export, as long as cores are free."""

LIVE_MS = 500
"""In which 95 of 100 events reach their readers."""
SCREEN_MS = 700
"""In which 95 of 100 changes are on the screen."""
LIST_MS, DETAIL_MS = 60, 40
"""In which 95 of 100 answers of the API are made over millions of jobs (SPEC N1)."""
DEEP = 1.3
"""How many times the first page's time the page behind a million rows may take."""
POLL_QUERIES = 3
PAGE_MS = 120
PAGE_QUERIES = 12
IMPORT_MB = 200
"""Memory of an import's process and its reader, however many rows."""
FIRST_PROBLEMS_SECONDS = 3
"""After which the first rows' results of a file of 100,000 rows can be seen."""
PAGE_KB = 150
"""HTML and own assets of the page, compressed, beyond the admin theme's."""


@dataclass(frozen=True)
class Ratio:
    """Ours against a peer of the same part, in the same run.

    Attributes:
        key: name in results.json
        part: where both were measured
        theirs_by_ours: how many times faster we are (theirs ÷ ours); otherwise what share of their time we take
        bound: at most, or at least when ``theirs_by_ours``; None when nothing is promised
    """

    key: str
    part: str
    ours: str
    peer: str
    theirs_by_ours: bool = False
    bound: float | None = None

    def value(self, parts: Parts) -> float | None:
        """The ratio, or None when one of the two was not measured."""
        seconds = parts.get(self.part, {}).get("seconds", {})
        if self.ours not in seconds or self.peer not in seconds:
            return None
        ours, theirs = float(seconds[self.ours]), float(seconds[self.peer])
        return theirs / ours if self.theirs_by_ours else ours / theirs

    def met(self, value: float) -> bool | None:
        """Whether ``value`` keeps the bound; None without a bound."""
        if self.bound is None:
            return None
        return value >= self.bound if self.theirs_by_ours else value <= self.bound

    @property
    def target(self) -> str:
        """The bound in words."""
        return "" if self.bound is None else f"{'≥' if self.theirs_by_ours else '≤'} {self.bound:g}"


RATIOS = (
    Ratio("csv_vs_psql_copy", "csv", "csv", "psql_statement", bound=1.25),
    Ratio("csv_vs_raw_psql_copy", "csv", "csv", "psql_raw", bound=2.2),
    Ratio("csv_gzip_vs_psql_statement", "csv", "csv_gzip", "psql_statement", bound=1.5),
    Ratio("csv_gzip_vs_psql_copy", "csv", "csv_gzip", "psql_raw"),
    Ratio("csv_vs_orm_csv", "csv", "csv", "orm_csv", theirs_by_ours=True),
    Ratio("csv_vs_import_export", "csv", "csv", "import_export_csv", theirs_by_ours=True),
    Ratio("xlsx_vs_psql_copy", "xlsx", "xlsx", "psql_raw", bound=2.5),
    Ratio("xlsx_vs_openpyxl", "xlsx", "xlsx", "openpyxl", theirs_by_ours=True, bound=18),
    Ratio("xlsx_vs_xlsxwriter", "xlsx", "xlsx", "xlsxwriter", theirs_by_ours=True, bound=12),
    Ratio("xlsx_vs_import_export", "xlsx", "xlsx", "import_export_xlsx", theirs_by_ours=True),
    Ratio("xlsx_rows_vs_openpyxl", "xlsx", "xlsx_rows", "openpyxl", theirs_by_ours=True, bound=5),
    Ratio("xlsx_every_row_vs_openpyxl", "xlsx", "xlsx_every_row", "openpyxl", theirs_by_ours=True, bound=5),
    Ratio("json_vs_psql_row_to_json", "json", "ndjson", "psql_row_to_json", bound=1.3),
    Ratio("json_vs_raw_row_to_json", "json", "ndjson", "psql_row_to_json_raw"),
    Ratio("parquet_vs_psql_copy", "parquet", "parquet", "psql_raw", bound=2.2),
    Ratio("parquet_vs_orm", "parquet", "parquet", "orm_parquet", theirs_by_ours=True, bound=4),
    Ratio("parquet_vs_cursor", "parquet", "parquet", "cursor_parquet", theirs_by_ours=True),
    Ratio("import_csv_vs_import_export", "import", "import_csv", "peer_csv", theirs_by_ours=True, bound=8),
    Ratio("import_xlsx_vs_import_export", "import", "import_xlsx", "peer_xlsx", theirs_by_ours=True, bound=5),
    Ratio("import_csv_vs_import_export_bulk", "import", "import_csv", "peer_bulk_csv", theirs_by_ours=True),
)

TOP_LEVEL = frozenset(
    {
        "csv_vs_psql_copy",
        "csv_gzip_vs_psql_copy",
        "xlsx_vs_openpyxl",
        "xlsx_vs_psql_copy",
        "json_vs_psql_row_to_json",
        "parquet_vs_orm",
        "import_csv_vs_import_export",
        "import_xlsx_vs_import_export",
    }
)
"""Ratios that scripts find at the top of results.json, beside peak_rss_mb."""


def ratios(parts: Parts, part: str | None = None) -> dict[str, float]:
    """Every ratio of RATIOS, or of those of one part, that was measured."""
    found = {ratio.key: ratio.value(parts) for ratio in RATIOS if part in (None, ratio.part)}
    return {key: round(value, 3) for key, value in found.items() if value is not None}


def headline(parts: Parts) -> dict[str, Any]:
    """What stands at the top of results.json. A figure that was never measured has no key."""
    top: dict[str, Any] = {key: value for key, value in ratios(parts).items() if key in TOP_LEVEL}
    top["peak_rss_mb"] = {
        name: round(peak)
        for part, found in parts.items()
        if part != "flat"
        for name, peak in found.get("peak_mb", {}).items()
        if name in OURS
    }
    return top


@dataclass(frozen=True)
class Peak:
    """Memory of one of ours on many rows and on few."""

    ours: str
    rows: int
    mb: float
    small_rows: int
    small_mb: float

    @property
    def most_mb(self) -> int:
        """What it may hold."""
        return OURS[self.ours].most_mb

    @property
    def small_enough(self) -> bool:
        return self.mb <= self.most_mb

    @property
    def growth(self) -> float:
        return self.mb / self.small_mb

    @property
    def flat(self) -> bool:
        return self.growth <= FLAT


def peaks_of(parts: Parts, *, flat: bool = False) -> Iterator[Peak]:
    """Memory of ours as the families found it, or as the part "flat" did on very many rows."""
    for part, found in parts.items():
        if (part == "flat") is not flat or "small_peak_mb" not in found:
            continue
        for name, small in found["small_peak_mb"].items():
            if name in OURS:
                yield Peak(name, found["rows"], found["peak_mb"][name], found["small_rows"], small)


def gain_met(work: Mapping[str, Any]) -> bool:
    """Whether a second worker gained enough."""
    return bool(work["gain"] >= GAIN)


def gain_possible(work: Mapping[str, Any], cores: int) -> float:
    """What a second worker could gain at most: all cores over those that one worker and its database keep busy."""
    return float(cores / work["busy_cores_one"])
