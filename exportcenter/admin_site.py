"""The admin as a whole: one sign-in door, one look, no page that belongs to somebody else's library."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django_celery_beat import admin as beat
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.admin_base import AuditedAdmin
from accounts.permission_titles import name_datasets
from jobs.datasets import registry


class TaskSelect(UnfoldAdminSelectWidget, beat.TaskSelectWidget):
    """The choice of registered tasks, in the admin's look."""


class PeriodicTaskForm(beat.PeriodicTaskForm):
    """The library's form with the admin's widgets."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "task" in self.fields:
            self.fields["task"].widget = UnfoldAdminTextInputWidget()
            self.fields["regtask"].widget = TaskSelect()
            self.fields["name"].label = _("task name")


class UsedByInline(TabularInline):
    """Which tasks use a schedule."""

    model = PeriodicTask
    fields = ["name", "task", "args", "kwargs"]
    readonly_fields = fields
    can_delete = False
    extra = 0
    show_change_link = True
    verbose_name = verbose_name_plural = _("Periodic tasks that use this schedule")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Tasks are added on their own page."""
        return False


class ScheduleAdmin(AuditedAdmin):
    """A timetable entry: interval, crontab, clock time or sun."""

    inlines = [UsedByInline]


class CrontabAdmin(ScheduleAdmin):
    """Crontab lines with their meaning in words."""

    list_display = ["__str__", "human_readable"]
    fields = [
        "human_readable",
        "minute",
        "hour",
        "day_of_month",
        "month_of_year",
        "day_of_week",
        "timezone",
    ]
    readonly_fields = ["human_readable"]


class PeriodicTaskAdmin(beat.PeriodicTaskAdmin, AuditedAdmin):
    """What beat sends and when. Its own template is left out: it needs inline scripts."""

    form = PeriodicTaskForm
    change_form_template = None
    actions = ["enable", "disable"]
    list_display = ["task_name", "enabled", "scheduler", "last_run_at", "one_off"]
    list_filter = ["enabled", "one_off"]
    date_hierarchy = None

    @admin.display(description=_("task name"), ordering="name")
    def task_name(self, task: PeriodicTask) -> str:
        """What the task is called."""
        return str(task.name)

    def audit_resource(self, obj: PeriodicTask) -> str:
        """By name, which is unique and says more than a number."""
        return f"periodictask:{obj.name}"

    @admin.action(description=_("Enable selected tasks"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        """Beat sends them again."""
        self._note_all(request, queryset, enabled=True)
        self.enable_tasks(request, queryset)

    @admin.action(description=_("Disable selected tasks"), permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        """Beat stops sending them."""
        self._note_all(request, queryset, enabled=False)
        self.disable_tasks(request, queryset)

    def _note_all(self, request: HttpRequest, queryset: QuerySet[PeriodicTask], *, enabled: bool) -> None:
        for task in queryset:
            self.note(request, task, {"action": "change", "changed": ["enabled"], "enabled": enabled})


def set_up() -> None:
    """Called once, before the admin's addresses are built."""
    site = admin.site
    for model in (Group, EmailAddress, PeriodicTask, CrontabSchedule, IntervalSchedule, ClockedSchedule, SolarSchedule):
        if site.is_registered(model):
            site.unregister(model)
    site.register(PeriodicTask, PeriodicTaskAdmin)
    site.register(CrontabSchedule, CrontabAdmin)
    site.register([IntervalSchedule, ClockedSchedule, SolarSchedule], ScheduleAdmin)
    site.index_title = _("Overview")
    site.login = secure_admin_login(site.login)  # type: ignore[method-assign]
    site.has_permission = _may_enter  # type: ignore[method-assign]
    site.password_change = _change_password  # type: ignore[method-assign, assignment]
    name_datasets(_dataset_title)


def _may_enter(request: HttpRequest) -> bool:
    """Platform people only. Others who are signed in get a refusal with a reason, not the sign-in page again."""
    if not request.user.is_authenticated:
        return False
    if not request.user.is_staff:
        raise PermissionDenied(_t("The admin is for people of the platform. Your own pages are under “My account”."))
    return True


def _change_password(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """One page for everybody, with its own rules and audit entry."""
    return redirect("account_change_password")


def _dataset_title(key: str) -> str:
    known = {dataset.key: str(dataset.title) for dataset in registry.all_datasets()}
    return known.get(key, key)
