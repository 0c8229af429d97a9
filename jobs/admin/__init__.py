"""Jobs in the admin: exports for everybody who may see them, the engine's own tables for admins. All read-only."""

from jobs.admin import chunks, definitions, engine, exports

__all__ = ["chunks", "definitions", "engine", "exports"]
