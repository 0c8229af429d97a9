"""Models of jobs."""

from jobs.models.attempt import Attempt, JobLog
from jobs.models.chunk import ExportChunk
from jobs.models.definition import DefinitionVersion, ExportDefinition
from jobs.models.event import Event
from jobs.models.export import DownloadHandle, ExportJob, FileRemoval
from jobs.models.job import Job
from jobs.models.queue import DayNumber, Turn

__all__ = [
    "Attempt",
    "DayNumber",
    "DefinitionVersion",
    "DownloadHandle",
    "Event",
    "ExportChunk",
    "ExportDefinition",
    "ExportJob",
    "FileRemoval",
    "Job",
    "JobLog",
    "Turn",
]
