"""python -m bench [--rows 1000000] [--rounds 3] [--only csv,claim,latency,list]: measure and write the report."""

import argparse
import json

from bench import environment, report

PARTS = ("csv", "claim", "latency", "list")


def main() -> None:
    """Run the parts asked for; parts left out keep their last figures in bench/results.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    given = parser.parse_args()
    wanted = given.only.split(",")
    if unknown := set(wanted) - set(PARTS):
        parser.error(f"unknown part: {', '.join(sorted(unknown))}")
    environment.prepare()
    from bench import csv_copy, job_list, latency, queue_claim

    environment.make_orders(given.rows)
    measures = {
        "csv": lambda: csv_copy.measure(given.rows, given.rounds),
        "claim": queue_claim.measure,
        "latency": latency.measure,
        "list": lambda: job_list.measure(given.rows),
    }
    for name in wanted:
        found = measures[name]()
        print(name, json.dumps(found, indent=2, ensure_ascii=False))
        report.save(name, found)
    report.write()


if __name__ == "__main__":
    main()
