"""How values look in a file, and how a file is framed."""

from jobs.formats.base import Format, FormatOptions, available, get

__all__ = ["Format", "FormatOptions", "available", "get"]
