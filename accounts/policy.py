"""Every right in one place: ``may(user, action, target)`` → Decision.

Page, API, worker and file endpoint ask here and nowhere else (SPEC E13); the reason is what the tooltip and the
403 show. Rights are rows (accounts.models.role); this module says which rows an action needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import policy_imports as imports
from accounts.decisions import YES, Decision
from accounts.models import AccessToken, User
from accounts.models.tenant import Kind as TenantKind
from accounts.policy_imports import sees_all_imports

__all__ = ["YES", "Action", "Decision", "may", "sees_all_imports"]


class Action(StrEnum):
    """What people do to exports. Datasets, jobs, definitions, saved views and API tokens are the targets."""

    EXPORT_CREATE = "export.create"
    EXPORT_VIEW = "export.view"
    EXPORT_DOWNLOAD = "export.download"
    EXPORT_PREVIEW = "export.preview"
    EXPORT_RETRY = "export.retry"
    EXPORT_CANCEL = "export.cancel"
    EXPORT_REVOKE_LINKS = "export.revoke_links"
    EXPORT_DELETE_EXPIRED = "export.delete_expired"
    EXPORT_ACCELERATE = "export.accelerate"
    LOG_DOWNLOAD = "export.log_download"
    ERROR_STACK = "export.error_stack"
    ESTIMATE_ACCURACY = "export.estimate_accuracy"
    USAGE_VIEW = "export.usage"
    DEFINITION_VIEW = "definition.view"
    DEFINITION_CHANGE = "definition.change"
    SAVED_VIEW_SEE = "saved_view.see"
    SAVED_VIEW_CHANGE = "saved_view.change"
    WEBHOOK_COMPANY = "webhook.company"
    WEBHOOK_CHANGE = "webhook.change"
    TOKEN_REVOKE = "token.revoke"  # noqa: S105 - a name
    IMPORT_CREATE = "import.create"
    IMPORT_UPDATE = "import.update"
    IMPORT_VIEW = "import.view"
    IMPORT_CHANGE = "import.change"
    IMPORT_CONTENT = "import.content"
    CONTACT_DATA = "data.contact"
    ALL_REGIONS = "data.all_regions"
    CLIENT_API = "client.api"


class Dataset(Protocol):
    """What the policy needs to know of a dataset."""

    key: str
    sensitivity: str
    title: Any
    platform_only: bool


class Job(Protocol):
    """What the policy needs to know of an export job."""

    tenant_id: UUID
    owner_id: UUID
    dataset: str
    sensitivity: str
    dataset_title: str
    file_rights: list[str]
    file_regions: list[str] | None


class Hook(Protocol):
    """What the policy needs to know of a webhook."""

    tenant_id: UUID
    owner_id: UUID
    scope: str


class Shared(Protocol):
    """What the policy needs to know of a thing that its owner shares: the definition of a custom export, a view."""

    tenant_id: UUID
    owner_id: UUID
    shared: str
    roles: list[str]


CLASS_TITLES = {
    "amount": gettext_noop("Amount"),
    "risk": gettext_noop("Risk"),
    "general": gettext_noop("General"),
}
STATIC_PERMISSIONS = {
    "export.class.amount": gettext_noop("Download files of class amount"),
    "export.class.risk": gettext_noop("Download files of class risk"),
    "export.class.general": gettext_noop("Download files of class general"),
    "jobs.see.all": gettext_noop("See every export of the company"),
    "jobs.see.amount": gettext_noop("See amount exports of other people"),
    "jobs.see.risk": gettext_noop("See risk exports of other people"),
    "jobs.see.general": gettext_noop("See general exports of other people"),
    "jobs.manage": gettext_noop("Retry and cancel exports of other people"),
    "jobs.delete_expired": gettext_noop("Delete expired exports"),
    "jobs.accelerate": gettext_noop("Move exports to the fast lane"),
    "jobs.log": gettext_noop("Download the full log of an export"),
    "jobs.stack": gettext_noop("See the stack of a failed export"),
    "jobs.usage": gettext_noop("See the usage of exports"),
    "jobs.webhooks": gettext_noop("Manage the company's webhooks"),
    "data.contact": gettext_noop("See phone numbers and e-mail addresses in full"),
    "data.all_regions": gettext_noop("See rows of all regions"),
    "admin.accounts.view": gettext_noop("Admin: see users, roles and the audit trail"),
    "admin.accounts.change": gettext_noop("Admin: change users and roles"),
    "admin.jobs.view": gettext_noop("Admin: see jobs"),
    "admin.records.view": gettext_noop("Admin: see sample data"),
    "admin.django_celery_beat.view": gettext_noop("Admin: see the timetable"),
    "admin.django_celery_beat.change": gettext_noop("Admin: change the timetable"),
    "dashboard:read": gettext_noop("Client: read dashboards"),
    "dashboard:write": gettext_noop("Client: change dashboards"),
    "report:read": gettext_noop("Client: read reports"),
    "report:write": gettext_noop("Client: change reports"),
    "report:export": gettext_noop("Client: export reports"),
    "user:read": gettext_noop("Client: see users"),
    "user:write": gettext_noop("Client: change users"),
    "sla:read": gettext_noop("Client: read service levels"),
}


def dataset_permissions(key: str) -> dict[str, str]:
    """Codes and titles of the permissions that a dataset brings along."""
    return {f"export.{key}.create": "", f"export.{key}.download": ""}


def import_permissions(key: str) -> dict[str, str]:
    """Those that an importable dataset brings along: adding rows, and changing them, are two rights."""
    return {f"import.{key}.create": "", f"import.{key}.update": ""}


def may(user: Any, action: Action, target: Any = None) -> Decision:
    """Whether ``user`` may do ``action`` to ``target`` (a dataset, job, definition or view), and if not, why not.

    An anonymous or inactive user, an inactive tenant and a target of another tenant are always refused.
    """
    if not isinstance(user, User) or not user.is_active or not user.tenant.is_active:
        return Decision(False, _("Your account is not active."), hidden=True)
    if getattr(target, "tenant_id", user.tenant_id) != user.tenant_id:
        return Decision(False, _("No such job."), hidden=True)
    return _RULES[action](user, target)


def may_in_admin(user: User, permission: str) -> bool:
    """Answer Django's admin: "app.view_model" needs admin.<app>.view, everything else admin.<app>.change."""
    app, __, action = permission.partition(".")
    verb = "view" if action.startswith("view") else "change"
    return user.is_active and user.tenant.is_active and f"admin.{app}.{verb}" in user.permissions


@dataclass(frozen=True)
class Visibility:
    """Which jobs of the own tenant somebody sees: all, or the own ones and those of some classes."""

    everything: bool
    classes: frozenset[str]


def visibility(user: User) -> Visibility:
    """The rule behind both ``may(EXPORT_VIEW)`` and lists of jobs, so that they can never disagree."""
    held = user.permissions
    return Visibility(
        everything="jobs.see.all" in held,
        classes=frozenset(name for name in CLASS_TITLES if f"jobs.see.{name}" in held),
    )


def _needs(code: str, reason: str) -> Callable[[User, Any], Decision]:
    def rule(user: User, target: Any) -> Decision:
        return YES if code in user.permissions else Decision(False, _(reason))

    return rule


def _client_api(user: User, target: Any) -> Decision:
    if user.tenant.kind == TenantKind.CLIENT:
        return YES
    return Decision(False, _("This part of the API is for people of client companies only."))


def _create(user: User, dataset: Dataset) -> Decision:
    if dataset.platform_only and user.tenant.kind != TenantKind.PLATFORM:
        return Decision(False, _("“%(dataset)s” is not for client companies.") % {"dataset": dataset.title})
    if f"export.{dataset.key}.create" in user.permissions:
        return YES
    return Decision(
        False,
        _("You may not export “%(dataset)s”. Ask an admin for “export · %(dataset)s · create”.")
        % {"dataset": dataset.title},
    )


def _view(user: User, job: Job) -> Decision:
    seen = visibility(user)
    if seen.everything or job.owner_id == user.pk or job.sensitivity in seen.classes:
        return YES
    return Decision(False, _("No such job."), hidden=True)


def _download(user: User, job: Job) -> Decision:
    """A file shows what its owner could see when it was made; nobody gets more out of it than out of an own export."""
    allowed = _preview(user, job)
    if allowed and "data.contact" in job.file_rights and "data.contact" not in user.permissions:
        return Decision(False, _("This file shows contact data in full, which your role does not. Export it yourself."))
    return allowed


def _preview(user: User, job: Job) -> Decision:
    """Whether ``user`` may look into the file, contact data masked."""
    if not (seen := _view(user, job)):
        return seen
    if f"export.class.{job.sensitivity}" not in user.permissions:
        return Decision(False, _CLASS_REASONS[job.sensitivity]())
    if f"export.{job.dataset}.download" not in user.permissions:
        return Decision(
            False,
            _("You may not download “%(dataset)s”. Ask an admin for “export · %(dataset)s · download”.")
            % {"dataset": job.dataset_title},
        )
    wider = any(code not in user.permissions for code in job.file_rights if code != "data.contact")
    if job.file_regions is not None and "data.all_regions" not in user.permissions:
        wider = wider or not set(job.file_regions) <= set(user.regions)
    if wider:
        return Decision(False, _("This file holds rows that you may not see. Export it yourself."))
    return YES


def _own_or_manage(user: User, job: Job) -> Decision:
    if not (seen := _view(user, job)):
        return seen
    if job.owner_id == user.pk or "jobs.manage" in user.permissions:
        return YES
    return Decision(False, _("Only the person who asked for this export, or an admin, may do that."))


def _retry(user: User, job: Any) -> Decision:
    allowed = _own_or_manage(user, job)
    if allowed and f"export.{job.dataset}.create" not in user.permissions:
        return Decision(
            False,
            _("You may not export “%(dataset)s”. Ask an admin for “export · %(dataset)s · create”.")
            % {"dataset": job.dataset_title},
        )
    return allowed


def manages_definitions(user: User) -> bool:
    """Whether ``user`` sees and changes the definitions of everybody."""
    return "jobs.manage" in user.permissions


def _view_definition(user: User, definition: Shared) -> Decision:
    if definition.owner_id == user.pk or manages_definitions(user) or _is_shared_with(user, definition):
        return YES
    return Decision(False, _("No such definition."), hidden=True)


def _change_definition(user: User, definition: Shared) -> Decision:
    if not (seen := _view_definition(user, definition)):
        return seen
    if definition.owner_id == user.pk or manages_definitions(user):
        return YES
    return Decision(False, _("Only its owner, or an admin, may change this definition. Save a copy of your own."))


def _see_view(user: User, view: Shared) -> Decision:
    if view.owner_id == user.pk or _is_shared_with(user, view):
        return YES
    return Decision(False, _("No such view."), hidden=True)


def _change_view(user: User, view: Shared) -> Decision:
    if not (seen := _see_view(user, view)):
        return seen
    if view.owner_id == user.pk:
        return YES
    return Decision(False, _("Only its owner may change this view. Save one of your own."))


def _company_webhooks(user: User, target: Any) -> Decision:
    """A webhook of the company tells of every job: its owner must be allowed to see them all, too."""
    if "jobs.webhooks" in user.permissions and visibility(user).everything:
        return YES
    return Decision(False, _("Only an admin may manage webhooks that hear of all of the company."))


def _change_webhook(user: User, webhook: Hook) -> Decision:
    if webhook.scope == "company":
        allowed = _company_webhooks(user, webhook)
        return allowed if allowed else Decision(False, allowed.reason, hidden=True)
    if webhook.owner_id == user.pk:
        return YES
    return Decision(False, _("No such webhook."), hidden=True)


def _revoke_token(user: User, token: AccessToken) -> Decision:
    if token.owner_id == user.pk or "admin.accounts.change" in user.permissions:
        return YES
    return Decision(False, _("No such token."), hidden=True)


def _is_shared_with(user: User, thing: Shared) -> bool:
    with_roles = thing.shared == "roles" and not user.role_keys.isdisjoint(thing.roles)
    return thing.shared == "tenant" or with_roles


_CLASS_REASONS: dict[str, Callable[[], str]] = {
    "amount": lambda: _("Amount files can be downloaded by finance and admin only. Ask an admin for the right."),
    "risk": lambda: _("Risk files can be downloaded by risk and admin only. Ask an admin for the right."),
    "general": lambda: _("Your role may not download files. Ask an admin for the right."),
}
_RULES: dict[Action, Callable[[User, Any], Decision]] = {
    Action.EXPORT_CREATE: _create,
    Action.EXPORT_VIEW: _view,
    Action.EXPORT_DOWNLOAD: _download,
    Action.EXPORT_PREVIEW: _preview,
    Action.EXPORT_RETRY: _retry,
    Action.EXPORT_CANCEL: _own_or_manage,
    Action.EXPORT_REVOKE_LINKS: _own_or_manage,
    Action.DEFINITION_VIEW: _view_definition,
    Action.DEFINITION_CHANGE: _change_definition,
    Action.SAVED_VIEW_SEE: _see_view,
    Action.SAVED_VIEW_CHANGE: _change_view,
    Action.WEBHOOK_COMPANY: _company_webhooks,
    Action.WEBHOOK_CHANGE: _change_webhook,
    Action.TOKEN_REVOKE: _revoke_token,
    Action.EXPORT_DELETE_EXPIRED: _needs(
        "jobs.delete_expired", gettext_noop("Only an admin may delete expired exports.")
    ),
    Action.EXPORT_ACCELERATE: _needs(
        "jobs.accelerate", gettext_noop("Only an admin may move exports to the fast lane.")
    ),
    Action.LOG_DOWNLOAD: _needs("jobs.log", gettext_noop("Only an admin may download the full log.")),
    Action.ERROR_STACK: _needs("jobs.stack", gettext_noop("Only an admin may see the stack.")),
    Action.ESTIMATE_ACCURACY: _needs(
        "jobs.see.all", gettext_noop("Only people who see every export of the company may see how good estimates were.")
    ),
    Action.USAGE_VIEW: _needs(
        "jobs.usage", gettext_noop("Only people with the right “See the usage of exports” may see it. Ask an admin.")
    ),
    Action.IMPORT_CREATE: imports.right(
        "create",
        gettext_noop(
            "You may not add rows to “%(dataset)s” by import. Ask an admin for “import · %(dataset)s · create”."
        ),
    ),
    Action.IMPORT_UPDATE: imports.right(
        "update",
        gettext_noop(
            "You may not change rows of “%(dataset)s” by import. Ask an admin for “import · %(dataset)s · update”."
        ),
    ),
    Action.IMPORT_VIEW: imports.view,
    Action.IMPORT_CHANGE: imports.change,
    Action.IMPORT_CONTENT: imports.content,
    Action.CONTACT_DATA: _needs("data.contact", gettext_noop("Contact data is shown masked to your role.")),
    Action.CLIENT_API: _client_api,
    Action.ALL_REGIONS: _needs("data.all_regions", gettext_noop("You see rows of your own regions.")),
}
