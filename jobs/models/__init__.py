"""Models of jobs."""

from jobs.models.answer import KeptAnswer
from jobs.models.attempt import Attempt, JobLog
from jobs.models.chunk import ExportChunk
from jobs.models.definition import DefinitionVersion, ExportDefinition
from jobs.models.event import Event
from jobs.models.export import DownloadHandle, ExportJob, FileRemoval
from jobs.models.importing import ImportChange, ImportChunk, ImportFile, ImportJob, ImportMapping, ImportRow
from jobs.models.job import Job
from jobs.models.notification import Notification
from jobs.models.page import PagePreference, SavedView, UiEvent
from jobs.models.preview import ExportPreview
from jobs.models.queue import DayNumber, Turn
from jobs.models.webhook import Webhook, WebhookDelivery, WebhookSecret

__all__ = [
    "Attempt",
    "DayNumber",
    "DefinitionVersion",
    "DownloadHandle",
    "Event",
    "ExportChunk",
    "ExportDefinition",
    "ExportJob",
    "ExportPreview",
    "FileRemoval",
    "ImportChange",
    "ImportChunk",
    "ImportFile",
    "ImportJob",
    "ImportMapping",
    "ImportRow",
    "Job",
    "JobLog",
    "KeptAnswer",
    "Notification",
    "PagePreference",
    "SavedView",
    "Turn",
    "UiEvent",
    "Webhook",
    "WebhookDelivery",
    "WebhookSecret",
]
