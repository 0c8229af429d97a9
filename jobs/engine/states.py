"""States of a job and the legal edges between them (SPEC E4). The database's trigger holds the same table."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    """Where a job stands."""

    QUEUED = "queued", _("Queued")
    """Waits for a worker, or for its next attempt."""
    PROCESSING = "processing", _("Processing")
    """A worker holds the lease."""
    READY = "ready", _("Ready")
    """Finished; its file may be downloaded until it expires."""
    FAILED = "failed", _("Failed")
    """Finished without a result; error says why and what to do."""
    CANCELED = "canceled", _("Canceled")
    """Stopped because somebody asked for it."""
    EXPIRED = "expired", _("Expired")
    """Was ready; the file is gone, the row stays."""
    REVIEW = "review", _("Waiting for confirmation")
    """Half way: somebody must look at what was found, and say go on. Only kinds that ask (``reviewed``)."""


PLAIN: tuple[Status, ...] = tuple(status for status in Status if status is not Status.REVIEW)
"""Where a job of a kind stands that asks nobody in between."""
PLAIN_CHOICES = [(status.value, status.label) for status in PLAIN]


class Stage(TextChoices):
    """What a running job is doing, in words for the progress bar (SPEC E5)."""

    QUEUED = "queued", _("Queued")
    PREPARING = "preparing", _("Preparing data")
    WRITING = "writing", _("Writing file")
    UPLOADING = "uploading", _("Uploading")
    CHECKING = "checking", _("Checking rows")
    REVIEW = "review", _("Waiting for confirmation")
    APPLYING = "applying", _("Writing rows")
    UNDOING = "undoing", _("Taking back")
    DONE = "done", _("Done")


EDGES: frozenset[tuple[Status, Status]] = frozenset(
    {
        (Status.QUEUED, Status.PROCESSING),
        (Status.QUEUED, Status.CANCELED),
        (Status.PROCESSING, Status.READY),
        (Status.PROCESSING, Status.FAILED),
        (Status.PROCESSING, Status.CANCELED),
        (Status.PROCESSING, Status.QUEUED),  # automatic retry, or released by a stopping worker
        (Status.READY, Status.EXPIRED),
    }
)
REVIEW_EDGES: frozenset[tuple[Status, Status]] = frozenset(
    {
        (Status.PROCESSING, Status.REVIEW),
        (Status.REVIEW, Status.QUEUED),
        (Status.REVIEW, Status.CANCELED),
    }
)
"""More of them, for kinds that ask a person half way."""
FROZEN: frozenset[Status] = frozenset({Status.FAILED, Status.CANCELED, Status.EXPIRED})
"""Nothing about such a row ever changes again."""
CANCELABLE: frozenset[Status] = frozenset({Status.QUEUED, Status.PROCESSING, Status.REVIEW})


class Outcome(TextChoices):
    """How one attempt ended."""

    RUNNING = "running", _("Running")
    READY = "ready", _("Ready")
    REVIEW = "review", _("Waiting for confirmation")
    FAILED = "failed", _("Failed")
    RETRY = "retry", _("Failed, tried again")
    CANCELED = "canceled", _("Canceled")
    RELEASED = "released", _("Released by a stopping worker")
    LOST = "lost", _("Worker lost")
    TIMEOUT = "timeout", _("Over the time limit")
