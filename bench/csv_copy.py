"""CSV and CSV.gz of all orders against ``psql \\copy`` of the same compiled statement into a file."""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bench import environment


def measure(rows: int, rounds: int) -> dict[str, Any]:
    """Medians in seconds, ratios and peak memory; peers in turn, round by round."""
    environment.make_orders(rows)
    statement = compiled()
    times: dict[str, list[float]] = {"psql": [], "csv": [], "csv_gzip": []}
    peaks: dict[str, float] = {}
    for _number in range(rounds):
        times["psql"].append(psql_copy(statement))
        for name, options in (("csv", {}), ("csv_gzip", {"compression": "gzip"})):
            found = export({"options": options})
            assert found["rows"] == rows
            times[name].append(found["seconds"])
            peaks[name] = max(peaks.get(name, 0.0), found["peak_mb"])
    small = export({"params": {"end": tenth()}})
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {
        "rows": rows,
        "seconds": medians,
        "csv_vs_psql_copy": medians["csv"] / medians["psql"],
        "csv_gzip_vs_psql_copy": medians["csv_gzip"] / medians["psql"],
        "peak_rss_mb": peaks,
        "small_rows": small["rows"],
        "small_peak_rss_mb": small["peak_mb"],
    }


def compiled() -> str:
    """The orders dataset's default columns as admin, with literals."""
    from django.db import connection
    from psycopg import ClientCursor

    from accounts.models import User
    from accounts.tenancy import tenant_scope
    from jobs import datasets, formats
    from jobs.datasets.query import plan

    tenant_id, user_id = environment.actor()
    with tenant_scope(tenant_id):
        viewer = User.objects.select_related("tenant").get(pk=user_id)
        chosen = plan(datasets.get("orders"), viewer=viewer, params={}, columns=None, zone=ZoneInfo("Asia/Shanghai"))
        writer = formats.get("csv")(formats.FormatOptions(), ZoneInfo("Asia/Shanghai"))
        statement = chosen.statement(writer)
        text: str = ClientCursor(connection.connection).mogrify(statement.sql, statement.params)
    return " ".join(text.split("\n"))


def psql_copy(statement: str) -> float:
    """Seconds that psql takes, as the app role, in the same tenant."""
    tenant_id, _user = environment.actor()
    target = Path(os.environ["VAR_DIR"]) / "psql.csv"
    script = f"SELECT set_config('app.tenant_id', '{tenant_id}', false);\n\\copy ({statement}) TO '{target}' CSV\n"
    started = time.perf_counter()
    subprocess.run(
        [environment.programs() / "psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", os.environ["DATABASE_URL"]],
        input=script.encode(),
        stdout=subprocess.DEVNULL,
        check=True,
    )
    seconds = time.perf_counter() - started
    target.unlink()
    return seconds


def export(request: dict[str, Any]) -> dict[str, Any]:
    """One export in a fresh process; its store is emptied afterwards."""
    command = [sys.executable, "-m", "bench.one_export", json.dumps(request)]
    done = subprocess.run(command, cwd=environment.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    subprocess.run(["rm", "-rf", str(Path(os.environ["VAR_DIR"]) / "files")], check=True)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def tenth() -> str:
    """A day before which about a tenth of the orders lie."""
    with environment.superuser() as direct:
        row = direct.execute(
            "SELECT (percentile_disc(0.1) WITHIN GROUP (ORDER BY created_at) AT TIME ZONE 'Asia/Shanghai')::date "
            "FROM records_order"
        ).fetchone()
    assert row is not None
    return str(row[0])
