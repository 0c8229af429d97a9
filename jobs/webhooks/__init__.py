"""Outgoing webhooks: what happens to jobs, told to addresses that people have named (SPEC P3, X8)."""
