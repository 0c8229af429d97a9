"""Rate limits: how often somebody may do something (SPEC A8).

    rates.py       which limits there are
    memory.py      counts of this process: the general limit, which costs no query
    stored.py      counts in the database: limits that protect something, exact over all processes
    doors.py       what API views and the sign-in page call
    middleware.py  RateLimit headers on every API answer

Why so: docs/decisions/0008-rate-limits.md.
"""
