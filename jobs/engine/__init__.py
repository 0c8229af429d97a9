"""The job engine: states, queue, lifecycle, heartbeat, runner, sweeps.

It knows no dataset, no format, no export and no HTTP: a job kind brings its model and its body
(``jobs.engine.kinds.JobKind``). PostgreSQL is the queue; Celery only rings the bell.
"""
