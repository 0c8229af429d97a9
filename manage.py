#!/usr/bin/env python
"""Command line of Export Center."""

import sys

from exportcenter import environment


def main() -> None:
    environment.prepare(command=sys.argv[1] if len(sys.argv) > 1 else "")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
