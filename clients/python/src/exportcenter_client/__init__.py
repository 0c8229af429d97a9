"""Client of Export Center (导出中心): ask for exports, follow them, download and verify their files.

>>> with Client("https://exports.example.com", token="ec_…") as client:
...     export = client.exports.create("orders", params={"status": "paid"})
...     client.exports.wait(export.job_id).must_be_ready()
...     client.exports.download(export.job_id, ".")
"""

from exportcenter_client.aio import AsyncClient
from exportcenter_client.client import Client
from exportcenter_client.errors import (
    ApiError,
    ChecksumMismatch,
    ConfigError,
    Conflict,
    Expired,
    ExportCenterError,
    Forbidden,
    ImportFailed,
    InvalidParameters,
    JobFailed,
    LinkInvalid,
    Locked,
    NetworkError,
    NotAuthenticated,
    NotFound,
    NotReady,
    ProtocolError,
    ServerError,
    TargetExists,
    Throttled,
    Unavailable,
    WaitTimeout,
    WebhookInvalid,
)
from exportcenter_client.models import Arrived, Download, Export, LogLine, Progress
from exportcenter_client.session import Patience
from exportcenter_client.version import VERSION as __version__
from exportcenter_client.webhooks import verify_webhook

__all__ = [
    "ApiError",
    "Arrived",
    "AsyncClient",
    "ChecksumMismatch",
    "Client",
    "ConfigError",
    "Conflict",
    "Download",
    "Expired",
    "Export",
    "ExportCenterError",
    "Forbidden",
    "ImportFailed",
    "InvalidParameters",
    "JobFailed",
    "LinkInvalid",
    "Locked",
    "LogLine",
    "NetworkError",
    "NotAuthenticated",
    "NotFound",
    "NotReady",
    "Patience",
    "Progress",
    "ProtocolError",
    "ServerError",
    "TargetExists",
    "Throttled",
    "Unavailable",
    "WaitTimeout",
    "WebhookInvalid",
    "__version__",
    "verify_webhook",
]
