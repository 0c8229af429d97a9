"""Sidebar of the admin: only what the signed-in person may open."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts import policy

ICONS = {
    "jobs.exportjob": "receipt_long",
    "jobs.exportdefinition": "table_edit",
    "jobs.attempt": "play_circle",
    "jobs.joblog": "subject",
    "jobs.event": "bolt",
    "jobs.downloadhandle": "link",
    "jobs.fileremoval": "delete_sweep",
    "jobs.turn": "queue",
    "jobs.exportchunk": "splitscreen",
    "jobs.daynumber": "tag",
    "jobs.notification": "notifications",
    "jobs.savedview": "bookmark",
    "jobs.pagepreference": "tune",
    "jobs.exportpreview": "preview",
    "jobs.uievent": "ads_click",
    "jobs.webhook": "webhook",
    "jobs.webhookdelivery": "outbound",
    "jobs.webhooksecret": "vpn_key",
    "jobs.keptanswer": "replay",
    "jobs.importjob": "upload_file",
    "jobs.importfile": "draft",
    "jobs.importrow": "table_rows_narrow",
    "jobs.importchunk": "splitscreen",
    "jobs.importchange": "history",
    "jobs.importmapping": "compare_arrows",
    "accounts.user": "person",
    "accounts.role": "badge",
    "accounts.permission": "key",
    "accounts.tenant": "apartment",
    "accounts.accesstoken": "vpn_key",
    "accounts.auditentry": "policy",
    "accounts.tokenfamily": "login",
    "django_celery_beat.periodictask": "schedule",
    "django_celery_beat.crontabschedule": "calendar_month",
    "django_celery_beat.intervalschedule": "timelapse",
}
ENGINE_MODELS = [
    "exportjob",
    "exportchunk",
    "attempt",
    "joblog",
    "event",
    "downloadhandle",
    "fileremoval",
    "turn",
    "daynumber",
    "notification",
    "savedview",
    "pagepreference",
    "exportpreview",
    "uievent",
    "webhookdelivery",
    "webhooksecret",
    "keptanswer",
    "importjob",
    "importfile",
    "importrow",
    "importchunk",
    "importchange",
    "importmapping",
]
ACCOUNT_MODELS = ["user", "role", "permission", "accesstoken", "tenant", "tokenfamily", "auditentry"]
TIMETABLE_MODELS = ["periodictask", "crontabschedule", "intervalschedule"]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups and links that the signed-in person may use; empty groups are left out."""
    records = sorted(
        model._meta.model_name or "" for model in admin.site._registry if model._meta.app_label == "records"
    )
    groups = [
        (
            _("Reports and overview"),
            [
                _link(request, _("Overview"), reverse("admin:index"), "dashboard", exact=True),
                _exports(request),
                _jobs(request, _("Task Center"), "tasks-page", "checklist"),
                _jobs(request, _("Import"), "imports-page-new", "upload", under="/admin/imports/"),
                _model(request, "jobs", "exportdefinition", title=_("Custom exports")),
                _usage(request),
                _model(request, "jobs", "webhook"),
            ],
        ),
        (_("Data"), [_model(request, "records", name) for name in records]),
        (_("Job engine"), [_model(request, "jobs", name) for name in ENGINE_MODELS]),
        (_("Accounts and audit"), [_model(request, "accounts", name) for name in ACCOUNT_MODELS]),
        (
            _("System"),
            [
                *(_model(request, "django_celery_beat", name) for name in TIMETABLE_MODELS),
                _link(request, _("API"), reverse("api_docs"), "api"),
            ],
        ),
    ]
    shown = [(title, [item for item in items if item]) for title, items in groups]
    return [{"title": title, "items": items} for title, items in shown if items]


def _exports(request: HttpRequest) -> dict[str, Any] | None:
    """Link to the page of exports, for those who may see jobs."""
    if not request.user.has_perm("jobs.view_exportjob"):
        return None
    link = _link(request, _("Export Center"), reverse("exports-page"), "download")
    link["active"] = link["active"] and not request.path.startswith(reverse("exports-usage-page"))
    return link


def _jobs(request: HttpRequest, title: str, name: str, icon: str, *, under: str = "") -> dict[str, Any] | None:
    """Link to a page of jobs, for those who may see jobs; it shines on every page ``under`` an address."""
    if not request.user.has_perm("jobs.view_importjob"):
        return None
    link = _link(request, title, reverse(name), icon)
    return link | {"active": request.path.startswith(under)} if under else link


def _usage(request: HttpRequest) -> dict[str, Any] | None:
    """Link to the usage overview, for those who may see it."""
    if not policy.may(request.user, policy.Action.USAGE_VIEW):
        return None
    return _link(request, _("Usage"), reverse("exports-usage-page"), "monitoring")


def _model(request: HttpRequest, app: str, name: str, *, title: str = "") -> dict[str, Any] | None:
    """Link to a model's list, or None when it has no page or the person may not look at it."""
    try:
        link = reverse(f"admin:{app}_{name}_changelist")
    except NoReverseMatch:
        return None
    model = next(model for model in admin.site._registry if model._meta.label_lower == f"{app}.{name}")
    if not admin.site._registry[model].has_view_permission(request):
        return None
    if not title:
        title = capfirst(str(model._meta.verbose_name_plural))
    return _link(request, title, link, ICONS.get(f"{app}.{name}", "table_rows"))


def _link(request: HttpRequest, title: str, link: str, icon: str, *, exact: bool = False) -> dict[str, Any]:
    """``exact`` is for a link that is a prefix of others: it must not shine on their pages."""
    active = request.path == link if exact else request.path.startswith(link)
    return {"title": title, "link": link, "icon": icon, "active": active}
