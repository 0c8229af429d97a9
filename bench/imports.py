"""Members out of a file into their table: ours, checked and written, against django-import-export. 12 columns."""

import csv
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import environment, processes
from exportcenter.database_roles import APP

COLUMNS = (
    "member_no", "name", "gender", "phone", "email", "level", "status", "source", "region", "city", "points",
    "created_at",
)  # fmt: skip
REGIONS = ("华东", "华南", "华北", "华中", "西南", "西北", "东北")
SMALL = 10_000
FLAT_ROWS = 1_000_000
WAYS = {
    "import_csv": ("ours", "csv"),
    "import_xlsx": ("ours", "xlsx"),
    "peer_csv": ("peer", "csv"),
    "peer_xlsx": ("peer", "xlsx"),
    "peer_bulk_csv": ("peer_bulk", "csv"),
}
"""Name in results.json → program and kind of file. ``peer_bulk``: the library's own option for speed, which checks no
row by the model and tells no update from an insert."""


def measure(rows: int, rounds: int, peer_rows: int) -> dict[str, Any]:
    """Median seconds and peak memory of each way, in turns; of ours also on few rows and on very many. Peers get
    ``peer_rows``, in one round, and their seconds are scaled up."""
    with environment.superuser() as direct:  # the peer sets the numbers of new rows back, which the product never does
        direct.execute(f"GRANT UPDATE ON SEQUENCE records_member_id_seq TO {APP}")
    runs: dict[str, list[dict[str, Any]]] = {}
    for number in range(rounds):
        for name, (program, kind) in WAYS.items():
            if number and program != "ours":
                continue  # minutes each: one round must do
            runs.setdefault(name, []).append(_run(program, kind, rows if program == "ours" else peer_rows))
            print(f"  {name}: {runs[name][-1]}", flush=True)
    few = {name: _run("ours", kind, SMALL) for name, (program, kind) in WAYS.items() if program == "ours"}
    many = _run("ours", "csv", FLAT_ROWS)
    print(f"  {FLAT_ROWS:,} rows of CSV: {many}", flush=True)

    def median(name: str, what: str) -> float:
        values = sorted(run[what] for run in runs[name])
        return float(values[len(values) // 2])

    return {
        "rows": rows,
        "columns": len(COLUMNS),
        "rounds": rounds,
        "scaled_from_rows": {name: peer_rows for name in runs if name not in few},
        "seconds": {name: median(name, "seconds") * (1 if name in few else rows / peer_rows) for name in runs},
        "check_seconds": {name: median(name, "check_seconds") for name in few},
        "first_problems_seconds": {name: median(name, "first_seconds") for name in few},
        "peak_mb": {name: max(run["peak_mb"] for run in done) for name, done in runs.items()},
        "small_rows": SMALL,
        "small_peak_mb": {name: run["peak_mb"] for name, run in few.items()},
        "flat_rows": FLAT_ROWS,
        "flat_seconds": many["seconds"],
        "flat_peak_mb": many["peak_mb"],
    }


def _run(program: str, kind: str, rows: int) -> dict[str, Any]:
    """One import into an empty table, in a fresh process that has done its imports when time starts."""
    path = make_file(kind, rows)
    empty()
    try:
        done = processes.run([sys.executable, "-m", "bench.one_import", program, str(path)])
    finally:
        path.unlink()
        empty()
    said = json.loads(done.output.strip().splitlines()[-1])
    if said["rows"] != rows:
        raise RuntimeError(f"{program} wrote {said['rows']:,} of {rows:,} rows of {kind}")
    return said | {"peak_mb": round(done.peak_mb, 1)}


def empty() -> None:
    """Nobody is a member, and no import has been."""
    with environment.superuser() as direct:
        direct.execute(
            "TRUNCATE records_member, jobs_importjob, jobs_importfile, jobs_importrow, jobs_importchunk, "
            "jobs_importchange CASCADE"
        )


def make_file(kind: str, rows: int) -> Path:
    """A file of so many new members: codes and ISO times, which both programs understand."""
    path = environment.VAR / f"members-{rows}.{kind}"
    if kind == "csv":
        with path.open("w", encoding="utf-8", newline="") as sink:
            writer = csv.writer(sink)
            writer.writerow(COLUMNS)
            writer.writerows(lines(rows))
        return path
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("members")
    sheet.append(COLUMNS)
    for line in lines(rows):
        sheet.append(line)
    book.save(path)
    return path


def lines(rows: int) -> Iterator[list[Any]]:
    """The members, one after the other."""
    begin = datetime(2025, 1, 1, tzinfo=UTC)
    for at in range(rows):
        yield [
            f"M{at:08d}", f"会员{at}", ("female", "male", "unknown")[at % 3], f"138{at:08d}", f"member{at}@example.com",
            ("normal", "silver", "gold", "diamond")[at % 4], "active", ("app", "web", "store")[at % 3],
            REGIONS[at % 7], ("上海", "广州", "北京", "成都")[at % 4], at % 5000,
            (begin + timedelta(seconds=37 * at)).strftime("%Y-%m-%d %H:%M:%S"),
        ]  # fmt: skip
