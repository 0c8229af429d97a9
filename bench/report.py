"""bench/results.json and docs/benchmarks.md."""

import json
import os
import platform
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results.json"
DOCUMENT = ROOT / "docs" / "benchmarks.md"


def save(part: str, found: dict[str, Any]) -> None:
    """Put one part's figures into results.json, ratios also at the top where scripts look for them."""
    results = _load()
    results.setdefault("parts", {})[part] = found
    for key in ("csv_vs_psql_copy", "csv_gzip_vs_psql_copy"):
        if key in found:
            results[key] = round(found[key], 3)
    if "peak_rss_mb" in found:
        results["peak_rss_mb"] = {name: round(value) for name, value in found["peak_rss_mb"].items()}
    RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False, sort_keys=True) + "\n")


def write() -> None:
    """The figures in words."""
    parts = _load().get("parts", {})
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Ratios are of this one run on one machine; absolute times are not promises.",
        "",
        f"Machine: {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, the embedded PostgreSQL with its default settings.",
        "",
        "| measured | figure | bound |",
        "|---|---|---|",
    ]
    if csv := parts.get("csv"):
        lines += [
            f"| CSV of {csv['rows']:,} orders × 14 columns ÷ `psql \\copy` of the same statement | "
            f"{csv['csv_vs_psql_copy']:.2f} ({csv['seconds']['csv']:.2f} s ÷ {csv['seconds']['psql']:.2f} s) | ≤ 1.5 |",
            f"| the same with gzip | {csv['csv_gzip_vs_psql_copy']:.2f} ({csv['seconds']['csv_gzip']:.2f} s) | ≤ 2.0 |",
            f"| peak memory of the worker, {csv['rows']:,} rows | {csv['peak_rss_mb']['csv']:.0f} MB | ≤ 150 MB |",
            f"| peak memory of the worker, {csv['small_rows']:,} rows | {csv['small_peak_rss_mb']:.0f} MB | the same |",
        ]
    if claim := parts.get("claim"):
        lines.append(
            f"| claim with {claim['queued']:,} queued jobs of 50 owners, one of whom has 40,000 | "
            f"median {claim['claim_ms']:.1f} ms, p95 {claim['claim_p95_ms']:.1f} ms | ≤ 5 ms |"
        )
    if latency := parts.get("latency"):
        lines.append(
            f"| create → ready, {latency['rows']:,} rows, idle, file broker | "
            f"median {latency['create_to_ready_s']:.2f} s, slowest {latency['slowest_s']:.2f} s | ≤ 1.5 s |"
        )
    if found := parts.get("list"):
        lines.append(
            f"| list of 20 out of {found['rows']:,} jobs with total, worst p95 of {found['combinations']} combinations "
            f"of person, filter and order | {found['list_p95_ms']:.1f} ms | ≤ 60 ms |"
        )
        lines += ["", "Slowest lists (p95, ms):", ""]
        lines += [f"- {name}: {value:.1f}" for name, value in found["worst"].items()]
    lines += [
        "",
        "How: each export runs as a whole job (claim, count, snapshot, COPY, hash, fsync, publish) in a fresh process",
        "whose start is not counted; psql runs the very statement, as the same role in the same tenant, into a file.",
        "Peers take turns; medians are quoted. Peak memory is the process's maximum resident set.",
        "",
    ]
    DOCUMENT.write_text("\n".join(lines))


def _load() -> dict[str, Any]:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
