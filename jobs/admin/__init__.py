"""Jobs in the admin, all read-only: exports and imports for who may see them, the engine's own tables for admins."""

from jobs.admin import answers, chunks, definitions, engine, exports, imports, pages, ui_events, webhook_log, webhooks

__all__ = [
    "answers",
    "chunks",
    "definitions",
    "engine",
    "exports",
    "imports",
    "pages",
    "ui_events",
    "webhook_log",
    "webhooks",
]
