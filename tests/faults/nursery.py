"""A process that bears workers quickly: each line on its input forks a child, which runs one due import and ends.

Its output is the child's number, then, once the child has ended, “ended”. Tests kill the children.
"""

import os
import sys


def main() -> None:
    import django

    django.setup()
    from jobs.engine import kinds, runner

    for _line in sys.stdin:
        child = os.fork()
        if child == 0:
            runner.run_one_due(kinds.get("import"), ring=False)
            os._exit(0)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
