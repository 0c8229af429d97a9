"""A kind of job that nobody could see in the list of tasks stops the start, not a reader's request."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from jobs.batch.facade import undeclared


@register()
def every_kind_is_declared(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """jobs.E001 for each kind without a BatchFacade."""
    return [
        Error(
            f"The job kind {key!r} has no BatchFacade: its jobs would be missing in /api/v1/batch-tasks.",
            hint="Declare one with jobs.batch.register, or make the kind internal.",
            id="jobs.E001",
        )
        for key in undeclared()
    ]
