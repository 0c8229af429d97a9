"""How far a command has come, to say after an interruption how to go on."""

from pathlib import Path


class Place:
    """Filled in by the command as it goes."""

    job_id = ""
    group = "exports"
    """Whose ``wait`` goes on with the job."""
    target: Path | None = None
