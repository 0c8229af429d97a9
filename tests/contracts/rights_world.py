"""What each role meets: things of its own, of a colleague, of another company, and requests that ought to succeed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone

from jobs.exports import links
from jobs.models import (
    DefinitionVersion,
    ExportDefinition,
    ExportJob,
    ExportPreview,
    SavedView,
    WebhookDelivery,
)
from jobs.models.webhook import Delivery
from jobs.webhooks import services as webhooks
from tests.accounts.test_matrix import PEOPLE, STRANGERS, colleague_of
from tests.contracts.document import operations
from tests.exports_helpers import Exports, post, signed_in
from tests.imports_helpers import CONTENT as CONTENT_TO_IMPORT
from tests.imports_helpers import Imports
from tests.world import PASSWORD, World

WHOSE = ("own", "other", "foreign")
CONTENT = {"columns": [{"key": "member_no"}], "order": [], "filters": [], "file_type": "csv", "options": {}}

FACTS = {
    "job_id": "E20251003001",
    "dataset": "members",
    "title": "Members",
    "filters": [["Joined from", "2025-09-01"]],
    "columns": [{"key": "member_no", "title": "Member no.", "kind": "text", "mask": ""}],
    "masked": [],
    "data_as_of": "2025-10-03T10:00:00+08:00",
    "rows": 1,
    "totals": {},
    "cut_cells": 0,
    "requested_by": "Somebody (somebody)",
    "file_type": "csv",
    "options": {},
    "time_zone": "Asia/Shanghai",
    "language": "zh-hans",
    "rounded_numbers": 0,
}


def owner_of(role: str, whose: str) -> str:
    """Name of the person whose things ``whose`` means for ``role``."""
    if whose == "own":
        return PEOPLE[role]
    return colleague_of(role) if whose == "other" else STRANGERS["acme" if role.startswith("client") else "platform"]


@dataclass(frozen=True)
class Cell:
    """One request: who asks, and about whose thing."""

    world: World
    exports: Exports
    imports: Imports
    role: str
    whose: str

    @property
    def owner(self) -> str:
        """Name of the thing's owner; of things that belong to nobody, of who asks."""
        return owner_of(self.role, "own" if self.whose == "-" else self.whose)

    def job(self, status: str = "queued") -> str:
        """Number of an export in that state."""
        return self.exports.make(self.owner, "members", status).job_no

    def imported(self, status: str = "queued") -> str:
        """Number of an import in that state."""
        return self.imports.make(self.owner, status).job_no

    def sent(self) -> str:
        """Id of a file to be imported."""
        return str(self.imports.file(self.owner).pk)

    def described(self) -> str:
        """Number of a finished export with facts and first rows, as a worker leaves them."""
        job = self.exports.make(self.owner, "members", "ready", facts=FACTS)
        with self.world.scope(self.owner):
            ExportPreview.objects.create(job=job, rows=[["M0001"]])
        return job.job_no

    def definition(self, *, archived: bool = False) -> str:
        """Id of a definition that its whole company sees."""
        now = timezone.now()
        with self.world.scope(self.owner):
            owner = self.world.user(self.owner)
            made = ExportDefinition.objects.create(
                owner=owner,
                name="Month end",
                dataset="members",
                shared="tenant",
                created_at=now,
                updated_at=now,
                archived_at=now if archived else None,
            )
            DefinitionVersion.objects.create(
                definition=made, number=1, body=CONTENT, comment="", created_by=owner, created_at=now
            )
        return str(made.pk)

    def view(self) -> str:
        """Id of a view that its whole company sees."""
        now = timezone.now()
        with self.world.scope(self.owner):
            owner = self.world.user(self.owner)
            made = SavedView.objects.create(
                owner=owner, page="exports", name="Failed", query={}, shared="tenant", created_at=now, updated_at=now
            )
        return str(made.pk)

    def token(self, job_no: str) -> str:
        """A link to a finished export, made for who asks."""
        with self.world.scope(self.owner):
            job = ExportJob.objects.get(job_no=job_no)
        with self.world.scope(PEOPLE[self.role]):
            return links.link_for(job, self.world.user(PEOPLE[self.role]))

    def api_token(self) -> str:
        """Id of an API token."""
        body = {"name": "nightly", "scopes": ["exports:read"]}
        return str(post(signed_in(self.world, self.owner), "/api/v1/me/tokens", body).json()["id"])

    def webhook(self) -> str:
        """Id of a webhook of one person, whose address leads nowhere."""
        with self.world.scope(self.owner):
            owner = self.world.user(self.owner)
            made, _secret = webhooks.create_webhook(url="http://127.0.0.1:9/hook", actor=owner)
        return str(made.pk)

    def message(self) -> tuple[str, str]:
        """(id of a webhook, id of a message that did not arrive)"""
        key = self.webhook()
        now = timezone.now()
        with self.world.scope(self.owner):
            made = WebhookDelivery.objects.create(
                webhook_id=key, type="job.status", event_at=now, created_at=now, state=Delivery.FAILED, event_seq=1
            )
        return key, made.message_id

    def refresh(self) -> str:
        """A refresh token of who asks."""
        body = {"username": PEOPLE[self.role], "password": PASSWORD}
        return str(post(signed_in(self.world, PEOPLE[self.role]), "/api/v1/auth/token", body).json()["refresh"])


Asked = tuple[dict[str, Any], Any, str]
"""(parts of the address, body, query)"""


def _job(status: str = "queued", body: Any = None) -> Callable[[Cell], Asked]:
    return lambda cell: ({"job_no": cell.job(status)}, body, "")


def _import(status: str = "queued", body: Any = None) -> Callable[[Cell], Asked]:
    return lambda cell: ({"job_no": cell.imported(status)}, body, "")


def _definition(body: Any = None, **options: bool) -> Callable[[Cell], Asked]:
    return lambda cell: ({"key": cell.definition(**options)}, body, "")


def _view(body: Any = None) -> Callable[[Cell], Asked]:
    return lambda cell: ({"key": cell.view()}, body, "")


def _plain(body: Any = None) -> Callable[[Cell], Asked]:
    return lambda cell: ({}, body, "")


def _webhook(body: Any = None) -> Callable[[Cell], Asked]:
    return lambda cell: ({"key": cell.webhook()}, body, "")


@dataclass(frozen=True)
class Form:
    """A body that is no JSON."""

    content: bytes
    media: str


def _upload() -> Form:
    content = encode_multipart(BOUNDARY, {"file": SimpleUploadedFile("members.csv", CONTENT_TO_IMPORT)})
    return Form(content, MULTIPART_CONTENT)


def _new_import(cell: Cell) -> Asked:
    return {}, {"file_id": cell.sent(), "dataset": "members", "mode": "create"}, ""


def _download(cell: Cell) -> Asked:
    job_no = cell.job("ready")
    return {"job_no": job_no}, None, f"token={cell.token(job_no)}"


PREFERENCE = {"value": {"density": "compact"}}
REQUESTS: dict[str, Callable[[Cell], Asked]] = {
    "createToken": lambda cell: ({}, {"username": PEOPLE[cell.role], "password": PASSWORD}, ""),
    "refreshToken": lambda cell: ({}, {"refresh": cell.refresh()}, ""),
    "getDocumentJson": _plain(),
    "getDocumentYaml": _plain(),
    "listExports": _plain(),
    "createExport": _plain({"type": "members"}),
    "estimateExport": _plain({"type": "members"}),
    "getEstimateAccuracy": _plain(),
    "getUsage": _plain(),
    "bulkExports": lambda cell: ({}, {"action": "cancel", "job_ids": [cell.job()]}, ""),
    "deleteExpiredExports": _plain({}),
    "getExport": _job(),
    "retryExport": _job("failed", {}),
    "cancelExport": _job(body={}),
    "accelerateExport": _job(body={}),
    "getExportLog": _job(),
    "createDownloadLink": _job("ready", {"max_uses": 1}),
    "revokeDownloadLinks": _job("ready"),
    "downloadExport": _download,
    "listDefinitions": _plain(),
    "createDefinition": _plain({"name": "New", "dataset": "members", "body": CONTENT}),
    "getDefinition": _definition(),
    "getDefinitionVersion": lambda cell: ({"key": cell.definition(), "number": 1}, None, ""),
    "changeDefinition": _definition({"expected_version": 1, "name": "Another"}),
    "shareDefinition": _definition({"shared": "private"}),
    "archiveDefinition": _definition({}),
    "restoreDefinition": _definition({}, archived=True),
    "runDefinition": _definition({}),
    "listNotifications": _plain(),
    "readNotifications": _plain({"all": True}),
    "getPreference": lambda cell: ({"page": "exports"}, None, ""),
    "setPreference": lambda cell: ({"page": "exports"}, PREFERENCE, ""),
    "changePreference": lambda cell: ({"page": "exports"}, PREFERENCE, ""),
    "reportPageEvents": _plain({"events": [{"name": "column_change"}]}),
    "listEvents": _plain(),
    "getEventKey": _plain(),
    "endTokens": lambda cell: ({}, {"refresh": cell.refresh()}, ""),
    "listDatasets": _plain(),
    "getDataset": lambda cell: ({"key": "members"}, None, ""),
    "getExportFacts": lambda cell: ({"job_no": cell.described()}, None, ""),
    "followExportLog": _job("ready"),
    "getExportPreview": lambda cell: ({"job_no": cell.described()}, None, ""),
    "listApiTokens": _plain(),
    "createApiToken": _plain({"name": "nightly", "scopes": ["exports:read"]}),
    "revokeApiToken": lambda cell: ({"key": cell.api_token()}, None, ""),
    "listWebhooks": _plain(),
    "createWebhook": _plain({"url": "http://127.0.0.1:9/hook"}),
    "getWebhook": _webhook(),
    "changeWebhook": _webhook({"enabled": False}),
    "deleteWebhook": _webhook(),
    "rotateWebhookSecret": _webhook({}),
    "testWebhook": _webhook({}),
    "listWebhookDeliveries": _webhook(),
    "resendWebhookDelivery": lambda cell: (dict(zip(("key", "message_id"), cell.message(), strict=True)), {}, ""),
    "listErrors": _plain(),
    "getClientPermissions": _plain(),
    "getClientWorkspace": _plain(),
    "listTasks": _plain(),
    "getTask": lambda cell: ({"number": cell.job()}, None, ""),
    "cancelTask": lambda cell: ({"number": cell.job()}, None, ""),
    "listImportDatasets": _plain(),
    "getImportTemplate": lambda cell: ({}, None, "dataset=members&mode=create"),
    "downloadImportRows": _import("review"),
    "sendImportFile": lambda cell: ({}, _upload(), ""),
    "getImportFile": lambda cell: ({"file_id": cell.sent()}, None, ""),
    "listImports": _plain(),
    "createImport": _new_import,
    "getImport": _import(),
    "listImportRows": _import("review"),
    "listImportChanges": _import("ready"),
    "confirmImport": _import("review", {}),
    "cancelImport": _import("review", {}),
    "retryImport": _import("failed", {}),
    "undoImport": _import("ready", {}),
    "listSavedViews": _plain(),
    "createSavedView": _plain({"page": "exports", "name": "New", "query": {}}),
    "getSavedView": _view(),
    "changeSavedView": _view({"name": "Another"}),
    "deleteSavedView": _view(),
    "openWithSavedView": _view({}),
    "openWithoutSavedView": _view(),
}
"""Operation → what makes its request; a right request, so that only rights can refuse it."""


def address_of(operation_id: str, parts: dict[str, Any], query: str) -> tuple[str, str]:
    """(method, path and query)"""
    method, path = next((one, path) for one, path, _, found in operations() if found["operationId"] == operation_id)
    return method, path.format(**parts) + (f"?{query}" if query else "")
