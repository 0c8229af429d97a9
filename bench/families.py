"""Each family of formats against its peers: who is measured with whom, and the loop that takes them in turn."""

import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.ours import OURS, small_params
from bench.peers import PEERS, Run


@dataclass(frozen=True)
class Family:
    """Names of entries in OURS and PEERS that are compared with each other. Ratios stand in ``targets.py``."""

    ours: tuple[str, ...]
    peers: tuple[str, ...]


FAMILIES = {
    "csv": Family(("csv", "csv_gzip"), ("psql_statement", "psql_raw", "orm_csv", "import_export_csv")),
    "xlsx": Family(
        ("xlsx", "xlsx_rows", "xlsx_every_row"), ("psql_raw", "openpyxl", "xlsxwriter", "import_export_xlsx")
    ),
    "json": Family(("ndjson", "json"), ("psql_row_to_json", "psql_row_to_json_raw")),
    "parquet": Family(("parquet",), ("psql_raw", "orm_parquet", "cursor_parquet")),
}


def measure(name: str, rows: int, rounds: int, peer_rows: int) -> dict[str, Any]:
    """Median seconds, peak memory and size by program; ours also on few rows.

    Peers and ours take turns, round by round, after one uncounted run that warms the table up. Slow peers run once,
    on ``peer_rows`` rows, and their seconds and bytes are scaled up. What this version cannot write is left out by
    name; without anything of ours no peer is run.
    """
    family = FAMILIES[name]
    load = os.getloadavg()[0]
    ours = [entry for entry in family.ours if OURS[entry].available()]
    found: dict[str, Any] = {
        "rows": rows,
        "rounds": rounds,
        "load_before": round(load, 2),
        "left_out": [entry for entry in family.ours if entry not in ours],
    }
    if not ours:
        return found
    runs: dict[str, list[Run]] = {}

    def take(entry: str, expected: int, run: Callable[[], Run]) -> None:
        done = run()
        if done.rows != expected:
            raise RuntimeError(f"{entry} wrote {done.rows:,} rows instead of {expected:,}")
        print(f"  {entry}: {done.seconds:.2f} s, {done.peak_mb:.0f} MB", flush=True)
        runs.setdefault(entry, []).append(done)

    PEERS["psql_raw"].run(rows)
    for _number in range(rounds):
        for entry in family.peers:
            if not PEERS[entry].slow:
                take(entry, rows, lambda: PEERS[entry].run(rows))  # noqa: B023 - called at once
        for entry in ours:
            take(entry, rows, OURS[entry].run)
    scaled = {}
    for entry in family.peers:
        if PEERS[entry].slow:
            take(entry, peer_rows, lambda: PEERS[entry].run(peer_rows))  # noqa: B023 - called at once
            scaled[entry] = peer_rows
    found["scaled_from_rows"] = scaled
    found["seconds"] = {
        entry: statistics.median(run.seconds for run in done) * rows / scaled.get(entry, rows)
        for entry, done in runs.items()
    }
    found["peak_mb"] = {entry: max(run.peak_mb for run in done) for entry, done in runs.items()}
    found["remarks"] = {entry: done[-1].remark for entry, done in runs.items() if done[-1].remark}
    found["bytes"] = {entry: done[-1].bytes * rows // scaled.get(entry, rows) for entry, done in runs.items()}
    return found | flatness(ours, rows)


def flatness(ours: list[str], rows: int) -> dict[str, Any]:
    """Peak memory of each of ours on few rows."""
    params = small_params(rows)
    small = {entry: OURS[entry].run(params) for entry in ours}
    return {
        "small_rows": max(run.rows for run in small.values()),
        "small_peak_mb": {entry: run.peak_mb for entry, run in small.items()},
    }


def measure_flat(rows: int) -> dict[str, Any]:
    """Peak memory of ours on very many rows and on few, with the seconds of the one long run."""
    ours = [entry for family in FAMILIES.values() for entry in family.ours if OURS[entry].available()]
    long = {}
    for entry in ours:
        long[entry] = OURS[entry].run()
        print(f"  {entry}: {long[entry].seconds:.1f} s, {long[entry].peak_mb:.0f} MB", flush=True)
    return {
        "rows": rows,
        "seconds": {entry: run.seconds for entry, run in long.items()},
        "peak_mb": {entry: run.peak_mb for entry, run in long.items()},
        **flatness(ours, rows),
    }
