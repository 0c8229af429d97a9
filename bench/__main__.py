"""Measure, and write the report: python -m bench, see --help."""

import argparse
import json
import sys

from bench import environment, report
from bench.families import FAMILIES, measure, measure_flat

MOST_PEER_ROWS = 1_000_000
"""A sheet holds little more, and the peers that make sheets cannot begin another."""


def main() -> None:
    """Run the parts asked for; parts left out keep their last figures in bench/results.json."""
    parts = (*FAMILIES, "workers", "claim", "latency", "live", "screen", "list", "list5m", "page", "usage", "import")
    given = _arguments(parts)
    if given.page:
        report.write()
        return
    environment.prepare()
    from bench import imports, job_list, latency, list5m, live, page, queue_claim, screen, usage, workers

    environment.make_orders(given.rows)
    measures = {
        name: lambda name=name: measure(name, given.rows, given.rounds, given.peer_rows) for name in FAMILIES
    } | {
        "workers": lambda: workers.measure(given.rows, given.rounds),
        "claim": queue_claim.measure,
        "latency": latency.measure,
        "live": live.measure,
        "screen": screen.measure,
        "list": lambda: job_list.measure(given.rows),
        "list5m": lambda: list5m.measure(given.jobs),
        "page": lambda: page.measure(given.rows),
        "usage": lambda: usage.measure(given.rows),
        "import": lambda: imports.measure(given.import_rows, given.rounds, min(given.import_rows, given.peer_rows)),
    }
    for name in given.only:
        _keep(name, measures[name]())
    if given.flat_rows:
        environment.make_orders(given.flat_rows)
        _keep("flat", measure_flat(given.flat_rows))
    report.write()


def _keep(name: str, found: dict[str, object]) -> None:
    print(name, json.dumps(found, indent=2, ensure_ascii=False))
    report.save(name, {**found, "machine": report.machine()})


def _arguments(parts: tuple[str, ...]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure ours and the peers in turn.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="orders to export (1,000,000)")
    parser.add_argument("--rounds", type=int, default=3, help="of which medians are taken (3)")
    parser.add_argument("--peer-rows", type=int, help="orders for slow peers, scaled up (at most 100,000)")
    parser.add_argument("--flat-rows", type=int, default=0, help="also see that memory stays flat on so many orders")
    parser.add_argument("--jobs", type=int, default=5_000_000, help="jobs of the part list5m (5,000,000)")
    parser.add_argument("--import-rows", type=int, default=100_000, help="members of the part import (100,000)")
    parser.add_argument("--only", default=",".join(parts), help=f"some of {','.join(parts)}, or none")
    parser.add_argument("--page", action="store_true", help="only write the page anew from bench/results.json")
    given = parser.parse_args(sys.argv[1:])
    given.only = [] if given.only == "none" else given.only.split(",")
    if unknown := set(given.only) - set(parts):
        parser.error(f"unknown part: {', '.join(sorted(unknown))}. Allowed: {', '.join(parts)}")
    if given.peer_rows is None:
        given.peer_rows = min(given.rows, 100_000)
    if given.rows < 10 or given.rounds < 1:
        parser.error("--rows must be at least 10, --rounds at least 1")
    if not 1 <= given.peer_rows <= min(given.rows, MOST_PEER_ROWS):
        parser.error(f"--peer-rows must lie between 1 and --rows, and not above {MOST_PEER_ROWS:,}")
    if given.flat_rows and given.flat_rows <= given.rows:
        parser.error("--flat-rows must be more than --rows")
    return given


if __name__ == "__main__":
    main()
