"""Pages of imports in the admin (SPEC B1–B6): a new one in three steps, and one import from its check to its undo."""
