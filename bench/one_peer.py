"""Run one Python peer in a process of its own: python -m bench.one_peer <module> <rows> <target file>."""

import importlib
import json
import sys
import time
from pathlib import Path

from bench import environment


def main() -> None:
    """Print the seconds from the first query to the closed file, the rows, and the module's REMARK if any, as JSON."""
    environment.prepare()
    from bench.rows import Source

    module, limit, target = sys.argv[1:]
    peer = importlib.import_module(module)
    source = Source(int(limit))
    started = time.perf_counter()
    rows = peer.write(source, Path(target))
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "rows": rows, "remark": getattr(peer, "REMARK", "")}))


if __name__ == "__main__":
    main()
