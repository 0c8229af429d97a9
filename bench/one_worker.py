"""A worker without broker: python -m bench.one_worker. Begins when it is given a line, stops when its input ends."""

import select
import sys

from bench import environment

LOOK_SECONDS = 0.02


def main() -> None:
    """Say "ready", wait for the first line, then run whatever is due until the input is closed."""
    environment.prepare()
    from django.db import connection

    from jobs.engine.kinds import all_kinds
    from jobs.engine.runner import run_one_due

    connection.ensure_connection()
    print("ready", flush=True)
    if not sys.stdin.readline():
        return
    while True:
        if any(run_one_due(kind, ring=False) for kind in all_kinds()):
            continue
        if select.select([sys.stdin], [], [], LOOK_SECONDS)[0]:
            return


if __name__ == "__main__":
    main()
