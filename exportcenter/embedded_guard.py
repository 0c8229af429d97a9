"""A small process beside the embedded PostgreSQL: stops it when its last user was killed and could not.

``python -m exportcenter.embedded_guard VAR_DIR``: returns at once, the guard itself goes on in the background.
"""

import os
import sys
from pathlib import Path


def main() -> None:
    if os.fork():
        os._exit(0)  # whoever started us has nobody to wait for
    os.chdir("/")
    from exportcenter import embedded

    embedded.stop_when_unused(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
